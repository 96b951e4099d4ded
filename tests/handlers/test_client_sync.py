"""Client Sync as people meet it: choosing among organisations, the message that follows, cancelling, inviting."""

import pytest
from sqlalchemy import select

from db.models import ClientUser, Plan, SyncRun, Team
from modals.client_sync import ids, inviting
from sandbox.driver import Person, View
from services.client_sync.records import PAGE
from tests.builders import Office, created, office
from tests.stack import Stack
from tests.syncing import (
    COUNT,
    added,
    buttons,
    by_name,
    clients,
    database_of,
    done,
    label,
    listed,
    open_sync,
    posts,
    scale,
    sign_in,
    start,
    ticked,
    to_list,
    to_sign_in,
)


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(database_of(stack))


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


@pytest.mark.reaches(ids.OPEN, "/client-sync", ids.ADD, ids.LEAVE, ids.START)
def test_organisations_become_clients_and_one_message_tells_how_it_goes(stack: Stack, ada: Person) -> None:
    scale(stack)
    view = to_sign_in(ada, "Add clients")
    ada.click("Sign in at Xero")
    sign_in(stack, ada)
    view = ada.wait_view(callback_id=ids.START)
    names = [each["name"] for each in by_name(stack)]
    assert listed(view) == names[:PAGE]
    assert f"{COUNT} chosen" in view.text
    start(stack, ada)
    message = done(stack, ada)
    assert f"{COUNT} created" in message.text
    assert set(clients(stack)) == set(names)
    assert len(posts(stack)) == 1
    assert {call["args"]["ts"] for call in posts(stack, "chat.update")} == {message.ts}
    ada.command("/client-sync")
    assert "Running now" not in ada.wait_view(containing="Reconnect all").text
    ada.shortcut(ids.OPEN)


@pytest.mark.reaches(ids.NEXT, ids.PREVIOUS, ids.SELECT_NONE, ids.SELECT_ALL)
def test_what_is_ticked_stays_on_every_page(stack: Stack, ada: Person) -> None:
    scale(stack)
    to_list(stack, ada)
    ada.click("Select none")
    view = ada.wait_view(containing="0 chosen")
    first, second = listed(view)[:2]
    assert ticked(view) == []
    ada.fill("organisations", [first, second])
    ada.click(ids.NEXT)
    view = ada.wait_view(containing="2 chosen")
    assert len(listed(view)) == COUNT - PAGE
    third = listed(view)[0]
    ada.fill("organisations", [third])
    ada.click(ids.PREVIOUS)
    view = ada.wait_view(containing="3 chosen")
    assert ticked(view) == [first, second]
    ada.fill("organisations", [second])
    ada.click(f"Select all {COUNT:,}")
    view = ada.wait_view(containing=f"{COUNT:,} chosen")
    assert len(ticked(view)) == PAGE
    ada.fill("organisations", [])
    ada.fill("organisations-1", [first_of(view)])
    start(stack, ada)
    done(stack, ada)
    assert len(clients(stack)) == COUNT - PAGE + 1


def first_of(view: View) -> str:
    """The first name of the second group."""
    return listed(view)[10]


@pytest.mark.reaches(ids.SEARCH, ids.FILTER)
def test_the_list_is_searched_and_filtered(stack: Stack, ada: Person) -> None:
    scale(stack)
    to_list(stack, ada)
    last = by_name(stack)[-1]["name"]
    ada.fill(ids.SEARCH, last.upper())
    view = ada.wait_view(containing="1 of 1")
    assert listed(view) == [last]
    ada.click("Select none")
    view = ada.wait_view(containing=f"{COUNT - 1} chosen")
    assert ticked(view) == []
    ada.fill(ids.SEARCH, "no such name")
    ada.wait_view(containing="Nothing here fits")
    ada.fill(ids.SEARCH, "")
    ada.wait_view(containing=f"1 to 10 of {COUNT}")
    ada.fill(ids.FILTER, "Chosen")
    ada.wait_view(containing=f"1 to 10 of {COUNT - 1}")
    ada.click(ids.NEXT)
    assert last not in listed(ada.wait_view(containing=f"21 to {COUNT - 1} of {COUNT - 1}"))


