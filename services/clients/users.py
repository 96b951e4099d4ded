"""The people in client accounts."""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models import Client, ClientRole, ClientUser, Invitation, InvitationStatus, Login
from services import audit
from services.actor import Actor
from services.clients.index import index_clients
from services.emails import clean_email, email_key
from services.phones import mask_mobile


def email_is_taken(session: Session, practice_id: uuid.UUID, key: str) -> bool:
    """Whether somebody signs in with this address, or is a user of one of this practice's clients."""
    login = exists().where(Login.email_key == key)
    user = exists().where(ClientUser.practice_id == practice_id, ClientUser.email_key == key)
    return bool(session.scalar(select(login | user)))


def owner_invitations(session: Session, client_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, InvitationStatus]:
    """The newest invitation of each client's owner; those whom nobody has invited are left out."""
    rows = session.execute(
        select(Invitation.client_id, Invitation.status)
        .join(ClientUser, ClientUser.id == Invitation.client_user_id)
        .where(Invitation.client_id.in_(client_ids), ClientUser.is_owner)
        .order_by(Invitation.id)
    )
    return dict(rows.all())


def add_owner(
    session: Session, actor: Actor, client: Client, *, name: str, email: str, now: datetime, mobile: str | None = None
) -> ClientUser:
    """Adds the first user of a client account, who becomes its Business Admin and owner. `mobile` is in E.164."""
    address = clean_email(email)
    user = ClientUser(
        practice_id=client.practice_id,
        client_id=client.id,
        name=name,
        email=address,
        email_key=email_key(address),
        mobile=mobile,
        role=ClientRole.BUSINESS_ADMIN,
        is_owner=True,
        created_at=now,
    )
    session.add(user)
    session.flush()
    index_clients(session, [client.id])
    added = {"name": user.name, "email": user.email} | ({"mobile": mask_mobile(mobile)} if mobile else {})
    audit.record(session, actor, "client_user.added", user.id, at=now, after=added)
    return user
