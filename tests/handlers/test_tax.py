"""Costs and sales of a self-employed client in the US, by what people press on its card."""

import uuid
from datetime import timedelta

import pytest

from db.models import Region
from db.session import Database
from modals.clients import ids as clients
from modals.tax import ids
from sandbox.driver import Person
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock
from tests.stack import Stack
from tests.tax import self_employed

HOSTILE = "<!channel> *_~ & Söhne"
BOOKS = (
    "Date,Description,Category,Amount\r\n"
    "02/10/2026,First job,1,1000.10\r\n"
    f"02/11/2026,{HOSTILE},8,120.30\r\n"
    "02/12/2026,Posters,Advertising,$79.70\r\n"
)


@pytest.fixture
def stack(timed_stack: Stack) -> Stack:
    return timed_stack


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(_database(stack), region=Region.UNITED_STATES)


@pytest.fixture
def ida(stack: Stack, people: Office) -> uuid.UUID:
    return self_employed(add_client(_database(stack)), people.ada)


@pytest.fixture
def ada(stack: Stack, ida: uuid.UUID) -> Person:
    """On the client's card."""
    person = stack.person("U_ADA")
    person.command("/clients find ida")
    person.wait_view(title="Clients", containing="Ida Moss")
    person.click(clients.OPEN)
    person.wait_view(title="Client", containing="Self-employed: Schedule C")
    return person


def _database(stack: Stack) -> Database:
    return stack.composition.database


def _uploaded(stack: Stack, people: Office, ida: uuid.UUID) -> None:
    stack.composition.services.tax.add(people.ada, ida, BOOKS)


@pytest.mark.reaches(ids.UPLOAD, ids.CHECK, ids.SUMMARY)
def test_a_file_is_checked_added_and_summed_up_and_the_same_again_adds_nothing(stack: Stack, ada: Person) -> None:
    ada.wait_view(containing="2026: no items yet")
    ada.click("Upload items")
    ada.wait_view(title="Upload items", containing="Ida Moss · Schedule C")
    ada.fill("file", [("books.csv", BOOKS.encode("utf-8-sig") + b"02/13/2026,Nothing,99,1\r\n")])
    assert ada.submit().ok
    view = ada.wait_view(containing="3 items to add · costs $200.00 · sales $1,000.10 · 1 row with a problem")
    assert "From books.csv" in view.text
    assert HOSTILE in view.text
    assert "Row 5, Category: Schedule C has no category “99”." in view.text
    assert ada.submit().ok
    ada.wait_view(containing="3 items are added.")
    ada.click("Upload more")
    ada.wait_view(title="Upload items", containing="Or paste the cells here")
    ada.fill("file", [("books.csv", BOOKS.encode())])
    assert ada.submit().ok
    view = ada.wait_view(containing="0 items to add · 3 there already")
    assert view.callback_id in {None, ""}
    ada.back()
    ada.wait_view(title="Client", containing="2026: 3 items · sales $1,000.10 · costs $200.00 · profit $800.10")
    ada.click("Tax summary")
    view = ada.wait_view(title="Tax summary", containing="Profit: $800.10")
    assert "8 Advertising: $200.00 (2 items)" in view.text
    assert "Car and truck" not in view.text


def test_cells_are_pasted_and_stay_when_something_is_wrong(ada: Person) -> None:
    ada.click("Upload items")
    ada.wait_view(title="Upload items")
    ada.submit()
    assert ada.errors == {"items": "Choose a file, or paste the cells here."}
    ada.fill("items", "Date,What\n")
    ada.submit()
    assert "Missing: Description, Category, Amount." in ada.errors["items"]
    ada.fill("items", BOOKS)
    assert ada.submit().ok
    ada.wait_view(containing="3 items to add")
    ada.fill("items", BOOKS + "12/31/2025,Ink,18,5\n")
    assert ada.submit().ok
    ada.wait_view(containing="4 items to add · costs $205.00 · sales $1,000.10 · 1 item of 2025 · 3 items of 2026")
    assert ada.submit().ok
    ada.wait_view(containing="4 items are added.")


def test_a_file_that_is_none_is_refused_in_words(ada: Person) -> None:
    ada.click("Upload items")
    ada.wait_view(title="Upload items")
    ada.fill("file", [("books.xlsx", b"PK\x03\x04" + b"\0" * 100)])
    assert ada.submit().ok
    ada.wait_view(containing="This is a spreadsheet, not a CSV file.")


@pytest.mark.reaches(ids.CATEGORIES, ids.TEMPLATE)
def test_the_categories_are_shown_and_the_template_comes_as_a_message(stack: Stack, ada: Person) -> None:
    ada.click("Categories")
    view = ada.wait_view(title="Categories", containing="24b Meals")
    assert "16a Interest: mortgage" in view.text
    ada.back()
    ada.wait_view(title="Client")
    ada.click("Upload items")
    ada.wait_view(title="Upload items")
    ada.click("Get the template")
    ada.wait_view(containing="The template is on its way")
    stack.run_due()
    message = ada.wait_message("The template for items of Schedule C.")
    assert message.files[0]["name"] == "Items for Schedule C (2026-03-02 09-00-00).csv"
    assert ada.download(message.files[0]["id"]).decode("utf-8-sig").startswith("Date,Description,Category,Amount,Side")


@pytest.mark.reaches(ids.SEND)
def test_the_summary_comes_as_excel_and_csv_once_however_often_it_is_pressed(
    stack: Stack, people: Office, ida: uuid.UUID, ada: Person, clock: Clock
) -> None:
    _uploaded(stack, people, ida)
    ada.click("Tax summary")
    ada.wait_view(title="Tax summary", containing="Ida Moss")
    for _ in range(2):
        ada.click("Send as Excel and CSV")
        ada.wait_view(containing="as Excel and as CSV.")
    for _ in range(4):
        stack.run_due()
        clock.advance(timedelta(seconds=2))
    sent = [each for each in ada.messages() if "The Tax summary of Ida Moss for 2026" in each.text]
    names = [each.files[0]["name"] for each in sent]
    assert sorted(names) == [f"Ida Moss tax summary 2026 (2026-03-02 09-00-00).{form}" for form in ("csv", "xlsx")]
    content = ada.download(sent[names.index(min(names))].files[0]["id"]).decode("utf-8-sig")
    assert "Costs,8,Advertising,2,200.00" in content


@pytest.mark.reaches(ids.YEAR, ids.DELETE)
def test_a_year_is_chosen_and_its_items_deleted(stack: Stack, people: Office, ida: uuid.UUID, ada: Person) -> None:
    _uploaded(stack, people, ida)
    stack.composition.services.tax.add(people.ada, ida, "Date,Description,Category,Amount\n2025-12-31,Train,24a,40\n")
    ada.click("Tax summary")
    ada.wait_view(title="Tax summary", containing="tax year 2026")
    ada.click("2025: 1 item")
    ada.wait_view(title="Tax summary", containing="Loss: $40.00")
    ada.click("Delete all items of 2025")
    ada.wait_view(containing="There are no items in 2025.")
    ada.click("2026: 3 items")
    ada.wait_view(containing="Profit: $800.10")


def test_a_business_client_has_none_of_it(stack: Stack, people: Office) -> None:
    created(add_client(_database(stack)), people.ada)
    person = stack.person("U_ADA")
    person.command("/clients find acme")
    person.wait_view(title="Clients", containing="Acme Ltd")
    person.click(clients.OPEN)
    view = person.wait_view(title="Client", containing="Solutions")
    assert "Upload items" not in view.text
