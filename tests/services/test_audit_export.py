"""The audit trail as a CSV file."""

import csv
import io
import threading
import uuid
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from db.models import AuditEntry, Client, Colleague, Job
from db.session import Database
from services import audit
from services.actor import Actor
from services.audit.export import EXPORT, AuditExportService, AuditFile
from services.audit.finding import AuditWish
from services.clients.index import index_clients
from services.errors import InvalidError, NotFoundError, NotPermittedError
from tests.builders import Office, add_client, asked, created, office
from tests.fakes import Clock

MINUTE = timedelta(minutes=1)


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def exports(database: Database) -> AuditExportService:
    return AuditExportService(database)


def jobs(database: Database) -> list[Job]:
    with database.read() as session:
        return list(session.scalars(select(Job).where(Job.kind == EXPORT).order_by(Job.id)))


def asked_for(database: Database, exports: AuditExportService, actor: Actor, wish: AuditWish) -> AuditFile:
    """The file of the job that the request puts."""
    exports.request(actor, wish)
    args = jobs(database)[-1].args
    assert args["colleague_id"] == str(actor.colleague_id)
    return exports.file(asked(actor, datetime.fromisoformat(args["asked_at"])), AuditWish.model_validate(args["wish"]))


def rows(file: AuditFile) -> list[dict[str, str]]:
    assert file.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"), newline="")))


def many(database: Database, actor: Actor, count: int, clock: Clock) -> None:
    with database.begin() as session:
        for number in range(count):
            at = clock.now() + timedelta(milliseconds=number // 3)
            audit.record(session, actor, "client.renamed", uuid.uuid4(), at=at, after={"name": str(number)})
    clock.advance(MINUTE)


def test_the_file_holds_what_was_found_newest_first(
    database: Database, exports: AuditExportService, birch: Office, clock: Clock
) -> None:
    clock.set(clock.now().replace(month=7))
    client = created(add_client(database), birch.clem, "Café “Ö”; Ltd, 茶").client_id
    clock.advance(MINUTE)
    with database.begin() as session:
        audit.record(
            session, birch.ada, "client.renamed", client, at=clock.now(), before={"name": "A"}, after={"name": "B"}
        )
    file = asked_for(database, exports, birch.clem, AuditWish(client=client))
    found = rows(file)
    assert (file.rows, file.cut_at) == (2, None)
    assert file.file_name == "Audit trail 2026-07-02 10-01-00.csv"
    with database.read() as session:
        newest = session.scalars(select(AuditEntry.id).where(AuditEntry.action == "client.renamed")).one()
    assert found[0] == {
        "Time (Europe/London)": "2026-07-02 10:01:00",
        "Time in UTC": "2026-07-02 09:01:00",
        "Who": "Ada Marsh",
        "Source": "Slack",
        "What": "Client renamed",
        "About": "Café “Ö”; Ltd, 茶",
        "Before": "Name: A",
        "After": "Name: B",
        "Action": "client.renamed",
        "Entry": str(newest),
    }
    assert (found[1]["What"], found[1]["Who"], found[1]["Before"]) == ("Client added", "Clem Okafor", "")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("＝1", "'＝1"),
        ('a"b,c\r\nd;e', 'a"b,c\nd;e'),
        ("nothing special", "nothing special"),
    ],
)
def test_no_cell_is_a_formula_and_every_text_arrives(
    database: Database, exports: AuditExportService, birch: Office, name: str, cell: str
) -> None:
    client = created(add_client(database), birch.ada, "Acme").client_id
    with database.begin() as session:
        session.execute(update(Client).values(name=name))
        session.execute(update(Colleague).where(Colleague.id == birch.ada.colleague_id).values(name=name))
        index_clients(session, [client])
    [row] = rows(asked_for(database, exports, birch.ada, AuditWish(client=client)))
    assert (row["About"], row["Who"]) == (cell, cell)


def test_every_batch_is_in_the_file_once(
    database: Database, exports: AuditExportService, birch: Office, clock: Clock
) -> None:
    many(database, birch.jo, 2_500, clock)
    file = asked_for(database, exports, birch.ada, AuditWish(person=birch.jo.colleague_id, what="clients"))
    assert len(rows(file)) == file.rows == 2_500
    assert {row["About"] for row in rows(file)} == {str(number) for number in range(2_500)}


def test_more_than_a_file_holds_is_cut_at_the_oldest_and_said(database: Database, birch: Office, clock: Clock) -> None:
    few = AuditExportService(database, most_rows=10)
    wish = AuditWish(person=birch.jo.colleague_id, what="clients")
    start = clock.now()
    many(database, birch.jo, 10, clock)
    whole = asked_for(database, few, birch.ada, wish)
    assert (whole.rows, whole.cut_at) == (10, None)
    many(database, birch.jo, 6, clock)
    cut = asked_for(database, few, birch.ada, wish)
    assert (cut.rows, cut.cut_at) == (10, start + timedelta(milliseconds=2))
    assert [row["About"] for row in rows(cut)][-4:] == ["9", "8", "7", "6"]