def test_what_is_there_already_is_named_and_what_has_its_name_is_linked(
    stack: Stack, ada: Person, people: Office
) -> None:
    scale(stack, 4)
    first, second, third, fourth = (each["name"] for each in by_name(stack))
    to_list(stack, ada, [first])
    start(stack, ada)
    done(stack, ada)
    for name in (second.upper(), third):
        created(stack.composition.services.add_client, people.ada, name)
    open_sync(ada)
    ada.click("Add clients")
    view = ada.wait_view(callback_id=ids.START)
    assert "1 already connected to a client" in view.text
    ada.click(ids.CONNECT_ANOTHER)
    sign_in(stack, ada)
    view = ada.wait_view(containing="1 to create, 2 to link")
    assert listed(view) == [second, third, fourth]
    ada.fill(ids.FILTER, "Already a client (1)")
    view = ada.wait_view(containing=f"{first} · {first}")
    ada.fill(ids.FILTER, "Same name as a client (2)")
    ada.wait_view(containing=f"Link it to your client {second.upper()}")
    ada.fill("organisations", "Create another client")
    ada.fill("organisations-1", "Leave it out")
    ada.fill(ids.FILTER, "All that can be added (3)")
    view = ada.wait_view(containing="2 to create, 0 to link")
    assert ticked(view) == [second, fourth]
    start(stack, ada)
    done(stack, ada)
    assert clients(stack) == {first: first, second: second, fourth: fourth}


@pytest.mark.reaches(ids.CONNECT_ANOTHER)
def test_without_bulk_connections_each_consent_adds_one(stack: Stack, ada: Person) -> None:
    names = [each["name"] for each in by_name(stack) if not each["demo"]][:2]
    view = to_sign_in(ada, "Add clients")
    assert "connects one organisation each time" in view.text
    sign_in(stack, ada, names[:1])
    assert listed(ada.wait_view(callback_id=ids.START)) == names[:1]
    ada.click("Connect another organisation")
    sign_in(stack, ada, names[1:])
    assert listed(ada.wait_view(containing="2 chosen")) == names


def test_a_team_gets_access_on_advanced(database_url: str, stack: Stack) -> None:
    office(database_of(stack), plan=Plan.ADVANCED, teams=("North", "South"), has_dhi=True)
    ada = stack.person("U_ADA")
    scale(stack, 3)
    to_list(stack, ada)
    ada.fill("team", "South")
    ada.fill("solutions", "Bookkeeping + Data Health & Insights")
    start(stack, ada)
    with database_of(stack).read() as session:
        run = session.scalars(select(SyncRun)).one()
        assert session.scalars(select(Team.name).where(Team.id == run.team_id)).all() == ["South"]
        assert run.solutions == "bookkeeping_dhi"


@pytest.mark.reaches(ids.GO_ON)
def test_a_choice_that_was_left_is_gone_on_with(stack: Stack, ada: Person) -> None:
    scale(stack)
    to_list(stack, ada)
    ada.click("Select none")
    first = listed(ada.wait_view(containing="0 chosen"))[0]
    ada.fill("organisations", [first])
    ada.click(ids.NEXT)
    ada.wait_view(containing="1 chosen")
    ada.close_all()
    open_sync(ada)
    ada.click("Go on choosing")
    assert ticked(ada.wait_view(callback_id=ids.START)) == [first]


@pytest.mark.reaches(ids.SHOW, ids.CANCEL)
def test_cancelling_stops_what_has_not_started(stack: Stack, ada: Person) -> None:
    scale(stack)
    to_list(stack, ada)
    start(stack, ada)
    open_sync(ada)
    ada.click("Show progress")
    ada.wait_view(containing=f"Adding clients from Xero: 0 of {COUNT}")
    ada.click("Refresh")
    stack.settle()
    ada.wait_view(containing=f"Adding clients from Xero: 0 of {COUNT}")
    ada.click("Cancel")
    ada.wait_view(containing=f"{COUNT:,} organisations were not started")
    ada.close_all()
    message = done(stack, ada, "was cancelled")
    assert "Cancel" not in [label(each) for each in buttons(message)]
    assert clients(stack) == {}


