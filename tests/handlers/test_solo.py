"""Self-employed clients through real signed requests: adding one, changing one, and the digest of deadlines."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from db.models import Client, ClientKind, Colleague, IncomeSource, PeriodType, Role
from db.session import Database
from modals.add_client import ids as wizard
from modals.clients import ids as clients
from modals.solo import ids
from sandbox.driver import Person
from tests.builders import Office, office
from tests.fakes import Clock
from tests.requests import pressing_create, signed
from tests.solo import NINO, RENTS, TRADE, UTR, created_solo, to_solo_review
from tests.stack import SANDBOX, Stack

HOSTILE = "<!channel> & *_~ `x` <@U_SAM>"
MASKED = "•• •• •• 56 C"


def _database(stack: Stack) -> Database:
    return stack.composition.database


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(_database(stack))


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


def _to_details(person: Person) -> None:
    person.command("/add-client")
    person.wait_view(callback_id=wizard.SUBMIT)
    person.fill("kind", "Self-employed (Solo)")
    person.submit()
    person.wait_view(containing="National Insurance number")


def _source(person: Person, name: str, business_type: str = "Self-employment") -> None:
    person.fill("name", name)
    person.fill("business_type", business_type)


def _created(stack: Stack, people: Office, *sources: dict[str, Any], **more: Any) -> Client:
    made = created_solo(stack.composition.services.add_client, people.ada, *sources, **more)
    with _database(stack).read() as session:
        return session.get_one(Client, made.client_id)


def _open_card(stack: Stack, person: Person, name: str = "Mary Gold") -> None:
    stack.run_due()
    person.command("/clients list")
    person.wait_view(containing=name)
    person.click("Open")
    person.wait_view(containing="Self-employed (Solo)")


@pytest.mark.reaches(
    wizard.KEEP_SOURCE,
    wizard.ADD_SOURCE,
    wizard.EDIT_SOURCE,
    wizard.SOURCE_MENU,
    wizard.CHANGE_NUMBER,
    wizard.CHECK_MANDATE,
)
def test_a_self_employed_client_with_two_sources_is_added(stack: Stack, ada: Person) -> None:
    _to_details(ada)
    ada.fill("name", HOSTILE)
    ada.fill("nino", "BG123456C")
    ada.fill("utr", UTR)
    ada.fill("qualifying_income", "35,000")
    assert set(ada.submit().errors) == {"nino"}
    ada.fill("nino", "ab 12 34 56 c")
    ada.click("Check Making Tax Digital")
    stack.settle()
    shown = ada.wait_view(containing="Mandated from 6 April 2027")
    assert MASKED in shown.text
    assert "123456" not in str(shown.raw)
    ada.click("nino")
    stack.settle()
    assert "Leave it empty to remove" in ada.wait_view(containing="Step 2 of 6").text
    ada.fill("nino", NINO)
    ada.submit()

    ada.wait_view(containing="Name of the income source")
    assert [block.partition(".")[0] for block in ada.submit().errors] == ["name"]
    _source(ada, "Bakery")
    ada.submit()
    assert "Bakery" in ada.wait_view(containing="Add income source").text
    ada.click(wizard.EDIT_SOURCE)
    stack.settle()
    ada.wait_view(containing="Name of the income source")
    ada.fill("name", HOSTILE)
    ada.submit()
    for name, warned in (("Rents", False), ("Flat", True)):
        ada.wait_view(containing="Add income source")
        ada.click("Add income source")
        stack.settle()
        ada.wait_view(containing="Name of the income source")
        _source(ada, name, "UK property")
        ada.submit()
        if warned:
            ada.wait_view(containing="HMRC treats all UK property of a person as one business")
            ada.submit()
    shown = ada.wait_view(containing="Flat")
    ada.click("Remove")  # of the first that has it
    stack.settle()
    assert HOSTILE not in ada.wait_view(containing="Rents").text

    ada.submit()
    ada.wait_view(containing="Who else works with this client?")
    ada.submit()
    view = ada.wait_view(containing="Invite the client?")
    assert view.values["contact_name"]["value"]["value"] == HOSTILE
    ada.fill("invite", "Skip invitation")
    stack.settle()
    ada.submit()
    review = ada.wait_view(callback_id=wizard.CREATE)
    for words in ("Self-employed (Solo)", MASKED, "Rents · UK property", "Flat · UK property"):
        assert words in review.text
    ada.submit()
    assert "next quarterly update due" in ada.wait_view(title="Client created").text
    stack.run_due()
    message = ada.wait_message("was created", "app_dm")
    for secret in (NINO, "34 56", UTR, MASKED):
        assert secret not in str(message.raw)
    with _database(stack).read() as session:
        assert session.scalars(select(Client.kind)).all() == [ClientKind.SOLO]
        assert session.scalars(select(IncomeSource.name).order_by(IncomeSource.id)).all() == ["Rents", "Flat"]


@pytest.mark.reaches(wizard.BACK)
def test_back_from_a_source_and_resume_keep_what_was_typed(stack: Stack, ada: Person) -> None:
    _to_details(ada)
    ada.fill("name", "Mary Gold")
    ada.fill("nino", NINO)
    ada.submit()
    ada.wait_view(containing="Name of the income source")
    _source(ada, "Half a name")
    ada.back()
    stack.settle()
    assert MASKED in ada.wait_view(containing="Step 2 of 6").text
    ada.close()
    ada.command("/add-client")
    assert "Mary Gold" in ada.wait_view(containing="You have a draft").text
    ada.click("Resume")
    ada.wait_view(containing="Step 2 of 6")
    ada.submit()
    view = ada.wait_view(containing="Name of the income source")
    assert "Half a name" in str(view.values)


def test_create_pressed_ten_times_at_once_makes_one_client(stack: Stack, people: Office) -> None:
    page = to_solo_review(stack.composition.services.add_client, people.ada, TRADE, RENTS)
    body = pressing_create("U_ADA", page)
    headers = signed(body, SANDBOX.signing_secret)
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: httpx.post(f"{stack.url}/slack/events", content=body, headers=headers), range(10))
        )
    assert {answer.json()["view"]["title"]["text"] for answer in answers} == {"Client created"}
    with _database(stack).read() as session:
        counts = [session.scalar(select(func.count()).select_from(model)) for model in (Client, IncomeSource)]
    assert counts == [1, 2]


@pytest.mark.reaches(ids.EDIT_NUMBERS, ids.CHANGE_NUMBER, ids.SAVE_NUMBERS, clients.BACK)
def test_numbers_are_changed_on_the_card(stack: Stack, people: Office, ada: Person) -> None:
    _created(stack, people, nino=NINO, utr=UTR)
    _open_card(stack, ada)
    ada.click("Edit tax details")
    stack.settle()
    shown = ada.wait_view(title="Tax details")
    assert NINO not in str(shown.raw)
    ada.fill("postcode", "London")
    ada.fill("qualifying_income", "60,000")
    assert set(ada.submit().errors) == {"postcode"}
    ada.fill("postcode", "sw1a1aa")
    ada.click("utr")
    stack.settle()
    ada.wait_view(containing="Leave it empty to remove")
    ada.submit()
    card = ada.wait_view(containing="Mandated from 6 April 2026")
    for words in (MASKED, "UTR: not entered", "SW1A 1AA", "£60,000"):
        assert words in card.text
    ada.click("Edit tax details")
    stack.settle()
    ada.wait_view(title="Tax details")
    ada.back()
    stack.settle()
    ada.wait_view(containing="Self-employed (Solo)")


@pytest.mark.reaches(ids.ADD_SOURCE, ids.EDIT_SOURCE, ids.SAVE_SOURCE)
def test_sources_are_added_and_changed_on_the_card(timed_stack: Stack, clock: Clock) -> None:
    stack = timed_stack
    clock.set(datetime(2026, 11, 2, 9, tzinfo=UTC))
    people, ada = office(_database(stack)), stack.person("U_ADA")
    _created(stack, people)
    _open_card(stack, ada)
    assert "Next quarterly update due 7 November 2026 (Q2)" in ada.wait_view(containing="Bakery").text
    ada.click(ids.EDIT_SOURCE)
    stack.settle()
    shown = ada.wait_view(title="Income source")
    assert "Business type: Self-employment" in shown.text
    ada.fill("active", [])
    assert [name.partition(".")[0] for name in ada.submit().errors] == ["active"]
    ada.fill("active", ["Active"])
    ada.fill("period_type", "Calendar")
    ada.submit()
    ada.wait_view(containing="The first update of 2026-27 was due on 7 August 2026")
    ada.submit()
    ada.wait_view(containing="calendar quarters")
    ada.click("Add income source")
    stack.settle()
    ada.wait_view(title="Income source")
    _source(ada, "Rents", "UK property")
    ada.submit()
    assert "Rents" in ada.wait_view(containing="Self-employed (Solo)").text
    with _database(stack).read() as session:
        rows = session.execute(select(IncomeSource.name, IncomeSource.period_type).order_by(IncomeSource.id)).all()
    assert [tuple(row) for row in rows] == [("Bakery", PeriodType.CALENDAR), ("Rents", PeriodType.STANDARD)]


def test_a_colleague_without_access_changes_nothing(stack: Stack, people: Office, ada: Person) -> None:
    _created(stack, people)
    _open_card(stack, ada)
    ada.click("Edit tax details")
    stack.settle()
    ada.wait_view(title="Tax details")
    _leave(_database(stack), people)
    ada.fill("postcode", "SW1A 1AA")
    ada.submit()
    ada.wait_view(title="Clientdesk")


def _leave(database: Database, people: Office) -> None:
    """Ada may open nothing any more."""
    with database.begin() as session:
        session.get_one(Colleague, people.ada.colleague_id).role = Role.STANDARD


@pytest.mark.reaches(clients.OPEN, clients.LIST)
def test_the_digest_comes_by_direct_message_and_leads_to_the_clients(timed_stack: Stack, clock: Clock) -> None:
    stack = timed_stack
    people, ada = office(_database(stack)), stack.person("U_ADA")
    _created(stack, people, name=HOSTILE, nino=NINO)
    stack.run_due()
    clock.set(datetime(2026, 11, 6, 9, 30, tzinfo=UTC))
    for _ in range(3):
        stack.composition.services.solo_deadlines.tick()
        stack.run_due()
    message = ada.wait_message("Quarterly updates of 1 client are due", "app_dm")
    assert "Due Saturday 7 November 2026" in message.text
    assert HOSTILE in message.text
    assert message.raw["text"].startswith("Quarterly updates of 1 client are due: 7 November 2026; &lt;!channel&gt;")
    assert len([each for each in ada.messages() if "are due" in each.text]) == 1
    ada.click("Open")
    stack.settle()
    assert MASKED in ada.wait_view(containing="Self-employed (Solo)").text
    ada.close()
    ada.click("All clients")
    stack.settle()
    ada.wait_view(containing=HOSTILE)
