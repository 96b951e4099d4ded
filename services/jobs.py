"""Work that must follow a commit: a row put in the transaction that causes it, done afterwards by a worker."""

import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Delete,
    Update,
    and_,
    bindparam,
    delete,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from db.insert import insert_absent
from db.models.job import Job, JobOutcome, Lane
from db.session import Database, announce, database_of
from services import pace

_PRUNED_AT_ONCE = 5_000


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """`key` is the job's name for ever: the same key put twice is one job, and what goes outside carries it.

    `args` holds ids only. Jobs with the same `pace` scope (a Slack channel, say) keep the lane's interval.
    """

    lane: Lane
    kind: str
    key: str
    practice_id: uuid.UUID | None = None
    args: Mapping[str, Any] = field(default_factory=dict)
    due: datetime | None = None
    batch: uuid.UUID | None = None
    pace: str | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job lent to this process until its lease ends.

    `attempt` counts all claims and never goes back: over 1, an earlier one may have had its effect outside. `tries`
    counts those that use up what the kind allows; waiting on request does not, and an operator can start it again.
    """

    id: uuid.UUID
    lane: Lane
    kind: str
    practice_id: uuid.UUID | None
    args: Mapping[str, Any]
    key: str
    attempt: int
    tries: int
    batch: uuid.UUID | None
    pace: str | None
    slot: datetime | None

    @property
    def fence(self) -> str:
        """Tells this claim from an earlier or later one of the same job."""
        return f"{self.id}/{self.attempt}"


class LostClaim(Exception):  # noqa: N818 -- not an error: somebody else has the job
    """The lease ended and the job was claimed again. Raised so that the effects of the late one roll back."""


class Retry(Exception):  # noqa: N818 -- not an error: the job asks for another time
    """The job can't be done now. With `after`, as the other side asked, it does not count as a try; the whole
    `pace` scope waits. Raise it with `after` only when the other side surely did nothing."""

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.after = after


class GiveUp(Exception):  # noqa: N818 -- not an error: the job's own decision
    """The job can never be done: no further try."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


