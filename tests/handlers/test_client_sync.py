"""Client Sync as people meet it: choosing among organisations, the message that follows, cancelling, inviting."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import delete, func, select, update

from db.models import (
    Authorisation,
    Choice,
    Client,
    ClientUser,
    Connection,
    ConnectionStatus,
    Plan,
    SyncItem,
    SyncRun,
    Team,
)
from db.session import Database
from modals.client_sync import ids, inviting
from sandbox.driver import Message, Person, View
from sandbox.running import RunningSandbox
from services.actor import Actor
from services.client_sync.records import Wish
from services.errors import GoneError, ServiceError
from services.operator import OperatorService
from tests.builders import Office, created, office
from tests.requests import signed
from tests.stack import SANDBOX, Stack

COUNT = 25
PAGE = 20


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(_database(stack))


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


def _database(stack: Stack) -> Database:
    return stack.composition.database


def _scale(stack: Stack, count: int = COUNT) -> None:
    stack.sandbox.xero.change_settings(bulk=True, organisations=count, odd=False, connection_cap=1000)


def _link(view: View) -> str:
    return next(
        str(element["url"]) for block in view.blocks for element in block.get("elements", ()) if "url" in element
    )


def _open(person: Person) -> View:
    assert person.command("/client-sync").ok
    return person.wait_view(containing="Reconnect all")


def _to_sign_in(person: Person, button: str) -> View:
    _open(person)
    assert person.click(button).ok
    return person.wait_view(containing="opens in your browser")


def _sign_in(stack: Stack, person: Person, organisations: Sequence[str] | str = "all", user: str = "priya") -> None:
    """From a page with a link to the consent and back."""
    view = person.view
    assert view is not None
    page = stack.sandbox.xero.connect(_link(view), user, organisations)
    assert (page.status, "You signed in at Xero" in page.text) == (200, True)
    stack.settle()


def _list(stack: Stack, person: Person, organisations: Sequence[str] | str = "all", user: str = "priya") -> View:
    _to_sign_in(person, "Add clients")
    _sign_in(stack, person, organisations, user)
    return person.wait_view(callback_id=ids.START)


def _start(stack: Stack, person: Person) -> None:
    assert person.submit().errors == {}
    person.wait_view(containing="A message from Clientdesk shows how it goes on")
    person.close_all()


def _done(stack: Stack, person: Person, containing: str = "Clients from Xero are added") -> Message:
    stack.run_due()
    return person.wait_message(containing, "app_dm")


def _added(stack: Stack, person: Person, count: int = COUNT) -> Message:
    """A whole sync."""
    _scale(stack, count)
    _list(stack, person)
    _start(stack, person)
    return _done(stack, person)


def _ticked(view: View) -> list[str]:
    """The names that are ticked on the page."""
    return [
        option["text"]["text"]
        for elements in view.values.values()
        for state in elements.values()
        if state["type"] == "checkboxes"
        for option in state["selected_options"]
    ]


def _listed(view: View) -> list[str]:
    return [
        option["text"]["text"]
        for block in view.blocks
        if block.get("element", {}).get("type") == "checkboxes"
        for option in block["element"]["options"]
    ]


def _clients(stack: Stack) -> dict[str, str]:
    """The organisation of each client that has one."""
    with _database(stack).read() as session:
        rows = session.execute(
            select(Client.name, Connection.organisation_name).join(Connection, Connection.client_id == Client.id)
        )
        return {row.name: row.organisation_name for row in rows}


def _chosen(stack: Stack) -> int:
    with _database(stack).read() as session:
        return session.scalar(select(func.count()).where(SyncItem.choice != Choice.LEAVE)) or 0


def _posts(stack: Stack, kind: str = "chat.postMessage") -> list[Mapping[str, Any]]:
    return [call for call in stack.sandbox.calls(kind) if "Xero" in str(call["args"])]


@pytest.mark.reaches(ids.OPEN, "/client-sync", ids.ADD, ids.LEAVE, ids.START)
def test_organisations_become_clients_and_one_message_tells_how_it_goes(stack: Stack, ada: Person) -> None:
    _scale(stack)
    view = _to_sign_in(ada, "Add clients")
    ada.click("Sign in at Xero")
    _sign_in(stack, ada)
    view = ada.wait_view(callback_id=ids.START)
    names = [each["name"] for each in _by_name(stack)]
    assert _listed(view) == names[:PAGE]
    assert f"{COUNT} chosen" in view.text
    _start(stack, ada)
    message = _done(stack, ada)
    assert f"{COUNT} created" in message.text
    assert set(_clients(stack)) == set(names)
    assert len(_posts(stack)) == 1
    assert {call["args"]["ts"] for call in _posts(stack, "chat.update")} == {message.ts}
    ada.command("/client-sync")
    assert "Running now" not in ada.wait_view(containing="Reconnect all").text
    ada.shortcut(ids.OPEN)


def _by_name(stack: Stack) -> list[dict[str, Any]]:
    return sorted(stack.sandbox.xero.organisations(), key=lambda each: str(each["name"]).casefold())


@pytest.mark.reaches(ids.NEXT, ids.PREVIOUS, ids.SELECT_NONE, ids.SELECT_ALL)
def test_what_is_ticked_stays_on_every_page(stack: Stack, ada: Person) -> None:
    _scale(stack)
    _list(stack, ada)
    ada.click("Select none")
    view = ada.wait_view(containing="0 chosen")
    first, second = _listed(view)[:2]
    assert _ticked(view) == []
    ada.fill("organisations", [first, second])
    ada.click(ids.NEXT)
    view = ada.wait_view(containing="2 chosen")
    assert len(_listed(view)) == COUNT - PAGE
    third = _listed(view)[0]
    ada.fill("organisations", [third])
    ada.click(ids.PREVIOUS)
    view = ada.wait_view(containing="3 chosen")
    assert _ticked(view) == [first, second]
    ada.fill("organisations", [second])
    ada.click(f"Select all {COUNT:,}")
    view = ada.wait_view(containing=f"{COUNT:,} chosen")
    assert len(_ticked(view)) == PAGE
    ada.fill("organisations", [])
    ada.fill("organisations-1", [first_of(view)])
    _start(stack, ada)
    _done(stack, ada)
    assert len(_clients(stack)) == COUNT - PAGE + 1


def first_of(view: View) -> str:
    """The first name of the second group."""
    return _listed(view)[10]


@pytest.mark.reaches(ids.SEARCH, ids.FILTER)
def test_the_list_is_searched_and_filtered(stack: Stack, ada: Person) -> None:
    _scale(stack)
    _list(stack, ada)
    last = _by_name(stack)[-1]["name"]
    ada.fill(ids.SEARCH, last.upper())
    view = ada.wait_view(containing="1 of 1")
    assert _listed(view) == [last]
    ada.click("Select none")
    view = ada.wait_view(containing=f"{COUNT - 1} chosen")
    assert _ticked(view) == []
    ada.fill(ids.SEARCH, "no such name")
    ada.wait_view(containing="Nothing here fits")
    ada.fill(ids.SEARCH, "")
    ada.wait_view(containing=f"1 to 10 of {COUNT}")
    ada.fill(ids.FILTER, "Chosen")
    ada.wait_view(containing=f"1 to 10 of {COUNT - 1}")
    ada.click(ids.NEXT)
    assert last not in _listed(ada.wait_view(containing=f"of {COUNT - 1}"))


def test_what_is_there_already_is_named_and_what_has_its_name_is_linked(
    stack: Stack, ada: Person, people: Office
) -> None:
    _scale(stack, 4)
    first, second, third, fourth = (each["name"] for each in _by_name(stack))
    _list(stack, ada, [first])
    _start(stack, ada)
    _done(stack, ada)
    for name in (second.upper(), third):
        created(stack.composition.services.add_client, people.ada, name)
    _open(ada)
    ada.click("Add clients")
    view = ada.wait_view(callback_id=ids.START)
    assert "1 already connected to a client" in view.text
    ada.click(ids.CONNECT_ANOTHER)
    _sign_in(stack, ada)
    view = ada.wait_view(containing="1 to create, 2 to link")
    assert _listed(view) == [second, third, fourth]
    ada.fill(ids.FILTER, "Already a client (1)")
    view = ada.wait_view(containing=f"{first} · {first}")
    ada.fill(ids.FILTER, "Same name as a client (2)")
    ada.wait_view(containing=f"Link it to your client {second.upper()}")
    ada.fill("organisations", "Create another client")
    ada.fill("organisations-1", "Leave it out")
    ada.fill(ids.FILTER, "All that can be added (3)")
    view = ada.wait_view(containing="2 to create, 0 to link")
    assert _ticked(view) == [second, fourth]
    _start(stack, ada)
    _done(stack, ada)
    assert _clients(stack) == {first: first, second: second, fourth: fourth}


@pytest.mark.reaches(ids.CONNECT_ANOTHER)
def test_without_bulk_connections_each_consent_adds_one(stack: Stack, ada: Person) -> None:
    names = [each["name"] for each in _by_name(stack) if not each["demo"]][:2]
    view = _to_sign_in(ada, "Add clients")
    assert "connects one organisation each time" in view.text
    _sign_in(stack, ada, names[:1])
    assert _listed(ada.wait_view(callback_id=ids.START)) == names[:1]
    ada.click("Connect another organisation")
    _sign_in(stack, ada, names[1:])
    assert _listed(ada.wait_view(containing="2 chosen")) == names


def test_nothing_chosen_and_a_full_bundle_are_refused_at_the_list(stack: Stack, ada: Person) -> None:
    _scale(stack, 60)
    view = _list(stack, ada)
    assert "50 chosen" in view.text
    assert "10 over your bundle" in view.text
    ada.click(ids.SELECT_ALL)
    ada.wait_view(containing="10 of them find no room in your bundle. Raise the bundle, or choose fewer")
    [error] = ada.submit().errors.items()
    assert error[0].startswith("organisations.")
    assert "Your bundle has room for 50 more" in error[1]
    ada.click(ids.SELECT_NONE)
    ada.wait_view(containing="0 chosen")
    assert list(ada.submit().errors.values()) == ["Choose at least one organisation."]
    assert _clients(stack) == {}


def test_a_team_gets_access_on_advanced(database_url: str, stack: Stack) -> None:
    office(_database(stack), plan=Plan.ADVANCED, teams=("North", "South"), has_dhi=True)
    ada = stack.person("U_ADA")
    _scale(stack, 3)
    _list(stack, ada)
    ada.fill("team", "South")
    ada.fill("solutions", "Bookkeeping + Data Health & Insights")
    _start(stack, ada)
    with _database(stack).read() as session:
        run = session.scalars(select(SyncRun)).one()
        assert session.scalars(select(Team.name).where(Team.id == run.team_id)).all() == ["South"]
        assert run.solutions == "bookkeeping_dhi"


def test_pressing_create_twice_starts_one_sync(stack: Stack, ada: Person) -> None:
    _scale(stack, 3)
    _list(stack, ada)
    view = ada.view
    assert view is not None
    payload = {"type": "view_submission", "trigger_id": "1.2", "view": view.raw}
    answers = [_send(stack, "U_ADA", payload).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert "Adding clients from Xero: 0 of 3" in str(answers[0])
    _done(stack, ada)
    assert len(_clients(stack)) == 3
    assert len(_posts(stack)) == 1


@pytest.mark.reaches(ids.GO_ON)
def test_a_choice_that_was_left_is_gone_on_with(stack: Stack, ada: Person) -> None:
    _scale(stack)
    _list(stack, ada)
    ada.click("Select none")
    first = _listed(ada.wait_view(containing="0 chosen"))[0]
    ada.fill("organisations", [first])
    ada.click(ids.NEXT)
    ada.wait_view(containing="1 chosen")
    ada.close_all()
    _open(ada)
    ada.click("Go on choosing")
    assert _ticked(ada.wait_view(callback_id=ids.START)) == [first]


@pytest.mark.reaches(ids.SHOW, ids.CANCEL)
def test_cancelling_stops_what_has_not_started(stack: Stack, ada: Person) -> None:
    _scale(stack)
    _list(stack, ada)
    _start(stack, ada)
    _open(ada)
    ada.click("Show progress")
    ada.wait_view(containing=f"Adding clients from Xero: 0 of {COUNT}")
    ada.click("Refresh")
    ada.wait_view(containing=f"Adding clients from Xero: 0 of {COUNT}")
    ada.click("Cancel")
    ada.wait_view(containing=f"{COUNT:,} organisations were not started")
    ada.close_all()
    message = _done(stack, ada, "was cancelled")
    assert "Cancel" not in [_label(each) for each in _buttons(message)]
    assert _clients(stack) == {}


def _buttons(message: Message | View) -> list[dict[str, Any]]:
    return [each for block in message.blocks for each in block.get("elements", ()) if each.get("type") == "button"]


def _label(button: Mapping[str, Any]) -> str:
    return str(button["text"]["text"])


def test_the_message_s_cancel_button_works_and_goes_away(stack: Stack, ada: Person) -> None:
    _scale(stack)
    _list(stack, ada)
    stack.sandbox.xero.fault("limited", problem="appminute", retry_after=60)
    _start(stack, ada)
    message = _done(stack, ada, f"0 of {COUNT}")
    assert f"{COUNT} waiting" in message.text
    ada.click("Cancel")
    message = ada.wait_message("was cancelled", "app_dm")
    assert "Cancel" not in [_label(each) for each in _buttons(message)]
    stack.sandbox.xero.clear_faults()
    stack.run_due()
    assert _clients(stack) == {}


@pytest.mark.reaches(ids.RETRY_FAILED, ids.OUTCOMES, ids.OUTCOME, ids.OUTCOMES_NEXT, ids.OUTCOMES_PREVIOUS)
def test_what_failed_is_named_and_tried_again(stack: Stack, ada: Person) -> None:
    _scale(stack, 45)
    _list(stack, ada)
    for each in stack.sandbox.xero.organisations()[:40]:
        stack.sandbox.xero.revoke(each["id"])
    _start(stack, ada)
    message = _done(stack, ada)
    assert "5 created · 40 failed" in message.text
    assert "and 30 more" in message.text
    assert "no longer gives access" in message.text
    ada.click("Show all")
    ada.wait_view(containing="40 organisations")
    ada.click(ids.OUTCOMES_NEXT)
    ada.click(ids.OUTCOMES_PREVIOUS)
    ada.wait_view(containing="page 2 of 2")
    ada.fill("outcome", "Created")
    ada.wait_view(containing="5 organisations")
    ada.click("Back")
    ada.wait_view(containing="40 failed")
    ada.close_all()
    _to_sign_in_again(stack, ada)
    ada.click("Retry failed")
    message = _done(stack, ada, "45 created")
    assert "Retry failed" not in [_label(each) for each in _buttons(message)]
    assert len(_clients(stack)) == 45
    assert len(_posts(stack)) == 1


def _to_sign_in_again(stack: Stack, person: Person) -> None:
    """Xero lets the person at all of them once more."""
    _open(person)
    person.click("Reconnect all")
    person.wait_view(containing="opens in your browser")
    _sign_in(stack, person)
    person.wait_view(containing="there is nothing to connect again")
    person.click("Back to Client Sync")
    person.wait_view(containing="Reassign clients: take over")
    person.close_all()


@pytest.mark.reaches(ids.INVITE, ids.SUBMIT_INVITES)
def test_the_clients_are_invited_some_at_a_time(stack: Stack, ada: Person) -> None:
    _added(stack, ada, 10)
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
    with _database(stack).read() as session:
        assert session.scalars(select(ClientUser.email)).all() == ["cy@example.com"]


@pytest.mark.reaches(ids.RECONNECT, ids.USE_SIGN_IN)
def test_broken_connections_are_connected_again_and_the_others_named(stack: Stack, ada: Person) -> None:
    _added(stack, ada, 3)
    first, second = stack.sandbox.xero.organisations()[:2]
    _break(stack)
    _to_sign_in(ada, "Reconnect all")
    ada.click("Use my sign-in")
    view = ada.wait_view(containing="3 clients are connected to Xero again")
    assert first["name"] in view.text
    _break(stack)
    stack.sandbox.xero.revoke(first["id"], bar=True)
    ada.close_all()
    _to_sign_in(ada, "Reconnect all")
    _sign_in(stack, ada)
    view = ada.wait_view(containing="2 clients are connected to Xero again")
    assert "1 client is not within reach of your sign-in" in view.text
    assert f"{first['name']} · last held by" in view.text
    assert second["name"] in view.text
    ada.click("Sign in again")
    ada.wait_view(containing="opens in your browser")


def _break(stack: Stack) -> None:
    with _database(stack).begin() as session:
        session.execute(update(Connection).values(status=ConnectionStatus.EXPIRED))


@pytest.mark.reaches(ids.REASSIGN, ids.CONFIRM_REASSIGN, ids.CHOOSE_AGAIN, ids.REASSIGN_NOW)
def test_connections_of_a_colleague_are_taken_over(stack: Stack, ada: Person) -> None:
    _added(stack, ada, 3)
    ada.close_all()
    clem = stack.person("U_CLEM")
    _to_sign_in(clem, "Reassign clients")
    _sign_in(stack, clem, user="tom")
    view = clem.wait_view(containing="reaches 3 connections of colleagues")
    assert "Held by U_ADA" in view.text
    assert list(clem.submit().errors.values()) == ["Choose at least one client."]
    first, second = _listed(view)[:2]
    clem.fill("organisations", [first, second])
    clem.submit()
    view = clem.wait_view(containing="2 connections will rest on your sign-in at Xero")
    assert first in view.text
    clem.click("Back")
    view = clem.wait_view(containing="2 chosen")
    assert _ticked(view) == [first, second]
    clem.fill(ids.FILTER, "Chosen (2)")
    clem.wait_view(containing="1 to 2 of 2")
    clem.submit()
    clem.wait_view(containing="2 connections will rest")
    clem.submit()
    assert first in clem.wait_view(containing="2 connections rest on your sign-in at Xero now").text
    with _database(stack).read() as session:
        held = session.execute(
            select(func.count()).select_from(Connection).join(Authorisation).group_by(Authorisation.colleague_id)
        )
        assert sorted(held.scalars()) == [1, 2]


def test_with_nothing_to_take_over_that_is_said(stack: Stack, ada: Person) -> None:
    _added(stack, ada, 3)
    _open(ada)
    ada.click("Reassign clients")
    ada.wait_view(containing="there is nothing to take over")


def test_a_sign_in_that_reaches_nothing_leads_to_another(stack: Stack, ada: Person) -> None:
    stack.sandbox.xero.change_settings(bulk=True)
    view = _to_sign_in(ada, "Add clients")
    assert "No organisation was connected" in stack.sandbox.xero.connect(_link(view), "nora", ()).text
    stack.settle()
    ada.wait_view(containing="reaches no organisation")
    _sign_in(stack, ada)
    ada.wait_view(callback_id=ids.START)


def test_a_sign_in_that_xero_no_longer_takes_leads_to_another(stack: Stack, ada: Person) -> None:
    _scale(stack, 3)
    _list(stack, ada)
    ada.close_all()
    stack.sandbox.xero.kill("priya")
    _open(ada)
    ada.click("Add clients")
    view = ada.wait_view(containing="opens in your browser")
    assert "The sign-in at Xero has ended" in view.text
    _sign_in(stack, ada)
    ada.wait_view(callback_id=ids.START)


@pytest.mark.reaches(ids.USE_SIGN_IN)
def test_a_message_leads_on_when_the_window_was_closed(stack: Stack, ada: Person) -> None:
    _scale(stack, 3)
    for button, then in (
        ("Add clients", "Choose organisations"),
        ("Reconnect all", "Reconnect all"),
    ):
        link = _link(_to_sign_in(ada, button))
        ada.close_all()
        stack.sandbox.xero.connect(link, "priya", "all")
        stack.run_due()
        ada.wait_message("You signed in at Xero", "app_dm")
        ada.click(then)
        ada.wait_view(containing="3 chosen" if button == "Add clients" else "nothing to connect again")
        ada.close_all()


def test_whoever_may_not_add_clients_can_ask_for_it_and_still_reconnect(stack: Stack, people: Office) -> None:
    sam = stack.person("U_SAM")
    view = _open(sam)
    assert "you need the permission “Add client accounts”" in view.text
    assert "Add clients" not in [_label(each) for each in _buttons(view)]
    sam.click("Reconnect all")
    sam.wait_view(containing="opens in your browser")
    sam.close_all()
    _open(sam)
    sam.click("Request access")
    sam.wait_view(containing="Asked: ")
    sam.close_all()
    assert "You asked for it on" in _open(sam).text


def test_a_permission_that_was_taken_away_is_missed_when_it_counts(stack: Stack, people: Office) -> None:
    jo = stack.person("U_JO")
    _scale(stack, 3)
    _list(stack, jo)
    OperatorService(_database(stack)).change_colleague("T_BIRCH", "U_JO", may_add_clients=False)
    jo.submit()
    jo.wait_view(containing="Add client accounts")
    assert _clients(stack) == {}


def test_what_is_of_another_practice_or_colleague_is_refused(stack: Stack, ada: Person) -> None:
    _added(stack, ada, 3)
    ada.close_all()
    _open(ada)
    ada.click("Add clients")
    ada.wait_view(callback_id=ids.START)
    with _database(stack).read() as session:
        chosen, added = session.scalars(select(SyncRun.id).order_by(SyncRun.state)).all()
    elsewhere = office(_database(stack), slack_key="T_CEDAR")
    sync = stack.composition.services.client_sync
    for actor in (elsewhere.ada, sync_actor(stack, "U_JO")):
        for act in (sync.cancel, sync.retry_failed, sync.view, sync.invitable):
            with pytest.raises(ServiceError):
                act(actor, added)
        with pytest.raises(GoneError):
            sync.chooser(actor, chosen, Wish())
    for action_id in (ids.CANCEL, ids.RETRY_FAILED, ids.SHOW, ids.INVITE):
        _forge(stack, "U_JO", action_id, str(added))
    said = [message.text for message in stack.person("U_JO").messages("app_dm")]
    assert len([text for text in said if "Only the person who began this sync" in text]) == 4
    assert len(said) == 4


def sync_actor(stack: Stack, user: str) -> Actor:
    standing = stack.composition.services.people.find("T_BIRCH", user)
    assert standing is not None
    return standing.actor


def _forge(stack: Stack, user: str, action_id: str, value: str) -> None:
    """A press of a button that this person was never shown."""
    payload = {
        "type": "block_actions",
        "trigger_id": "1.2",
        "container": {"type": "message", "channel_id": "D1", "message_ts": "1.2"},
        "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": value, "action_ts": "1.2"}],
    }
    assert _send(stack, user, payload).status_code == 200
    stack.settle()


def _send(stack: Stack, user: str, payload: Mapping[str, Any]) -> httpx.Response:
    given = {
        "team": {"id": "T_BIRCH", "domain": "birch"},
        "user": {"id": user, "team_id": "T_BIRCH"},
        "api_app_id": "A_CLIENTDESK",
        "is_enterprise_install": False,
        "enterprise": None,
    }
    body = urlencode({"payload": json.dumps({**given, **payload})}).encode()
    headers = signed(body, SANDBOX.signing_secret)
    return httpx.post(f"{stack.url}/slack/events", content=body, headers=headers, trust_env=False)


def test_an_old_message_s_button_says_that_the_sync_is_gone(stack: Stack, ada: Person) -> None:
    _added(stack, ada, 3)
    with _database(stack).begin() as session:
        session.execute(delete(SyncRun))
    ada.click("Show all")
    ada.wait_message("This sync is no longer there")
    ada.click("Invite these clients")
    stack.settle()
    assert ada.view is None


def test_a_list_that_another_window_replaced_says_so(stack: Stack, ada: Person) -> None:
    _scale(stack, 3)
    _list(stack, ada)
    with _database(stack).begin() as session:
        session.execute(delete(SyncRun))
    ada.click("Select none")
    ada.wait_view(containing="This list is no longer open")


def test_whoever_deletes_the_message_gets_the_result(stack: Stack, ada: Person) -> None:
    _scale(stack, 3)
    _list(stack, ada)
    stack.sandbox.xero.fault("limited", problem="appminute", retry_after=1)
    _start(stack, ada)
    message = _done(stack, ada, "0 of 3")
    world = stack.running.world
    world.delete(world.message(message.conversation, message.ts))
    stack.sandbox.xero.clear_faults()
    with _database(stack).read() as session:
        run = session.scalars(select(SyncRun)).one()
    stack.composition.services.client_sync.cancel(sync_actor(stack, "U_ADA"), run.id)
    assert _done(stack, ada, "was cancelled").ts != message.ts
    assert len(_posts(stack)) == 2


def test_sage_is_connected_one_client_at_a_time(stack: Stack, ada: Person) -> None:
    view = _open(ada)
    assert "Sage Accounting is connected one client at a time" in view.text
    ada.click("Add a client")
    ada.wait_view(containing="Step 1 of")


def test_without_xero_it_is_said_who_can_help(database_url: str, running_sandbox: RunningSandbox) -> None:
    with Stack(database_url, running_sandbox, settings={"XERO_CLIENT_ID": ""}) as stack:
        office(_database(stack))
        ada = stack.person("U_ADA")
        ada.command("/client-sync")
        view = ada.wait_view(containing="not set up for Xero. Ask whoever runs it")
        assert "Reconnect all" not in view.text


def test_names_from_outside_stay_as_they_are(stack: Stack, ada: Person) -> None:
    stack.sandbox.xero.change_settings(bulk=True, organisations=11, odd=True, connection_cap=1000)
    view = _list(stack, ada)
    hostile = "<b>Bold</b> *Claims* & Co <!channel>"
    assert hostile in _listed(view)
    assert "1 demo company" in view.text
    _start(stack, ada)
    message = _done(stack, ada)
    assert "10 created" in message.text
    assert hostile in _clients(stack)
