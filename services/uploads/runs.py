"""Uploading clients as a person does it: the template, the file, what it would do, the import, the errors."""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from db.models import ImportChunk, ImportRun, ImportState, Lane, PartnerProgramme, Practice, Role
from db.session import Database
from services import audit, jobs, notices, policy
from services.actor import Actor
from services.add_client.lookups import permission_missing
from services.errors import ConflictError, GoneError
from services.files import ask, fit_for_disks
from services.jobs import Claim, Kind, NewJob
from services.keys import Keyring
from services.permissions.records import Place
from services.practice import admins, get_colleague
from services.uploads.access import lock_run, manageable_run, require_may_upload
from services.uploads.checking import check
from services.uploads.chunks import Kept, kept, packed, unpack_outcome, unpacked
from services.uploads.error_file import error_file
from services.uploads.importing import EDITED_EVERY, KEPT, NAMED, ImportRunner, end, put_progress
from services.uploads.known import refuse_unseen, unseen, whole_practice
from services.uploads.reading import read
from services.uploads.records import WHOLE_ROW, Action, Row, SourceRow
from services.uploads.shown import Opening, RunView, UploadFile, run_view, running_for
from services.uploads.template import template

CHECK = "uploads.check"
WINDOW = "slack.upload_window"
TEMPLATE = "slack.upload_template"
ERRORS = "slack.upload_errors"

_LONGEST_NAME = 120
_NOTED = 5
_NOT_STARTED = "Not imported: the import was cancelled before this row."
_UNREAD = (
    "This file could not be read. Send it again; if it happens again, give whoever runs Clientdesk this reference: {}."
)
_TOLD_AGAIN = timedelta(hours=1)
"""So long Slack may tell of a file once more."""
_AT_ONCE = 10
"""Seconds: whoever asks for the same file again so soon has clicked twice."""
_OVER = frozenset({ImportState.REFUSED, ImportState.FINISHED, ImportState.CANCELLED})