OnFailure = Callable[[Session, Claim, str], None]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What a kind of job does. `run` opens its own transactions; the last one holds the job's effects and `finish`.

    A `run` that returns without `finish` had nothing to keep; the worker finishes for it. `on_failure` runs in the
    transaction that marks the job failed, for instance to put the message to the person who asked.
    """

    name: str
    lane: Lane
    run: Callable[[Claim], None]
    max_attempts: int = 8
    backoff: timedelta = timedelta(seconds=5)
    on_failure: OnFailure | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    open: int
    done: int
    failed: int
    cancelled: int

    @property
    def total(self) -> int:
        return self.open + self.done + self.failed + self.cancelled


@dataclass(frozen=True, kw_only=True)
class LaneCount:
    """`waiting` are not due yet or being done; `overdue` is the age of the oldest that is due."""

    due: int
    waiting: int
    failed: int
    overdue: timedelta


@dataclass(frozen=True, kw_only=True)
class FailedJob:
    id: uuid.UUID
    lane: Lane
    kind: str
    practice_id: uuid.UUID | None
    key: str
    tries: int
    error: str
    failed_at: datetime


def put(session: Session, *jobs: NewJob) -> None:
    """Adds the jobs if and when the transaction commits. A key that is there already is left as it is."""
    if not jobs:
        return
    now = database_of(session).clock()
    session.execute(
        insert_absent(session, Job).values(
            created_at=now, due=func.coalesce(bindparam("start", type_=Job.due.type), now)
        ),
        # In the order of their keys, so that two transactions with the same keys can't wait for each other.
        [
            {
                "lane": job.lane,
                "kind": job.kind,
                "key": job.key,
                "practice_id": job.practice_id,
                "args": dict(job.args),
                "start": job.due,
                "batch": job.batch,
                "pace": job.pace,
            }
            for job in sorted(jobs, key=lambda job: job.key)
        ],
    )
    for job in jobs:
        announce(session, job.lane)


def cancel(session: Session, *, keys: Collection[str] = (), batch: uuid.UUID | None = None) -> int:
    """Stops the open jobs with these keys, or of this batch, and says how many. One that is being done may still
    finish, and then is done."""
    wanted: list[ColumnElement[bool]] = []
    if keys:
        wanted.append(Job.key.in_(keys))
    if batch is not None:
        wanted.append(Job.batch == batch)
    if not wanted:
        return 0
    return _change(
        session,
        and_(Job.due.is_not(None), or_(*wanted)),
        due=None,
        outcome=JobOutcome.CANCELLED,
        finished_at=database_of(session).clock(),
    )


def finish(session: Session, claim: Claim) -> None:
    """Marks the job done together with the effects of this transaction; all of it rolls back if the claim is lost.

    After the commit the claim's fence is announced, which saves this process's worker from asking.
    """
    open_or_cancelled = or_(Job.due.is_not(None), Job.outcome == JobOutcome.CANCELLED)
    _hand_in(session, claim, open_or_cancelled, JobOutcome.DONE, None)
    announce(session, claim.fence)


def progress(session: Session, batch: uuid.UUID) -> Progress:
    rows = session.execute(select(Job.outcome, func.count()).where(Job.batch == batch).group_by(Job.outcome)).all()
    counts = {outcome: count for outcome, count in rows}  # noqa: C416 -- mypy can't see pairs in rows
    return Progress(
        open=counts.get(None, 0),
        done=counts.get(JobOutcome.DONE, 0),
        failed=counts.get(JobOutcome.FAILED, 0),
        cancelled=counts.get(JobOutcome.CANCELLED, 0),
    )


def run_failed_again(session: Session, batch: uuid.UUID) -> int:
    """Gives every failed job of the batch its tries again."""
    return _again(session, Job.batch == batch)


class Jobs:
    """The worker's and the operator's side of the job table."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._claiming = cache(self._build_claiming)  # building it takes as long as running it

    def claim(
        self, lanes: Lane | Collection[Lane], limit: int, lease: timedelta, kinds: Collection[str] | None = None
    ) -> list[Claim]:
        """Up to `limit` due jobs, the longest due first, lent for `lease`. With `kinds`, others are left to processes
        that know them."""
        lanes = (lanes,) if isinstance(lanes, Lane) else tuple(lanes)
        statement = self._claiming(lanes, None if kinds is None else frozenset(kinds), lease)
        with self._database.begin() as session:
            result = session.execute(statement, {"limit": limit}, execution_options={"synchronize_session": False})
            rows = result.mappings().all()
        return [Claim(**row) for row in sorted(rows, key=lambda row: row["id"])]

    def close(self, claim: Claim) -> None:
        """Finishes the job unless its run has."""
        with self._database.read() as session:
            if session.execute(select(Job.id).where(_held(claim), Job.due.is_not(None))).first() is None:
                return
        with self._database.begin() as session:
            finish(session, claim)

    def postpone(self, session: Session, claim: Claim, start: datetime) -> None:
        """Gives the job back until `start`, the slot it reserved. It does not count as a try."""
        _give_back(session, claim, due=start, slot=start, tries=Job.tries - 1)

    def release(self, claims: Collection[Claim]) -> None:
        """Gives back what was claimed and never begun."""
        if not claims:
            return
        with self._database.begin() as session:
            for claim in claims:
                which = and_(_held(claim), Job.due.is_not(None))
                _change(session, which, due=self._database.clock(), tries=Job.tries - 1)

    def retry(self, claim: Claim, error: str, after: timedelta, *, counts: bool = True) -> None:
        """Gives the job back for another try, `after` from now. If that doesn't count, its pace scope waits too."""
        tries = Job.tries if counts else Job.tries - 1
        with self._database.begin() as session:
            if claim.pace is not None and not counts:
                now = self._database.time(session)
                pace.hold(session, claim.pace, now + after, now)
            _give_back(session, claim, due=self._database.clock(after), slot=None, tries=tries, error=error)

    def fail(self, claim: Claim, error: str, on_failure: OnFailure | None = None) -> None:
        """No further try. What `on_failure` does commits together with it."""
        with self._database.begin() as session:
            _hand_in(session, claim, Job.due.is_not(None), JobOutcome.FAILED, error)
            if on_failure is not None:
                on_failure(session, claim, error)

    def renew(self, claims: Collection[Claim], lease: timedelta) -> int:
        """Lengthens the leases that are still ours, and says how many."""
        if not claims:
            return 0
        end = self._database.clock(lease)
        # Only ever later: a job just given back for a later time keeps that time.
        held = tuple_(Job.id, Job.attempt).in_([(claim.id, claim.attempt) for claim in claims])
        with self._database.begin() as session:
            return _change(session, and_(held, Job.due < end), due=end)

    def failed(self, limit: int) -> list[FailedJob]:
        """The latest failed jobs."""
        statement = (
            select(
                Job.id,
                Job.lane,
                Job.kind,
                Job.practice_id,
                Job.key,
                Job.tries,
                Job.error,
                Job.finished_at.label("failed_at"),
            )
            .where(Job.outcome == JobOutcome.FAILED)
            .order_by(Job.finished_at.desc())
            .limit(limit)
        )
        with self._database.read() as session:
            return [FailedJob(**row) for row in session.execute(statement).mappings()]

    def run_again(self, job_id: uuid.UUID) -> bool:
        """Gives a failed job all its tries again. False if there is no such failed job."""
        with self._database.begin() as session:
            return _again(session, Job.id == job_id) == 1

    def progress(self, batch: uuid.UUID) -> Progress:
        with self._database.read() as session:
            return progress(session, batch)

    def counts(self) -> dict[Lane, LaneCount]:
        """How much is due, waiting and failed in every lane."""
        with self._database.read() as session:
            now = self._database.time(session)
            due = func.count().filter(Job.due <= now)
            open_jobs = session.execute(
                select(Job.lane, due, func.count() - due, func.min(Job.due))
                .where(Job.due.is_not(None))
                .group_by(Job.lane)
            ).all()
            failed_jobs = session.execute(
                select(Job.lane, func.count()).where(Job.outcome == JobOutcome.FAILED).group_by(Job.lane)
            ).all()
        counts = {lane: LaneCount(due=0, waiting=0, failed=0, overdue=timedelta()) for lane in Lane}
        for lane, due_count, waiting, oldest in open_jobs:
            overdue = max(now - (oldest or now), timedelta())
            counts[lane] = LaneCount(due=due_count, waiting=waiting, failed=0, overdue=overdue)
        for lane, failed in failed_jobs:
            counts[lane] = replace(counts[lane], failed=failed)
        return counts

    def prune(self, older_than: timedelta) -> int:
        """Forgets the jobs that ended longer ago, and with them their keys; says how many."""
        pruned = 0
        while True:
            with self._database.begin() as session:
                now = self._database.time(session)
                ended = (
                    select(Job.id).where(Job.due.is_(None), Job.finished_at < now - older_than).limit(_PRUNED_AT_ONCE)
                )
                count = _affected(session, delete(Job).where(Job.id.in_(ended)))
                pace.prune(session, now)
            pruned += count
            if count < _PRUNED_AT_ONCE:
                return pruned

    def _build_claiming(
        self, lanes: tuple[Lane, ...], kinds: frozenset[str] | None, lease: timedelta
    ) -> ReturningUpdate[*tuple[Any, ...]]:
        due = select(Job.id).where(Job.lane.in_(lanes), Job.due <= self._database.clock())
        if kinds is not None:
            due = due.where(Job.kind.in_(kinds))
        # Materialized: inside the UPDATE, PostgreSQL might run it more than once and claim more than the limit.
        chosen = due.order_by(Job.due).limit(bindparam("limit")).with_for_update(skip_locked=True).cte("chosen")
        chosen = chosen.prefix_with("MATERIALIZED")
        return (
            update(Job)
            .where(Job.id.in_(select(chosen.c.id)))
            .values(due=self._database.clock(lease), attempt=Job.attempt + 1, tries=Job.tries + 1)
            .returning(
                Job.id,
                Job.lane,
                Job.kind,
                Job.practice_id,
                Job.args,
                Job.key,
                Job.attempt,
                Job.tries,
                Job.batch,
                Job.pace,
                Job.slot,
            )
        )


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(Job.id == claim.id, Job.attempt == claim.attempt)


def _hand_in(
    session: Session, claim: Claim, state: ColumnElement[bool], outcome: JobOutcome, error: str | None
) -> None:
    now = database_of(session).clock()
    ended = {"due": None, "outcome": outcome, "finished_at": now, "error": error}
    if _change(session, and_(_held(claim), state), **ended) != 1:
        raise LostClaim(claim.key)


def _give_back(session: Session, claim: Claim, **values: Any) -> None:
    if _change(session, and_(_held(claim), Job.due.is_not(None)), **values) != 1:
        raise LostClaim(claim.key)


def _again(session: Session, which: ColumnElement[bool]) -> int:
    for lane in session.execute(select(Job.lane).where(which).distinct()).scalars():
        announce(session, lane)
    return _change(
        session,
        and_(which, Job.outcome == JobOutcome.FAILED),
        due=database_of(session).clock(),
        tries=0,
        slot=None,
        outcome=None,
        error=None,
        finished_at=None,
    )


def _change(session: Session, which: ColumnElement[bool], **values: Any) -> int:
    return _affected(session, update(Job).where(which).values(**values))


def _affected(session: Session, statement: Update | Delete) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount
