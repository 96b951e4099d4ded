"""Who may upload, and whose uploads a person may use."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Colleague, ImportRun, PartnerProgramme, Practice
from services import policy
from services.actor import Actor
from services.errors import GoneError, NotPermittedError
from services.practice import get_colleague

_NOT_A_PARTNER = (
    "Uploading clients is for practices of a partner programme. Ask a Practice Admin to set yours in /clients settings."
)


def require_may_upload(practice: Practice, colleague: Colleague) -> None:
    """Raises NotPermittedError."""
    policy.require_add_clients(colleague)
    if practice.partner_programme is PartnerProgramme.NONE:
        raise NotPermittedError(_NOT_A_PARTNER)


def lock_run(session: Session, run_id: uuid.UUID) -> ImportRun:
    """The run as it is now, locked until the transaction ends."""
    query = select(ImportRun).where(ImportRun.id == run_id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one()


def manageable_run(
    session: Session, actor: Actor, run_id: uuid.UUID, *, own: bool = False, lock: bool = False
) -> ImportRun:
    """The practice's run, if the actor uploaded it or, unless it must be their `own`, sees all clients.

    Raises GoneError, NotPermittedError.
    """
    colleague = get_colleague(session, actor)
    policy.require_active(colleague)
    query = select(ImportRun).where(ImportRun.id == run_id, ImportRun.practice_id == actor.practice_id)
    run = session.scalar(query.with_for_update() if lock else query)
    if run is None:
        raise GoneError("This upload is no longer there. Send the file again with /clients upload.")
    if run.colleague_id != colleague.id and (own or not policy.sees_all_clients(colleague)):
        whose = "the person who uploaded this file" + ("" if own else ", or an admin,")
        raise NotPermittedError(f"Only {whose} can do that.")
    return run
