"""Finding clients by any part of what is known of them."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import Session

from db.models import (
    Client,
    ClientAccess,
    ClientKind,
    ClientUser,
    Colleague,
    Connection,
    ConnectionStatus,
    Invitation,
    InvitationStatus,
    Provider,
    TeamMember,
)
from db.session import Database
from services import policy
from services.accounting.connections import ConnectionState, state_of
from services.actor import Actor
from services.clients.searching import hits, holds
from services.clients.users import owner_invitations
from services.clients.visibility import seen_by
from services.practice import get_colleague

PAGE = 10
QUERY_LENGTH = 100
COUNTED = 1_000
"""So many of those that fit are counted and can be turned to."""
OPTIONS = 100
"""As many as Slack shows while somebody types."""


class Invited(StrEnum):
    """How the newest invitation of a client's owner stands. WAITING: on its way, sent or opened."""

    NEVER = "never"
    WAITING = "waiting"
    FAILED = "failed"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Linked(StrEnum):
    """How a client's connection stands. CONNECTED are also those whose names differ."""

    NONE = "none"
    CONNECTED = "connected"
    EXPIRED = "expired"
    DISCONNECTED = "disconnected"


class Whose(StrEnum):
    """MINE: clients that the person manages or was granted by name. TEAM: those granted to one of their teams."""

    MINE = "mine"
    TEAM = "team"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Wish:
    """Which part of the clients is listed: `page` counts from 0, a filter that is None lets all through. `active` is
    False for the deactivated ones."""

    query: str = ""
    page: int = 0
    kind: ClientKind | None = None
    invitation: Invited | None = None
    connection: Linked | None = None
    whose: Whose = Whose.ALL
    active: bool | None = None

    @property
    def filters(self) -> bool:
        return replace(self, query="", page=0) != Wish()

    @property
    def is_narrow(self) -> bool:
        """By more than whether clients are active."""
        return replace(self, query="", page=0, active=None) != Wish()


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
    """`found` counts the clients that fit, `total` all that the person sees. `is_more`: there are more than `found`,
    which neither are counted nor can be turned to."""

    wish: Wish
    pages: int
    found: int
    total: int
    lines: tuple[ClientLine, ...]
    may_add_clients: bool
    is_more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOption:
    client_id: uuid.UUID
    name: str
    practice_code: str | None
    deactivated_at: datetime | None


