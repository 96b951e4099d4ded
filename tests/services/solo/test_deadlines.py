"""People hear once, on the mornings that the rules give, of the quarterly updates that are due; on others, nothing."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, func, insert, select, update
from uuid_utils.compat import uuid7

from bot.worker import LaneSettings, Worker
from db.models import Client, ClientAccess, Colleague, IncomeSource, Job, Lane, Plan, Practice, Role
from db.session import Database
from services.actor import Actor
from services.clients.index import index_clients
from services.jobs import Claim, Kind
from services.solo.deadlines import DIGEST, PLAN, SHOWN, DeadlineDigest, DeadlineService
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock
from tests.solo import NINO, RENTS, TRADE, created_solo

AN_HOUR = timedelta(hours=1)
A_MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    """A practice whose digests are written down with the time at which they went."""

    database: Database
    clock: Clock
    office: Office
    deadlines: DeadlineService
    said: list[tuple[str, str, list[str]]] = field(default_factory=list)

    def client(self, actor: Actor, name: str, *sources: dict[str, Any], **more: Any) -> uuid.UUID:
        return created_solo(add_client(self.database), actor, *sources, name=name, **more).client_id

    def worker(self) -> Worker:
        kinds = [Kind(name=DIGEST, lane=Lane.SLACK, run=self._say), *self.deadlines.kinds()]
        return Worker(self.database, kinds, {lane: LaneSettings(threads=1) for lane in (Lane.SLACK, Lane.LOCAL)})

    def at(self, text: str) -> None:
        self.clock.set(datetime.fromisoformat(text).replace(tzinfo=UTC))

    def until(self, text: str) -> list[tuple[str, str, list[str]]]:
        """What is said until then, with a tick each hour and a worker that does what is due on the minute."""
        end, before, worker = datetime.fromisoformat(text).replace(tzinfo=UTC), len(self.said), self.worker()
        while self.clock.now() < end:
            self.deadlines.tick()
            worker.run_due()
            self.clock.advance(AN_HOUR)
        return self.said[before:]

    def colleague(self, actor: Actor, **values: object) -> None:
        with self.database.begin() as session:
            session.execute(update(Colleague).where(Colleague.id == actor.colleague_id).values(**values))

    def practice(self, **values: object) -> None:
        with self.database.begin() as session:
            session.execute(update(Practice).where(Practice.id == self.office.practice_id).values(**values))

    def _say(self, claim: Claim) -> None:
        digest = self.deadlines.digest(claim)
        if digest is not None:
            self.said.append((digest.slack_user_id, f"{self.clock.now():%a %d %b %H:%M}", lines(digest)))


def lines(digest: DeadlineDigest) -> list[str]:
    return [
        f"{day.due:%d %b} {client.name}: {', '.join(client.sources)}" for day in digest.days for client in day.clients
    ]


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    statements: list[str] = []

    def count(_c: object, _u: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", count)
    yield statements
    event.remove(database.engine, "before_cursor_execute", count)


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    clock.set(datetime(2026, 10, 20, 8, tzinfo=UTC))
    return Desk(database, clock, office(database, plan=Plan.ADVANCED), DeadlineService(database))


def test_people_hear_two_weeks_and_three_days_before_and_on_the_last_working_day(desk: Desk) -> None:
    # 7 November 2026 is a Saturday, and two weeks before it is one too. Summer time ends on 25 October.
    desk.client(desk.office.ada, "Mary Gold", TRADE, RENTS)
    said = ["07 Nov Mary Gold: Bakery, Rents"]
    for day in (22, 23, 24, 26):
        desk.at(f"2026-10-{day}T00:00")
        desk.until(f"2026-10-{day + 1}T00:00")
    for day in (3, 4, 5, 6, 7, 9):
        desk.at(f"2026-11-{day:02}T00:00")
        desk.until(f"2026-11-{day + 1:02}T00:00")
    assert desk.said == [
        ("U_ADA", "Fri 23 Oct 08:00", said),
        ("U_ADA", "Wed 04 Nov 09:00", said),
        ("U_ADA", "Fri 06 Nov 09:00", said),
    ]


def test_on_other_days_nothing_is_asked_of_the_database(desk: Desk) -> None:
    desk.client(desk.office.ada, "Mary Gold")
    with counted(desk.database) as statements:
        for day in range(10, 21):
            desk.at(f"2026-10-{day}T09:00")
            desk.deadlines.tick()
    assert statements == []


def test_it_is_told_to_the_account_manager_else_the_creator_else_the_practice_admins(desk: Desk) -> None:
    ada, clem, sam, jo = desk.office.ada, desk.office.clem, desk.office.sam, desk.office.jo
    desk.client(ada, "Managed", access={"account_manager": str(sam.colleague_id)})
    desk.client(jo, "Created")
    lost = desk.client(jo, "Lost")
    desk.client(clem, "Left behind")
    unmanaged = desk.client(jo, "Unmanaged", access={"account_manager": str(sam.colleague_id)})
    with desk.database.begin() as session:
        session.execute(
            delete(ClientAccess).where(ClientAccess.client_id == lost, ClientAccess.colleague_id == jo.colleague_id)
        )
        session.execute(
            delete(ClientAccess).where(
                ClientAccess.client_id == unmanaged, ClientAccess.colleague_id == sam.colleague_id
            )
        )
    desk.colleague(clem, active=False)
    desk.at("2026-11-06T08:00")
    assert sorted(desk.until("2026-11-06T12:00")) == [
        ("U_ADA", "Fri 06 Nov 09:00", ["07 Nov Left behind: Bakery", "07 Nov Lost: Bakery"]),
        ("U_JO", "Fri 06 Nov 09:00", ["07 Nov Created: Bakery", "07 Nov Unmanaged: Bakery"]),
        ("U_SAM", "Fri 06 Nov 09:00", ["07 Nov Managed: Bakery"]),
    ]


@pytest.mark.parametrize(
    ("zone", "hour", "at"),
    [
        ("Pacific/Kiritimati", 0, "Thu 22 Oct 10:00"),
        ("Asia/Kolkata", 9, "Fri 23 Oct 04:00"),
        ("America/Los_Angeles", 7, "Fri 23 Oct 14:00"),
        ("Etc/GMT+12", 23, "Sat 24 Oct 11:00"),
        ("Nowhere/Nohow", 9, "Fri 23 Oct 09:00"),
    ],
)
def test_it_comes_in_each_persons_own_morning(desk: Desk, zone: str, hour: int, at: str) -> None:
    desk.client(desk.office.ada, "Mary Gold")
    desk.colleague(desk.office.ada, timezone=zone)
    desk.practice(reminder_hour=hour)
    desk.at("2026-10-22T08:00")
    assert desk.until("2026-10-24T14:00") == [("U_ADA", at, ["07 Nov Mary Gold: Bakery"])]


@pytest.mark.parametrize(
    "why",
    [
        "the practice wants none",
        "the practice uninstalled the app",
        "the person wants none",
        "the client is deactivated",
        "the source is not active",
    ],
)
def test_nothing_is_said_when_by_the_morning(desk: Desk, why: str) -> None:
    client_id = desk.client(desk.office.ada, "Mary Gold", TRADE, {**RENTS, "active": []})
    desk.at("2026-11-06T08:00")
    desk.deadlines.tick()
    desk.worker().run_due()
    with desk.database.begin() as session:
        match why:
            case "the practice wants none":
                session.execute(update(Practice).values(reminds=False))
            case "the practice uninstalled the app":
                session.execute(update(Practice).values(uninstalled_at=desk.clock.now()))
            case "the person wants none":
                session.execute(update(Colleague).values(reminded=False))
            case "the client is deactivated":
                session.execute(update(Client).where(Client.id == client_id).values(deactivated_at=desk.clock.now()))
            case _:
                session.execute(update(IncomeSource).values(active=False))
    assert desk.until("2026-11-06T12:00") == []


def test_a_business_and_somebody_who_is_not_mandated_yet_have_no_deadlines(desk: Desk) -> None:
    created(add_client(desk.database), desk.office.ada, "Acme Ltd")
    desk.client(desk.office.ada, "Small", nino=NINO, qualifying_income="12000")
    desk.client(desk.office.ada, "Later", nino=NINO, qualifying_income="35000")
    desk.client(desk.office.ada, "Now", nino=NINO, qualifying_income="60000")
    desk.at("2026-11-06T08:00")
    assert desk.until("2026-11-07T00:00") == [("U_ADA", "Fri 06 Nov 09:00", ["07 Nov Now: Bakery"])]
    desk.at("2027-08-06T07:00")
    assert desk.until("2027-08-07T23:00") == [
        ("U_ADA", "Fri 06 Aug 08:00", ["07 Aug Later: Bakery", "07 Aug Now: Bakery"])
    ]


def test_many_processes_and_restarts_say_it_once(desk: Desk) -> None:
    desk.client(desk.office.ada, "Mary Gold")
    desk.at("2026-11-06T09:30")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: desk.deadlines.tick(), range(8)))
    for _ in range(3):
        desk.worker().run_due()
        desk.deadlines.tick()
    assert desk.until("2026-11-08T00:00") == []
    assert desk.said == [("U_ADA", "Fri 06 Nov 09:30", ["07 Nov Mary Gold: Bakery"])]
    with desk.database.read() as session:
        assert session.scalar(select(func.count()).where(Job.kind == DIGEST)) == 1


def test_after_downtime_one_message_says_what_was_missed(desk: Desk) -> None:
    desk.client(desk.office.ada, "Mary Gold")
    desk.at("2026-11-03T12:00")
    desk.until("2026-11-03T14:00")  # the message of the 4th is put, and then nobody works until Sunday
    desk.at("2026-11-08T10:00")
    assert desk.until("2026-11-10T12:00") == [("U_ADA", "Mon 09 Nov 09:00", ["07 Nov Mary Gold: Bakery"])]


def test_after_a_long_downtime_it_is_too_late(desk: Desk) -> None:
    desk.client(desk.office.ada, "Mary Gold")
    desk.at("2026-11-12T10:00")
    assert desk.until("2026-11-13T12:00") == []


def test_what_came_up_on_the_day_itself_is_told_and_after_it_is_not(desk: Desk) -> None:
    desk.at("2026-11-05T23:00")
    desk.until("2026-11-06T07:00")
    desk.client(desk.office.ada, "Early")
    assert desk.until("2026-11-06T15:00") == [("U_ADA", "Fri 06 Nov 09:00", ["07 Nov Early: Bakery"])]
    desk.at("2026-11-08T10:00")
    desk.client(desk.office.jo, "Late")
    assert desk.until("2026-11-09T12:00") == []


def many(desk: Desk, number: int) -> None:
    """The same client that often more."""
    with desk.database.begin() as session:
        client, source = session.scalars(select(Client)).one(), session.scalars(select(IncomeSource)).one()
        for each in range(number):
            own = {"id": uuid7(), "extract_name": f"client-{each}", "name_key": f"client {each:03}", "draft_id": None}
            client_id = session.scalars(insert(Client).values({**_values(client), **own}).returning(Client.id)).one()
            session.execute(insert(IncomeSource).values({**_values(source), "id": uuid7(), "client_id": client_id}))
            index_clients(session, [client_id])


def _values(row: Client | IncomeSource) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in type(row).__table__.columns}


def test_more_than_a_message_names_are_counted(desk: Desk) -> None:
    desk.client(desk.office.ada, "Mary Gold")
    many(desk, SHOWN + 3)
    desk.at("2026-11-06T09:30")
    desk.deadlines.tick()
    told: list[DeadlineDigest | None] = []
    kinds = [
        Kind(name=DIGEST, lane=Lane.SLACK, run=lambda claim: told.append(desk.deadlines.digest(claim))),
        *desk.deadlines.kinds(),
    ]
    Worker(desk.database, kinds, {lane: LaneSettings(threads=1) for lane in (Lane.SLACK, Lane.LOCAL)}).run_due()
    (digest,) = told
    assert digest is not None
    assert (len(lines(digest)), digest.clients, digest.more, digest.overdue) == (SHOWN, SHOWN + 4, 4, False)


def test_no_practice_hears_of_anothers_clients(desk: Desk) -> None:
    other = office(desk.database, slack_key="T_OTHER")
    desk.client(other.clem, "Theirs")
    desk.client(desk.office.ada, "Ours")
    desk.colleague(other.clem, role=Role.STANDARD)
    desk.at("2026-11-06T08:00")
    said = desk.until("2026-11-06T12:00")
    assert sorted(names for _, _, names in said) == [["07 Nov Ours: Bakery"], ["07 Nov Theirs: Bakery"]]


def test_a_plan_is_one_job_an_hour_while_the_day_lasts_anywhere(desk: Desk) -> None:
    desk.until("2026-10-25T00:00")
    with desk.database.read() as session:
        keys = session.scalars(select(Job.key).where(Job.kind == PLAN).order_by(Job.key)).all()
    assert keys[0] == "solo.deadlines:2026-10-23"
    assert keys[1] == "solo.deadlines:2026-10-23:22T10"
    assert keys[-1] == "solo.deadlines:2026-10-23:24T11"
    assert len(keys) == 51
