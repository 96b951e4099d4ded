"""What is known of a practice when its file is checked, and what becomes of each row. As plain values.

Named tuples, for there are thousands in a file, and they are made three times as fast as frozen dataclasses.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from db.models import (
    AccountingMethod,
    BusinessType,
    ClientKind,
    PeriodType,
    Plan,
    Region,
    Software,
    Solutions,
    TaxCategories,
)
from services.errors import ServiceError

WHOLE_ROW = ""
"""The column of a problem that no single cell is to blame for."""


class UnreadableFileError(ServiceError):
    """The file is refused as a whole. Raised while its rows are read, and before."""


class Action(StrEnum):
    """SKIP: nothing in the row differs from what there is."""

    CREATE = "create"
    UPDATE = "update"
    SKIP = "skip"


class RawRow(NamedTuple):
    """`number` is the row's own in the file, the header being 1. `cells` are as many as the columns, or more."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` are as in the file, without `Errors`. `rows` can be gone through once, and raises UnreadableFileError
    at what refuses the whole file."""

    columns: tuple[str, ...]
    rows: Iterator[RawRow]


class Source(NamedTuple):
    """An income source as a row gives it. None is what the row leaves open: cash basis and standard periods in a new
    one, unchanged in one that there is."""

    name: str
    business_type: BusinessType
    accounting_method: AccountingMethod | None
    period_type: PeriodType | None


class ClientRow(NamedTuple):
    """A client account as a row gives it; None is what the row leaves open, and an invitation not asked for is False.

    `country` is an ISO 3166 code, `base_currency` an ISO 4217 one, `contact_mobile` in E.164. A new client
    without `contact_email` gets no contact; with one and no `contact_name`, it is the contact itself (Solo). `software`
    is for a new client: it is not in the file.
    """

    kind: ClientKind
    name: str
    practice_code: str | None
    industry: str | None
    country: str | None
    base_currency: str | None
    solutions: Solutions | None
    software: Software
    tax_categories: TaxCategories | None
    contact_name: str | None
    contact_email: str | None
    contact_mobile: str | None
    invite_by_email: bool
    invite_by_sms: bool
    colleagues: tuple[uuid.UUID, ...]
    team: uuid.UUID | None
    nino: str | None
    utr: str | None
    postcode: str | None
    source: Source | None


class SourceRow(NamedTuple):
    """A further income source of the client with this practice code: one of an earlier row, or one there was."""

    practice_code: str
    source: Source


class Row(NamedTuple):
    """What is to become of a row. `problems` and `warnings` are texts by column; a row with problems has no `action`.

    `client_id` is the existing client that the row stands for, None for one that this file creates. `changes` names the
    fields of ClientRow to be taken over into it (colleagues and team are added to those it has), and `invite` where an
    invitation is asked for that nobody has sent. A SourceRow is created, or updated if the client has one of its name.
    `over_bundle`: its only problem is that the bundle is full. `why` is for a row that is skipped.
    """

    number: int
    cells: list[str]
    problems: Mapping[str, str]
    warnings: Mapping[str, str]
    parsed: ClientRow | SourceRow | None
    action: Action | None
    client_id: uuid.UUID | None
    changes: tuple[str, ...]
    over_bundle: bool
    why: str


class KnownClient(NamedTuple):
    """`owner_accepted`: the contact has a login, and the e-mail is theirs to change. `invited`: somebody has sent them
    an invitation, whatever became of it. `nino` and `utr` are in the clear. `sources` are by their `name_key`."""

    id: uuid.UUID
    name: str
    kind: ClientKind
    practice_code: str | None = None
    industry: str | None = None
    country: str | None = None
    base_currency: str | None = None
    solutions: Solutions = Solutions.BOOKKEEPING
    software: Software = Software.LATER
    tax_categories: TaxCategories | None = None
    contact_name: str | None = None
    contact_email: str | None = None
    contact_mobile: str | None = None
    owner_accepted: bool = False
    invited: bool = False
    colleagues: frozenset[uuid.UUID] = frozenset()
    teams: frozenset[uuid.UUID] = frozenset()
    nino: str | None = None
    utr: str | None = None
    postcode: str | None = None
    sources: Mapping[str, Source] = {}
    deactivated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The practice, as far as a row can be right or wrong by it.

    `by_code` is by `code_key`, `by_name` by `name_key`, `colleagues` by `email_key`, `teams` by the folded name (`fold`
    of services/clients/names). A colleague who has access anyway stands there with None. `places` is how many clients
    the bundle has room for.
    """

    region: Region
    plan: Plan
    has_dhi: bool
    texts: bool
    places: int
    by_code: Mapping[str, KnownClient] = field(default_factory=dict)
    by_name: Mapping[str, tuple[KnownClient, ...]] = field(default_factory=dict)
    colleagues: Mapping[str, uuid.UUID | None] = field(default_factory=dict)
    teams: Mapping[str, uuid.UUID] = field(default_factory=dict)
