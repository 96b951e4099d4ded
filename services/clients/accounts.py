"""Adding people to a client account, what they may do in it, and letting them go."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import LIVE, Client, ClientRole, ClientUser, Invitation, InvitationStatus, Login, Practice, Publishing
from db.session import Database
from services import audit
from services.actor import Actor
from services.add_client.steps import NAME_LENGTH, InviteChoice, InviteForm
from services.clients.index import index_clients
from services.clients.invited import InvitationSummary, invitations_of
from services.clients.user_records import AddedUser, AddressTaken, NewUser, Privileges, UserCard, UserLine, UserPage
from services.clients.users import email_is_taken
from services.clients.visibility import get_client
from services.emails import clean_email, email_key
from services.errors import ConflictError, InvalidError, NotFoundError
from services.forms import Choice, Form, Raw, read, required
from services.invitations.inviting import invite
from services.invitations.rows import change
from services.keys import Keyring
from services.phones import mask_mobile
from services.practice import get_colleague

PAGE = 20
MOST = 500
"""So many people fit into one client account."""
_ALREADY_HERE = "Somebody with this e-mail is a user of this client already."


class Entry(StrEnum):
    """How a new user begins."""

    INVITED = "invited"
    LATER = "later"
    LISTED = "listed"


def _ticked(value: object) -> object:
    return value or ()


class NewUserForm(Form):
    """Beside the contact's own fields."""

    role: Annotated[ClientRole, Choice]
    entry: Annotated[Entry, Choice]
    existing: Annotated[tuple[str, ...], BeforeValidator(_ticked)] = ()


class UserForm(Form):
    contact_name: Annotated[str, BeforeValidator(required("Enter the person's name.", NAME_LENGTH))]
    role: Annotated[ClientRole, Choice]
    login: Annotated[tuple[str, ...], BeforeValidator(_ticked)] = ()
    privileges: Annotated[tuple[str, ...], BeforeValidator(_ticked)] = ()
    publish: Annotated[Publishing, BeforeValidator(lambda value: value or Publishing.NONE)] = Publishing.NONE


MANAGE_DOCUMENTS = "manage_documents"
CREATE_EXPENSE_CLAIMS = "create_expense_claims"
HAS_LOGIN = "login"


@dataclass(frozen=True, slots=True)
class _Found:
    """A client with all of its users, locked in the order of their ids. Stays inside its transaction."""

    client: Client
    users: tuple[ClientUser, ...]
    user: ClientUser

    def is_last_admin(self) -> bool:
        others = (
            each
            for each in self.users
            if each.id != self.user.id
            and each.role is ClientRole.BUSINESS_ADMIN
            and each.deactivated_at is None
            and each.has_login_access
        )
        return self.user.role is ClientRole.BUSINESS_ADMIN and next(others, None) is None


class ClientUserService:
    """Each is refused with NotFoundError for a client that the actor does not see."""

    def __init__(self, database: Database, keys: Keyring, *, texts: bool = False) -> None:
        """`texts`: invitations go out as text messages, too."""
        self._database = database
        self._keys = keys
        self._texts = texts

    def users(self, actor: Actor, client_id: uuid.UUID, page: int = 0) -> UserPage:
        """Past the last page, that one is given."""
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            of_client = ClientUser.client_id == client.id
            total = session.scalar(select(func.count()).where(of_client)) or 0
            pages = max(-(-total // PAGE), 1)
            shown = min(max(page, 0), pages - 1)
            order = (ClientUser.is_owner.desc(), ClientUser.deactivated_at.is_not(None), ClientUser.name, ClientUser.id)
            found = session.scalars(
                select(ClientUser).where(of_client).order_by(*order).offset(shown * PAGE).limit(PAGE)
            ).all()
            invitations = invitations_of(session, [each.id for each in found], self._database.now())
            return UserPage(
                client_id=client.id,
                client_name=client.name,
                is_active=client.deactivated_at is None,
                page=shown,
                pages=pages,
                total=total,
                lines=tuple(_line(each, invitations.get(each.id)) for each in found),
            )

    def user(self, actor: Actor, client_user_id: uuid.UUID) -> UserCard:
        with self._database.read() as session:
            return _card(session, _find(session, actor, client_user_id, lock=False), self._database.now())

    def adding(self, actor: Actor, client_id: uuid.UUID) -> NewUser:
        """Raises ConflictError for a client that is deactivated."""
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            _require_active(client)
            return self._form(session, client)

    def add(self, actor: Actor, client_id: uuid.UUID, raw: Raw, *, seen: str | None = None) -> AddedUser | AddressTaken:
        """`seen` is the key of the address that the person was warned of. The first user becomes the owner.

        Raises InvalidError at `contact_name`, `contact_email`, `contact_mobile`, `role`, `entry`, `existing`.
        """
        now = self._database.now()
        with self._database.begin() as session:
            client = get_client(session, get_colleague(session, actor), client_id, lock=True)
            _require_active(client)
            region = session.get_one(Practice, client.practice_id).region if self._texts else None
            contact = read(InviteForm, {**raw, "invite": InviteChoice.NOW, "existing": None}, region)
            blank = self._form(session, client)
            form = read(NewUserForm, {**raw, "role": ClientRole.BUSINESS_ADMIN} if blank.is_first else raw)
            if blank.is_first and form.entry is Entry.LISTED:
                raise InvalidError({"entry": "The account's owner needs login access."})
            address = clean_email(str(contact.contact_email))
            key = email_key(address)
            users = select(ClientUser.email_key).where(ClientUser.client_id == client.id)
            there = session.scalars(users.limit(MOST)).all()
            if key in there:
                raise InvalidError({"contact_email": _ALREADY_HERE})
            if len(there) == MOST:
                raise ConflictError(
                    f"{client.name} has {MOST} users, which is the most that a client account can have."
                )
            taken = form.entry is not Entry.LISTED and email_is_taken(session, client.practice_id, key)
            if taken and seen != key:
                return AddressTaken(form=blank, key=key)
            if taken and not form.existing:
                raise InvalidError({"existing": "Tick this to add them, or enter another e-mail."})
            user = ClientUser(
                practice_id=client.practice_id,
                client_id=client.id,
                login_id=session.scalar(select(Login.id).where(Login.email_key == key)) if taken else None,
                name=str(contact.contact_name),
                email=address,
                email_key=key,
                mobile=contact.mobile(region),
                role=form.role,
                is_owner=blank.is_first,
                has_login_access=form.entry is not Entry.LISTED,
                created_at=now,
            )
            session.add(user)
            try:
                session.flush()
            except IntegrityError:
                raise InvalidError({"contact_email": _ALREADY_HERE}) from None
            index_clients(session, [client.id])
            audit.record(session, actor, "client_user.added", user.id, at=now, after=_told(user))
            is_invited = form.entry is Entry.INVITED and not taken
            if is_invited:
                invite(
                    session,
                    actor=actor,
                    client_user=user,
                    client_id=client.id,
                    practice_id=client.practice_id,
                    keys=self._keys,
                    now=now,
                )
            return AddedUser(name=user.name, email=user.email, is_invited=is_invited)

    def change(self, actor: Actor, client_user_id: uuid.UUID, raw: Raw) -> UserCard:
        """Name, role, login access and privileges. An invitation to somebody who loses login access is revoked.

        Raises InvalidError at `contact_name`, `role`, `login`, `publish`; an account keeps a Business Admin who can
        sign in, and its owner keeps login access.
        """
        form = read(UserForm, raw)
        now = self._database.now()
        with self._database.begin() as session:
            found = _find(session, actor, client_user_id, lock=True)
            user, has_login = found.user, HAS_LOGIN in form.login
            if form.role is not ClientRole.BUSINESS_ADMIN and found.is_last_admin():
                raise InvalidError({"role": "The account needs a Business Admin. Make somebody else one first."})
            if not has_login and user.is_owner:
                raise InvalidError({"login": "The account's owner needs login access."})
            if not has_login and found.is_last_admin():
                raise InvalidError({"login": "The account needs a Business Admin who can sign in."})
            wanted = {
                "name": form.contact_name,
                "role": form.role,
                "has_login_access": has_login,
                "may_manage_documents": MANAGE_DOCUMENTS in form.privileges,
                "may_create_expense_claims": CREATE_EXPENSE_CLAIMS in form.privileges,
                "may_publish": form.publish,
            }
            before = {field: getattr(user, field) for field in wanted if getattr(user, field) != wanted[field]}
            if before:
                for field in before:
                    setattr(user, field, wanted[field])
                after = {field: wanted[field] for field in before}
                audit.record(session, actor, "client_user.changed", user.id, at=now, before=before, after=after)
                if not has_login:
                    _revoke(session, actor, user, now)
            return _card(session, found, now)

    def hand_over(self, actor: Actor, client_user_id: uuid.UUID) -> UserCard:
        """Makes this user the account's owner. Raises ConflictError unless they are a Business Admin who can sign
        in."""
        now = self._database.now()
        with self._database.begin() as session:
            found = _find(session, actor, client_user_id, lock=True)
            user = found.user
            if not user.is_owner:
                if user.role is not ClientRole.BUSINESS_ADMIN:
                    raise ConflictError(f"Only a Business Admin can own the account. Make {user.name} one first.")
                if user.deactivated_at is not None or not user.has_login_access:
                    raise ConflictError(f"{user.name} can't sign in, and so can't own the account.")
                owners = [each for each in found.users if each.is_owner]
                for each in owners:
                    each.is_owner = False
                session.flush()  # before the new one: an account has only one
                user.is_owner = True
                audit.record(
                    session,
                    actor,
                    "client.owner_changed",
                    found.client.id,
                    at=now,
                    before={"owner": next((each.name for each in owners), None)},
                    after={"owner": user.name},
                )
            return _card(session, found, now)

    def deactivate(self, actor: Actor, client_user_id: uuid.UUID) -> UserCard:
        """They can't sign in to this client any more, and their invitation is revoked. Twice is once.

        Raises ConflictError for the owner, and for the last Business Admin.
        """
        now = self._database.now()
        with self._database.begin() as session:
            found = _find(session, actor, client_user_id, lock=True)
            user = found.user
            if user.is_owner:
                raise ConflictError(
                    f"{user.name} owns the account, and can't be deactivated. Make somebody else the owner first."
                )
            if user.deactivated_at is None:
                if found.is_last_admin():
                    raise ConflictError("The account needs a Business Admin. Make somebody else one first.")
                user.deactivated_at = now
                audit.record(session, actor, "client_user.deactivated", user.id, at=now, before={"name": user.name})
                _revoke(session, actor, user, now)
            return _card(session, found, now)

    def reactivate(self, actor: Actor, client_user_id: uuid.UUID) -> UserCard:
        """Nobody is invited by it. Twice is once. Raises ConflictError while the client is deactivated."""
        now = self._database.now()
        with self._database.begin() as session:
            found = _find(session, actor, client_user_id, lock=True)
            _require_active(found.client)
            user = found.user
            if user.deactivated_at is not None:
                user.deactivated_at = None
                audit.record(session, actor, "client_user.reactivated", user.id, at=now, after={"name": user.name})
            return _card(session, found, now)

    def _form(self, session: Session, client: Client) -> NewUser:
        somebody = session.scalar(select(ClientUser.id).where(ClientUser.client_id == client.id).limit(1))
        return NewUser(client_id=client.id, client_name=client.name, is_first=somebody is None, texts=self._texts)


def _find(session: Session, actor: Actor, client_user_id: uuid.UUID, *, lock: bool) -> _Found:
    """With `lock`, changes to the users of one client come one after the other."""
    client_id = session.scalar(
        select(ClientUser.client_id).where(ClientUser.id == client_user_id, ClientUser.practice_id == actor.practice_id)
    )
    if client_id is None:
        raise NotFoundError("There is no such user, or you can't open their client.")
    client = get_client(session, get_colleague(session, actor), client_id)
    # The practice once more: the account may have gone to another one while this waited for the lock.
    of_client = (
        select(ClientUser)
        .where(ClientUser.client_id == client.id, ClientUser.practice_id == actor.practice_id)
        .order_by(ClientUser.id)
    )
    users = tuple(session.scalars(of_client.with_for_update() if lock else of_client))
    user = next((each for each in users if each.id == client_user_id), None)
    if user is None:
        raise NotFoundError("There is no such user, or you can't open their client.")
    return _Found(client, users, user)


def _require_active(client: Client) -> None:
    if client.deactivated_at is not None:
        raise ConflictError(f"{client.name} is deactivated. Reactivate it first.")


def _revoke(session: Session, actor: Actor, user: ClientUser, now: datetime) -> None:
    """Of a user whom the caller has locked."""
    of_user = select(Invitation).where(Invitation.client_user_id == user.id).order_by(Invitation.id).with_for_update()
    for invitation in session.scalars(of_user.where(Invitation.status.in_((*LIVE, InvitationStatus.EXPIRED)))):
        change(session, invitation, InvitationStatus.REVOKED, actor, now)


def _told(user: ClientUser) -> dict[str, object]:
    told: dict[str, object] = {"name": user.name, "email": user.email, "role": user.role}
    if user.mobile:
        told["mobile"] = mask_mobile(user.mobile)
    if not user.has_login_access:
        told["has_login_access"] = False
    return told


def _line(user: ClientUser, invitation: InvitationSummary | None) -> UserLine:
    return UserLine(
        client_user_id=user.id,
        name=user.name,
        email=user.email,
        role=user.role,
        is_owner=user.is_owner,
        has_login_access=user.has_login_access,
        signs_in=user.login_id is not None,
        invitation=invitation,
        deactivated_at=user.deactivated_at,
    )


def _card(session: Session, found: _Found, now: datetime) -> UserCard:
    user = found.user
    session.flush()
    return UserCard(
        client_id=found.client.id,
        client_name=found.client.name,
        client_is_active=found.client.deactivated_at is None,
        user=_line(user, invitations_of(session, [user.id], now).get(user.id)),
        mobile=user.mobile and mask_mobile(user.mobile),
        privileges=Privileges(
            manage_documents=user.may_manage_documents,
            create_expense_claims=user.may_create_expense_claims,
            publish=user.may_publish,
        ),
        is_last_admin=user.deactivated_at is None and found.is_last_admin(),
    )
