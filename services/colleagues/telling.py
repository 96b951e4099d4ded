"""What admins are told of somebody who left: a message to each, edited when less rests on the leaver."""

import uuid
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Authorisation, Colleague
from services import notices, policy

LEFT = "slack.colleague_left"
LEFT_CHANGED = "slack.colleague_left_changed"


def tell_admins(session: Session, leaver: Colleague) -> None:
    for admin in _admins(session, leaver):
        notices.tell(
            session,
            LEFT,
            f"{_departure(leaver)}/{admin}",
            practice_id=leaver.practice_id,
            colleague_id=admin,
            args={"leaver_id": str(leaver.id), "reader_id": str(admin)},
        )


def update_messages(session: Session, leaver: Colleague, now: datetime) -> None:
    """What they were told is out of date."""
    for admin in _admins(session, leaver):
        notices.tell(
            session,
            LEFT_CHANGED,
            f"{_departure(leaver)}/{admin}/{now:%Y%m%dT%H%M%S%f}",
            practice_id=leaver.practice_id,
            colleague_id=admin,
            args={
                "leaver_id": str(leaver.id),
                "reader_id": str(admin),
                "of": f"{LEFT}:{_departure(leaver)}/{admin}",
            },
        )


def connections_moved(session: Session, authorisation_ids: Collection[uuid.UUID], now: datetime) -> None:
    """Connections have moved away from these sign-ins, of which some may be of people who left."""
    if not authorisation_ids:
        return
    leavers = session.scalars(
        select(Colleague).where(
            Colleague.id.in_(select(Authorisation.colleague_id).where(Authorisation.id.in_(authorisation_ids))),
            Colleague.active.is_(False),
            Colleague.left_at.is_not(None),
        )
    )
    for leaver in leavers.all():
        update_messages(session, leaver, now)


def _departure(leaver: Colleague) -> str:
    """Whoever comes back may leave again."""
    return f"{leaver.id}/{leaver.left_at:%Y%m%dT%H%M%S}"


def _admins(session: Session, leaver: Colleague) -> tuple[uuid.UUID, ...]:
    return tuple(
        session.scalars(
            select(Colleague.id)
            .where(
                Colleague.practice_id == leaver.practice_id,
                Colleague.active,
                Colleague.role.in_(policy.ADMIN_ROLES),
                Colleague.id != leaver.id,
            )
            .order_by(Colleague.id)
        )
    )
