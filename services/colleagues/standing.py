"""The rule that somebody must always be able to run the practice."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models import Colleague, Practice, Role
from services.errors import ConflictError


def require_admin_remains(session: Session, practice_locked: Practice, colleague: Colleague) -> None:
    """Before a colleague loses the role of Practice Admin, or leaves. Raises ConflictError for the last active one.

    The practice's row is locked by the caller (`lock_practice`), and the colleague read after that: so of two admins
    who go at once, the second is refused.
    """
    if not (colleague.active and colleague.role is Role.PRACTICE_ADMIN):
        return
    others = exists().where(
        Colleague.practice_id == practice_locked.id,
        Colleague.active,
        Colleague.role == Role.PRACTICE_ADMIN,
        Colleague.id != colleague.id,
    )
    if not session.scalar(select(others)):
        raise ConflictError(
            f"{colleague.name} is the last Practice Admin, and a practice always keeps one. Name another one first."
        )