class UploadService:
    """`texts`: invitations go out as text messages, too."""

    def __init__(self, database: Database, keys: Keyring, *, texts: bool = False) -> None:
        self._database = database
        self._keys = keys
        self._texts = texts
        self._runner = ImportRunner(database, keys, texts=texts)

    def kinds(self) -> list[Kind]:
        return self._runner.kinds()

    def open(self, actor: Actor) -> Opening:
        """What the person can do."""
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            practice = session.get_one(Practice, actor.practice_id)
            may_add = policy.may_add_clients(colleague)
            return Opening(
                region=practice.region,
                is_partner=practice.partner_programme is not PartnerProgramme.NONE,
                admins=admins(session, actor.practice_id, frozenset({Role.PRACTICE_ADMIN})),
                missing=None if may_add else permission_missing(session, colleague),
                running=running_for(session, colleague, all_of_practice=policy.sees_all_clients(colleague)),
            )

    def send_template(self, actor: Actor) -> None:
        """Raises NotPermittedError."""
        with self._database.begin() as session:
            colleague = get_colleague(session, actor, lock=True)
            require_may_upload(session.get_one(Practice, actor.practice_id), colleague)
            now = self._database.now()
            notices.tell(
                session,
                TEMPLATE,
                f"{colleague.id}:{int(now.timestamp()) // _AT_ONCE}",
                practice_id=actor.practice_id,
                colleague_id=colleague.id,
                args={"colleague_id": str(colleague.id), "asked_at": now.isoformat()},
            )

    def template(self, actor: Actor) -> UploadFile:
        """Raises NotPermittedError."""
        with self._database.read() as session:
            practice = session.get_one(Practice, actor.practice_id)
            require_may_upload(practice, get_colleague(session, actor))
            return UploadFile(
                name=f"clientdesk-clients-{practice.region}.csv",
                title="Template for your clients",
                content=template(practice.region, practice.plan),
            )

    def begin(self, actor: Actor, file_id: str, file_name: str, *, view_id: str | None = None) -> RunView:
        """Has a file checked that the person has given the app; once, however often Slack tells of it. `view_id` is
        the window that waits for it, if one does. Raises NotPermittedError."""
        now = self._database.now()
        with self._database.begin() as session:
            # Locked, so that the same file at the same moment is seen.
            colleague = get_colleague(session, actor, lock=True)
            require_may_upload(session.get_one(Practice, actor.practice_id), colleague)
            run = session.scalar(
                select(ImportRun).where(
                    ImportRun.colleague_id == colleague.id,
                    ImportRun.slack_file_id == file_id,
                    or_(ImportRun.state.not_in(_OVER), ImportRun.created_at > now - _TOLD_AGAIN),
                )
            )
            if run is None:
                run = ImportRun(
                    practice_id=actor.practice_id,
                    colleague_id=colleague.id,
                    state=ImportState.CHECKING,
                    slack_file_id=file_id,
                    file_name=_shortened(file_name),
                    view_id=view_id,
                    created_at=now,
                )
                session.add(run)
                session.flush()
                _put_check(session, run)
                if view_id is None:
                    put_progress(session, run, "begun")
            return run_view(session, run)

    def to_check(self, practice_id: uuid.UUID, run_id: uuid.UUID) -> str | None:
        """Slack's id of the file; None when the run waits for it no more. Raises GoneError."""
        with self._database.read() as session:
            run = _of_practice(session, practice_id, run_id)
            return run.slack_file_id if run.state is ImportState.CHECKING else None

    def check(self, claim: Claim, run_id: uuid.UUID, content: Iterable[bytes]) -> None:
        """Reads and checks the file, and finishes the job. What is wrong with the whole file is kept as the refusal."""
        with self._database.read() as session:
            run = session.get_one(ImportRun, run_id)
            colleague = get_colleague(session, Actor(run.practice_id, run.colleague_id))
            practice = session.get_one(Practice, run.practice_id)
            require_may_upload(practice, colleague)
            known = whole_practice(session, self._keys, practice, colleague, texts=self._texts)
            there = {client.id for clients in known.by_name.values() for client in clients}
            hidden = unseen(session, colleague, there)
        table = read(content, known.region)
        preview = _Preview(table.columns)
        rows = refuse_unseen(check(table, known), hidden)
        chunks = list(packed(self._keys, preview.kept(rows)))
        with self._database.begin() as session:
            jobs.finish(session, claim)
            run = lock_run(session, run_id)
            if run.state is not ImportState.CHECKING:
                return
            session.add_all(
                ImportChunk(run_id=run_id, number=number, rows=size, content=packed_rows)
                for number, (size, packed_rows) in enumerate(chunks)
            )
            run.state, run.summary = ImportState.CHECKED, preview.summary
            run.keep_until = self._database.now() + KEPT
            _put_checked(session, run)

    def refuse(self, claim: Claim, run_id: uuid.UUID, reason: str) -> None:
        """The file can't be taken, and the job is finished."""
        with self._database.begin() as session:
            jobs.finish(session, claim)
            self._refuse(session, run_id, reason)

    def gave_up(self, session: Session, claim: Claim, _: str) -> None:
        """The same in the transaction that gives the check up."""
        self._refuse(session, uuid.UUID(claim.args["run_id"]), _UNREAD.format(claim.id))

    def view(self, actor: Actor, run_id: uuid.UUID) -> RunView:
        """Raises GoneError, NotPermittedError."""
        with self._database.read() as session:
            return run_view(session, manageable_run(session, actor, run_id))

    def confirm(self, actor: Actor, run_id: uuid.UUID) -> RunView:
        """Begins to import the rows that have no problem; once, however often it is asked for. Only whoever has
        uploaded the file can. Raises ConflictError, GoneError, NotPermittedError."""
        with self._database.begin() as session:
            run = manageable_run(session, actor, run_id, own=True, lock=True)
            if run.state is not ImportState.CHECKED:
                return run_view(session, run)
            require_may_upload(session.get_one(Practice, actor.practice_id), get_colleague(session, actor))
            shown = run_view(session, run)
            if not shown.total:
                raise ConflictError("This file has no row to import. Send it again when it is mended.")
            run.state, run.started_at, run.keep_until = ImportState.IMPORTING, self._database.now(), None
            session.flush()
            after = {"file": run.file_name, "clients": shown.clients, "sources": shown.sources}
            audit.record(
                session,
                actor,
                "import.started",
                run.id,
                at=self._database.now(),
                after={**after, "updates": shown.updates, "left_out": shown.problems},
            )
            self._runner.start(session, run)
            put_progress(session, run, "0")
            return run_view(session, run)

    def cancel(self, actor: Actor, run_id: uuid.UUID) -> RunView:
        """Stops what has not started. Raises GoneError, NotPermittedError."""
        with self._database.begin() as session:
            run = manageable_run(session, actor, run_id, lock=True)
            if run.state not in _OVER:
                jobs.cancel(session, keys=[_check_key(run)])
                end(session, run, ImportState.CANCELLED, self._database.now(), by=actor)
            return run_view(session, run)

    def send_errors(self, actor: Actor, run_id: uuid.UUID) -> None:
        """Has the rows that were not taken sent to the person. Raises ConflictError, GoneError, NotPermittedError."""
        with self._database.begin() as session:
            run = manageable_run(session, actor, run_id, lock=True)
            if not run_view(session, run).errors:
                raise ConflictError(_no_errors(run))
            ask(
                session,
                actor,
                ERRORS,
                action="import.errors_sent",
                subject_id=run.id,
                told={"file": run.file_name},
                args={"run_id": str(run.id)},
                now=self._database.now(),
            )

    def errors(self, actor: Actor, run_id: uuid.UUID) -> UploadFile:
        """Raises ConflictError, GoneError, NotPermittedError."""
        with self._database.read() as session:
            run = manageable_run(session, actor, run_id)
            if not run_view(session, run).errors:
                raise ConflictError(_no_errors(run))
            chunks = session.scalars(
                select(ImportChunk).where(ImportChunk.run_id == run.id).order_by(ImportChunk.number)
            ).all()
        rows = (row for chunk in chunks for row in self._failed(run, chunk))
        return UploadFile(
            name=f"{fit_for_disks(PurePath(run.file_name).stem)} errors.csv",
            title=f"Errors in {run.file_name}",
            content=b"".join(error_file(run.summary["columns"], rows)),
        )

    def progress(self, practice_id: uuid.UUID, run_id: uuid.UUID) -> RunView:
        """For the run's message. Raises GoneError."""
        with self._database.read() as session:
            return run_view(session, _of_practice(session, practice_id, run_id))

    def keep_place(self, practice_id: uuid.UUID, run_id: uuid.UUID, place: Place) -> None:
        """Where the run's message is."""
        with self._database.begin() as session:
            session.execute(
                update(ImportRun)
                .where(ImportRun.id == run_id, ImportRun.practice_id == practice_id)
                .values(channel=place.channel, ts=place.ts)
            )

    def progress_shown(self, claim: Claim, run_id: uuid.UUID, shown: RunView) -> bool:
        """Ends the job and has the message edited again soon while the import goes on. False, and nothing done, when
        the run stands otherwise by now: it must be shown once more."""
        with self._database.begin() as session:
            run = lock_run(session, run_id)
            if run.state is not shown.state:
                return False
            jobs.finish(session, claim)
            step = claim.key.rpartition(":")[2]
            if run.state is ImportState.IMPORTING and step.isdecimal():
                due = self._database.time(session) + EDITED_EVERY
                put_progress(session, run, str(int(step) + 1), due=due)
            return True

    def prune(self) -> int:
        """Deletes the rows of files whose time is over, and says of how many files. For the clock."""
        now = self._database.now()
        with self._database.read() as session:
            over = session.scalars(select(ImportRun.id).where(ImportRun.keep_until <= now)).all()
        for run_id in over:
            with self._database.begin() as session:
                run = lock_run(session, run_id)
                session.execute(delete(ImportChunk).where(ImportChunk.run_id == run_id))
                run.keep_until = None
                run.summary = {**run.summary, "first": [], "noted": [], "failed": [], "pruned": True}
                if run.state is ImportState.CHECKED:
                    run.state, run.finished_at = ImportState.CANCELLED, now
        return len(over)

    def _refuse(self, session: Session, run_id: uuid.UUID, reason: str) -> None:
        run = lock_run(session, run_id)
        if run.state is ImportState.CHECKING:
            run.state, run.refusal, run.finished_at = ImportState.REFUSED, reason, self._database.now()
            _put_checked(session, run)

    def _failed(self, run: ImportRun, chunk: ImportChunk) -> Iterator[Row]:
        """The rows of a chunk that were not taken. None where its key is gone."""
        try:
            rows = unpacked(self._keys, chunk.content)
            failed = {} if chunk.outcome is None else unpack_outcome(self._keys, chunk.outcome).failed
        except ValueError:
            return
        left_out = chunk.done_at is None and run.state is ImportState.CANCELLED and run.started_at is not None
        for number, cells, problems in rows:
            found = problems or failed.get(number) or ({WHOLE_ROW: _NOT_STARTED} if left_out else {})
            yield Row(number, cells, found, {}, None, None, None, (), over_bundle=False, why="")


