"""What Client Sync shows, as values."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from db.models import Choice, ItemState, Provider, Solutions, Standing, SyncAction, SyncState
from services.add_client.records import Choosable, PermissionMissing
from services.practice import Bundle

PAGE = 20
"""Organisations on a page of the chooser."""
NAMED = 10
"""As many skipped and failed ones as a message names."""


class Goal(StrEnum):
    """What a person wants of Client Sync."""

    ADD = "add"
    RECONNECT = "reconnect"
    REASSIGN = "reassign"


class Filter(StrEnum):
    """What the chooser lists. OPEN: all that can be chosen."""

    OPEN = "open"
    CHOSEN = "chosen"
    NEW = "new"
    SAME_NAME = "same_name"
    OVER_BUNDLE = "over_bundle"
    DEMO = "demo"
    ALREADY = "already"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which part of the list is shown: `page` counts from 0."""

    page: int = 0
    filter: Filter = Filter.OPEN
    query: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One organisation. `match` names the client that has it or its name; for Reassign, the client itself;
    `holder` then is the Slack id of whose sign-in it rests on."""

    item_id: uuid.UUID
    name: str
    standing: Standing
    choice: Choice
    match: str | None
    holder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """A page of the organisations within reach, with what is chosen of all. `found` counts those that the wish lists.

    `team_choices` is empty unless the plan has teams, `solutions` None unless there is a choice.
    `places` is how many clients the bundle has room for now. `external_id` is for the window that shows it: a consent
    begun at `start_url` moves that window on.
    """

    run_id: uuid.UUID
    action: SyncAction
    provider: Provider
    wish: Wish
    found: int
    pages: int
    lines: tuple[Line, ...]
    total: int
    counts: Mapping[Standing, int]
    creating: int
    linking: int
    taking: int
    bundle: Bundle
    may_raise_bundle: bool
    team_choices: tuple[Choosable, ...]
    team_id: uuid.UUID | None
    solutions: Solutions | None
    start_url: str
    external_id: str
    bulk: bool

    @property
    def places(self) -> int:
        return max(self.bundle.included - self.bundle.used, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A sync that is being done or chosen for, as the opening lists it."""

    run_id: uuid.UUID
    state: SyncState
    mine: bool
    starter: str
    total: int
    settled: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """`providers` are those that this installation can connect to; `choosing` is the person's own open choice.
    `missing` is set when the person may not add clients."""

    providers: tuple[Provider, ...]
    choosing: RunLine | None
    running: tuple[RunLine, ...]
    missing: PermissionMissing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """The way to the provider's consent page. `bulk`: one consent can give several organisations.

    `external_id` names the window that waits for the return. `signed_in`: the person has a sign-in that lives, and can
    go on without another consent.
    """

    goal: Goal
    provider: Provider
    start_url: str
    external_id: str
    bulk: bool
    signed_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One organisation that was skipped or failed, and why in words for the person."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """How a sync stands. `information_total` counts the clients whose lists follow."""

    run_id: uuid.UUID
    practice_id: uuid.UUID
    slack_user_id: str
    provider: Provider
    state: SyncState
    round: int
    cancelled: bool
    counts: Mapping[ItemState, int]
    information_total: int
    information_done: int
    information_failed: int
    skipped: tuple[Outcome, ...]
    failed: tuple[Outcome, ...]
    invitable: int
    waits_until: datetime | None
    place: tuple[str, str] | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def settled(self) -> int:
        return self.total - self.counts.get(ItemState.WAITING, 0) - self.counts.get(ItemState.QUEUED, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomePage:
    """All of a run's organisations that came out one way."""

    run_id: uuid.UUID
    state: ItemState
    page: int
    pages: int
    found: int
    lines: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """A broken connection that the sign-in does not reach. `holder` is the Slack id of who last held it."""

    client_name: str
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconnected:
    """What Reconnect all did. The tuples name the first ones; the counts are of all."""

    provider: Provider
    reconnected: tuple[str, ...]
    reconnected_count: int
    unreached: tuple[Unreached, ...]
    unreached_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What Reassign will move, for the last question. `lines` name the first ones of `count`."""

    run_id: uuid.UUID
    provider: Provider
    lines: tuple[Line, ...]
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reassigned:
    """What Reassign moved, and what it could not any more."""

    provider: Provider
    moved: tuple[str, ...]
    moved_count: int
    skipped: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitablePage:
    """Clients of a run that have no user yet, some at a time. `left` counts all of them."""

    run_id: uuid.UUID
    clients: tuple[Choosable, ...]
    left: int
    invited: int
