"""What rests on one colleague, and is to be handed over when they leave."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, distinct, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from db.models import (
    LIVE,
    Authorisation,
    Client,
    ClientAccess,
    Colleague,
    Connection,
    Invitation,
    InvitationStatus,
    Provider,
    Team,
    TeamMember,
)

NAMED = 5
"""As many as are named; of the others it is said how many they are."""

NOT_ACCEPTED = (*LIVE, InvitationStatus.EXPIRED)
"""Invitations about which their inviter still hears."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Some:
    """The first names, and how many others there are."""

    names: tuple[str, ...] = ()
    more: int = 0

    @property
    def count(self) -> int:
        return len(self.names) + self.more


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldConnections:
    """The clients that are connected by a colleague's sign-ins at a provider."""

    provider: Provider
    sign_ins: int
    clients: Some


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """`only_they` are those of `granted` that nobody else but the admins can open. `alone_in` are teams with clients
    in which nobody else is left. Deactivated clients count for connections only."""

    connections: tuple[HeldConnections, ...] = ()
    granted: Some = Some()
    only_they: Some = Some()
    managed: Some = Some()
    invitations: Some = Some()
    alone_in: Some = Some()

    @property
    def to_give(self) -> bool:
        """Whether there is anything that is given to somebody else; connections are taken by signing in."""
        return any(each.count for each in (self.granted, self.managed, self.invitations, self.alone_in))

    @property
    def is_empty(self) -> bool:
        return not (self.to_give or self.connections)


def holdings_of(session: Session, colleague: Colleague, now: datetime) -> Holdings:
    of_practice = and_(Client.practice_id == colleague.practice_id, Client.deactivated_at.is_(None))
    granted = and_(
        of_practice, Client.id.in_(select(ClientAccess.client_id).where(granted_to(colleague.id), lasting(now)))
    )
    invitations = (
        select(Client.name)
        .join(Invitation, Invitation.client_id == Client.id)
        .where(of_practice, Invitation.inviter_id == colleague.id, Invitation.status.in_(NOT_ACCEPTED))
    )
    return Holdings(
        connections=_connections(session, colleague),
        granted=_some(session, select(Client.name).where(granted)),
        only_they=_some(session, select(Client.name).where(granted, ~_opened_by_others(colleague, now))),
        managed=_some(session, select(Client.name).where(of_practice, Client.account_manager_id == colleague.id)),
        invitations=_some(session, invitations),
        alone_in=_some(session, teams_alone(colleague).with_only_columns(Team.name), by=Team.name),
    )


def granted_to(colleague_id: uuid.UUID) -> ColumnElement[bool]:
    return ClientAccess.colleague_id == colleague_id


def lasting(now: datetime) -> ColumnElement[bool]:
    """Access that has not ended, whether or not the clock has come by to take it away."""
    return or_(ClientAccess.until.is_(None), ClientAccess.until > now)


def teams_alone(colleague: Colleague) -> Select[Any]:
    """The colleague's teams that have clients, and nobody else who is active."""
    mine, other = aliased(TeamMember), aliased(TeamMember)
    others = (
        exists()
        .where(other.team_id == Team.id, other.colleague_id != colleague.id, Colleague.active)
        .where(Colleague.id == other.colleague_id)
    )
    return (
        select(Team)
        .join(mine, mine.team_id == Team.id)
        .where(
            Team.practice_id == colleague.practice_id,
            mine.colleague_id == colleague.id,
            ~others,
            exists().where(ClientAccess.team_id == Team.id),
        )
    )


def _opened_by_others(colleague: Colleague, now: datetime) -> ColumnElement[bool]:
    """Directly or by team."""
    access = aliased(ClientAccess)
    directly = exists().where(
        access.client_id == Client.id,
        access.colleague_id == Colleague.id,
        or_(access.until.is_(None), access.until > now),
        Colleague.id != colleague.id,
        Colleague.active,
    )
    by_team = exists().where(
        access.client_id == Client.id,
        access.team_id == TeamMember.team_id,
        TeamMember.colleague_id == Colleague.id,
        Colleague.id != colleague.id,
        Colleague.active,
    )
    return or_(directly, by_team)


def _connections(session: Session, colleague: Colleague) -> tuple[HeldConnections, ...]:
    held = and_(
        Authorisation.practice_id == colleague.practice_id,
        Authorisation.colleague_id == colleague.id,
        Connection.authorisation_id == Authorisation.id,
        Client.id == Connection.client_id,
    )
    counted: Sequence[Any] = session.execute(
        select(Authorisation.provider, func.count(distinct(Authorisation.id)))
        .where(held)
        .group_by(Authorisation.provider)
        .order_by(Authorisation.provider.desc())
    ).all()
    return tuple(
        HeldConnections(
            provider=provider,
            sign_ins=sign_ins,
            clients=_some(session, select(Client.name).where(held, Authorisation.provider == provider)),
        )
        for provider, sign_ins in counted
    )


def _some(session: Session, query: Select[Any], *, by: Any = Client.name_key) -> Some:
    rows = session.execute(query.add_columns(func.count().over()).order_by(by).limit(NAMED)).all()
    names = tuple(name for name, _ in rows)
    return Some(names=names, more=rows[0][1] - len(names)) if rows else Some()