class ClientSearchService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, actor: Actor, wish: Wish) -> ClientPage:
        """Clients that the actor sees: by name, or those first whose names begin with what is searched for. Past the
        last page, that one is given."""
        query = " ".join(wish.query.split())[:QUERY_LENGTH]
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            seen = seen_by(colleague)
            total = session.scalar(select(func.count()).select_from(Client).where(seen)) or 0
            fits = _fits(colleague, wish)
            if query:
                fitting = hits(session, colleague, query, limit=COUNTED + 1, fits=fits if wish.filters else None)
                found = len(fitting)
            elif wish.is_narrow:
                some = select(Client.id).where(seen, fits).limit(COUNTED + 1).subquery()
                found = session.scalar(select(func.count()).select_from(some)) or 0
            elif wish.filters:
                found = session.scalar(select(func.count()).select_from(Client).where(seen, fits)) or 0
            else:
                found = total
            is_more = found > COUNTED and (bool(query) or wish.is_narrow)
            if is_more:
                found = COUNTED
            pages = max(-(-found // PAGE), 1)
            page = min(max(wish.page, 0), pages - 1)
            start = page * PAGE
            if query:
                client_ids = fitting[start : min(start + PAGE, found)]
            else:
                listed = select(Client.id).where(seen, fits).order_by(Client.name_key, Client.id)
                client_ids = list(session.scalars(listed.offset(start).limit(min(PAGE, found - start))))
            return ClientPage(
                wish=replace(wish, query=query, page=page),
                pages=pages,
                found=found,
                total=total,
                lines=_lines(session, client_ids),
                may_add_clients=policy.may_add_clients(colleague),
                is_more=is_more,
            )

    def options(
        self, actor: Actor, text: str, *, limit: int = OPTIONS, active: bool | None = None
    ) -> tuple[ClientOption, ...]:
        """The likeliest of the clients that the actor sees, while the text is being typed; the first ones by name
        before it is."""
        query = " ".join(text.split())[:QUERY_LENGTH]
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            fits = None if active is None else _activity(active)
            shown = select(Client.id, Client.name, Client.practice_code, Client.deactivated_at)
            if query:
                client_ids = hits(session, colleague, query, limit=limit, fits=fits)
                rows = {row.id: row for row in session.execute(shown.where(Client.id.in_(client_ids)))}
                ordered = [rows[client_id] for client_id in client_ids]
            else:
                first = shown.where(seen_by(colleague), true() if fits is None else fits)
                ordered = list(session.execute(first.order_by(Client.name_key, Client.id).limit(limit)))
        return tuple(
            ClientOption(
                client_id=row.id, name=row.name, practice_code=row.practice_code, deactivated_at=row.deactivated_at
            )
            for row in ordered
        )


def listed(colleague: Colleague, wish: Wish) -> Select[uuid.UUID]:
    """The ids of all that the wish lists, on whatever page and however many, by name."""
    query = " ".join(wish.query.split())[:QUERY_LENGTH]
    fits = [seen_by(colleague), _fits(colleague, wish)]
    if query:
        fits.append(holds(colleague.practice_id, query))
    return select(Client.id).where(*fits).order_by(Client.name_key, Client.id)


def _fits(colleague: Colleague, wish: Wish) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = [true()]
    if wish.kind is not None:
        parts.append(Client.kind == wish.kind)
    if wish.invitation is not None:
        parts.append(_invitation(wish.invitation))
    if wish.connection is not None:
        parts.append(_connection(wish.connection))
    if wish.whose is not Whose.ALL:
        parts.append(_whose(colleague, wish.whose))
    if wish.active is not None:
        parts.append(_activity(wish.active))
    return and_(*parts)


def _activity(active: bool) -> ColumnElement[bool]:
    return Client.deactivated_at.is_(None) if active else Client.deactivated_at.is_not(None)


def _invitation(wanted: Invited) -> ColumnElement[bool]:
    newest = (
        select(Invitation.status)
        .join(ClientUser, ClientUser.id == Invitation.client_user_id)
        .where(Invitation.client_id == Client.id, ClientUser.is_owner)
        .order_by(Invitation.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    match wanted:
        case Invited.NEVER:
            return newest.is_(None)
        case Invited.WAITING:
            return newest.in_((InvitationStatus.QUEUED, InvitationStatus.SENT, InvitationStatus.OPENED))
        case _:
            return newest == InvitationStatus(wanted.value)


def _connection(wanted: Linked) -> ColumnElement[bool]:
    of_client = select(Connection.id).where(Connection.client_id == Client.id)
    if wanted is Linked.NONE:
        return ~of_client.exists()
    return of_client.where(Connection.status == ConnectionStatus(wanted.value)).exists()


def _whose(colleague: Colleague, whose: Whose) -> ColumnElement[bool]:
    granted = select(ClientAccess.id).where(ClientAccess.client_id == Client.id)
    if whose is Whose.MINE:
        by_name = granted.where(ClientAccess.colleague_id == colleague.id).exists()
        return or_(Client.account_manager_id == colleague.id, by_name)
    teams = select(TeamMember.team_id).where(TeamMember.colleague_id == colleague.id)
    return granted.where(ClientAccess.team_id.in_(teams)).exists()


def _lines(session: Session, client_ids: list[uuid.UUID]) -> tuple[ClientLine, ...]:
    found = select(Client, Connection).outerjoin(Connection, Connection.client_id == Client.id)
    rows = {
        client.id: (client, connection)
        for client, connection in session.execute(found.where(Client.id.in_(client_ids)))
    }
    invitations = owner_invitations(session, client_ids)
    return tuple(_line(*rows[client_id], invitations.get(client_id)) for client_id in client_ids)


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
