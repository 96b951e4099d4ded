"""What a person finds on App Home: what needs doing, and how full the bundle is."""

from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from db.models import (
    LIVE,
    Client,
    Colleague,
    Connection,
    ConnectionStatus,
    Draft,
    Invitation,
    InvitationStatus,
    PermissionRequest,
    Practice,
    RequestStatus,
    SyncAction,
    SyncRun,
    SyncState,
)
from db.session import Database
from services import policy
from services.actor import Actor
from services.client_sync.records import RunLine
from services.client_sync.views import run_lines
from services.clients.users import owner_invitations
from services.clients.visibility import granted_to, of_seen
from services.colleagues.standing import may_take_over
from services.invitations.listing import Standing, fits
from services.overview.records import (
    MOST_COUNTED,
    Broken,
    ClientLine,
    DraftLine,
    Overview,
    Requests,
    Room,
    Syncs,
)
from services.permissions.listing import waiting_for
from services.permissions.rows import records
from services.practice import Bundle, count_bundle, get_colleague

RECENT = 5
NAMED = 5
"""Broken connections, and pending requests of the person's own."""
_ASKED = 3
_LITTLE = 0.9
_ENDED = (ConnectionStatus.EXPIRED, ConnectionStatus.DISCONNECTED)
_SHOWN = {
    Standing.PENDING: LIVE,
    Standing.EXPIRING: LIVE,
    Standing.EXPIRED: (*LIVE, InvitationStatus.EXPIRED),
    Standing.FAILED: (InvitationStatus.FAILED,),
}
"""The statuses of those that are counted: what the index finds."""


class OverviewService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, actor: Actor) -> Overview:
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            return build(session, colleague, self._database.now())


def build(session: Session, colleague: Colleague, now: datetime) -> Overview:
    practice = session.get_one(Practice, colleague.practice_id)
    may_add = policy.may_add_clients(colleague)
    bundle = count_bundle(session, practice) if may_add else None
    return Overview(
        practice_name=practice.name,
        role=colleague.role,
        may_add_clients=may_add,
        may_see_insights=policy.may_see_insights(colleague),
        may_take_over=may_take_over(session, colleague),
        bundle=bundle if policy.sees_all_clients(colleague) else None,
        room=None if bundle is None else _room(bundle),
        draft=_draft(session, colleague),
        syncs=_syncs(session, colleague),
        requests=_requests(session, colleague),
        invitations=_invitations(session, colleague, now),
        broken=_broken(session, colleague),
        recent=_recent(session, colleague),
    )


def _room(bundle: Bundle) -> Room:
    if bundle.is_full:
        return Room.NONE
    return Room.LITTLE if bundle.used >= _LITTLE * bundle.included else Room.PLENTY


def _draft(session: Session, colleague: Colleague) -> DraftLine | None:
    draft = session.scalar(
        select(Draft).where(Draft.colleague_id == colleague.id, Draft.closed_at.is_(None), Draft.revision > 0).limit(1)
    )
    if draft is None:
        return None
    name = draft.answers.get("details", {}).get("name")
    return DraftLine(id=draft.id, client_name=name or None, updated_at=draft.updated_at)


def _syncs(session: Session, colleague: Colleague) -> Syncs:
    """Most have none, which one look finds."""
    mine = SyncRun.colleague_id == colleague.id
    whose = SyncRun.practice_id == colleague.practice_id if policy.sees_all_clients(colleague) else mine
    found = session.execute(
        select(SyncRun.state, func.count())
        .where(
            SyncRun.practice_id == colleague.practice_id,
            SyncRun.action == SyncAction.ADD,
            (and_(SyncRun.state == SyncState.CHOOSING, mine)) | (and_(SyncRun.state == SyncState.RUNNING, whose)),
        )
        .group_by(SyncRun.state)
    ).all()
    counts = {state: count for state, count in found}  # noqa: C416 -- mypy can't see pairs in rows
    choosing: tuple[RunLine, ...] = ()
    running: tuple[RunLine, ...] = ()
    if counts.get(SyncState.CHOOSING):
        choosing = run_lines(session, colleague, and_(mine, SyncRun.state == SyncState.CHOOSING))
    if counts.get(SyncState.RUNNING):
        running = run_lines(session, colleague, and_(whose, SyncRun.state == SyncState.RUNNING))
    more = counts.get(SyncState.RUNNING, 0) - len(running)
    return Syncs(choosing=next(iter(choosing), None), running=running, more=max(more, 0))


def _requests(session: Session, colleague: Colleague) -> Requests:
    waiting, first = waiting_for(session, colleague, _ASKED)
    pending = PermissionRequest.status == RequestStatus.PENDING
    mine = PermissionRequest.colleague_id == colleague.id
    return Requests(
        waiting=waiting,
        first=first,
        mine=records(session, mine, pending, order=(PermissionRequest.id,), limit=NAMED),
    )


def _invitations(session: Session, colleague: Colleague, now: datetime) -> dict[Standing, int]:
    """Those that want to be looked at; zero counts are left out."""
    counted = [
        select(func.count())
        .select_from(
            select(Invitation.id)
            .join(Client, Client.id == Invitation.client_id)
            .where(
                of_seen(colleague, Invitation.practice_id, Invitation.client_id),
                Invitation.status.in_(statuses),
                fits(standing, now),
                Client.deactivated_at.is_(None),
            )
            .limit(MOST_COUNTED + 1)
            .subquery()
        )
        .scalar_subquery()
        for standing, statuses in _SHOWN.items()
    ]
    found = session.execute(select(*counted)).one()
    return {standing: count for standing, count in zip(_SHOWN, found, strict=True) if count}


def _broken(session: Session, colleague: Colleague) -> Broken:
    ended = (
        select(Client.id, Client.name, Client.name_key)
        .join(Connection, Connection.client_id == Client.id)
        .where(
            of_seen(colleague, Connection.practice_id, Connection.client_id),
            Connection.status.in_(_ENDED),
            Client.deactivated_at.is_(None),
        )
        .limit(MOST_COUNTED + 1)
        .subquery()
    )
    first = select(ended.c.name, func.count().over().label("found")).order_by(ended.c.name_key, ended.c.id)
    rows = session.execute(first.limit(NAMED)).all()
    return Broken(count=rows[0].found if rows else 0, names=tuple(row.name for row in rows))


def _recent(session: Session, colleague: Colleague) -> tuple[ClientLine, ...]:
    newest = (
        select(Client.id, Client.name, Client.practice_code, Client.created_at)
        .where(Client.practice_id == colleague.practice_id, Client.deactivated_at.is_(None))
        .order_by(Client.created_at.desc(), Client.id.desc())
    )
    if not policy.sees_all_clients(colleague):
        # Joined, so that the few that were granted are looked up, and not all clients are gone through for them.
        granted = granted_to(colleague).distinct().subquery()
        newest = newest.join(granted, granted.c.client_id == Client.id)
    rows = session.execute(newest.limit(RECENT)).all()
    statuses = owner_invitations(session, [row.id for row in rows]) if rows else {}
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
