"""Who hears of a sign-in at a provider."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Authorisation, Colleague, Role
from services import notices


def tell_holder(
    session: Session, kind: str, subject: str, row: Authorisation, args: Mapping[str, Any] | None = None
) -> None:
    """Whoever holds the sign-in; once they have left, the Practice Admins instead."""
    given = {"authorisation_id": str(row.id), **(args or {})}
    holder = session.get_one(Colleague, row.colleague_id)
    if holder.active:
        notices.tell(session, kind, subject, practice_id=row.practice_id, colleague_id=row.colleague_id, args=given)
        return
    admins = session.scalars(
        select(Colleague.id)
        .where(Colleague.practice_id == row.practice_id, Colleague.active, Colleague.role == Role.PRACTICE_ADMIN)
        .order_by(Colleague.id)
    )
    for reader in admins.all():
        notices.tell(
            session,
            kind,
            f"{subject}/{reader}",
            practice_id=row.practice_id,
            colleague_id=reader,
            args={**given, "reader_id": str(reader)},
        )
