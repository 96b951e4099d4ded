"""What ends a request without a decision, and what was given for a time."""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import PermissionRequest, RequestStatus, Source
from services import audit
from services.actor import Actor
from services.permissions.rows import close_cards


def withdraw_all(
    session: Session,
    colleague_id: uuid.UUID,
    now: datetime,
    *,
    actor: Actor | None = None,
    source: Source = Source.SLACK,
) -> int:
    """For a colleague who leaves: their pending requests are withdrawn, and the cards closed; says how many.

    `actor` is who removed them; without one, the audit trail names `source` alone. Lock the colleague's row before.
    """
    pending = session.scalars(
        select(PermissionRequest)
        .where(PermissionRequest.colleague_id == colleague_id, PermissionRequest.status == RequestStatus.PENDING)
        .order_by(PermissionRequest.id)
        .with_for_update()
    ).all()
    for request in pending:
        withdraw(session, request, now, actor=actor, source=source)
    return len(pending)


def withdraw(
    session: Session,
    request: PermissionRequest,
    now: datetime,
    *,
    actor: Actor | None = None,
    source: Source = Source.SLACK,
) -> None:
    """The request is locked, and pending."""
    request.status, request.decided_at, request.next_look_at = RequestStatus.WITHDRAWN, now, None
    before, after = {"status": RequestStatus.PENDING}, {"status": RequestStatus.WITHDRAWN}
    if actor is not None:
        audit.record(session, actor, "permission.withdrawn", request.id, at=now, before=before, after=after)
    else:
        audit.record_without_colleague(
            session,
            request.practice_id,
            source,
            "permission.withdrawn",
            request.id,
            at=now,
            before=before,
            after=after,
        )
    close_cards(session, request)
