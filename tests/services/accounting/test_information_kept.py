"""What came of an organisation is kept, and kept up to date."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from db.models import (
    Client,
    Connection,
    ConnectionStatus,
    Job,
    ListRefresh,
    Practice,
    StandardList,
)
from services.accounting.information import (
    REFRESH,
    InformationSummary,
    ListSummary,
    forget,
    store_organisation,
)
from services.accounting.port import OrganisationFacts
from services.accounting.standard import AccountRow, CurrencyRow, ListAnswer
from tests.fakes import Clock
from tests.services.accounting.books import ACCOUNTS, CONTACTS, CURRENCIES, Books
from tests.services.accounting.conftest import World

A_MINUTE, AN_HOUR, A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOTHING = InformationSummary(
    organisation=None, refreshed_at=None, lists=tuple(ListSummary(which=which) for which in StandardList)
)


@pytest.fixture
def books(world: World) -> Books:
    return Books(world)


ACTIVE, ARCHIVED = (
    AccountRow(external_id="a1", name="Sales", status=status, active=status == "ACTIVE", code="200")
    for status in ("ACTIVE", "ARCHIVED")
)
OTHER = AccountRow(external_id="a2", name="Rent", status="ACTIVE", code="469")


@pytest.fixture
def client_id(world: World) -> uuid.UUID:
    return world.client()


def test_a_whole_list_takes_away_what_it_lacks(books: Books, client_id: uuid.UUID) -> None:
    books.store(client_id, ACCOUNTS, ListAnswer(rows=(ACTIVE, OTHER), whole=True))
    assert books.store(client_id, ACCOUNTS, ListAnswer(rows=(OTHER,), whole=True)) == (1, ["a2"])
    assert books.store(client_id, ACCOUNTS, ListAnswer(rows=(), whole=True)) == (0, [])


def test_a_list_of_changes_takes_nothing_away_and_what_is_archived_there_stays_with_its_status(
    books: Books, client_id: uuid.UUID
) -> None:
    books.store(client_id, ACCOUNTS, ListAnswer(rows=(ACTIVE, OTHER), whole=True))
    assert books.store(client_id, ACCOUNTS, ListAnswer(rows=(ARCHIVED,))) == (1, ["a1", "a2"])
    assert books.row(client_id, ACCOUNTS, external_id="a1")["status"] == "ARCHIVED"


def test_a_row_that_is_told_twice_is_there_once(books: Books, client_id: uuid.UUID) -> None:
    assert books.store(client_id, ACCOUNTS, ListAnswer(rows=(ACTIVE, OTHER, ARCHIVED), whole=True)) == (1, ["a1", "a2"])


def test_an_answer_from_before_a_newer_one_changes_nothing(books: Books, client_id: uuid.UUID) -> None:
    books.store(client_id, ACCOUNTS, ListAnswer(rows=(ACTIVE, OTHER), whole=True))
    before = books.summary(client_id)
    old = ListAnswer(rows=(ARCHIVED,), whole=True)
    assert books.store(client_id, ACCOUNTS, old, ago=A_MINUTE) == (2, ["a1", "a2"])
    assert books.summary(client_id) == before


def test_a_list_that_failed_keeps_what_was_there(books: Books, client_id: uuid.UUID) -> None:
    books.store(client_id, ACCOUNTS, ListAnswer(rows=(ACTIVE, OTHER), whole=True))
    before = books.summary(client_id).lists[0]
    assert books.store(client_id, ACCOUNTS, ListAnswer(failure="Not today.")) == (2, ["a1", "a2"])
    assert books.summary(client_id).lists[0] == replace(before, failure="Not today.")


def test_more_rows_than_a_statement_can_name_go_at_once(books: Books, client_id: uuid.UUID) -> None:
    many = tuple(CurrencyRow(external_id=f"c{number}", name="Coin") for number in range(1_201))
    books.store(client_id, CURRENCIES, ListAnswer(rows=many, whole=True))
    assert books.store(client_id, CURRENCIES, ListAnswer(rows=many[:1], whole=True)) == (1, ["c0"])


def test_what_is_forgotten_is_gone_and_other_clients_keep_theirs(
    world: World, books: Books, client_id: uuid.UUID
) -> None:
    other = world.client("Other")
    for each in (client_id, other):
        books.store(each, ACCOUNTS, ListAnswer(rows=(ACTIVE,), whole=True))
        with world.database.begin() as session:
            store_organisation(session, each, OrganisationFacts(name="Acme"), books.world.database.now())
    kept = books.summary(other)

    with world.database.begin() as session:
        forget(session, client_id)

    assert (books.summary(client_id), books.counts(client_id)) == (NOTHING, {})
    assert (books.summary(other), books.counts(other)) == (kept, {ACCOUNTS: 1})


def test_lists_are_fetched_again_after_a_day_and_only_once(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    books.run(client_id)
    clock.advance(23 * AN_HOUR)
    books.service.refresh_daily()
    assert len(books.jobs()) == 1

    clock.advance(AN_HOUR)
    for _ in range(3):
        books.service.refresh_daily()
    assert len(books.jobs()) == 2
    assert [each.refreshed_at for each in books.run(client_id).lists] == [clock.now()] * 5


def test_a_list_that_never_came_is_fetched_a_day_after_the_client_was_connected(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    books.run(client_id)
    clock.advance(23 * AN_HOUR)
    with world.database.begin() as session:
        session.execute(update(ListRefresh).values(refreshed_at=clock.now()))
        session.execute(update(ListRefresh).where(ListRefresh.list_name == CONTACTS).values(refreshed_at=None))
    books.service.refresh_daily()
    assert len(books.jobs()) == 1
    clock.advance(AN_HOUR)
    books.service.refresh_daily()
    assert [each.refreshed_at for each in books.run(client_id).lists] == [clock.now()] * 5


def test_the_daily_refreshes_of_many_clients_are_spread_over_hours(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    for name in names:
        books.run(world.connected(name))
    clock.advance(A_DAY)
    books.service.refresh_daily()
    with world.database.read() as session:
        due = session.scalars(select(Job.due).where(Job.kind == REFRESH, Job.due.is_not(None)).order_by(Job.due)).all()
    assert [at - clock.now() for at in due if at is not None] == [timedelta(), AN_HOUR, 2 * AN_HOUR]


def test_once_a_week_all_rows_are_fetched(world: World, books: Books, names: list[str], clock: Clock) -> None:
    client_id = world.connected(names[0])
    books.run(client_id)
    for _ in range(7):
        clock.advance(A_DAY)
        books.service.refresh_daily()
        books.run(client_id)
    wholes = [whole for _, whole in books.jobs()]
    assert (len(wholes), sum(wholes)) == (8, 2)


@pytest.mark.parametrize("which", ["switched_off", "disconnected", "deactivated", "uninstalled"])
def test_some_are_not_refreshed_daily(world: World, books: Books, names: list[str], clock: Clock, which: str) -> None:
    books.run(world.connected(names[0]))
    changes = {
        "switched_off": update(Connection).values(refreshes_daily=False),
        "disconnected": update(Connection).values(status=ConnectionStatus.DISCONNECTED),
        "deactivated": update(Client).values(deactivated_at=clock.now()),
        "uninstalled": update(Practice).values(uninstalled_at=clock.now()),
    }
    with world.database.begin() as session:
        session.execute(changes[which])
    clock.advance(A_DAY)
    books.service.refresh_daily()
    assert len(books.jobs()) == 1
