"""The audit trail in Slack: looking through it, the filter, and its export."""

import csv
import io
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from db.models import Colleague
from modals import audit
from sandbox.driver import Person
from tests.builders import Office, created, office
from tests.fakes import Clock
from tests.stack import Stack


@pytest.fixture
def birch(stack: Stack) -> Office:
    found = office(stack.composition.database)
    stack.run_due()
    return found


def add(stack: Stack, birch: Office, *names: str) -> None:
    for name in names:
        created(stack.composition.services.add_client, birch.clem, name)


def opened(stack: Stack, user: str = "U_ADA") -> Person:
    person = stack.person(user)
    person.command("/clients audit")
    person.wait_view(title=audit.TITLE, containing="Shown:")
    return person


@pytest.mark.reaches("/clients", audit.OLDER, audit.NEWER)
def test_an_admin_looks_through_the_trail_page_by_page(stack: Stack, birch: Office) -> None:
    add(stack, birch, *(f"Client {number:02}" for number in range(10)))
    ada = opened(stack)
    view = ada.wait_view(containing="Client added: Client 09")
    assert "Clem Okafor · Slack" in view.text
    assert "Client 02" in view.text
    assert "Client 01" not in view.text
    ada.click("Older")
    stack.settle()
    view = ada.wait_view(containing="Client added: Client 01")
    assert "Practice set up" in view.text
    ada.click("Newer")
    stack.settle()
    ada.wait_view(containing="Client added: Client 09")


@pytest.mark.reaches(audit.FILTER, audit.FIND, audit.SEARCH_CLIENTS, audit.SEARCH_PEOPLE, audit.EVERYTHING, audit.BACK)
def test_the_filter_narrows_what_is_shown_and_can_be_put_away(stack: Stack, birch: Office) -> None:
    add(stack, birch, "Acme Ltd", "Zenith Ltd")
    ada = opened(stack)
    ada.click("Filter")
    ada.wait_view(title=audit.FILTER_TITLE)
    assert ada.options("client", "zen") == ["Zenith Ltd"]
    assert ada.options("person", "cl") == ["A client", "Clientdesk itself", "Clem Okafor"]
    ada.fill("client", "Zenith Ltd")
    ada.fill("person", "Clem Okafor")
    ada.fill("what", "Clients: all")
    ada.fill("since", date(2026, 1, 31))
    ada.fill("until", date(2026, 1, 1))
    ada.submit()
    assert list(ada.errors) == ["until"]
    ada.fill("until", None)
    ada.submit()
    view = ada.wait_view(title=audit.TITLE, containing="Zenith Ltd · by Clem Okafor · Clients · from 31 Jan 2026")
    assert "Client added: Zenith Ltd" in view.text
    assert "Acme" not in view.text

    ada.click("Filter")
    filled = ada.wait_view(title=audit.FILTER_TITLE)
    assert "Zenith Ltd" in filled.text
    ada.click("Back")
    stack.settle()
    ada.wait_view(title=audit.TITLE, containing="Zenith Ltd · by Clem Okafor")
    ada.click("Show everything")
    stack.settle()
    assert "Acme Ltd" in ada.wait_view(title=audit.TITLE, containing="Shown: everything").text


@pytest.mark.reaches(audit.EXPORT)
def test_what_is_found_comes_as_a_file_and_a_second_click_brings_no_other(stack: Stack, birch: Office) -> None:
    add(stack, birch, "=Acme()", "Zenith Ltd")
    ada = opened(stack)
    ada.click("Export as CSV")
    stack.settle()
    ada.wait_view(containing=audit.ON_ITS_WAY)
    ada.click("Export as CSV")
    stack.run_due()
    [message] = [each for each in ada.messages() if each.files]
    assert "The audit trail as a CSV file" in message.text
    content = ada.download(message.files[0]["id"])
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert [row["About"] for row in rows if row["What"] == "Client added"] == ["Zenith Ltd", "'=Acme()"]
    assert not [each for each in stack.person("U_CLEM").messages() if each.files]


def test_a_file_that_slack_does_not_take_is_told_with_how_to_ask_again(timed_stack: Stack, clock: Clock) -> None:
    office(timed_stack.composition.database)
    for _ in range(5):
        timed_stack.run_due()
        clock.advance(timedelta(minutes=1))
    ada, world = opened(timed_stack), timed_stack.running.world
    allowed = world.scopes
    assert allowed is not None
    world.scopes = allowed - {"files:write"}
    try:
        ada.click("Export as CSV")
        timed_stack.run_due()
    finally:
        world.scopes = allowed
    clock.advance(timedelta(minutes=1))
    ada.close_all()
    timed_stack.run_due()
    told = ada.wait_message(containing="The file of the audit trail that you asked for could not be sent.")
    assert "Export it again from /clients audit." in told.text


def test_whoever_may_not_see_it_any_more_gets_words_instead_of_the_file(stack: Stack, birch: Office) -> None:
    ada = opened(stack)
    ada.click("Export as CSV")
    stack.settle()
    with stack.composition.database.begin() as session:
        session.execute(update(Colleague).where(Colleague.slack_user_id == "U_ADA").values(role="standard"))
    stack.run_due()
    ada.wait_message(containing="was not made. Only a Practice Admin or a Client Admin can see the audit trail.")
    assert not [each for each in ada.messages() if each.files]


def test_a_standard_colleague_is_told_who_sees_it(stack: Stack, birch: Office) -> None:
    sam = stack.person("U_SAM")
    sam.command("/clients audit")
    sam.wait_view(containing="Only a Practice Admin or a Client Admin can see the audit trail.")
