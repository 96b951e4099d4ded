"""A sync that runs: a bounded number of its organisations have a job; each that ends brings on the next.

So concurrent syncs take turns, all organisations come before all lists, and what a process had in hand when it died is
done by another.
"""

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Exists, and_, bindparam, exists, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.dml import ReturningUpdate

from db.models import (
    Client,
    Connection,
    InformationState,
    ItemState,
    Job,
    Lane,
    Practice,
    Provider,
    SyncItem,
    SyncRun,
    SyncState,
)
from db.session import Database, twice
from services import jobs
from services.accounting.calls import ProviderCalls
from services.accounting.information import fetch_lists, store_lists
from services.accounting.outcomes import provider_outcome
from services.accounting.port import (
    NAMES,
    AccountingProvider,
)
from services.client_sync.settling import settle
from services.errors import ServiceError
from services.jobs import Claim, GiveUp, Kind, NewJob, Retry

ADD = "client_sync.add"
LISTS = "client_sync.lists"
PROGRESS = "slack.sync_progress"
EDITED_EVERY = timedelta(seconds=2)
LISTS_CALLS = 5

_TRIES = 5
_BACKOFF = timedelta(seconds=2)
_OPEN_ITEM = SyncItem.state.in_((ItemState.WAITING, ItemState.QUEUED))
_OPEN_LISTS = SyncItem.information.in_((InformationState.WAITING, InformationState.QUEUED))
_STAGES: tuple[tuple[InstrumentedAttribute[Any], StrEnum, StrEnum], ...] = (
    (SyncItem.state, ItemState.QUEUED, ItemState.WAITING),
    (SyncItem.information, InformationState.QUEUED, InformationState.WAITING),
)
_CHANGED = "The client is connected to something else by now."


def _taking(column: InstrumentedAttribute[Any], queued: StrEnum, waiting: StrEnum) -> ReturningUpdate[uuid.UUID]:
    first = (
        select(SyncItem.id)
        .where(SyncItem.run_id == bindparam("run"), column == waiting)
        .order_by(SyncItem.position)
        .limit(bindparam("room"))
        .with_for_update(skip_locked=True)
        # Or else PostgreSQL might run it more than once and take more than there is room for.
        .cte("first")
        .prefix_with("MATERIALIZED")
    )
    taken = update(SyncItem).where(SyncItem.id.in_(select(first.c.id))).values({column.key: queued})
    return taken.returning(SyncItem.id)


# Built once: it takes as long as running them.
_TAKING = {kind: _taking(*stage) for kind, stage in zip((ADD, LISTS), _STAGES, strict=True)}
_READING = (
    select(SyncItem, SyncRun, Connection)
    .join(SyncRun, SyncRun.id == SyncItem.run_id)
    .outerjoin(
        Connection,
        and_(
            Connection.client_id == SyncItem.client_id,
            Connection.provider == SyncRun.provider,
            Connection.tenant_id == SyncItem.tenant_id,
        ),
    )
    .where(SyncItem.id == bindparam("item"), SyncRun.practice_id == bindparam("practice"))
)
_LOCKING = (
    select(SyncItem, SyncRun)
    .join(SyncRun, SyncRun.id == SyncItem.run_id)
    .where(SyncItem.id == bindparam("item"))
    .with_for_update(of=SyncItem)
)
_UNEXPECTED = "Something went wrong in Clientdesk. Try again; if it happens again, tell whoever runs it."
_log = logging.getLogger(__name__)


