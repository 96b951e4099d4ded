"""What is found in the audit trail as a CSV file, sent to the colleague who asks for it."""

import csv
import io
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from db.session import Database
from services import files
from services.actor import Actor
from services.audit import finding, trail, words
from services.audit.finding import AuditWish, Mark, Search
from services.audit.masking import masked
from services.errors import NotFoundError
from services.files import Asked
from services.practice import get_colleague
from services.spreadsheet import harmless

EXPORT = "slack.audit_export"
MOST_ROWS = 100_000
_EXPORTED = "audit.exported"
_BATCH = 2_000
_HEADINGS = ("Time in UTC", "Who", "Source", "What", "About", "Before", "After", "Action", "Entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFile:
    """`file_name` is the same for each try of one request, and another for each request of a person. `cut_at` is when
    the oldest entry in the file was, if older ones did not fit into it."""

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
        with self._database.begin() as session:
            colleague = get_colleague(session, actor, lock=True)
            wanted = finding.search(session, colleague, wish)
            if not finding.older(session, wanted, None, 1):
                raise NotFoundError("Nothing was found, so there is nothing to export. Look for more.")
            files.ask(
                session,
                actor,
                EXPORT,
                action=_EXPORTED,
                subject_id=actor.practice_id,
                told=_told(wanted),
                args={"wish": wish.model_dump(mode="json")},
                now=self._database.now(),
            )

    def file(self, asked: Asked, wish: AuditWish) -> AuditFile:
        """The newest entries first, of those that were there when it was asked for.

        Raises NotPermittedError or NotFoundError when the colleague may not have it any more.
        """
        with self._database.read() as session:
            colleague = get_colleague(session, asked.actor)
            wanted = finding.search(session, colleague, wish)
        content = io.BytesIO()
        # The mark tells Excel that it is UTF-8.
        text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text)
        writer.writerow(_headings(wanted.local))
        rows, last = 0, None
        for each in self._entries(wanted, asked.at):
            if rows == self._most_rows:
                break
            writer.writerow([harmless(cell) for cell in _cells(each, wanted.local)])
            rows, last = rows + 1, each.at
        else:
            last = None
        text.detach()
        return AuditFile(
            filter=trail.named(wanted),
            file_name=f"Audit trail {asked.at.astimezone(wanted.local):%Y-%m-%d %H-%M-%S}.csv",
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
