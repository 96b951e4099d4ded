"""What colleagues do with an invitation that is out: send it anew, change where it goes, take it back."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import Client, ClientUser, Invitation, InvitationStatus, Practice
from db.session import Database
from services import audit
from services.actor import Actor
from services.clients.index import index_clients
from services.clients.users import email_is_taken
from services.clients.visibility import get_client
from services.emails import clean_email, email_key
from services.errors import InvalidError, NotFoundError
from services.invitations.inviting import invite
from services.invitations.records import NotInvitableError, Refusal, Renewed, Subject
from services.invitations.rows import change
from services.keys import Keyring
from services.phones import clean_mobile, mask_mobile
from services.practice import get_colleague

AT_ONCE = timedelta(seconds=5)
"""Whoever asks again so soon has clicked twice."""
_TAKEN = "This e-mail already belongs to a user. Enter another, or ask them to invite your practice."


@dataclass(frozen=True, slots=True)
class _Found:
    """A locked client user with the one invitation that counts: all others are superseded."""

    client: Client
    user: ClientUser
    newest: Invitation | None

    def refuse(self, why: Refusal) -> NotInvitableError:
        return NotInvitableError(why, person=self.user.name, client=self.client.name)


class InvitationActions:
    """Each is refused with NotFoundError for a client that the actor does not see, and with NotInvitableError where an
    invitation can't be changed any more."""

    def __init__(self, database: Database, keys: Keyring, *, texts: bool = False) -> None:
        """`texts`: invitations go out as text messages, too."""
        self._database = database
        self._keys = keys
        self._texts = texts

    def subject(self, actor: Actor, invitation_id: uuid.UUID) -> Subject:
        """Whom the invitation is for, if it can still be changed."""
        with self._database.read() as session:
            found, invitation = _find_invitation(session, actor, invitation_id)
            return Subject(
                invitation_id=invitation.id,
                client_id=found.client.id,
                client_name=found.client.name,
                person_name=found.user.name,
                email=found.user.email,
                mobile=found.user.mobile if self._texts else None,
                texts=self._texts,
            )

    def resend(self, actor: Actor, invitation_id: uuid.UUID) -> Renewed:
        """A new invitation with a week of its own; the links of the old one end. Twice at once, it is sent once."""
        now = self._database.now()
        with self._database.begin() as session:
            return resend(session, self._keys, actor, invitation_id, now, since=now - AT_ONCE)

    def change_email(self, actor: Actor, invitation_id: uuid.UUID, email: str, mobile: str = "") -> Renewed:
        """The same to another address and number, which are the client user's from now on. Where no text messages go
        out, the number stays. Raises InvalidError at `email`, `mobile`."""
        now = self._database.now()
        with self._database.begin() as session:
            address, number = self._read(session, actor, email, mobile)
            found, invitation = _find_invitation(session, actor, invitation_id, since=now - AT_ONCE, lock=True)
            user = found.user
            if not self._texts:
                number = user.mobile
            if (user.email, user.mobile) == (address, number):
                return _renew(session, self._keys, actor, found, now, since=now - AT_ONCE)
            if invitation.id != invitation_id:
                raise found.refuse(Refusal.REPLACED)
            if user.email != address:
                _change_address(session, actor, user, address, now)
            if user.mobile != number:
                _change_mobile(session, actor, user, number, now)
            return _renew(session, self._keys, actor, found, now, since=None)

    def _read(self, session: Session, actor: Actor, email: str, mobile: str) -> tuple[str, str | None]:
        problems, address, number = {}, "", None
        try:
            address = clean_email(email)
        except ValueError as error:
            problems["email"] = str(error)
        try:
            if self._texts and mobile.strip():
                number = clean_mobile(mobile, session.get_one(Practice, actor.practice_id).region)
        except ValueError as error:
            problems["mobile"] = str(error)
        if problems:
            raise InvalidError(problems)
        return address, number

    def revoke(self, actor: Actor, invitation_id: uuid.UUID) -> Subject:
        """Its links end. Twice is once."""
        now = self._database.now()
        with self._database.begin() as session:
            found, invitation = _find_invitation(session, actor, invitation_id, lock=True)
            if invitation.status is not InvitationStatus.REVOKED:
                change(session, invitation, InvitationStatus.REVOKED, actor, now)
            return _renewed(found, invitation, repeated=False)

    def invite(self, actor: Actor, client_user_id: uuid.UUID) -> Renewed:
        """The first invitation of a client user who is there already."""
        now = self._database.now()
        with self._database.begin() as session:
            return invite_user(session, self._keys, actor, client_user_id, now, since=now - AT_ONCE)


def resend(
    session: Session, keys: Keyring, actor: Actor, invitation_id: uuid.UUID, now: datetime, *, since: datetime
) -> Renewed:
    """In the caller's transaction. One that was made after `since` is not sent again."""
    found, _ = _find_invitation(session, actor, invitation_id, since=since, lock=True)
    return _renew(session, keys, actor, found, now, since=since)