class SyncRunner:
    """`window` is how many organisations of one sync have a job at a time."""

    def __init__(
        self,
        database: Database,
        calls: ProviderCalls,
        providers: Mapping[Provider, AccountingProvider],
        *,
        window: int,
    ) -> None:
        self._database = database
        self._calls = calls
        self._providers = providers
        self._window = window

    def kinds(self) -> list[Kind]:
        return [
            self._kind(ADD, self._add, self._add_failed),
            self._kind(LISTS, self._fetch_lists, self._lists_failed),
        ]

    def tend(self) -> None:
        """Goes on with syncs that have nothing in hand though something waits, and ends those with nothing left. For
        the clock."""
        with self._database.read() as session:
            running = session.scalars(
                select(SyncRun.id)
                .join(Practice, Practice.id == SyncRun.practice_id)
                .where(
                    SyncRun.state == SyncState.RUNNING,
                    Practice.uninstalled_at.is_(None),
                    ~_has_jobs(SyncRun.id),
                )
            ).all()
        for run_id in running:
            with self._database.begin() as session:
                self._pick_up(session, run_id)

    def _pick_up(self, session: Session, run_id: uuid.UUID) -> None:
        """What lost its job gets another, under another key."""
        run = lock_run(session, run_id)
        if run.state is not SyncState.RUNNING or session.scalar(select(_has_jobs(run.id))):
            return
        run.round += 1
        for column, queued, waiting in _STAGES:
            session.execute(
                update(SyncItem).where(SyncItem.run_id == run.id, column == queued).values({column.key: waiting}),
                execution_options={"synchronize_session": False},
            )
        self.go_on(session, run.id)
        put_progress(session, run, "0")

    def go_on(self, session: Session, run_id: uuid.UUID) -> None:
        """Gives jobs to as many as may have one, or ends the run. Locks it: the caller holds none of its items."""
        run = lock_run(session, run_id)
        if run.state is not SyncState.RUNNING or self._feed(session, run, self._window):
            return
        if not session.scalar(select(exists().where(SyncItem.run_id == run.id, or_(_OPEN_ITEM, _OPEN_LISTS)))):
            run.state, run.finished_at = SyncState.FINISHED, self._database.now()
            put_progress(session, run, "end")

    def drop_queued(self, run: SyncRun) -> None:
        """The organisations of a cancelled run that have a job are not begun any more."""
        with self._database.begin() as session:
            # Jobs before items, as those do that hand one in, and meanwhile not the run.
            queued = session.scalars(
                select(SyncItem.id).where(SyncItem.run_id == run.id, SyncItem.state == ItemState.QUEUED)
            ).all()
            jobs.cancel(session, keys=[_item_key(ADD, run, item_id) for item_id in queued])
            session.execute(
                update(SyncItem)
                .where(SyncItem.run_id == run.id, SyncItem.state == ItemState.QUEUED)
                .values(state=ItemState.CANCELLED),
                execution_options={"synchronize_session": False},
            )
        with self._database.begin() as session:
            self.go_on(session, run.id)

    def _add(self, claim: Claim) -> None:
        item, run, _ = self._read(claim)
        if item.state is not ItemState.QUEUED:
            return
        provider = self._provider(run)
        with _verdict():
            facts = self._calls.call(
                run.authorisation_id,
                lambda token: provider.organisation(token, item.tenant_id),
                tenant_id=item.tenant_id,
            )

            def act(session: Session, run: SyncRun, item: SyncItem, now: datetime) -> None:
                settle(session, run, item, facts, now)

            # Somebody may connect the organisation meanwhile without adding a client.
            twice(lambda: self._settle(claim, act))

    def _fetch_lists(self, claim: Claim) -> None:
        item, run, connection = self._read(claim)
        if item.information is not InformationState.QUEUED:
            return
        if connection is None:
            raise GiveUp(_CHANGED)
        provider = self._provider(run)
        with _verdict():
            asked_at = self._database.now()
            fetched = self._calls.call(
                connection.authorisation_id,
                lambda token: fetch_lists(provider, token, connection.tenant_id, {}),
                tenant_id=connection.tenant_id,
                calls=LISTS_CALLS,
            )

            def store(session: Session, _: SyncRun, item: SyncItem, __: datetime) -> None:
                if not _still_connected(session, connection):
                    raise GiveUp(_CHANGED)
                store_lists(session, connection.client_id, fetched, asked_at)
                missing = next((answer.failure for answer in fetched.values() if answer.failure), None)
                item.information = InformationState.FAILED if missing else InformationState.DONE
                item.reason = missing

            self._settle(claim, store)

    def _settle(self, claim: Claim, act: Callable[[Session, SyncRun, SyncItem, datetime], None]) -> None:
        """What has been found out, the end of the job, and the next one: one transaction."""
        with self._database.begin() as session:
            jobs.finish(session, claim)
            run, item = self._locked(session, claim)
            # First, because what is done to an organisation may lock the whole practice until the end.
            has_next = self._feed(session, run, 1)
            if _is_queued(claim, item):
                act(session, run, item, self._database.now())
            if not has_next:
                self.go_on(session, run.id)

    def _add_failed(self, session: Session, claim: Claim, error: str) -> None:
        run, item = self._locked(session, claim)
        if item.state is ItemState.QUEUED:
            item.state, item.reason = ItemState.FAILED, error
        self._next(session, run)

    def _lists_failed(self, session: Session, claim: Claim, error: str) -> None:
        run, item = self._locked(session, claim)
        if item.information is InformationState.QUEUED:
            item.information, item.reason = InformationState.FAILED, error
        self._next(session, run)

    def _next(self, session: Session, run: SyncRun) -> None:
        """Another one for the one that ended. Only when there is none left is the run locked, last of all."""
        if not self._feed(session, run, 1):
            self.go_on(session, run.id)

    def _feed(self, session: Session, run: SyncRun, room: int) -> bool:
        """Gives jobs to the first ones that wait; False if there are none."""
        for kind, taking in _TAKING.items():
            taken = session.scalars(
                taking, {"run": run.id, "room": room}, execution_options={"synchronize_session": False}
            ).all()
            if taken:
                jobs.put(session, *(_job(run, kind, item_id) for item_id in taken))
                return True
        return False

    def _read(self, claim: Claim) -> tuple[SyncItem, SyncRun, Connection | None]:
        """The connection is that of the client to this organisation."""
        with self._database.read() as session:
            row = session.execute(_READING, {"item": _item_id(claim), "practice": claim.practice_id}).one_or_none()
        if row is None:
            raise GiveUp("The sync is no longer there")
        return row[0], row[1], row[2]

    def _locked(self, session: Session, claim: Claim) -> tuple[SyncRun, SyncItem]:
        """The item is locked, the run is not."""
        item, run = session.execute(_LOCKING, {"item": _item_id(claim)}).one()
        return run, item

    def _provider(self, run: SyncRun) -> AccountingProvider:
        found = self._providers.get(run.provider)
        if found is None:
            raise GiveUp(f"This installation is not set up for {NAMES[run.provider]}.")
        return found

    @staticmethod
    def _kind(name: str, run: Callable[[Claim], None], failed: jobs.OnFailure) -> Kind:
        return Kind(name=name, lane=Lane.PROVIDER, run=run, max_attempts=_TRIES, backoff=_BACKOFF, on_failure=failed)


