"""Permission requests to look at: those that wait for a colleague, and their own."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.models import Colleague, PermissionKind, PermissionRequest, RequestStatus
from db.session import Database
from services import policy
from services.actor import Actor
from services.permissions.asking import askable
from services.permissions.records import Request, RequestPage
from services.permissions.rows import records
from services.practice import get_colleague

PAGE = 5
OWN = 10


class PermissionListService:
    def __init__(self, database: Database, *, billing_url: str | None = None) -> None:
        self._database = database
        self._billing_url = billing_url

    def page(self, actor: Actor, number: int = 0) -> RequestPage:
        """What waits for the actor, the longest waiting first, and what they asked for. Past the last page, that one
        is given."""
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            found, waiting = waiting_for(session, colleague, PAGE, offset=max(number, 0) * PAGE)
            pages = max(-(-found // PAGE), 1)
            page = min(max(number, 0), pages - 1)
            if page < number:
                found, waiting = waiting_for(session, colleague, PAGE, offset=page * PAGE)
            return RequestPage(
                decides=bool(_kinds(colleague)),
                asks=any(askable(colleague)),
                found=found,
                page=page,
                pages=pages,
                waiting=waiting,
                own=records(
                    session,
                    PermissionRequest.colleague_id == colleague.id,
                    order=(PermissionRequest.id.desc(),),
                    limit=OWN,
                ),
                billing_url=self._billing_url,
            )


def waiting_for(
    session: Session, colleague: Colleague, limit: int, *, offset: int = 0
) -> tuple[int, tuple[Request, ...]]:
    """How many pending requests the colleague may decide, and of these the longest waiting ones."""
    kinds = _kinds(colleague)
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


def _kinds(colleague: Colleague) -> list[PermissionKind]:
    """What the colleague may decide requests of."""
    return [kind for kind, roles in policy.DECIDERS.items() if colleague.active and colleague.role in roles]
