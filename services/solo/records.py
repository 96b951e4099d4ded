"""A self-employed client, as values."""

import uuid
from dataclasses import dataclass
from decimal import Decimal

from db.models import AccountingMethod, BusinessType, PeriodType
from services.forms import Raw
from services.solo.mandate import Mandate
from services.solo.periods import Quarter
from services.solo.sealing import KeptNumber


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """`next` is the quarter whose update is due next; None where none is."""

    source_id: uuid.UUID
    name: str
    business_type: BusinessType
    accounting_method: AccountingMethod
    period_type: PeriodType
    active: bool
    next: Quarter | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoloCard:
    """`nino` and `utr` are masked. `mandate` is None while the qualifying income is not known."""

    nino: str | None
    utr: str | None
    postcode: str | None
    qualifying_income: Decimal | None
    mandate: Mandate | None
    sources: tuple[SourceLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersPage:
    """The form for a client's numbers. `raw` are the other fields as typed; `changing` names the numbers of which the
    form asks for a new one."""

    client_id: uuid.UUID
    client_name: str
    raw: Raw
    nino: KeptNumber | None
    utr: KeptNumber | None
    changing: tuple[str, ...] = ()
    mandate: Mandate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    """The form for one income source, `raw` being what to fill it in with.

    `fixed_type` is the type of one that was created. `second_property` and `late_change` (what was due by now) warn.
    """

    source_id: uuid.UUID
    raw: Raw
    is_new: bool
    fixed_type: BusinessType | None = None
    second_property: bool = False
    late_change: Quarter | None = None
    client_id: uuid.UUID | None = None
    client_name: str = ""

    @property
    def is_warned(self) -> bool:
        return self.second_property or self.late_change is not None
