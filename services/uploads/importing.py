"""An import that runs: a chunk is one job and one transaction, and brings on the next. What a process had in hand when
it died is done by another, once."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.models import ImportChunk, ImportRun, ImportState, Lane, Practice, Source
from db.session import Database
from services import audit, jobs
from services.actor import Actor
from services.jobs import Claim, Kind, NewJob, Retry
from services.keys import Keyring
from services.practice import get_colleague, lock_practice
from services.uploads.access import lock_run
from services.uploads.adding import Import
from services.uploads.chunks import Kept, Outcome, pack_outcome, unpacked
from services.uploads.records import WHOLE_ROW
from services.uploads.settling import Count, Failed, Settled, settle

IMPORT = "uploads.import"
PROGRESS = "slack.upload_progress"
EDITED_EVERY = timedelta(seconds=2)
KEPT = timedelta(days=7)
"""So long the rows of a file are there for its file of errors."""

NAMED = 10
"""As many problems as a message names."""

_TRIES = 5
_AT_ONCE_TRIES = 4
_REINSTALL_CHECK = timedelta(hours=6)
_UNEXPECTED = "Something went wrong in Clientdesk. Send this row again; if it fails again, tell whoever runs it."


class ImportRunner:
    """`texts`: invitations go out as text messages, too."""

    def __init__(self, database: Database, keys: Keyring, *, texts: bool) -> None:
        self._database = database
        self._keys = keys
        self._texts = texts

    def kinds(self) -> list[Kind]:
        return [
            Kind(
                name=IMPORT,
                lane=Lane.LOCAL,
                run=self._import,
                max_attempts=_TRIES,
                backoff=timedelta(seconds=2),
                on_failure=self._gave_up,
            )
        ]

    def start(self, session: Session, run: ImportRun) -> None:
        """Puts the first job of a run that is to import."""
        self._go_on(session, run)

    def _import(self, claim: Claim) -> None:
        run_id, number = _chunk_id(claim)
        with self._database.read() as session:
            chunk = session.get_one(ImportChunk, (run_id, number))
            run = session.get_one(ImportRun, run_id)
            practice = session.get_one(Practice, run.practice_id)
        if practice.uninstalled_at is not None:
            raise Retry("The practice has uninstalled Clientdesk", after=_REINSTALL_CHECK)
        kept = [row for row in unpacked(self._keys, chunk.content) if not row.problems]
        columns = tuple(run.summary["columns"])
        _until_unique(lambda: self._settle(claim, run_id, number, columns, kept))

    def _settle(self, claim: Claim, run_id: uuid.UUID, number: int, columns: tuple[str, ...], kept: list[Kept]) -> None:
        with self._database.begin() as session:
            jobs.finish(session, claim)
            chunk = _lock_chunk(session, run_id, number)
            run = session.get_one(ImportRun, run_id)
            if chunk.done_at is None and run.state is ImportState.IMPORTING:
                actor = Actor(run.practice_id, run.colleague_id, Source.WORKER)
                practice = lock_practice(session, run.practice_id)
                work = Import(
                    session,
                    run.id,
                    actor,
                    get_colleague(session, actor),
                    practice,
                    self._keys,
                    self._database.now(),
                    self._texts,
                )
                self._done(session, chunk, settle(work, columns, kept))
            run = lock_run(session, run_id)
            self._go_on(session, run)
            if run.state is ImportState.CANCELLED:  # while this was being done: it counts, too
                put_progress(session, run, f"after-{number}")

    def _gave_up(self, session: Session, claim: Claim, _: str) -> None:
        """The rows of the chunk have failed; the others are still to come."""
        run_id, number = _chunk_id(claim)
        chunk = _lock_chunk(session, run_id, number)
        if chunk.done_at is None:
            failed: Failed = {}
            try:
                rows = [row for row in unpacked(self._keys, chunk.content) if not row.problems]
                failed = {row.number: {WHOLE_ROW: _UNEXPECTED} for row in rows}
            except ValueError:  # the key is gone: there is nothing to give back
                rows = []
            self._done(session, chunk, Settled({Count.FAILED: len(rows)}, failed))
        self._go_on(session, lock_run(session, run_id))

    def _done(self, session: Session, chunk: ImportChunk, settled: Settled) -> None:
        chunk.done_at = self._database.now()
        chunk.outcome = pack_outcome(self._keys, Outcome(settled.failed))
        run = lock_run(session, chunk.run_id)
        run.counts = {each: run.counts.get(each, 0) + settled.counts.get(each, 0) for each in Count}
        named = [[number, *problem] for number, problems in settled.failed.items() for problem in problems.items()]
        run.summary = {**run.summary, "failed": [*run.summary.get("failed", ()), *named][:NAMED]}

    def _go_on(self, session: Session, run: ImportRun) -> None:
        """The next chunk's job, or the end."""
        if run.state is not ImportState.IMPORTING:
            return
        session.flush()
        left = select(ImportChunk.number).where(ImportChunk.run_id == run.id, ImportChunk.done_at.is_(None))
        number = session.scalar(left.order_by(ImportChunk.number).limit(1))
        if number is None:
            end(session, run, ImportState.FINISHED, self._database.now())
            return
        jobs.put(
            session,
            NewJob(
                lane=Lane.LOCAL,
                kind=IMPORT,
                key=f"{IMPORT}:{run.id}:{number}",
                practice_id=run.practice_id,
                args={"run_id": str(run.id), "number": number},
                batch=run.id,
            ),
        )


def end(session: Session, run: ImportRun, state: ImportState, now: datetime, *, by: Actor | None = None) -> None:
    """Of a run that the caller has locked; `by` whom, unless by itself."""
    run.state, run.finished_at, run.keep_until = state, now, now + KEPT
    actor = by or Actor(run.practice_id, run.colleague_id, Source.WORKER)
    audit.record(session, actor, f"import.{state}", run.id, at=now, after={"file": run.file_name, **run.counts})
    put_progress(session, run, "end")


def put_progress(session: Session, run: ImportRun, step: str, *, due: datetime | None = None) -> None:
    """The run's message is to show how it stands."""
    jobs.put(
        session,
        NewJob(
            lane=Lane.SLACK,
            kind=PROGRESS,
            key=f"{PROGRESS}:{run.id}:{step}",
            practice_id=run.practice_id,
            args={"run_id": str(run.id)},
            pace=f"slack:{run.colleague_id}",
            due=due,
        ),
    )


def _lock_chunk(session: Session, run_id: uuid.UUID, number: int) -> ImportChunk:
    return session.scalars(
        select(ImportChunk).where(ImportChunk.run_id == run_id, ImportChunk.number == number).with_for_update()
    ).one()


def _chunk_id(claim: Claim) -> tuple[uuid.UUID, int]:
    return uuid.UUID(claim.args["run_id"]), int(claim.args["number"])


def _until_unique(act: Callable[[], None]) -> None:
    """Again when another transaction has taken a name or code at the same moment: now it is seen."""
    for left in reversed(range(_AT_ONCE_TRIES)):
        try:
            act()
        except IntegrityError:
            if not left:
                raise
        else:
            return
