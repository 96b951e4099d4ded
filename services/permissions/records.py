"""Permission requests as values."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from db.models import PermissionKind, RequestStatus


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody whom the practice does not know as a colleague, for instance from a shared channel's other side."""

    slack_key: str
    slack_user_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it stands.

    `client_id` and `client_name` are set for the kind CLIENT, `bundle` (the wanted number) for BUNDLE. `days` is how
    long it was asked for, None for good; `granted_until` when what was approved ends, `ended_at` when it did.
    `decided_at` is None while it is pending, `decider_name` also when it expired or was withdrawn. `draft_id` is the
    requester's draft while that is open.
    """

    id: uuid.UUID
    kind: PermissionKind
    status: RequestStatus
    requester_name: str
    requester_slack_user_id: str
    created_at: datetime
    reason: str = ""
    days: int | None = None
    client_id: uuid.UUID | None = None
    client_name: str | None = None
    bundle: int | None = None
    draft_id: uuid.UUID | None = None
    decider_name: str | None = None
    decided_at: datetime | None = None
    decision_reason: str | None = None
    granted_until: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """For how long something is given; `days` is None for good."""

    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for, as typed. `client` is a client's name or practice code."""

    kind: PermissionKind
    reason: str
    days: int | None = None
    client: str = ""
    bundle: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`admins` are the Slack ids of those who can decide; `repeated`: it was asked before, and nothing changed."""

    request_id: uuid.UUID
    admins: tuple[str, ...]
    asked_at: datetime
    repeated: bool


@dataclass(frozen=True, slots=True)
class AlreadyPermitted:
    """There is nothing to ask for."""

    kind: PermissionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestForm:
    """What the person can ask for, and which of it they chose; None when there is nothing. `included` is the bundle
    now. `pending` is a request of theirs for the chosen kind, `like` an earlier one to begin with."""

    kinds: tuple[PermissionKind, ...]
    kind: PermissionKind | None
    included: int
    pending: Asked | None = None
    like: Request | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPage:
    """`waiting` is a page of the `found` requests that the person may decide, `own` their newest. `page` counts
    from 0. `asks`: there is something that they don't have and can ask for."""

    decides: bool
    asks: bool
    found: int
    page: int
    pages: int
    waiting: tuple[Request, ...]
    own: tuple[Request, ...]
    billing_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a message is."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """`wanted`: the request is pending, and whoever reads it there may decide it. `to` is the Slack id of the decider
    or of the approvals channel, None when there is no such channel any more. `place` is None until the card is posted.
    """

    request: Request
    to: str | None
    in_channel: bool
    wanted: bool
    place: Place | None
    billing_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a person had for a time has ended. `slack_user_id` is who is told: the person themselves if `own`."""

    kind: PermissionKind
    request_id: uuid.UUID | None
    client_name: str | None
    person_name: str
    slack_user_id: str
    own: bool
