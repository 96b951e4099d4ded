"""Which clients a colleague sees."""

import uuid

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from db.models import Client, ClientAccess, Colleague, TeamMember
from services import policy
from services.errors import NotFoundError


def seen_by(colleague: Colleague) -> ColumnElement[bool]:
    """The condition for clients of the practice that were granted, directly or by team; all of them for admins."""
    return of_seen(colleague, Client.practice_id, Client.id)


def of_seen(
    colleague: Colleague, practice_id: InstrumentedAttribute[uuid.UUID], client_id: InstrumentedAttribute[uuid.UUID]
) -> ColumnElement[bool]:
    """The same for what belongs to such a client, by the columns that say to which practice and client."""
    own = practice_id == colleague.practice_id
    if policy.sees_all_clients(colleague):
        return own
    return and_(own, client_id.in_(granted_to(colleague)))


def granted_to(colleague: Colleague) -> Select[uuid.UUID]:
    """The ids of the clients that were granted to somebody who does not see all."""
    return select(ClientAccess.client_id).where(grants_of(colleague))


def grants_of(colleague: Colleague) -> ColumnElement[bool]:
    """The condition for rows of ClientAccess that the colleague has, directly or by team."""
    teams = select(TeamMember.team_id).where(TeamMember.colleague_id == colleague.id)
    return or_(ClientAccess.colleague_id == colleague.id, ClientAccess.team_id.in_(teams))


def get_client(session: Session, colleague: Colleague, client_id: uuid.UUID, *, lock: bool = False) -> Client:
    """Raises NotFoundError for a client that the colleague does not see, whether it exists or not."""
    policy.require_active(colleague)
    query = select(Client).where(Client.id == client_id, seen_by(colleague))
    client = session.scalar(query.with_for_update(of=Client) if lock else query)
    if client is None:
        raise NotFoundError("There is no such client, or you can't open it.")
    return client
