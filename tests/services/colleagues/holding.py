"""Clients, and what colleagues hold of them, put there without the wizard."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, select

from db.models import (
    AuditEntry,
    Authorisation,
    Client,
    ClientAccess,
    ClientKind,
    ClientRole,
    ClientUser,
    Colleague,
    Connection,
    ConnectionStatus,
    Invitation,
    InvitationStatus,
    Job,
    Provider,
    Software,
    Solutions,
)
from db.session import Database
from services.actor import Actor
from services.clients.index import index_clients
from services.clients.names import bare_code, code_key, name_key
from tests.builders import Office


def clients(database: Database, office: Office, *names: str, codes: bool = False, **more: Any) -> dict[str, uuid.UUID]:
    """By name; with `codes`, each has the code of its place: `C-001`."""
    with database.begin() as session:
        rows = [
            Client(
                practice_id=office.practice_id,
                name=name,
                name_key=name_key(name),
                practice_code=f"C-{number:03}" if codes else None,
                code_key=code_key(f"C-{number:03}") if codes else None,
                bare_code=bare_code(f"C-{number:03}") if codes else None,
                kind=ClientKind.BUSINESS,
                solutions=Solutions.BOOKKEEPING,
                software=Software.LATER,
                extract_name=str(uuid.uuid4()),
                applied_defaults={},
                created_by=office.ada.colleague_id,
                created_at=database.now(),
                **more,
            )
            for number, name in enumerate(names, 1)
        ]
        session.add_all(rows)
        session.flush()
        index_clients(session, [row.id for row in rows])
        return {row.name: row.id for row in rows}


def give(
    database: Database,
    client_ids: Iterable[uuid.UUID],
    *,
    to: Actor | None = None,
    team: uuid.UUID | None = None,
    until: datetime | None = None,
) -> None:
    with database.begin() as session:
        session.add_all(
            ClientAccess(client_id=each, colleague_id=to and to.colleague_id, team_id=team, until=until)
            for each in client_ids
        )


def connect(database: Database, actor: Actor, *client_ids: uuid.UUID, provider: Provider = Provider.XERO) -> uuid.UUID:
    """By one sign-in of the colleague's. Gives back which."""
    with database.begin() as session:
        row = Authorisation(
            practice_id=actor.practice_id,
            colleague_id=actor.colleague_id,
            provider=provider,
            provider_user_id=str(uuid.uuid4()),
            access_token=b"-",
            access_expires_at=database.now() + timedelta(days=1),
            refresh_token=b"-",
            version=1,
            refreshed_at=database.now(),
        )
        session.add(row)
        session.flush()
        session.add_all(
            Connection(
                client_id=each,
                practice_id=actor.practice_id,
                provider=provider,
                authorisation_id=row.id,
                tenant_id=str(uuid.uuid4()),
                organisation_name="Organisation",
                status=ConnectionStatus.CONNECTED,
                connected_at=database.now(),
                refreshed_at=database.now(),
            )
            for each in client_ids
        )
        index_clients(session, list(client_ids))
        return row.id


def invite(
    database: Database, actor: Actor, client_id: uuid.UUID, status: InvitationStatus = InvitationStatus.SENT
) -> uuid.UUID:
    now = database.now()
    with database.begin() as session:
        email = f"{uuid.uuid4()}@firm.example"
        user = ClientUser(
            practice_id=actor.practice_id,
            client_id=client_id,
            name="Pat",
            email=email,
            email_key=email,
            role=ClientRole.BUSINESS_ADMIN,
            created_at=now,
        )
        session.add(user)
        session.flush()
        index_clients(session, [client_id])
        row = Invitation(
            practice_id=actor.practice_id,
            client_id=client_id,
            client_user_id=user.id,
            inviter_id=actor.colleague_id,
            email=email,
            status=status,
            created_at=now,
            expires_at=now + timedelta(days=7),
        )
        session.add(row)
        session.flush()
        return row.id


def manage(database: Database, actor: Actor, *client_ids: uuid.UUID) -> None:
    with database.begin() as session:
        for each in client_ids:
            session.get_one(Client, each).account_manager_id = actor.colleague_id


def deactivate(database: Database, client_id: uuid.UUID) -> None:
    with database.begin() as session:
        session.get_one(Client, client_id).deactivated_at = database.now()


def access_of(database: Database, actor: Actor) -> set[str]:
    """The names of the clients that were given to the colleague."""
    with database.read() as session:
        return set(
            session.scalars(
                select(Client.name)
                .join(ClientAccess, ClientAccess.client_id == Client.id)
                .where(ClientAccess.colleague_id == actor.colleague_id)
            )
        )


def managed_by(database: Database, actor: Actor) -> set[str]:
    with database.read() as session:
        return set(session.scalars(select(Client.name).where(Client.account_manager_id == actor.colleague_id)))


def colleague(database: Database, actor: Actor) -> Colleague:
    with database.read() as session:
        return session.get_one(Colleague, actor.colleague_id)


def entries(database: Database, *actions: str) -> list[tuple[Any, ...]]:
    """Action, who, source, before and after."""
    with database.read() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.id))
        return [(row.action, row.colleague_id, row.source, row.before, row.after) for row in found]


def jobs(database: Database, kind: str) -> list[Job]:
    with database.read() as session:
        return list(session.scalars(select(Job).where(Job.kind == kind).order_by(Job.id)))


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is sent to the database in the block; many rows at once count once."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