class _Preview:
    """Counts the rows on their way."""

    def __init__(self, columns: tuple[str, ...]) -> None:
        self._columns = columns
        self._counts = Counter[str]()
        self._first: list[tuple[int, str, str]] = []
        self._noted: list[tuple[int, str, str]] = []

    @property
    def summary(self) -> dict[str, Any]:
        return {"columns": self._columns, "first": self._first, "noted": self._noted, **self._counts}

    def kept(self, rows: Iterable[Row]) -> Iterator[Kept]:
        for row in rows:
            self._count(row)
            found = kept(row, self._columns)
            if found is not None:
                yield found

    def _count(self, row: Row) -> None:
        if row.problems:
            self._counts["problems"] += 1
            self._counts["over"] += row.over_bundle
            _name(self._first, row.number, row.problems, NAMED)
        elif row.action is Action.SKIP:
            self._counts["unchanged"] += 1
        elif row.action is Action.UPDATE:
            self._counts["updates"] += 1
        else:
            self._counts["sources" if isinstance(row.parsed, SourceRow) else "clients"] += 1
        if row.warnings and not row.problems and row.action is not Action.SKIP:
            _name(self._noted, row.number, row.warnings, _NOTED)


def _name(named: list[tuple[int, str, str]], number: int, texts: Any, most: int) -> None:
    for column, text in texts.items():
        if len(named) < most:
            named.append((number, column, text))


