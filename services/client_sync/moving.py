"""Connections that are moved to another sign-in: broken ones (Reconnect all), and those of others (Reassign)."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import (
    Authorisation,
    Choice,
    Client,
    Colleague,
    Connection,
    ConnectionStatus,
    ItemState,
    SyncItem,
    SyncRun,
)
from services import audit
from services.accounting.information import put_refresh
from services.accounting.port import Organisation
from services.actor import Actor
from services.client_sync.records import NAMED, Outcome, Reassigned, Reconnected, Unreached
from services.clients.visibility import seen_by
from services.colleagues.telling import connections_moved

_MOST_NAMED = 50


def reconnect(
    session: Session,
    actor: Actor,
    colleague: Colleague,
    authorisation: Authorisation,
    found: Sequence[Organisation],
    now: datetime,
) -> Reconnected:
    """Every broken connection within reach rests on the authorisation from now on."""
    reach = {each.tenant_id: each for each in found}
    rows = session.execute(
        select(Connection, Client.name, Colleague.slack_user_id)
        .join(Client, Client.id == Connection.client_id)
        .join(Authorisation, Authorisation.id == Connection.authorisation_id)
        .join(Colleague, Colleague.id == Authorisation.colleague_id)
        .where(
            Connection.provider == authorisation.provider,
            Connection.status != ConnectionStatus.CONNECTED,
            seen_by(colleague),
        )
        .order_by(Client.name, Client.id)
        .with_for_update(of=Connection)
    ).all()
    names, unreached, left = [], [], set[uuid.UUID]()
    for connection, name, holder in rows:
        if connection.tenant_id not in reach:
            unreached.append(Unreached(client_name=name, holder=holder))
            continue
        left.add(connection.authorisation_id)
        _move(session, actor, connection, authorisation, reach[connection.tenant_id].connection_id, now)
        names.append(name)
    connections_moved(session, left, now)
    return Reconnected(
        provider=authorisation.provider,
        reconnected=tuple(names[:_MOST_NAMED]),
        reconnected_count=len(names),
        unreached=tuple(unreached[:_MOST_NAMED]),
        unreached_count=len(unreached),
    )


def reassign(
    session: Session, actor: Actor, colleague: Colleague, run: SyncRun, authorisation: Authorisation, now: datetime
) -> Reassigned:
    """Moves the chosen connections. One that is gone, or rests on the authorisation already, is skipped."""
    rows = session.execute(
        select(SyncItem, Connection)
        .select_from(SyncItem)
        .outerjoin(Client, (Client.id == SyncItem.match_id) & seen_by(colleague))
        .outerjoin(
            Connection,
            (Connection.client_id == Client.id)
            & (Connection.tenant_id == SyncItem.tenant_id)
            & (Connection.provider == run.provider),
        )
        .where(SyncItem.run_id == run.id, SyncItem.choice == Choice.TAKE)
        .order_by(SyncItem.position)
    ).all()
    pairs = [(item, cast("Connection | None", row)) for item, row in rows]
    locked = _lock(session, [row.id for _, row in pairs if row is not None])
    left = set[uuid.UUID]()
    for item, row in pairs:
        connection = None if row is None else locked.get(row.id)
        if connection is None or connection.tenant_id != item.tenant_id:
            item.state, item.reason = ItemState.SKIPPED, "It is connected to something else by now."
            continue
        left.add(connection.authorisation_id)
        _move(session, actor, connection, authorisation, item.provider_connection_id, now)
        item.state, item.client_id = ItemState.LINKED, connection.client_id
    connections_moved(session, left, now)
    session.flush()
    return reassigned(session, run)


def reassigned(session: Session, run: SyncRun) -> Reassigned:
    """What came of a run that is over."""
    rows = session.execute(
        select(SyncItem.name, SyncItem.state, SyncItem.reason)
        .where(SyncItem.run_id == run.id, SyncItem.state.is_not(None))
        .order_by(SyncItem.position)
    ).all()
    moved = [row.name for row in rows if row.state is ItemState.LINKED]
    skipped = [Outcome(name=row.name, reason=row.reason or "") for row in rows if row.state is ItemState.SKIPPED]
    return Reassigned(
        provider=run.provider,
        moved=tuple(moved[:_MOST_NAMED]),
        moved_count=len(moved),
        skipped=tuple(skipped[:NAMED]),
    )


def _lock(session: Session, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Connection]:
    query = select(Connection).where(Connection.id.in_(ids)).order_by(Connection.id).with_for_update()
    return {row.id: row for row in session.scalars(query, execution_options={"populate_existing": True})}


def _move(
    session: Session,
    actor: Actor,
    connection: Connection,
    authorisation: Authorisation,
    provider_connection_id: str | None,
    now: datetime,
) -> None:
    before = {"status": connection.status, "authorisation": str(connection.authorisation_id)}
    was_broken = connection.status is not ConnectionStatus.CONNECTED
    connection.authorisation_id, connection.status = authorisation.id, ConnectionStatus.CONNECTED
    connection.provider_connection_id, connection.refreshed_at = provider_connection_id, now
    audit.record(
        session,
        actor,
        "client.connection_moved",
        connection.client_id,
        at=now,
        before=before,
        after={"status": connection.status, "authorisation": str(authorisation.id)},
    )
    if was_broken:
        put_refresh(
            session,
            practice_id=connection.practice_id,
            client_id=connection.client_id,
            key=f"{connection.id}:{now:%Y%m%dT%H%M%S%f}",
        )
