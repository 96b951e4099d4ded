"""What is found in the audit trail as a CSV file, sent to the colleague who asks for it."""

import csv
import io
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import AuditEntry
from db.session import Database
from services import notices
from services.actor import Actor
from services.audit import finding, trail, words
from services.audit.finding import AuditWish, Mark, Search
from services.audit.masking import masked
from services.audit.recording import record
from services.errors import NotFoundError
from services.jobs import Claim
from services.practice import get_colleague
from services.spreadsheet import harmless

EXPORT = "slack.audit_export"
EXPORT_FAILED = "slack.audit_export_failed"
MOST_ROWS = 100_000
_EXPORTED = "audit.exported"
_DOUBLE_CLICK = timedelta(minutes=1)
_BATCH = 2_000
_HEADINGS = ("Time in UTC", "Who", "Source", "What", "About", "Before", "After", "Action", "Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFile:
    """`file_name` is the same for each try of one request, and another for each request of a person. `cut_at` is when
    the oldest entry in the file was, if older ones did not fit into it."""

    slack_user_id: str
    filter: trail.AuditFilter
    file_name: str
    rows: int
    cut_at: datetime | None
    content: bytes


class AuditExportService:
    def __init__(self, database: Database, *, most_rows: int = MOST_ROWS) -> None:
        self._database = database
        self._most_rows = most_rows

    def request(self, actor: Actor, wish: AuditWish) -> None:
        """Has the file sent to the actor. Asked again for the same within a minute, it is one file.

        Raises NotPermittedError, InvalidError, and NotFoundError, also when nothing fits.
        """
        now = self._database.now()
        with self._database.begin() as session:
            colleague = get_colleague(session, actor, lock=True)
            wanted = finding.search(session, colleague, wish)
            if not finding.older(session, wanted, None, 1):
                raise NotFoundError("Nothing was found, so there is nothing to export. Look for more.")
            told = _told(wanted)
            if _is_asked(session, actor, told, since=now - _DOUBLE_CLICK):
                return
            record(session, actor, _EXPORTED, actor.practice_id, at=now, after=told)
            notices.tell(
                session,
                EXPORT,
                f"{colleague.id}:{uuid.uuid5(colleague.id, wish.model_dump_json())}:{now.isoformat()}",
                practice_id=actor.practice_id,
                colleague_id=colleague.id,
                args={
                    "colleague_id": str(colleague.id),
                    "asked_at": now.isoformat(),
                    "wish": wish.model_dump(mode="json"),
                },
            )

    def file(self, practice_id: uuid.UUID, colleague_id: uuid.UUID, wish: AuditWish, asked_at: datetime) -> AuditFile:
        """The newest entries first, of those that were there when it was asked for.

        Raises NotPermittedError or NotFoundError when the colleague may not have it any more.
        """
        actor = Actor(practice_id, colleague_id)
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            wanted = finding.search(session, colleague, wish)
        content = io.BytesIO()
        # The mark tells Excel that it is UTF-8.
        text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(_headings(wanted.local))
        rows, last = 0, None
        for each in self._entries(wanted, asked_at):
            if rows == self._most_rows:
                break
            writer.writerow([harmless(cell) for cell in _cells(each, wanted.local)])
            rows, last = rows + 1, each.at
        else:
            last = None
        text.detach()
        return AuditFile(
            slack_user_id=colleague.slack_user_id,
            filter=trail.named(wanted),
            file_name=f"Audit trail {asked_at.astimezone(wanted.local):%Y-%m-%d %H-%M-%S}.csv",
            rows=rows,
            cut_at=last,
            content=content.getvalue(),
        )

    def _entries(self, wanted: Search, asked_at: datetime) -> Iterator[trail.AuditLine]:
        """In batches, each a transaction of its own: what is there does not change."""
        mark: Mark | None = None
        while True:
            with self._database.read() as session:
                found = finding.up_to(session, wanted, asked_at, mark, _BATCH)
                lines = trail.lines(session, wanted, found)
            yield from lines
            if len(found) < _BATCH:
                return
            mark = found[-1].mark

    def failed(self, session: Session, claim: Claim, _: str) -> None:
        """Has the person told that their file won't come. Part of the transaction that gives it up."""
        if claim.practice_id is not None:
            notices.tell(
                session,
                EXPORT_FAILED,
                claim.id,
                practice_id=claim.practice_id,
                colleague_id=uuid.UUID(claim.args["colleague_id"]),
                args={"colleague_id": claim.args["colleague_id"], "job_id": str(claim.id)},
            )


def _told(wanted: Search) -> dict[str, Any]:
    """The filter, for the entry that says who took which part of the trail away."""
    wish = wanted.wish
    told = {
        "client": wanted.client_name,
        "client_id": wish.client and str(wish.client),
        "person": wanted.person_name,
        "person_id": str(wish.person) if isinstance(wish.person, uuid.UUID) else None,
        "actions": wish.what and words.choice(wish.what),
        "since": wish.since and wish.since.isoformat(),
        "until": wish.until and wish.until.isoformat(),
    }
    return masked({name: value for name, value in told.items() if value})


def _is_asked(session: Session, actor: Actor, told: dict[str, Any], *, since: datetime) -> bool:
    asked = session.scalars(
        select(AuditEntry.after).where(
            AuditEntry.practice_id == actor.practice_id,
            AuditEntry.colleague_id == actor.colleague_id,
            AuditEntry.action == _EXPORTED,
            AuditEntry.at > since,
        )
    )
    return any(each == told for each in asked)


def _headings(local: tzinfo) -> tuple[str, ...]:
    return (f"Time ({local})", *_HEADINGS)


def _side(values: Iterable[tuple[str, str | None]]) -> str:
    """What an entry tells of before, or of after, the change."""
    return "; ".join(f"{field}: {value}" for field, value in values if value is not None)


def _cells(line: trail.AuditLine, local: tzinfo) -> tuple[str, ...]:
    return (
        f"{line.at.astimezone(local):%Y-%m-%d %H:%M:%S}",
        f"{line.at:%Y-%m-%d %H:%M:%S}",
        line.who,
        line.source,
        line.what,
        line.subject or "",
        _side((change.field, change.before) for change in line.changes),
        _side((change.field, change.after) for change in line.changes),
        line.action,
        str(line.entry_id),
    )
