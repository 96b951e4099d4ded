"""What is told of invitations, as values."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from db.models import InvitationStatus
from services.errors import ConflictError, ServiceError


class LinkState(StrEnum):
    """What a link is to the person who opens it."""

    OPEN = "open"
    EXPIRED = "expired"
    USED = "used"
    REPLACED = "replaced"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPage:
    """`has_login`: the address has a password already, which is asked for instead of a new one. All is empty for an
    unknown link."""

    state: LinkState
    practice_name: str = ""
    client_name: str = ""
    person_name: str = ""
    email: str = ""
    has_login: bool = False
    renewal_asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    practice_name: str
    client_name: str
    person_name: str
    email: str
    had_login: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationNotice:
    """All that a message about an invitation says."""

    invitation_id: uuid.UUID
    practice_id: uuid.UUID
    client_id: uuid.UUID
    client_name: str
    person_name: str
    email: str
    status: InvitationStatus
    failure: str | None
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    accepted_at: datetime | None
    renewal_asked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom an invitation is for. Where invitations go out as text messages (`texts`), `mobile` is in E.164."""

    invitation_id: uuid.UUID
    client_id: uuid.UUID
    client_name: str
    person_name: str
    email: str
    mobile: str | None = None
    texts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed(Subject):
    """`invitation_id` is the new one's. `repeated`: it had just been sent, and nothing more was."""

    repeated: bool


class Refusal(StrEnum):
    """Why somebody can't be invited, or their invitation can't be changed."""

    ACCEPTED = "accepted"
    SIGNS_IN = "signs_in"
    INVITED = "invited"
    REPLACED = "replaced"
    DEACTIVATED = "deactivated"
    USER_DEACTIVATED = "user_deactivated"
    NO_LOGIN = "no_login"
    EMAIL_TAKEN = "email_taken"
    NOBODY = "nobody"
    GONE = "gone"


REFUSALS = {
    Refusal.ACCEPTED: "{person} has accepted the invitation.",
    Refusal.SIGNS_IN: "{person} signs in already.",
    Refusal.INVITED: "{person} has been invited already.",
    Refusal.REPLACED: "A newer invitation has been sent to {person}.",
    Refusal.DEACTIVATED: "{client} is deactivated.",
    Refusal.USER_DEACTIVATED: "{person} is deactivated.",
    Refusal.NO_LOGIN: "{person} has no login access. Give it to them first.",
    Refusal.EMAIL_TAKEN: "{person}'s e-mail belongs to a user of another client, too. One login opens both.",
    Refusal.NOBODY: "{client} has nobody to invite yet.",
    Refusal.GONE: "There is no such client, or you can't open it.",
}


class NotInvitableError(ConflictError):
    """`why` says it in a word, the message to the person."""

    def __init__(self, why: Refusal, *, person: str, client: str) -> None:
        super().__init__(REFUSALS[why].format(person=person, client=client))
        self.why = why


class InvitationClosedError(ServiceError):
    """The link can't be used, or not in this way; `page` says what it is now."""

    def __init__(self, page: InvitationPage) -> None:
        super().__init__("This link can't be used.")
        self.page = page
