"""Finding clients by any part of what is known of them."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from db.models import Client, ClientUser, Connection, InvitationStatus, Provider
from db.session import Database
from services import policy
from services.accounting.connections import ConnectionState, state_of
from services.actor import Actor
from services.clients.names import bare_code, fold, name_key
from services.clients.users import owner_invitations
from services.clients.visibility import seen_by
from services.practice import get_colleague

PAGE = 10
QUERY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """Which part of the clients is listed: `page` counts from 0."""

    query: str = ""
    page: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLine:
    """`provider` and `organisation` are None without a connection, `invitation` is for a client nobody has invited."""

    client_id: uuid.UUID
    name: str
    practice_code: str | None
    state: ConnectionState
    provider: Provider | None
    organisation: str | None
    invitation: InvitationStatus | None
    deactivated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPage:
    """`found` counts the clients that fit, `total` all that the person sees."""

    wish: Wish
    pages: int
    found: int
    total: int
    lines: tuple[ClientLine, ...]
    may_add_clients: bool


class ClientSearchService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, actor: Actor, wish: Wish) -> ClientPage:
        """Clients that the actor sees, by name. Past the last page, that one is given."""
        query = " ".join(wish.query.split())[:QUERY_LENGTH]
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            seen = seen_by(colleague)
            total = session.scalar(select(func.count()).select_from(Client).where(seen)) or 0
            found = total
            if query:
                fits = select(func.count()).select_from(Client).where(seen, holds(actor.practice_id, query))
                found = session.scalar(fits) or 0
            pages = max(-(-found // PAGE), 1)
            page = min(max(wish.page, 0), pages - 1)
            listed = select(Client, Connection).outerjoin(Connection, Connection.client_id == Client.id).where(seen)
            if query:
                listed = listed.where(holds(actor.practice_id, query))
            rows = session.execute(listed.order_by(Client.name_key, Client.id).offset(page * PAGE).limit(PAGE)).all()
            invitations = owner_invitations(session, [client.id for client, _ in rows])
            return ClientPage(
                wish=Wish(query, page),
                pages=pages,
                found=found,
                total=total,
                lines=tuple(_line(client, connection, invitations.get(client.id)) for client, connection in rows),
                may_add_clients=policy.may_add_clients(colleague),
            )


def _line(client: Client, connection: Connection | None, invitation: InvitationStatus | None) -> ClientLine:
    return ClientLine(
        client_id=client.id,
        name=client.name,
        practice_code=client.practice_code,
        state=state_of(client.name, connection),
        provider=None if connection is None else connection.provider,
        organisation=None if connection is None else connection.organisation_name,
        invitation=invitation,
        deactivated_at=client.deactivated_at,
    )


def holds(practice_id: uuid.UUID, query: str) -> ColumnElement[bool]:
    """Whether a client's name, code, organisation or one of its users' addresses holds the text."""
    folded = fold(query)
    ways = [
        _contains(Client.name_key, folded),
        # With the company words as they are folded away: `The Acme Company, Ltd.` is kept as `acme`.
        _contains(Client.name_key, name_key(query)),
        _contains(Client.name, query),
        _contains(Client.code_key, folded),
        Client.id.in_(
            select(Connection.client_id).where(
                Connection.practice_id == practice_id,
                or_(_contains(Connection.organisation_name, query), _contains(Connection.legal_name, query)),
            )
        ),
        Client.id.in_(
            select(ClientUser.client_id).where(
                ClientUser.practice_id == practice_id, _contains(ClientUser.email_key, query)
            )
        ),
    ]
    bare = bare_code(query)
    if bare is not None:
        ways.append(_contains(Client.bare_code, bare))
    return or_(*ways)


def _contains(column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], text: str) -> ColumnElement[bool]:
    return func.lower(column).contains(text.lower(), autoescape=True)
