"""What 10,000 clients of a checked CSV cost to import, beside a bare `csv`, pydantic and one bulk insert of these rows
into one table without indexes.

The product puts each client into four tables: the client, what it is found by, its contact, and an entry of the audit
trail; with an invitation into four more.
"""

import csv
import gc
import io
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from pydantic import BaseModel
from sqlalchemy import Column, MetaData, Table, Text, Uuid

from benchmarks.report import Result, line
from bot.worker import LaneSettings, Worker
from db.base import Base
from db.models import Lane, PartnerProgramme, Plan, Practice
from db.session import Database
from services.jobs import Claim, Kind
from services.uploads.importing import PROGRESS
from services.uploads.runs import CHECK, UploadService
from services.uploads.settling import Count
from tests.builders import KEYS, Office, office
from tests.postgresql import postgresql_server

GOAL = 3.0
_INVITED = b",Yes,No,", b",No,No,"
_LEASE = timedelta(hours=1)


def run(
    content: bytes, chunks: Callable[[bytes], Iterator[bytes]], model: type[BaseModel], rounds: int
) -> dict[str, Result]:
    """`content` invites everybody; the first figure of each database is without that."""
    results = {}
    gc.collect()
    gc.freeze()  # as the product does at its start
    for name, opened in (("sqlite", _sqlite), ("postgresql", _postgresql)):
        for asked, data in (("", content.replace(*_INVITED)), ("_inviting", content)):
            with opened() as database:
                key = f"uploads_import{asked}_{name}"
                results[key] = _measured(database, data, chunks, model, rounds)
                print(line(f"An import on {name}{asked.replace('_', ', ')}", results[key], "s"))
    gc.unfreeze()
    return results


def _measured(
    database: Database, data: bytes, chunks: Callable[[bytes], Iterator[bytes]], model: type[BaseModel], rounds: int
) -> Result:
    """In turn, each import into a practice of its own."""
    took = [(_import(database, data, chunks), _bare(database, data, model)) for _ in range(rounds)]
    figure, floor = (statistics.median(times) for times in zip(*took, strict=True))
    ratio = statistics.median(product / bare for product, bare in took)
    return {"figure": figure, "floor": floor, "ratio": ratio, "goal": GOAL}


def _import(database: Database, data: bytes, chunks: Callable[[bytes], Iterator[bytes]]) -> float:
    """Seconds from the press of Import to the last client."""
    practice = _practice(database)
    uploads = UploadService(database, KEYS)
    run = uploads.begin(practice.ada, "F1", "clients.csv")
    lanes = {Lane.LOCAL: LaneSettings(threads=1, lease=_LEASE), Lane.SLACK: LaneSettings(threads=1, lease=_LEASE)}

    def check(claim: Claim) -> None:
        uploads.check(claim, run.run_id, chunks(data))

    def shown(claim: Claim) -> None:
        uploads.progress_shown(claim, run.run_id, uploads.progress(practice.practice_id, run.run_id))

    kinds = [Kind(name=CHECK, lane=Lane.LOCAL, run=check), Kind(name=PROGRESS, lane=Lane.SLACK, run=shown)]
    worker = Worker(database, [*kinds, *uploads.kinds()], lanes)
    worker.run_due()
    asked = uploads.confirm(practice.ada, run.run_id).total
    start = time.perf_counter()
    worker.run_due()
    took = time.perf_counter() - start
    done = uploads.view(practice.ada, run.run_id).counts
    if done.get(Count.CREATED) != asked:
        raise RuntimeError(f"of {asked} clients, not all came: {done}")
    return took


def _bare(database: Database, data: bytes, model: type[BaseModel]) -> float:
    columns = [Column(name, Text) for name in model.model_fields]
    table = Table(f"bare_{uuid.uuid4().hex}", MetaData(), Column("id", Uuid, primary_key=True), *columns)
    table.create(database.engine)
    start = time.perf_counter()
    reader = csv.DictReader(io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", newline=""))
    rows = [{"id": uuid.uuid4(), **model.model_validate(row).model_dump()} for row in reader]
    with database.begin() as session:
        session.execute(table.insert(), rows)
    took = time.perf_counter() - start
    table.drop(database.engine)
    return took


def _practice(database: Database) -> Office:
    made = office(database, slack_key=uuid.uuid4().hex, plan=Plan.ADVANCED, bundle=100_000, has_dhi=True)
    with database.begin() as session:
        session.get_one(Practice, made.practice_id).partner_programme = PartnerProgramme.ACCOUNTANT
    return made


@contextmanager
def _sqlite() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as directory, _opened(f"sqlite:///{directory}/bench.db") as database:
        yield database


@contextmanager
def _postgresql() -> Iterator[Database]:
    with postgresql_server(durable=True) as server, _opened(server.url) as database:
        yield database


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    Base.metadata.create_all(database.engine)
    yield database
    database.close()