def test_what_comes_after_the_request_is_not_in_its_file(
    database: Database, exports: AuditExportService, birch: Office, clock: Clock
) -> None:
    wish, asked_at = AuditWish(person=birch.jo.colleague_id), clock.now()
    before = exports.file(asked(birch.ada, asked_at), wish)
    clock.advance(MINUTE)
    many(database, birch.jo, 5, clock)
    assert exports.file(asked(birch.ada, asked_at), wish) == before
    assert exports.file(asked(birch.ada, clock.now()), wish).rows == before.rows + 5


def test_taking_the_trail_away_is_in_the_trail(
    database: Database, exports: AuditExportService, birch: Office, clock: Clock
) -> None:
    client = created(add_client(database), birch.ada, "Acme").client_id
    wish = AuditWish(
        client=client, person=birch.ada.colleague_id, what="clients", since=date(2026, 3, 1), until=date(2026, 3, 3)
    )
    exports.request(birch.clem, wish)
    with database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "audit.exported")).one()
    assert (entry.practice_id, entry.colleague_id, entry.subject_id, entry.at, entry.before, entry.after) == (
        birch.practice_id,
        birch.clem.colleague_id,
        birch.practice_id,
        clock.now(),
        None,
        {
            "client": "Acme",
            "client_id": str(client),
            "person": "Ada Marsh",
            "person_id": str(birch.ada.colleague_id),
            "actions": "Clients",
            "since": "2026-03-01",
            "until": "2026-03-03",
        },
    )


def test_a_double_click_is_one_file_and_another_search_person_or_minute_is_another(
    database: Database, exports: AuditExportService, birch: Office, clock: Clock
) -> None:
    exports.request(birch.ada, AuditWish())
    clock.advance(timedelta(seconds=59))
    exports.request(birch.ada, AuditWish())
    assert len(jobs(database)) == 1
    exports.request(birch.ada, AuditWish(what="settings"))
    exports.request(birch.clem, AuditWish())
    clock.advance(timedelta(seconds=1))
    exports.request(birch.ada, AuditWish())
    assert [(job.args["colleague_id"], job.args["wish"]["what"]) for job in jobs(database)] == [
        (str(birch.ada.colleague_id), None),
        (str(birch.ada.colleague_id), "settings"),
        (str(birch.clem.colleague_id), None),
        (str(birch.ada.colleague_id), None),
    ]


def test_clicks_at_once_are_one_file(database: Database, exports: AuditExportService, birch: Office) -> None:
    problems: list[Exception] = []
    barrier = threading.Barrier(8)

    def click() -> None:
        barrier.wait()
        try:
            exports.request(birch.ada, AuditWish())
        except Exception as problem:  # noqa: BLE001 - told below
            problems.append(problem)

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (problems, len(jobs(database))) == ([], 1)


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"what": "reports"}, NotFoundError),
        ({"what": "nonsense"}, InvalidError),
        ({"client": uuid.uuid4()}, NotFoundError),
        ({"person": uuid.uuid4()}, NotFoundError),
        ({"since": date(2026, 3, 2), "until": date(2026, 3, 1)}, InvalidError),
    ],
)
def test_what_can_t_be_found_is_not_exported(
    database: Database, exports: AuditExportService, birch: Office, wish: dict[str, Any], problem: type[Exception]
) -> None:
    with pytest.raises(problem):
        exports.request(birch.ada, AuditWish(**wish))
    assert jobs(database) == []


def test_only_who_sees_the_trail_gets_it_also_when_the_file_is_made(
    database: Database, exports: AuditExportService, birch: Office
) -> None:
    for standard in (birch.sam, birch.jo):
        with pytest.raises(NotPermittedError, match="can see the audit trail"):
            exports.request(standard, AuditWish())
        with pytest.raises(NotPermittedError):
            exports.file(asked(standard, database.now()), AuditWish())
    oak = office(database, slack_key="T_OAK")
    with pytest.raises(NotFoundError):
        exports.file(asked(Actor(oak.practice_id, birch.ada.colleague_id), database.now()), AuditWish())
    theirs = exports.file(asked(oak.ada, database.now()), AuditWish())
    ours = exports.file(asked(birch.ada, database.now()), AuditWish())
    assert not {row["Entry"] for row in rows(theirs)} & {row["Entry"] for row in rows(ours)}
    assert jobs(database) == []


def test_a_time_zone_that_is_not_known_is_utc(database: Database, exports: AuditExportService, birch: Office) -> None:
    with database.begin() as session:
        session.execute(update(Colleague).values(timezone="Mars/Olympus"))
    first = rows(asked_for(database, exports, birch.ada, AuditWish()))[0]
    assert first["Time (UTC)"] == first["Time in UTC"] == "2026-03-02 09:00:00"