def test_the_message_s_cancel_button_works_and_goes_away(stack: Stack, ada: Person) -> None:
    scale(stack)
    to_list(stack, ada)
    stack.sandbox.xero.fault("limited", problem="appminute")
    start(stack, ada)
    message = done(stack, ada, f"0 of {COUNT}")
    assert f"{COUNT} waiting" in message.text
    assert "Xero asks us to wait. It goes on by itself" in message.text
    ada.click("Cancel")
    message = ada.wait_message("was cancelled", "app_dm")
    assert "Cancel" not in [label(each) for each in buttons(message)]
    stack.sandbox.xero.clear_faults()
    stack.run_due()
    assert clients(stack) == {}


@pytest.mark.reaches(ids.RETRY_FAILED, ids.OUTCOMES, ids.OUTCOME, ids.OUTCOMES_NEXT, ids.OUTCOMES_PREVIOUS)
def test_what_failed_is_named_and_tried_again(stack: Stack, ada: Person) -> None:
    scale(stack, 45)
    to_list(stack, ada)
    for each in stack.sandbox.xero.organisations()[:40]:
        stack.sandbox.xero.revoke(each["id"])
    start(stack, ada)
    message = done(stack, ada)
    assert "5 created · 40 failed" in message.text
    assert "and 30 more" in message.text
    assert "no longer gives access" in message.text
    ada.click("Show all")
    ada.wait_view(containing="40 organisations")
    ada.click(ids.OUTCOMES_NEXT)
    ada.wait_view(containing="[Previous]")
    ada.click(ids.OUTCOMES_PREVIOUS)
    ada.wait_view(containing="page 2 of 2")
    ada.fill("outcome", "Created")
    ada.wait_view(containing="5 organisations")
    ada.click("Back")
    ada.wait_view(containing="40 failed")
    ada.close_all()
    _to_sign_in_again(stack, ada)
    ada.click("Retry failed")
    message = done(stack, ada, "45 created")
    assert "Retry failed" not in [label(each) for each in buttons(message)]
    assert len(clients(stack)) == 45
    assert len(posts(stack)) == 1


def _to_sign_in_again(stack: Stack, person: Person) -> None:
    """Xero lets the person at all of them once more."""
    open_sync(person)
    person.click("Reconnect all")
    person.wait_view(containing="opens in your browser")
    sign_in(stack, person)
    person.wait_view(containing="there is nothing to connect again")
    person.click("Back to Client Sync")
    person.wait_view(containing="Reassign clients: take over")
    person.close_all()


@pytest.mark.reaches(ids.INVITE, ids.SUBMIT_INVITES)
def test_the_clients_are_invited_some_at_a_time(stack: Stack, ada: Person) -> None:
    added(stack, ada, 10)
    ada.click("Invite these clients")
    view = ada.wait_view(title=inviting.TITLE, containing="10 clients have nobody yet")
    asked = [block["block_id"] for block in view.blocks if str(block["block_id"]).startswith("contact_")]
    assert len(asked) == 16
    ada.fill(asked[0], "Cy Client")
    assert list(ada.submit().errors) == [asked[1]]
    ada.fill(asked[1], "not an address")
    assert list(ada.submit().errors) == [asked[1]]
    ada.fill(asked[1], "cy@example.com")
    assert ada.submit().errors == {}
    view = ada.wait_view(containing="1 client is being invited. 2 clients have nobody yet")
    ada.submit()
    ada.wait_view(containing="9 clients still have nobody")
    ada.click("Show them")
    ada.wait_view(containing="9 clients have nobody yet")
    stack.run_due()
    stack.sandbox.wait_mail("cy@example.com")
    with database_of(stack).read() as session:
        assert session.scalars(select(ClientUser.email)).all() == ["cy@example.com"]
