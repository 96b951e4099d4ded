"""When App Home is built and published: when it is opened, and while somebody may be looking at it, when it changes.

A home is built at `home_built_at`, which is a little earlier than the clock says: what a transaction changed that was
still open then is looked for once more. Several may build one person's home at once. Each says so before it reads, and
whoever finds at the end that another has begun since leaves the digest empty: the next look publishes it afresh.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import Session

from db.models import AuditEntry, Colleague, Draft, Job, Lane, Practice, SyncRun, SyncState
from db.session import Database, announce
from services import jobs, policy
from services.actor import Actor
from services.errors import NotPermittedError
from services.jobs import Claim
from services.overview.records import Home
from services.overview.service import build
from services.practice import get_colleague

REFRESH = "home.refresh"
WATCHED = timedelta(hours=8)
"""After it was opened, somebody may be looking at it for so long."""
STALE = timedelta(minutes=5)
"""What only the clock changes, such as what is about to expire, shows after so long."""
OVERLAP = timedelta(seconds=5)
_MOST_OF_PRACTICE = 50
_MOST_AT_ONCE = 500
_EXPLAINS = "explains:"


@dataclass(frozen=True, slots=True)
class _Begun:
    """A build that has begun. `digest` is that of the page before, `is_first`: there was none."""

    built_at: datetime
    digest: str | None
    is_first: bool

    @property
    def explained(self) -> bool:
        return self.is_first or (self.digest is not None and self.digest.startswith(_EXPLAINS))


class HomeService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def opened(self, actor: Actor) -> Home | None:
        """The page for somebody who opens it now; it is kept up to date from now on. None before the practice is set
        up. The first one explains the app."""
        with self._database.begin() as session:
            colleague = get_colleague(session, actor, lock=True)
            if colleague.active:
                colleague.home_watched_until = self._database.now() + WATCHED
            if session.get_one(Practice, actor.practice_id).set_up_at is None:
                return None
            begun = self._begin(colleague)
        return self._build(actor, begun, explains=begun.is_first)

    def changed(self, actor: Actor) -> Home:
        """The page after something that the person did on it."""
        with self._database.begin() as session:
            begun = self._begin(get_colleague(session, actor, lock=True))
        return self._build(actor, begun, explains=begun.explained)

    def refreshed(self, claim: Claim) -> Home | None:
        """The page for a job of `look`. None when there is nothing to publish: nobody watches, the practice has
        uninstalled the app, or the page was built since the job was put."""
        practice_id, colleague_id = claim.practice_id, uuid.UUID(claim.args["colleague_id"])
        with self._database.begin() as session:
            colleague = session.scalar(
                select(Colleague)
                .join(Practice, Practice.id == Colleague.practice_id)
                .where(
                    Colleague.id == colleague_id, Colleague.practice_id == practice_id, *_watched(self._database.now())
                )
                .with_for_update(of=Colleague)
            )
            if colleague is None:
                return None
            # Built since: at a later try perhaps by this job itself, which then did not get it published.
            if claim.attempt == 1 and _stamp(colleague.home_built_at) != claim.args["built_at"]:
                return None
            begun = self._begin(colleague)
            actor = Actor(colleague.practice_id, colleague.id)
        return self._build(actor, begun, explains=begun.explained)

    def shown(self, home: Home, digest: str) -> None:
        """Slack has the page now. One that refuses is the last one."""
        kept = f"{_EXPLAINS}{digest}" if home.explains else digest
        values = {"home_digest": kept} | ({"home_watched_until": None} if home.overview is None else {})
        with self._database.begin() as session:
            mine = and_(Colleague.id == home.colleague_id, Colleague.home_built_at == home.built_at)
            if session.scalar(update(Colleague).where(mine).values(**values).returning(Colleague.id)) is None:
                # Another build has begun since, and which of the two Slack has taken last is not known.
                afresh = {"home_digest": None, "home_built_at": self._database.now() - OVERLAP}
                session.execute(update(Colleague).where(Colleague.id == home.colleague_id).values(**afresh))

    def finish(self, claim: Claim) -> None:
        """Leaves nothing of the job: they are many, and nobody asks for one that is done."""
        with self._database.begin() as session:
            session.execute(delete(Job).where(Job.id == claim.id, Job.attempt == claim.attempt))
            announce(session, claim.fence)

    def gave_up(self, session: Session, claim: Claim, error: str) -> None:  # noqa: ARG002 - a job's OnFailure
        """Slack does not take the page, for instance because the person is gone: nobody watches it."""
        colleague_id = uuid.UUID(claim.args["colleague_id"])
        session.execute(update(Colleague).where(Colleague.id == colleague_id).values(home_watched_until=None))

    def look(self) -> int:
        """Puts a job for each watched home that may have changed; says for how many. Any number of processes may look
        at once. Of a large practice a part at a time, so that others get their turn."""
        oldest = func.row_number().over(partition_by=Colleague.practice_id, order_by=Colleague.home_built_at)
        due = (
            select(Colleague.id, Colleague.practice_id, Colleague.home_built_at, oldest.label("turn"))
            .join(Practice, Practice.id == Colleague.practice_id)
            .where(*_watched(self._database.now()), _may_have_changed(self._database.now()))
            .subquery()
        )
        query = select(due).where(due.c.turn <= _MOST_OF_PRACTICE).order_by(due.c.turn).limit(_MOST_AT_ONCE)
        with self._database.read() as session:
            found = session.execute(query).all()
        if found:
            with self._database.begin() as session:
                jobs.put(session, *(_job(row.practice_id, row.id, row.home_built_at) for row in found))
        return len(found)

    def _begin(self, colleague: Colleague) -> _Begun:
        begun = _Begun(self._database.now() - OVERLAP, colleague.home_digest, colleague.home_built_at is None)
        colleague.home_built_at = begun.built_at
        return begun

    def _build(self, actor: Actor, begun: _Begun, *, explains: bool) -> Home:
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            refusal, overview = None, None
            try:
                policy.require_active(colleague)
                overview = build(session, colleague, self._database.now())
            except NotPermittedError as problem:
                refusal = problem.message
            return Home(
                practice_id=colleague.practice_id,
                colleague_id=colleague.id,
                slack_user_id=colleague.slack_user_id,
                built_at=begun.built_at,
                digest=begun.digest and begun.digest.removeprefix(_EXPLAINS),
                explains=explains,
                overview=overview,
                refusal=refusal,
            )


def _watched(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Colleague.home_watched_until > now, Practice.set_up_at.is_not(None), Practice.uninstalled_at.is_(None)


def _may_have_changed(now: datetime) -> ColumnElement[bool]:
    """Nearly all that changes a page is in the audit trail. What is not: a draft's steps, and how far a sync is."""
    built = Colleague.home_built_at
    concerned = or_(SyncRun.colleague_id == Colleague.id, Colleague.role.in_(policy.ADMIN_ROLES))
    own = SyncRun.practice_id == Colleague.practice_id
    return or_(
        built.is_(None),
        and_(Colleague.home_digest.is_(None), built <= now - 2 * OVERLAP),  # else it may still be on its way
        built <= now - STALE,
        exists().where(AuditEntry.practice_id == Colleague.practice_id, AuditEntry.at > built),
        exists().where(Draft.colleague_id == Colleague.id, Draft.closed_at.is_(None), Draft.updated_at > built),
        exists().where(own, concerned, SyncRun.state == SyncState.RUNNING),
        exists().where(own, concerned, SyncRun.state == SyncState.FINISHED, SyncRun.finished_at > built),
    )


def _job(practice_id: uuid.UUID, colleague_id: uuid.UUID, built_at: datetime | None) -> jobs.NewJob:
    """One for each page that was built. Those of a practice keep one pace: that is how Slack counts them."""
    return jobs.NewJob(
        lane=Lane.SLACK,
        kind=REFRESH,
        key=f"{REFRESH}:{colleague_id}:{_stamp(built_at)}",
        practice_id=practice_id,
        args={"colleague_id": str(colleague_id), "built_at": _stamp(built_at)},
        pace=f"slack:home:{practice_id}",
    )


def _stamp(built_at: datetime | None) -> str:
    return "never" if built_at is None else built_at.isoformat()