def invite_user(
    session: Session, keys: Keyring, actor: Actor, client_user_id: uuid.UUID, now: datetime, *, since: datetime
) -> Renewed:
    """In the caller's transaction. One who was invited after `since` is not invited again."""
    client_id = session.scalar(
        select(ClientUser.client_id).where(ClientUser.id == client_user_id, ClientUser.practice_id == actor.practice_id)
    )
    found = _find(session, actor, client_id, client_user_id, lock=True)
    if found.newest is not None and found.newest.created_at < since:
        raise found.refuse(Refusal.INVITED)
    others = exists().where(
        ClientUser.practice_id == actor.practice_id,
        ClientUser.email_key == found.user.email_key,
        ClientUser.id != found.user.id,
    )
    if found.newest is None and session.scalar(select(others)):
        raise found.refuse(Refusal.EMAIL_TAKEN)
    return _renew(session, keys, actor, found, now, since=since)


def newest_invitations(session: Session, client_user_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Invitation]:
    """By client user; those whom nobody has invited are left out."""
    rows = session.scalars(
        select(Invitation).where(
            Invitation.client_user_id.in_(client_user_ids), Invitation.status != InvitationStatus.SUPERSEDED
        )
    )
    return {row.client_user_id: row for row in rows}


def _find_invitation(
    session: Session, actor: Actor, invitation_id: uuid.UUID, *, since: datetime | None = None, lock: bool = False
) -> tuple[_Found, Invitation]:
    """The invitation that counts, if it is this one, or one that took its place after `since`."""
    place = session.execute(
        select(Invitation.client_id, Invitation.client_user_id).where(
            Invitation.id == invitation_id, Invitation.practice_id == actor.practice_id
        )
    ).one_or_none()
    client_id, client_user_id = place or (None, None)
    found = _find(session, actor, client_id, client_user_id, lock=lock)
    newest = found.newest
    if newest is None or (newest.id != invitation_id and (since is None or newest.created_at < since)):
        raise found.refuse(Refusal.REPLACED)
    return found, newest


def _find(
    session: Session, actor: Actor, client_id: uuid.UUID | None, client_user_id: uuid.UUID | None, *, lock: bool
) -> _Found:
    """Locks the client user, then what counts of their invitations: the order of all who change both."""
    colleague = get_colleague(session, actor)
    if client_id is None:
        raise NotFoundError("There is no such client, or you can't open it.")
    client = get_client(session, colleague, client_id)
    # The practice once more: the account may have gone to another one while this waited for the lock.
    wanted = select(ClientUser).where(ClientUser.id == client_user_id, ClientUser.practice_id == actor.practice_id)
    user = session.scalar(wanted.with_for_update() if lock else wanted)
    if user is None:
        raise NotFoundError("There is no such client, or you can't open it.")
    of_user = select(Invitation).where(
        Invitation.client_user_id == user.id, Invitation.status != InvitationStatus.SUPERSEDED
    )
    found = _Found(client, user, session.scalar(of_user.with_for_update() if lock else of_user))
    if found.newest is not None and found.newest.status is InvitationStatus.ACCEPTED:
        raise found.refuse(Refusal.ACCEPTED)
    if user.login_id is not None:
        raise found.refuse(Refusal.SIGNS_IN)
    if client.deactivated_at is not None:
        raise found.refuse(Refusal.DEACTIVATED)
    if user.deactivated_at is not None:
        raise found.refuse(Refusal.USER_DEACTIVATED)
    if not user.has_login_access:
        raise found.refuse(Refusal.NO_LOGIN)
    return found


def _renew(
    session: Session, keys: Keyring, actor: Actor, found: _Found, now: datetime, *, since: datetime | None
) -> Renewed:
    old = found.newest
    if old is not None:
        if since is not None and old.created_at >= since and old.status is not InvitationStatus.REVOKED:
            return _renewed(found, old, repeated=True)
        change(session, old, InvitationStatus.SUPERSEDED, actor, now)
        session.flush()  # before the new one: only one may be live
    new = invite(
        session,
        actor=actor,
        client_user=found.user,
        client_id=found.client.id,
        practice_id=actor.practice_id,
        keys=keys,
        now=now,
        replaces=None if old is None else old.id,
    )
    return _renewed(found, new, repeated=False)


def _renewed(found: _Found, invitation: Invitation, *, repeated: bool) -> Renewed:
    return Renewed(
        invitation_id=invitation.id,
        client_id=found.client.id,
        client_name=found.client.name,
        person_name=found.user.name,
        email=invitation.email,
        repeated=repeated,
    )


def _change_address(session: Session, actor: Actor, user: ClientUser, address: str, now: datetime) -> None:
    key = email_key(address)
    if key != user.email_key and email_is_taken(session, user.practice_id, key):
        raise InvalidError({"email": _TAKEN})
    before, user.email, user.email_key = user.email, address, key
    index_clients(session, [user.client_id])
    try:
        session.flush()
    except IntegrityError:  # somebody of the same client got it meanwhile
        raise InvalidError({"email": _TAKEN}) from None
    audit.record(
        session,
        actor,
        "client_user.email_changed",
        user.id,
        at=now,
        before={"email": before},
        after={"email": address},
    )


def _change_mobile(session: Session, actor: Actor, user: ClientUser, number: str | None, now: datetime) -> None:
    before, user.mobile = user.mobile, number
    audit.record(
        session,
        actor,
        "client_user.mobile_changed",
        user.id,
        at=now,
        before={"mobile": before and mask_mobile(before)},
        after={"mobile": number and mask_mobile(number)},
    )
