"""Inviting the first user of a client account that was created without an invitation."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models import Client, ClientUser, Practice
from db.session import Database
from services.actor import Actor
from services.add_client.steps import InviteChoice, InviteForm
from services.clients.users import add_owner, email_is_taken
from services.clients.visibility import get_client
from services.emails import email_key
from services.errors import ConflictError, InvalidError
from services.forms import Raw, read
from services.invitations.inviting import invite
from services.keys import Keyring
from services.practice import get_colleague


@dataclass(frozen=True, slots=True)
class Invitable:
    """A client account without users. `texts`: its user can be invited by text message, too."""

    client_id: uuid.UUID
    name: str
    texts: bool = False


@dataclass(frozen=True, slots=True)
class Invited:
    client_name: str
    contact_name: str
    contact_email: str
    contact_mobile: str | None = None


class FirstUserService:
    def __init__(self, database: Database, keys: Keyring, *, texts: bool = False) -> None:
        """`texts`: invitations go out as text messages, too."""
        self._database = database
        self._keys = keys
        self._texts = texts

    def invitable(self, actor: Actor, client_id: uuid.UUID) -> Invitable:
        """Raises NotFoundError for a client that the actor can't open, ConflictError when it has a user already."""
        with self._database.read() as session:
            client = get_client(session, get_colleague(session, actor), client_id)
            _require_no_user(session, client)
            return Invitable(client.id, client.name, self._texts)

    def invite(self, actor: Actor, client_id: uuid.UUID, raw: Raw) -> Invited:
        """Adds the account's owner and invites them, once. Raises InvalidError at `contact_name`, `contact_email`,
        `contact_mobile`."""
        with self._database.begin() as session:
            return invite_first_user(
                session, self._keys, actor, client_id, raw, self._database.now(), texts=self._texts
            )


def invite_first_user(
    session: Session,
    keys: Keyring,
    actor: Actor,
    client_id: uuid.UUID,
    raw: Raw,
    now: datetime,
    *,
    texts: bool = False,
) -> Invited:
    """In the caller's transaction. Raises InvalidError as `invite` does, ConflictError, NotFoundError."""
    region = session.get_one(Practice, actor.practice_id).region if texts else None
    form = read(InviteForm, {**raw, "invite": InviteChoice.NOW, "existing": None}, region)
    name, email = str(form.contact_name), str(form.contact_email)
    client = get_client(session, get_colleague(session, actor), client_id, lock=True)
    _require_no_user(session, client)
    if email_is_taken(session, client.practice_id, email_key(email)):
        raise InvalidError(
            {"contact_email": "This e-mail already belongs to a user. Ask them to invite your practice."}
        )
    mobile = form.mobile(region)
    user = add_owner(session, actor, client, name=name, email=email, mobile=mobile, now=now)
    invite(
        session,
        actor=actor,
        client_user=user,
        client_id=client.id,
        practice_id=client.practice_id,
        keys=keys,
        now=now,
    )
    return Invited(client.name, name, user.email, mobile)


def _require_no_user(session: Session, client: Client) -> None:
    if session.scalar(select(exists().where(ClientUser.client_id == client.id))):
        raise ConflictError(f"Somebody has been added to {client.name} already.")
