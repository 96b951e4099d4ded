"""Whose runs and sign-ins a person may use."""

import uuid

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from db.models import Authorisation, Colleague, Provider, SyncAction, SyncRun, SyncState
from services import policy
from services.actor import Actor
from services.errors import GoneError, NotPermittedError
from services.practice import get_colleague


def own_run(
    session: Session,
    actor: Actor,
    run_id: uuid.UUID,
    *,
    action: SyncAction | None = None,
    choosing: bool = False,
    lock: bool = False,
) -> SyncRun:
    """The actor's own run. Raises GoneError when there is none, or when the choice is over and `choosing` asks for
    one that is open; NotPermittedError for somebody who has left."""
    policy.require_active(get_colleague(session, actor))
    query = select(SyncRun).where(
        SyncRun.id == run_id,
        SyncRun.practice_id == actor.practice_id,
        SyncRun.colleague_id == actor.colleague_id,
        SyncRun.action == action if action else true(),
    )
    run = session.scalar(query.with_for_update() if lock else query)
    if run is None or (choosing and run.state is not SyncState.CHOOSING):
        raise GoneError("This list is no longer open. Start again with /client-sync.")
    return run


def own_sign_in(
    session: Session, colleague: Colleague, authorisation_id: uuid.UUID | None = None
) -> Authorisation | None:
    """The person's own that lives: the one asked for, or the one used last."""
    query = select(Authorisation).where(
        Authorisation.practice_id == colleague.practice_id,
        Authorisation.colleague_id == colleague.id,
        Authorisation.provider == Provider.XERO,
        Authorisation.dead_at.is_(None),
    )
    if authorisation_id is not None:
        query = query.where(Authorisation.id == authorisation_id)
    return session.scalar(query.order_by(Authorisation.refreshed_at.desc()).limit(1))


def manageable_run(session: Session, actor: Actor, run_id: uuid.UUID, *, lock: bool = True) -> SyncRun:
    """The practice's run, if the actor began it or sees all clients. Raises GoneError, NotPermittedError."""
    colleague = get_colleague(session, actor)
    policy.require_active(colleague)
    query = select(SyncRun).where(
        SyncRun.id == run_id, SyncRun.practice_id == actor.practice_id, SyncRun.action == SyncAction.ADD
    )
    run = session.scalar(query.with_for_update() if lock else query)
    if run is None or run.state is SyncState.CHOOSING:
        raise GoneError("This sync is no longer there. Start again with /client-sync.")
    if run.colleague_id != colleague.id and not policy.sees_all_clients(colleague):
        raise NotPermittedError("Only the person who began this sync, or an admin, can do that.")
    return run
