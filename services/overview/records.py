"""What App Home shows, as values."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from db.models import InvitationStatus, Role
from services.client_sync.records import RunLine
from services.invitations.listing import Standing
from services.permissions.records import Request
from services.practice import Bundle

MOST_COUNTED = 1_000
"""Invitations and broken connections are counted so far, since nobody reads on: a count above it means *more*."""


class Room(StrEnum):
    """How much of the bundle is left."""

    PLENTY = "plenty"
    LITTLE = "little"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    id: uuid.UUID
    client_name: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLine:
    """`invitation` is None for a client whom nobody has invited."""

    client_id: uuid.UUID
    name: str
    practice_code: str | None
    invitation: InvitationStatus | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Syncs:
    """`choosing` is the person's own open choice. `running` are the latest, for admins everybody's, and `more` counts
    the rest."""

    choosing: RunLine | None
    running: tuple[RunLine, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """`waiting` counts those that the person may decide, of which `first` have waited longest; `mine` are the person's
    own pending ones."""

    waiting: int
    first: tuple[Request, ...]
    mine: tuple[Request, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """Clients whose connection has ended; `names` are those of the first."""

    count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All of clients that the person sees.

    `bundle` is None for those who do not see all clients: it counts them. `room` is what whoever may add clients has
    to know of it, None for others.
    """

    practice_name: str
    role: Role
    may_add_clients: bool
    may_see_insights: bool
    may_take_over: bool
    bundle: Bundle | None
    room: Room | None
    draft: DraftLine | None
    syncs: Syncs
    requests: Requests
    invitations: Mapping[Standing, int]
    broken: Broken
    recent: tuple[ClientLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A page to publish, built at `built_at`. `digest` is that of the page that Slack has, None if that is not known.

    `explains`: with the explanation for somebody who is new. Without an `overview`, the person is refused by
    `refusal`.
    """

    practice_id: uuid.UUID
    colleague_id: uuid.UUID
    slack_user_id: str
    built_at: datetime
    digest: str | None
    explains: bool
    overview: Overview | None
    refusal: str | None = None
