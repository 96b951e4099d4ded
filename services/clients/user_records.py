"""The people in a client account, as values."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from db.models import ClientRole, Publishing
from services.clients.invited import InvitationSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Privileges:
    """What a Standard user may do beside seeing their own items."""

    manage_documents: bool = False
    create_expense_claims: bool = False
    publish: Publishing = Publishing.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLine:
    """`signs_in`: the person has a login. `invitation` is None for one whom nobody has invited."""

    client_user_id: uuid.UUID
    name: str
    email: str
    role: ClientRole
    is_owner: bool
    has_login_access: bool
    signs_in: bool
    invitation: InvitationSummary | None
    deactivated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UserPage:
    """The users of a client, the owner first. `page` counts from 0."""

    client_id: uuid.UUID
    client_name: str
    is_active: bool
    page: int
    pages: int
    total: int
    lines: tuple[UserLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCard:
    """`mobile` is masked. `is_last_admin`: the account's only Business Admin who is active."""

    client_id: uuid.UUID
    client_name: str
    client_is_active: bool
    user: UserLine
    mobile: str | None
    privileges: Privileges
    is_last_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUser:
    """An empty form. `is_first`: whoever is added becomes the owner. `texts`: invitations go out as text messages,
    too."""

    client_id: uuid.UUID
    client_name: str
    is_first: bool
    texts: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedUser:
    name: str
    email: str
    is_invited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressTaken:
    """The e-mail belongs to somebody already. Sent again with `key` and the person's word, they are added with the
    login they have."""

    form: NewUser
    key: str
