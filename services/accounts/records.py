"""What client users see on their page, and what practices are offered, as values."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime

from db.models import ClientKind, ClientRole, OfferStatus
from services.practice import Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """`token` is for the person's browser only: nobody else keeps it."""

    token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """An account's newest offer, unless it was withdrawn."""

    offer_id: uuid.UUID
    status: OfferStatus
    practice_name: str
    expires_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One client account that the person is in. `invites`: they may offer it to another practice now."""

    client_user_id: uuid.UUID
    client_name: str
    role: ClientRole
    is_owner: bool
    practice_name: str
    is_active: bool
    invites: bool
    offered: Offered | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPage:
    email: str
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPreview:
    """What the person confirms: `present_practice_name` loses the account to the practice."""

    client_user_id: uuid.UUID
    client_name: str
    present_practice_name: str
    practice_id: uuid.UUID
    practice_name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a practice is offered. `decider_name` is None unless it was accepted or declined."""

    id: uuid.UUID
    status: OfferStatus
    client_id: uuid.UUID
    client_name: str
    client_kind: ClientKind
    person_name: str
    person_email: str
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decider_name: str | None
    bundle: Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCard:
    """`to` is the Slack id of the admin whom it asks, `decides`: they can decide now. `channel` and `ts` are None until
    the card is posted."""

    offer: Offer
    to: str
    decides: bool
    channel: str | None
    ts: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedAway:
    """For a colleague of the practice that had the account."""

    slack_user_id: str
    client_name: str
    at: datetime
