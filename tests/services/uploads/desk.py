"""A practice that uploads clients, up to where a test begins. Files come from memory."""

import csv
import io
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from bot.worker import LaneSettings, Worker
from db.base import Base
from db.models import AuditEntry, Client, Lane, PartnerProgramme, Practice
from db.session import Database
from services.actor import Actor
from services.errors import ServiceError
from services.jobs import Claim, Kind
from services.uploads import template as the
from services.uploads.importing import PROGRESS
from services.uploads.runs import CHECK, WINDOW, UploadService
from services.uploads.shown import RunView
from tests.builders import KEYS, Office
from tests.fakes import Clock


@dataclass
class Desk:
    """`shown` is what the message of each run said, one after another."""

    database: Database
    clock: Clock
    uploads: UploadService
    office: Office
    files: dict[str, bytes] = field(default_factory=dict)
    shown: list[RunView] = field(default_factory=list)
    on_check: Callable[[], None] = lambda: None

    def sent(self, actor: Actor, content: bytes, *, name: str = "clients.csv", file_id: str | None = None) -> RunView:
        """The run of a file before it is checked."""
        file_id = file_id or f"F{len(self.files)}"
        self.files[file_id] = content
        return self.uploads.begin(actor, file_id, name)

    def checked(self, actor: Actor, *rows: Mapping[str, str] | bytes) -> RunView:
        """The run of a file with these rows, or of this content, after it is checked."""
        content = rows[0] if isinstance(rows[0], bytes) else self.file(rows)
        run = self.sent(actor, content)
        self.work()
        return self.view(run)

    def imported(self, actor: Actor, *rows: Mapping[str, str] | bytes) -> RunView:
        run = self.checked(actor, *rows)
        self.uploads.confirm(actor, run.run_id)
        self.work()
        return self.view(run)

    def file(self, rows: Sequence[Mapping[str, str] | bytes]) -> bytes:
        with self.database.read() as session:
            practice = session.get_one(Practice, self.office.practice_id)
            names = [column.name for column in the.columns(practice.region, practice.plan)]
        text = io.StringIO()
        writer = csv.DictWriter(text, names, restval="")
        writer.writeheader()
        writer.writerows(row for row in rows if not isinstance(row, bytes))
        return text.getvalue().encode()

    def view(self, run: RunView) -> RunView:
        return self.uploads.progress(self.office.practice_id, run.run_id)

    def errors(self, actor: Actor, run: RunView) -> list[dict[str, str]]:
        """The rows of the file of errors."""
        content = self.uploads.errors(actor, run.run_id).content
        return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))

    def work(self) -> int:
        return self.worker().run_due()

    def worker(self, *, uploads: UploadService | None = None) -> Worker:
        kinds = [
            *(uploads or self.uploads).kinds(),
            Kind(name=CHECK, lane=Lane.LOCAL, run=self._check, on_failure=self.uploads.gave_up, max_attempts=2),
            Kind(name=PROGRESS, lane=Lane.SLACK, run=self._shown),
            Kind(name=WINDOW, lane=Lane.SLACK, run=lambda _: None),
        ]
        lanes = {Lane.LOCAL: LaneSettings(threads=1), Lane.SLACK: LaneSettings(threads=1)}
        return Worker(self.database, kinds, lanes, chance=lambda: 0.5)

    def count(self, model: type[Base] = Client) -> int:
        with self.database.read() as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    def names(self) -> list[str]:
        with self.database.read() as session:
            return list(session.scalars(select(Client.name).order_by(Client.name)))

    def client(self, name: str) -> Client:
        with self.database.read() as session:
            return session.scalars(select(Client).where(Client.name == name)).one()

    def audited(self, *actions: str) -> list[tuple[str, dict[str, Any] | None, dict[str, Any] | None]]:
        with self.database.read() as session:
            rows = session.scalars(select(AuditEntry).where(AuditEntry.action.in_(actions)).order_by(AuditEntry.id))
            return [(row.action, row.before, row.after) for row in rows]

    def _check(self, claim: Claim) -> None:
        run_id = uuid.UUID(claim.args["run_id"])
        file_id = self.uploads.to_check(self.office.practice_id, run_id)
        if file_id is None:
            return
        self.on_check()
        content = self.files[file_id]
        try:
            self.uploads.check(claim, run_id, (content[at : at + 1_000] for at in range(0, len(content), 1_000)))
        except ServiceError as refusal:
            self.uploads.refuse(claim, run_id, refusal.message)

    def _shown(self, claim: Claim) -> None:
        run_id = uuid.UUID(claim.args["run_id"])
        view = self.uploads.progress(self.office.practice_id, run_id)
        while not self.uploads.progress_shown(claim, run_id, view):
            view = self.uploads.progress(self.office.practice_id, run_id)
        self.shown.append(view)


def desk(database: Database, clock: Clock, office: Office, *, texts: bool = False) -> Desk:
    set_programme(database, office, PartnerProgramme.ACCOUNTANT)
    return Desk(database, clock, UploadService(database, KEYS, texts=texts), office)


def set_programme(database: Database, office: Office, programme: PartnerProgramme) -> None:
    with database.begin() as session:
        session.get_one(Practice, office.practice_id).partner_programme = programme


def business(number: int, **more: str) -> dict[str, str]:
    """A row with a code of its own."""
    return {the.NAME: f"Client {number:03} Ltd", the.CODE: f"C{number:03}", **more}


def counts(run: RunView) -> dict[str, int]:
    """What the import has counted, without noughts."""
    return {str(each): number for each, number in run.counts.items() if number}


def as_file(rows: Sequence[Mapping[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
