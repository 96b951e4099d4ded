"""An upload as it is shown, and the files that go with it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Colleague, ImportRun, ImportState, Region
from services.add_client.records import PermissionMissing
from services.uploads.settling import Count

_SHOWN_RUNS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`column` is empty where no single cell is to blame."""

    row: int
    column: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """An import that is being done."""

    run_id: uuid.UUID
    file_name: str
    mine: bool
    uploader: str
    total: int
    done: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """`missing` is set when the person may not add clients. Without `is_partner`, the practice can't upload; then
    `admins` are the Slack ids of those who can change that."""

    region: Region
    is_partner: bool
    admins: tuple[str, ...]
    missing: PermissionMissing | None
    running: tuple[RunLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """How an upload stands. `clients`, `sources`, `updates`, `unchanged` and `problems` count the rows as they were
    checked, `over` those of the problems that only lack a place in the bundle; `counts` what the import has done.

    `first` and `failed` name the first problems that were found, and the first rows that failed. `errors` is how many
    rows a file of errors has; 0 once they are deleted. `external_id` is of the window that shows it, if there is one.
    """

    run_id: uuid.UUID
    practice_id: uuid.UUID
    slack_user_id: str
    file_name: str
    state: ImportState
    refusal: str | None
    clients: int
    sources: int
    updates: int
    unchanged: int
    problems: int
    over: int
    noted: tuple[Problem, ...]
    first: tuple[Problem, ...]
    counts: Mapping[Count, int]
    failed: tuple[Problem, ...]
    started: bool
    errors: int
    external_id: str | None
    place: tuple[str, str] | None

    @property
    def total(self) -> int:
        """The rows to import."""
        return self.clients + self.sources + self.updates

    @property
    def done(self) -> int:
        return done_of(self.counts)


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadFile:
    """A file for a colleague, as it is sent to them."""

    name: str
    title: str
    content: bytes


def run_view(session: Session, run: ImportRun) -> RunView:
    summary = run.summary
    counts = {Count(name): number for name, number in run.counts.items()}
    found = {name: int(summary.get(name, 0)) for name in ("clients", "sources", "updates", "unchanged", "problems")}
    total = found["clients"] + found["sources"] + found["updates"]
    errors = found["problems"] + counts.get(Count.FAILED, 0)
    if run.state is ImportState.CANCELLED and run.started_at is not None:
        errors += total - done_of(counts)
    return RunView(
        run_id=run.id,
        practice_id=run.practice_id,
        slack_user_id=session.scalars(select(Colleague.slack_user_id).where(Colleague.id == run.colleague_id)).one(),
        file_name=run.file_name,
        state=run.state,
        refusal=run.refusal,
        **found,
        over=int(summary.get("over", 0)),
        noted=_problems(summary.get("noted", ())),
        first=_problems(summary.get("first", ())),
        counts=counts,
        failed=_problems(summary.get("failed", ())),
        started=run.started_at is not None,
        errors=0 if summary.get("pruned") else errors,
        external_id=None if run.view_id is None else external_id(run.id),
        place=None if run.channel is None or run.ts is None else (run.channel, run.ts),
    )


def external_id(run_id: uuid.UUID) -> str:
    """Of the window that waits for the check."""
    return f"upload-{run_id}"


def running_for(session: Session, colleague: Colleague, *, all_of_practice: bool) -> tuple[RunLine, ...]:
    """The latest imports that are being done: the colleague's own, or all of the practice."""
    query = select(ImportRun, Colleague.slack_user_id).join(Colleague, Colleague.id == ImportRun.colleague_id)
    query = query.where(ImportRun.practice_id == colleague.practice_id, ImportRun.state == ImportState.IMPORTING)
    if not all_of_practice:
        query = query.where(ImportRun.colleague_id == colleague.id)
    rows = session.execute(query.order_by(ImportRun.id.desc()).limit(_SHOWN_RUNS)).all()
    lines = []
    for run, uploader in rows:
        shown = run_view(session, run)
        lines.append(
            RunLine(
                run_id=run.id,
                file_name=run.file_name,
                mine=run.colleague_id == colleague.id,
                uploader=uploader,
                total=shown.total,
                done=shown.done,
                at=run.started_at or run.created_at,
            )
        )
    return tuple(lines)


def done_of(counts: Mapping[Count, int]) -> int:
    """The rows that an import has come past."""
    rows = (Count.CREATED, Count.SOURCES, Count.UPDATED, Count.UNCHANGED, Count.FAILED)
    return sum(counts.get(each, 0) for each in rows)


def _problems(named: list[tuple[int, str, str]]) -> tuple[Problem, ...]:
    return tuple(Problem(row=row, column=column, text=text) for row, column, text in named)
