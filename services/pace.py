"""A pace that many processes keep together, by reserving slots in a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import cast

from sqlalchemy import Table, bindparam, delete, select, update
from sqlalchemy.orm import Session

from db.insert import insert_absent
from db.models.pace import Pace

_LONG_AGO = timedelta(days=1)
_SPEND = update(cast("Table", Pace.__table__)).where(Pace.scope == bindparam("of")).values(next_at=bindparam("until"))
_LOCKING = (
    select(Pace.scope, Pace.next_at, Pace.held_until)
    .where(Pace.scope.in_(bindparam("scopes", expanding=True)))
    .order_by(Pace.scope)
    .with_for_update()
)
_LOWER = _SPEND.where(Pace.next_at < bindparam("until"))


@dataclass(frozen=True, slots=True)
class Bucket:
    """Gives `burst` at once after a rest, and one each `interval`."""

    scope: str
    interval: timedelta
    burst: int


def endless(scope: str) -> Bucket:
    """One that is never empty, but can be held."""
    return Bucket(scope, timedelta(), 1)


@dataclass(frozen=True, slots=True)
class Taken:
    """`left` is what each bucket still has, in their order."""

    left: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing was taken; `bucket` is the one that will have enough last."""

    bucket: Bucket
    time: timedelta


def take(session: Session, buckets: Sequence[Bucket], count: int, now: datetime) -> Taken | Wait:
    """`count` from each bucket, or nothing from any. From a full one more can be had than its burst; it makes up for
    that later.

    Those who take from the same buckets have the same one first: it keeps them from waiting for each other.
    """
    rows = _with_locks(session, buckets[:1], now) | _with_locks(session, buckets[1:], now)
    waits = [(_free_at(bucket, count, *rows[bucket.scope], now) - now, bucket) for bucket in buckets]
    longest, last = max(waits, key=itemgetter(0))
    if longest > timedelta():
        return Wait(last, longest)
    spent = {bucket.scope: max(now, rows[bucket.scope][0]) + count * bucket.interval for bucket in buckets}
    session.connection().execute(_SPEND, [{"of": scope, "until": next_at} for scope, next_at in spent.items()])
    return Taken(tuple(_left(bucket, spent[bucket.scope], now) for bucket in buckets))


def lower(session: Session, bucket: Bucket, left: int, now: datetime) -> None:
    """Leaves no more than `left` in it: the other side counts differently."""
    next_at = now + (bucket.burst - left) * bucket.interval
    session.connection().execute(_LOWER, {"of": bucket.scope, "until": next_at})


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


def _with_locks(
    session: Session, buckets: Sequence[Bucket], now: datetime
) -> dict[str, tuple[datetime, datetime | None]]:
    if not buckets:
        return {}
    found = _locked_rows(session, [bucket.scope for bucket in buckets])
    if absent := [bucket.scope for bucket in buckets if bucket.scope not in found]:
        session.execute(insert_absent(session, Pace), [{"scope": scope, "next_at": now} for scope in absent])
        found |= _locked_rows(session, absent)
    return found


def _locked_rows(session: Session, scopes: Sequence[str]) -> dict[str, tuple[datetime, datetime | None]]:
    rows = session.execute(_LOCKING, {"scopes": scopes})
    return {scope: (next_at, held_until) for scope, next_at, held_until in rows}


def _free_at(bucket: Bucket, count: int, next_at: datetime, held_until: datetime | None, now: datetime) -> datetime:
    return max(next_at - (bucket.burst - min(count, bucket.burst)) * bucket.interval, held_until or now, now)


def _left(bucket: Bucket, next_at: datetime, now: datetime) -> int:
    return bucket.burst - -(-(next_at - now) // bucket.interval) if bucket.interval else bucket.burst


def _locked(session: Session, scope: str, now: datetime) -> Pace:
    row = session.get(Pace, scope, with_for_update=True)
    if row is None:
        session.execute(insert_absent(session, Pace), [{"scope": scope, "next_at": now}])
        row = session.get_one(Pace, scope, with_for_update=True)
    return row