def _of_practice(session: Session, practice_id: uuid.UUID, run_id: uuid.UUID) -> ImportRun:
    run = session.scalar(select(ImportRun).where(ImportRun.id == run_id, ImportRun.practice_id == practice_id))
    if run is None:
        raise GoneError("This upload is no longer there.")
    return run


def _check_key(run: ImportRun) -> str:
    return f"{CHECK}:{run.id}"


def _put_check(session: Session, run: ImportRun) -> None:
    jobs.put(
        session,
        NewJob(
            lane=Lane.LOCAL,
            kind=CHECK,
            key=_check_key(run),
            practice_id=run.practice_id,
            args={"run_id": str(run.id)},
        ),
    )


def _put_checked(session: Session, run: ImportRun) -> None:
    """The person is told, in the window that waits and by a message."""
    put_progress(session, run, "checked")
    if run.view_id is not None:
        jobs.put(
            session,
            NewJob(
                lane=Lane.SLACK,
                kind=WINDOW,
                key=f"{WINDOW}:{run.id}",
                practice_id=run.practice_id,
                args={"run_id": str(run.id)},
            ),
        )


def _no_errors(run: ImportRun) -> str:
    if run.summary.get("pruned"):
        return f"The rows of {run.file_name} were deleted {KEPT.days} days after the import. Send the file again."
    return f"No row of {run.file_name} has a problem."


def _shortened(file_name: str) -> str:
    plain = " ".join(file_name.split()) or "clients.csv"
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 1]}…"
