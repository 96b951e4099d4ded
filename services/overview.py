"""What a person finds on App Home: what needs doing, and how full the bundle is."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import (
    Client,
    Colleague,
    Connection,
    ConnectionStatus,
    Draft,
    Invitation,
    InvitationStatus,
    Practice,
    Role,
)
from db.session import Database
from services import policy
from services.actor import Actor
from services.clients.users import owner_invitations
from services.clients.visibility import seen_by
from services.practice import Bundle, count_bundle, get_colleague

RECENT = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftLine:
    id: uuid.UUID
    client_name: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientLine:
    """`invitation` is None for a client whom nobody has invited."""

    client_id: uuid.UUID
    name: str
    practice_code: str | None
    invitation: InvitationStatus | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """`invitations` counts those of the clients the person sees, by status; zero counts are left out. `broken` counts
    the connections of these that ended."""

    practice_name: str
    role: Role
    may_add_clients: bool
    bundle: Bundle
    draft: DraftLine | None
    invitations: dict[InvitationStatus, int]
    broken: int
    recent: tuple[ClientLine, ...]


class OverviewService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, actor: Actor) -> Overview:
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            practice = session.scalars(select(Practice).where(Practice.id == actor.practice_id)).one()
            draft = session.scalar(
                select(Draft)
                .where(Draft.colleague_id == colleague.id, Draft.closed_at.is_(None), Draft.revision > 0)
                .limit(1)
            )
            counts = session.execute(
                select(Invitation.status, func.count())
                .join(Client, Client.id == Invitation.client_id)
                .where(seen_by(colleague))
                .group_by(Invitation.status)
            )
            return Overview(
                practice_name=practice.name,
                role=colleague.role,
                may_add_clients=policy.may_add_clients(colleague),
                bundle=count_bundle(session, practice),
                draft=None
                if draft is None
                else DraftLine(
                    id=draft.id,
                    client_name=draft.answers.get("details", {}).get("name") or None,
                    updated_at=draft.updated_at,
                ),
                invitations=dict(counts.all()),
                broken=_broken(session, colleague),
                recent=_recent(session, colleague),
            )


def _broken(session: Session, colleague: Colleague) -> int:
    found = session.scalar(
        select(func.count())
        .select_from(Connection)
        .join(Client, Client.id == Connection.client_id)
        .where(seen_by(colleague), Client.deactivated_at.is_(None), Connection.status != ConnectionStatus.CONNECTED)
    )
    return found or 0


def _recent(session: Session, colleague: Colleague) -> tuple[ClientLine, ...]:
    rows = session.execute(
        select(Client.id, Client.name, Client.practice_code, Client.created_at)
        .where(seen_by(colleague), Client.deactivated_at.is_(None))
        .order_by(Client.id.desc())
        .limit(RECENT)
    ).all()
    statuses = owner_invitations(session, [row.id for row in rows])
    return tuple(
        ClientLine(
            client_id=row.id,
            name=row.name,
            practice_code=row.practice_code,
            invitation=statuses.get(row.id),
            created_at=row.created_at,
        )
        for row in rows
    )
