"""The rule that somebody must always be able to run the practice."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models import Colleague, Practice, Role
from services.errors import ConflictError


def give_role(session: Session, practice_locked: Practice, colleague: Colleague, role: Role) -> None:
    """Raises ConflictError when the last Practice Admin would be lost."""
    if role is not Role.PRACTICE_ADMIN:
        require_admin_remains(session, practice_locked, colleague)
    colleague.role = role


def require_admin_remains(session: Session, practice_locked: Practice, colleague: Colleague) -> None:
    """Before a colleague loses the role of Practice Admin, or leaves. Raises ConflictError for the last active one.

    The practice's row is locked by the caller (`lock_practice`), and the colleague read after that: so of two admins
    who go at once, the second is refused.
    """
    if not (colleague.active and colleague.role is Role.PRACTICE_ADMIN):
        return
    if not _has_admin(session, practice_locked, besides=colleague):
        raise ConflictError(
            f"{colleague.name} is the last Practice Admin, and a practice always keeps one. Name another one first."
        )


def may_take_over(session: Session, colleague: Colleague) -> bool:
    """The practice is left without a Practice Admin, and the colleague runs its Slack workspace."""
    if not (colleague.active and colleague.runs_workspace):
        return False
    practice = session.get_one(Practice, colleague.practice_id)
    return practice.set_up_at is not None and not _has_admin(session, practice)


def _has_admin(session: Session, practice: Practice, *, besides: Colleague | None = None) -> bool:
    found = exists().where(
        Colleague.practice_id == practice.id, Colleague.active, Colleague.role == Role.PRACTICE_ADMIN
    )
    if besides is not None:
        found = found.where(Colleague.id != besides.id)
    return bool(session.scalar(select(found)))