def lock_run(session: Session, run_id: uuid.UUID) -> SyncRun:
    """The run as it is now, locked until the transaction ends."""
    query = select(SyncRun).where(SyncRun.id == run_id).with_for_update()
    return session.scalars(query, execution_options={"populate_existing": True}).one()


def put_progress(session: Session, run: SyncRun, step: str, *, due: datetime | None = None) -> None:
    """The run's message is to show how it stands."""
    jobs.put(
        session,
        NewJob(
            lane=Lane.SLACK,
            kind=PROGRESS,
            key=f"{PROGRESS}:{run.id}:{run.round}:{step}",
            practice_id=run.practice_id,
            args={"run_id": str(run.id)},
            pace=f"slack:{run.colleague_id}",
            due=due,
        ),
    )


def _has_jobs(run_id: uuid.UUID | InstrumentedAttribute[uuid.UUID]) -> Exists:
    return exists().where(Job.batch == run_id, Job.due.is_not(None))


def _item_key(kind: str, run: SyncRun, item_id: uuid.UUID) -> str:
    return f"{kind}:{item_id}:{run.round}"


def _job(run: SyncRun, kind: str, item_id: uuid.UUID) -> NewJob:
    return NewJob(
        lane=Lane.PROVIDER,
        kind=kind,
        key=_item_key(kind, run, item_id),
        practice_id=run.practice_id,
        args={"item_id": str(item_id)},
        batch=run.id,
    )


def _still_connected(session: Session, connection: Connection) -> bool:
    """Locks the client, as those do that connect it."""
    session.execute(select(Client.id).where(Client.id == connection.client_id).with_for_update())
    same = exists().where(Connection.id == connection.id, Connection.tenant_id == connection.tenant_id)
    return bool(session.scalar(select(same)))


def _is_queued(claim: Claim, item: SyncItem) -> bool:
    if claim.kind == ADD:
        return item.state is ItemState.QUEUED
    return item.information is InformationState.QUEUED


def _item_id(claim: Claim) -> uuid.UUID:
    return uuid.UUID(claim.args["item_id"])


@contextmanager
def _verdict() -> Iterator[None]:
    """What becomes of the job when it can't be done now. The reasons are shown to the person."""
    try:
        with provider_outcome():
            yield
    except (GiveUp, Retry, jobs.LostClaim):
        raise
    except ServiceError as refusal:
        raise GiveUp(refusal.message) from refusal
    except Exception as error:
        _log.exception("An organisation of a sync met something unexpected")
        raise Retry(_UNEXPECTED) from error
