"""The lists that an organisation keeps at its provider, as every provider's adapter gives them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    external_id: str
    name: str
    status: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow(_Row):
    code: str | None = None
    account_type: str | None = None
    account_class: str | None = None
    tax_type: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRateRow(_Row):
    """`rate` is the effective one, in per cent."""

    rate: Decimal | None = None
    report_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingCategoryRow(_Row):
    """`options` are name and status of each."""

    options: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrencyRow(_Row):
    """`external_id` is its ISO 4217 code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow(_Row):
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    account_number: str | None = None
    tax_number: str | None = None
    is_customer: bool = False
    is_supplier: bool = False


StandardRow = AccountRow | TaxRateRow | TrackingCategoryRow | CurrencyRow | ContactRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAnswer:
    """`whole`: the rows are all there are; otherwise those that changed since the time that was asked for.

    With a `failure`, which says why, the provider gave no list.
    """

    rows: tuple[StandardRow, ...] = ()
    whole: bool = False
    failure: str | None = None
