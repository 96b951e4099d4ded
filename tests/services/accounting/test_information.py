"""What an organisation keeps is fetched, against the sandbox's Xero and Sage."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy import delete, update
from typing_extensions import override

from db.models import (
    Connection,
    ConnectionStatus,
    Job,
    JobOutcome,
    StandardList,
)
from services.accounting.consent import Purpose, PurposeKind
from services.accounting.http import ProviderPool
from services.accounting.information import (
    InformationSummary,
    ListSummary,
    fetch,
    put_refresh,
    since_last,
)
from services.accounting.port import OrganisationFacts
from services.accounting.standard import ListAnswer
from services.accounting.xero import Xero
from services.errors import NotFoundError
from tests.builders import Office, office
from tests.fakes import Clock
from tests.services.accounting.books import ACCOUNTS, CONTACTS, CURRENCIES, TAX_RATES, TRACKING, Books
from tests.services.accounting.conftest import SAGE, XERO, World

A_MINUTE, AN_HOUR, A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FAILED = "Xero can't be reached right now. Try again in a few minutes."
NOT_REFRESHED = "The last refresh did not work. Refresh again."
NOTHING = InformationSummary(
    organisation=None, refreshed_at=None, lists=tuple(ListSummary(which=which) for which in StandardList)
)


@pytest.fixture
def books(world: World) -> Books:
    return Books(world)


def test_a_connected_client_gets_the_facts_and_the_lists_of_its_organisation(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    assert books.summary(client_id) == NOTHING

    got = books.run(client_id)

    now = clock.now()
    assert got == InformationSummary(
        organisation=OrganisationFacts(
            name="Larkspur Interiors Ltd",
            legal_name="Larkspur Interiors Ltd",
            organisation_type="COMPANY",
            line_of_business="Accounting",
            country_code="GB",
            currency="GBP",
            tax_number="GB727565619",
            registration_number="72928320",
            year_end_day=30,
            year_end_month=9,
            edition="STARTER",
            sales_tax_basis="ACCRUALS",
            sales_tax_period="QUARTERLY",
            timezone="GMTSTANDARDTIME",
            short_code="!4121f",
            status="ACTIVE",
        ),
        refreshed_at=now,
        lists=(
            ListSummary(which=ACCOUNTS, active=45, refreshed_at=now),
            ListSummary(which=TAX_RATES, active=10, refreshed_at=now),
            ListSummary(which=TRACKING, active=1, refreshed_at=now),
            ListSummary(which=CURRENCIES, active=2, refreshed_at=now),
            ListSummary(which=CONTACTS, active=47, refreshed_at=now),
        ),
    )
    assert books.counts(client_id) == {ACCOUNTS: 46, TAX_RATES: 10, TRACKING: 1, CURRENCIES: 2, CONTACTS: 48}
    assert books.row(client_id, ACCOUNTS, code="091") == {
        "name": "Business Savings Account",
        "code": "091",
        "status": "ARCHIVED",
        "active": False,
        "account_type": "BANK",
        "account_class": "ASSET",
        "tax_type": "NONE",
        "description": None,
    }
    assert books.row(client_id, TAX_RATES, external_id="RROUTPUT") == {
        "name": "5% (VAT on Income)",
        "status": "ACTIVE",
        "active": True,
        "rate": Decimal(5),
        "report_type": "OUTPUT",
    }
    assert books.row(client_id, TRACKING, name="Region") == {
        "name": "Region",
        "status": "ACTIVE",
        "active": True,
        "options": [{"name": each, "status": "ACTIVE"} for each in ("North", "South", "East")],
    }
    assert books.row(client_id, CURRENCIES, external_id="EUR") == {"name": "Euro", "status": None, "active": True}
    assert books.row(client_id, CONTACTS, email="imogen.29@customer.example") == {
        "name": "Lodge Electrical LLP",
        "status": "ARCHIVED",
        "active": False,
        "first_name": "Imogen",
        "last_name": "Byrne",
        "email": "imogen.29@customer.example",
        "account_number": None,
        "tax_number": "GB100000029",
        "is_customer": False,
        "is_supplier": False,
    }


def test_the_next_refresh_moves_only_what_changed(world: World, books: Books, names: list[str], clock: Clock) -> None:
    client_id = world.connected(names[0])
    books.run(client_id)
    before = {which: books.rows(client_id, which) for which in StandardList}
    tenant = world.sandbox.xero.tenant(names[0])
    clock.advance(AN_HOUR)
    world.sandbox.xero.change(tenant, contacts=["Newcomer Ltd"])
    clock.advance(AN_HOUR)

    with world.database.read() as session:
        since = since_last(session, client_id)
    answers = fetch(world.providers[XERO], books.token(), tenant, since).lists
    moved = {which: ([row.name for row in answer.rows], answer.whole) for which, answer in answers.items()}
    assert (moved[ACCOUNTS], moved[CONTACTS]) == (([], False), (["Newcomer Ltd"], False))

    got = books.refresh(client_id)

    after = {which: books.rows(client_id, which) for which in StandardList}
    assert {which: len(after[which]) - len(rows) for which, rows in before.items()} == {
        which: 1 if which is CONTACTS else 0 for which in StandardList
    }
    assert all(rows.items() <= after[which].items() for which, rows in before.items())
    assert [(each.active, each.refreshed_at) for each in got.lists] == [
        (count, clock.now()) for count in (45, 10, 1, 2, 48)
    ]


def test_since_is_sent_in_the_one_form_that_xero_honours(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    world.connected(names[0])
    tenant, xero = world.sandbox.xero.tenant(names[0]), world.providers[XERO]
    since = (clock.now() + timedelta(microseconds=250)).astimezone(timezone(-timedelta(hours=5)))
    clock.advance(AN_HOUR)
    world.sandbox.xero.change(tenant, accounts=True, contacts=["Newcomer Ltd"])
    token = books.token()

    assert len(xero.standard_list(token, tenant, ACCOUNTS, since=since).rows) == 46
    assert [row.name for row in xero.standard_list(token, tenant, CONTACTS, since=since).rows] == ["Newcomer Ltd"]
    later = since + 2 * AN_HOUR
    assert xero.standard_list(token, tenant, ACCOUNTS, since=later) == ListAnswer(rows=(), whole=False)
    assert xero.standard_list(token, tenant, CONTACTS, since=later) == ListAnswer(rows=(), whole=False)


def test_an_organisation_with_more_contacts_than_a_page_has_them_all(
    world: World, books: Books, names: list[str]
) -> None:
    client_id = world.connected(names[1])
    got = books.run(client_id)
    assert books.counts(client_id)[CONTACTS] == 1204
    assert got.lists[-1].active == 1204 - 1204 // 29
    assert len(world.sandbox.xero.calls(path="contacts")) == 2


def test_values_that_nobody_knows_are_kept_as_they_are(world: World, books: Books, names: list[str]) -> None:
    client_id = world.connected(names[0])
    world.sandbox.xero.fault("unknown_enum")
    got = books.run(client_id)
    assert got.organisation is not None
    assert (got.organisation.organisation_type, got.organisation.edition, got.organisation.legal_name) == (
        "PLATFORM_COOPERATIVE",
        "NEBULA",
        None,
    )
    assert books.row(client_id, ACCOUNTS, code="630")["account_type"] == "CRYPTOASSET"
    assert books.row(client_id, CURRENCIES, external_id="XBC")["name"] == "Bancor"
    assert {row["status"] for row in books.rows(client_id, TAX_RATES).values()} == {"PENDINGREVIEW"}
    assert [each.active for each in got.lists] == [45, 10, 1, 3, 47]


def test_a_list_that_can_not_be_read_costs_itself_only_and_is_asked_for_again(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    tenant = world.sandbox.xero.tenant(names[0])
    first = books.run(client_id)
    clock.advance(A_DAY)
    world.sandbox.xero.fault("html", path="contacts")
    world.sandbox.xero.clear_calls()

    broken = books.refresh(client_id)

    assert books.error() == FAILED
    assert broken.lists[:-1] == tuple(replace(each, refreshed_at=clock.now()) for each in first.lists[:-1])
    assert broken.lists[-1] == replace(first.lists[-1], failure=FAILED)
    assert books.counts(client_id)[CONTACTS] == 48

    world.sandbox.xero.clear_faults()
    world.sandbox.xero.clear_calls()
    clock.advance(2 * A_MINUTE)
    mended = books.run(client_id)

    assert mended.lists[-1] == replace(first.lists[-1], refreshed_at=clock.now())
    assert [call["path"] for call in world.sandbox.xero.calls(kind="api", tenant=tenant)] == [
        "organisation",
        "contacts",
    ]


@pytest.mark.parametrize("fault", ["offline", "http500", "drop", "html"])
def test_while_the_provider_can_not_be_asked_what_is_here_stays_and_says_so_in_the_end(
    world: World, books: Books, names: list[str], clock: Clock, fault: str
) -> None:
    client_id = world.connected(names[0])
    first, rows = books.run(client_id), books.counts(client_id)
    clock.advance(A_DAY)
    world.sandbox.xero.fault(fault)
    assert books.refresh(client_id) == first
    for _ in range(4):
        clock.advance(AN_HOUR)
        books.run(client_id)
    assert [outcome for outcome, _ in books.jobs()] == [JobOutcome.DONE, JobOutcome.FAILED]

    assert books.summary(client_id) == replace(
        first, lists=tuple(replace(each, failure=NOT_REFRESHED) for each in first.lists)
    )
    assert books.counts(client_id) == rows

    world.sandbox.xero.clear_faults()
    assert [each.failure for each in books.refresh(client_id).lists] == [None] * 5


def test_an_organisation_that_was_never_fetched_says_why(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    world.sandbox.xero.fault("offline")
    for _ in range(5):
        books.run(client_id)
        clock.advance(AN_HOUR)
    assert books.summary(client_id).lists == tuple(
        ListSummary(which=which, failure=NOT_REFRESHED) for which in StandardList
    )


def test_a_limit_in_the_middle_is_waited_for_and_nothing_is_lost(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    first = books.run(client_id)
    clock.advance(A_DAY)
    world.sandbox.xero.fault("limited", path="currencies", times=1, problem="minute", retry_after=50)

    assert books.refresh(client_id) == first
    assert books.error() == "Xero asks us to wait. Try again in a minute."

    clock.advance(timedelta(seconds=51))
    assert [each.refreshed_at for each in books.run(client_id).lists] == [clock.now()] * 5
    assert [outcome for outcome, _ in books.jobs()] == [JobOutcome.DONE, JobOutcome.DONE]


def test_an_organisation_that_is_closed_to_us_is_disconnected_told_once_and_its_lists_stay(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    first = books.run(client_id)
    clock.advance(A_DAY)
    world.sandbox.xero.revoke(world.sandbox.xero.tenant(names[0]))

    assert books.refresh(client_id) == books.refresh(client_id) == first

    assert world.card(client_id).status is ConnectionStatus.DISCONNECTED
    assert books.told() == [client_id]
    assert books.changes(client_id) == [({"status": "connected"}, {"status": "disconnected"})]


def test_one_that_is_open_again_is_connected_again(world: World, books: Books, names: list[str], clock: Clock) -> None:
    client_id = world.connected(names[0])
    books.run(client_id)
    with world.database.begin() as session:
        session.execute(update(Connection).values(status=ConnectionStatus.DISCONNECTED))
    clock.advance(A_MINUTE)
    world.sandbox.xero.change(
        world.sandbox.xero.tenant(names[0]), name="Larkspur Group", legal_name="Larkspur Group Ltd"
    )

    got = books.refresh(client_id)

    card = world.card(client_id)
    assert (card.status, card.organisation_name, card.legal_name, card.refreshed_at) == (
        ConnectionStatus.CONNECTED,
        "Larkspur Group",
        "Larkspur Group Ltd",
        clock.now(),
    )
    assert got.organisation is not None
    assert got.organisation.legal_name == "Larkspur Group Ltd"
    assert books.changes(client_id) == [({"status": "disconnected"}, {"status": "connected"})]


def test_a_sign_in_that_ended_leaves_nothing_to_do(world: World, books: Books, names: list[str], clock: Clock) -> None:
    client_id = world.connected(names[0])
    first = books.run(client_id)
    clock.advance(A_DAY)
    world.sandbox.xero.kill("priya")
    assert books.refresh(client_id) == first
    assert [outcome for outcome, _ in books.jobs()] == [JobOutcome.DONE, JobOutcome.DONE]
    assert world.card(client_id).status is ConnectionStatus.EXPIRED


def overtaking(world: World, pool: ProviderPool) -> "_Overtaken":
    url = f"{world.sandbox.url}/xero"
    return _Overtaken(
        pool,
        client_id="xero-sandbox",
        client_secret="xero-sandbox-secret",
        login_url=url,
        identity_url=url,
        api_url=url,
    )


class _Overtaken(Xero):
    """After the last list has come, and before we keep it, something else happens."""

    meanwhile: Callable[[], object]

    @override
    def standard_list(
        self, access_token: str, tenant_id: str, which: StandardList, *, since: datetime | None
    ) -> ListAnswer:
        answer = super().standard_list(access_token, tenant_id, which, since=since)
        if which is CONTACTS:
            self.meanwhile()
        return answer


def test_lists_of_an_organisation_that_the_client_left_meanwhile_are_not_kept(
    world: World, books: Books, names: list[str], pool: ProviderPool
) -> None:
    client_id = world.connected(names[0])
    overtaken = overtaking(world, pool)
    overtaken.meanwhile = lambda: books.change_organisation(client_id)

    got = Books(world, {XERO: overtaken}).run(client_id)

    assert (got.organisation, books.counts(client_id)) == (None, {})


def test_lists_of_a_client_that_was_disconnected_meanwhile_are_not_kept(
    world: World, books: Books, names: list[str], pool: ProviderPool
) -> None:
    client_id = world.connected(names[0])
    overtaken = overtaking(world, pool)
    overtaken.meanwhile = lambda: world.connections.disconnect(world.ada, client_id)

    Books(world, {XERO: overtaken}).run(client_id)

    assert books.counts(client_id) == {}


def test_a_sage_business_gives_the_same_lists(world: World, books: Books) -> None:
    client_id = world.client()
    url = world.begin(SAGE, Purpose(kind=PurposeKind.CLIENT, id=client_id))
    world.finish(SAGE, world.sandbox.sage.consent(url, "omar"))

    got = books.run(client_id)

    assert got.organisation is not None
    assert (got.organisation.currency, got.organisation.country_code, got.organisation.sales_tax_basis) == (
        "GBP",
        "GB",
        "Standard",
    )
    counts = books.counts(client_id)
    assert {which: counts[which] for which in (ACCOUNTS, TAX_RATES, TRACKING, CURRENCIES)} == {
        ACCOUNTS: 23,
        TAX_RATES: 3,
        TRACKING: 1,
        CURRENCIES: 3,
    }
    assert [each.active for each in got.lists] == [counts[which] for which in StandardList]
    assert books.row(client_id, TAX_RATES, external_id="GB_LOWER") == {
        "name": "Lower Rate",
        "status": None,
        "active": True,
        "rate": Decimal(5),
        "report_type": None,
    }
    assert books.row(client_id, ACCOUNTS, code="4000")["account_type"] == "Sales"
    assert books.row(client_id, CONTACTS, account_number="C0001")["is_customer"] is True
    assert [each.active for each in books.refresh(client_id).lists] == [counts[which] for which in StandardList]


def test_only_who_sees_the_client_sees_what_its_organisation_keeps(
    world: World, books: Books, birch: Office, names: list[str]
) -> None:
    client_id = world.connected(names[0])
    stranger = office(world.database, slack_key="T_OAK").ada
    for actor in (birch.sam, stranger):
        with pytest.raises(NotFoundError):
            books.service.summary(actor, client_id)


def test_a_job_of_another_practice_does_not_reach_the_client(world: World, books: Books, names: list[str]) -> None:
    client_id = world.connected(names[0])
    with world.database.begin() as session:
        session.execute(delete(Job))
    stranger = office(world.database, slack_key="T_OAK").ada
    with world.database.begin() as session:
        put_refresh(session, practice_id=stranger.practice_id, client_id=client_id, key="theirs")
    assert books.run(client_id).organisation is None
