"""What a client's organisation keeps at the provider, as it was when last fetched: itself and its lists."""

import uuid
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, text_enum


class StandardList(StrEnum):
    ACCOUNTS = "accounts"
    TAX_RATES = "tax_rates"
    TRACKING_CATEGORIES = "tracking_categories"
    CURRENCIES = "currencies"
    CONTACTS = "contacts"


class _OfClient:
    client_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("client.id", ondelete="CASCADE"), primary_key=True, sort_order=-1
    )


class OrganisationInformation(_OfClient, Base):
    """The organisation itself. Values are the provider's own words, so that a new one costs nothing."""

    __tablename__ = "organisation"

    name: Mapped[str]
    legal_name: Mapped[str | None]
    organisation_type: Mapped[str | None]
    line_of_business: Mapped[str | None]
    country_code: Mapped[str | None]
    currency: Mapped[str | None]
    tax_number: Mapped[str | None]
    registration_number: Mapped[str | None]
    year_end_day: Mapped[int | None]
    year_end_month: Mapped[int | None]
    edition: Mapped[str | None]
    sales_tax_basis: Mapped[str | None]
    sales_tax_period: Mapped[str | None]
    timezone: Mapped[str | None]
    short_code: Mapped[str | None]
    status: Mapped[str | None]
    is_demo: Mapped[bool]
    refreshed_at: Mapped[datetime]


class ListRefresh(_OfClient, Base):
    """When a list was last fetched, whole or in part, and how many of it are in use. `failure` says why not since."""

    __tablename__ = "list_refresh"

    list_name: Mapped[StandardList] = mapped_column(text_enum(StandardList), primary_key=True)
    active: Mapped[int]
    refreshed_at: Mapped[datetime | None]
    failure: Mapped[str | None]


class _Listed(_OfClient):
    """`external_id` is the provider's. What is archived there stays here, with its status."""

    external_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    status: Mapped[str | None]
    active: Mapped[bool]


class Account(_Listed, Base):
    __tablename__ = "account"

    code: Mapped[str | None]
    account_type: Mapped[str | None]
    account_class: Mapped[str | None]
    tax_type: Mapped[str | None]
    description: Mapped[str | None]


class TaxRate(_Listed, Base):
    """`rate` is the effective one, in per cent."""

    __tablename__ = "tax_rate"

    rate: Mapped[Decimal | None] = mapped_column(Numeric(9, 4))
    report_type: Mapped[str | None]


class TrackingCategory(_Listed, Base):
    """`options` are name and status of each."""

    __tablename__ = "tracking_category"

    options: Mapped[list[dict[str, Any]]] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))


class Currency(_Listed, Base):
    """`external_id` is its ISO 4217 code."""

    __tablename__ = "currency"


class Contact(_Listed, Base):
    __tablename__ = "contact"

    first_name: Mapped[str | None]
    last_name: Mapped[str | None]
    email: Mapped[str | None]
    account_number: Mapped[str | None]
    tax_number: Mapped[str | None]
    is_customer: Mapped[bool]
    is_supplier: Mapped[bool]
