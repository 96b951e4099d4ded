"""A pace that many processes keep together, by reserving slots in a row."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from db.insert import insert_absent
from db.models.pace import Pace

_LONG_AGO = timedelta(days=1)


def reserve(session: Session, scope: str, interval: timedelta, now: datetime, *, burst: int = 1) -> datetime:
    """When one may go: `now`, or the next free slot. After a rest, `burst` may go at once."""
    row = _locked(session, scope, now)
    start = max(now, row.next_at - (burst - 1) * interval, row.held_until or now)
    row.next_at = max(start, row.next_at) + interval
    return start


def hold(session: Session, scope: str, until: datetime, now: datetime) -> None:
    """Lets nobody go before `until`, not even those who have a slot: the other side asked for it."""
    row = _locked(session, scope, now)
    row.held_until = max(until, row.held_until or until)
    row.next_at = max(until, row.next_at)


def held_until(session: Session, scope: str) -> datetime | None:
    return session.execute(select(Pace.held_until).where(Pace.scope == scope)).scalar_one_or_none()


def prune(session: Session, now: datetime) -> None:
    """Forgets scopes at rest."""
    session.execute(
        delete(Pace).where(Pace.next_at < now - _LONG_AGO), execution_options={"synchronize_session": False}
    )


def _locked(session: Session, scope: str, now: datetime) -> Pace:
    row = session.get(Pace, scope, with_for_update=True)
    if row is None:
        session.execute(insert_absent(session, Pace), [{"scope": scope, "next_at": now}])
        row = session.get_one(Pace, scope, with_for_update=True)
    return row
