"""Permission requests to look at: those that wait for a colleague, and their own."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Colleague, PermissionRequest, RequestStatus
from services import policy
from services.permissions.records import Request
from services.permissions.rows import records


def waiting_for(
    session: Session, colleague: Colleague, limit: int, *, offset: int = 0
) -> tuple[int, tuple[Request, ...]]:
    """How many pending requests the colleague may decide, and of these the longest waiting ones."""
    kinds = [kind for kind, roles in policy.DECIDERS.items() if colleague.active and colleague.role in roles]
    if not kinds:
        return 0, ()
    conditions = (
        PermissionRequest.practice_id == colleague.practice_id,
        PermissionRequest.status == RequestStatus.PENDING,
        PermissionRequest.kind.in_(kinds),
        PermissionRequest.colleague_id != colleague.id,
    )
    count = session.scalar(select(func.count()).select_from(PermissionRequest).where(*conditions)) or 0
    if not count:
        return 0, ()
    return count, records(session, *conditions, order=(PermissionRequest.id,), limit=limit, offset=offset)
