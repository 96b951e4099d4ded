"""Inviting the first users of the clients that a sync has brought."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from db.models import Client, ClientUser, SyncItem, SyncRun
from services.actor import Actor
from services.add_client.records import Choosable
from services.client_sync.records import InvitablePage
from services.clients.visibility import seen_by
from services.errors import InvalidError
from services.invitations.first_user import invite_first_user
from services.keys import Keyring
from services.practice import get_colleague

INVITED_AT_ONCE = 8


def invitable_page(session: Session, actor: Actor, run: SyncRun, invited: int, passed: int) -> InvitablePage:
    colleague = get_colleague(session, actor)
    query = (
        select(Client.id, Client.name)
        .join(SyncItem, SyncItem.client_id == Client.id)
        .where(
            SyncItem.run_id == run.id,
            seen_by(colleague),
            Client.deactivated_at.is_(None),
            ~exists().where(ClientUser.client_id == Client.id),
        )
    )
    left = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.execute(query.order_by(SyncItem.position).offset(passed).limit(INVITED_AT_ONCE))
    clients = tuple(Choosable(row.id, row.name) for row in rows)
    return InvitablePage(run_id=run.id, clients=clients, left=left, invited=invited)


def invite_all(
    session: Session,
    keys: Keyring,
    actor: Actor,
    run: SyncRun,
    entries: Mapping[uuid.UUID, Mapping[str, Any]],
    now: datetime,
) -> int:
    """How many were invited. Raises InvalidError at each field to blame, by client."""
    known = set(
        session.scalars(select(SyncItem.client_id).where(SyncItem.run_id == run.id, SyncItem.client_id.in_(entries)))
    )
    problems: dict[str, str] = {}
    invited = 0
    for client_id, raw in entries.items():
        if client_id not in known or not any(str(value or "").strip() for value in raw.values()):
            continue
        try:
            invite_first_user(session, keys, actor, client_id, raw, now)
            invited += 1
        except InvalidError as invalid:
            problems |= {f"{field}-{client_id}": text for field, text in invalid.fields.items()}
    if problems:
        raise InvalidError(problems)
    return invited
