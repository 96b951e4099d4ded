"""Leaving, handing over and giving many clients at once, as people do it in Slack."""

import uuid
from typing import Any

import pytest
from sqlalchemy import select

from db.models import Colleague, Plan, Role
from db.session import Database
from modals.client_sync import ids as client_sync
from modals.people import giving, handover_ids, ids
from sandbox.driver import Message, Person
from services.errors import InvalidError
from services.operator import OperatorService
from tests.builders import Office, joined, office
from tests.services.colleagues.holding import (
    access_of,
    clients,
    connect,
    entries,
    give,
    invite,
    jobs,
    manage,
    managed_by,
)
from tests.stack import Stack


def _database(stack: Stack) -> Database:
    return stack.composition.database


@pytest.fixture
def birch(stack: Stack) -> Office:
    found = office(_database(stack), plan=Plan.ADVANCED, teams=("Tax",))
    stack.run_due()
    return found


@pytest.fixture
def ada(stack: Stack, birch: Office) -> Person:
    return stack.person("U_ADA")


def _open(person: Person, name: str) -> Any:
    person.command("/clients team")
    person.wait_view(title="Colleagues", containing=name)
    person.fill("query", name)
    person.wait_view(containing=f"1 colleague with “{name}”")
    person.click("Open")
    return person.wait_view(title="Colleague", containing=name)


def _left(stack: Stack, user: str) -> Message:
    stack.run_due()
    return stack.person(user).wait_message("has left", "app_dm")


def _active(stack: Stack, user: str) -> bool:
    with _database(stack).read() as session:
        return session.scalars(select(Colleague.active).where(Colleague.slack_user_id == user)).one()


@pytest.mark.reaches(ids.REMOVE, handover_ids.REMOVE_NOW, "/clients")
def test_an_admin_removes_a_colleague_after_seeing_what_they_hold(stack: Stack, birch: Office, ada: Person) -> None:
    give(_database(stack), clients(_database(stack), birch, "Acme <& Co>").values(), to=birch.sam)
    assert "Access given: 1 · Acme <& Co>" in _open(ada, "Sam Price").text
    ada.click("Remove from Clientdesk…")
    shown = ada.wait_view(title="Remove a colleague", containing="Sam Price")
    assert "Access given: 1 · Acme <& Co>" in shown.text
    ada.click("Back")
    ada.wait_view(title="Colleague", containing="Sam Price")
    assert _active(stack, "U_SAM")
    ada.click("Remove from Clientdesk…")
    ada.wait_view(title="Remove a colleague")
    assert ada.submit().ok
    shown = ada.wait_view(containing="Sam Price is no longer a colleague in Clientdesk.")
    assert "Give clients to…" in shown.text
    assert not _active(stack, "U_SAM")
    ada.click("All colleagues")
    ada.wait_view(title="Colleagues")
    for user in ("U_ADA", "U_CLEM"):
        message = _left(stack, user)
        assert "Removed by Ada Marsh" in message.text
        assert "Access given: 1 · Acme <& Co>" in message.text
    sam = stack.person("U_SAM")
    sam.command("/clients list")
    sam.wait_view(containing="You no longer have access to Clientdesk")


def test_whoever_left_is_not_let_in_by_what_was_open_before(stack: Stack, birch: Office, ada: Person) -> None:
    OperatorService(_database(stack)).change_colleague(birch.slack_key, "U_CLEM", role=Role.PRACTICE_ADMIN)
    clem = stack.person("U_CLEM")
    _open(clem, "Sam Price")
    clem.click("Remove from Clientdesk…")
    clem.wait_view(title="Remove a colleague")
    stack.composition.services.handover.remove(birch.ada, birch.clem.colleague_id)
    clem.submit()
    clem.wait_view(containing="You no longer have access to Clientdesk")
    assert _active(stack, "U_SAM")


def test_the_last_practice_admin_is_told_why_they_stay(stack: Stack, birch: Office, ada: Person) -> None:
    _open(ada, "Ada Marsh")
    ada.click("Remove from Clientdesk…")
    ada.wait_view(containing="Ada Marsh is the last Practice Admin")
    assert _active(stack, "U_ADA")


@pytest.mark.reaches("user_change")
def test_who_is_deactivated_in_slack_has_left(stack: Stack, birch: Office, ada: Person) -> None:
    database = _database(stack)
    ids_ = clients(database, birch, "Acme", "Basket")
    give(database, ids_.values(), to=birch.sam)
    connect(database, birch.sam, *ids_.values())
    for _ in range(2):
        stack.sandbox.change_user("U_SAM", deleted=True)
    assert not _active(stack, "U_SAM")
    assert len(entries(database, "colleague.left")) == 1
    message = _left(stack, "U_ADA")
    assert "Deactivated in Slack" in message.text
    assert "Connected by their sign-in at Xero: 2 · Acme, Basket" in message.text
    assert "Sam Price has left (deactivated in Slack)." in message.text
    assert len([each for each in ada.messages("app_dm") if "has left" in each.text]) == 1
    stack.sandbox.change_user("U_SAM", deleted=False)
    assert not _active(stack, "U_SAM")


@pytest.mark.reaches("user_change")
@pytest.mark.parametrize(
    "user", [{"id": "U_NOBODY", "deleted": True}, {"deleted": True}, "U_SAM", None, {"id": "U_SAM", "deleted": "yes"}]
)
def test_an_event_about_nobody_here_changes_nothing(stack: Stack, birch: Office, user: Any) -> None:
    assert stack.sandbox.event("T_BIRCH", {"type": "user_change", "user": user}).ok
    assert all(_active(stack, each) for each in ("U_ADA", "U_CLEM", "U_SAM", "U_JO"))


@pytest.mark.reaches(handover_ids.HAND_OVER, handover_ids.HAND_OVER_NOW, handover_ids.SEARCH_RECEIVERS)
def test_what_a_leaver_held_is_handed_over_from_the_message_which_then_says_so(
    stack: Stack, birch: Office, ada: Person
) -> None:
    database = _database(stack)
    held = clients(database, birch, "Acme", "Basket", "Chandler")
    give(database, [held["Acme"], held["Basket"]], to=birch.sam)
    manage(database, birch.sam, held["Chandler"])
    invite(database, birch.sam, held["Acme"])
    stack.sandbox.change_user("U_SAM", deleted=True)
    _left(stack, "U_CLEM")
    _left(stack, "U_ADA")
    ada.click("Give clients to…")
    shown = ada.wait_view(title="Hand over", containing="Sam Price")
    assert "Access to 2 clients" in shown.text
    assert list(ada.submit().errors) == ["to"]
    ada.fill("to", "Jo Lind")
    assert ada.submit().ok
    shown = ada.wait_view(title="Hand over", containing="Jo Lind has from Sam Price:")
    assert "Access: 2 · Acme, Basket" in shown.text
    assert "Account manager: 1 · Chandler" in shown.text
    assert "Invitations to hear about: 1 · Acme" in shown.text
    assert access_of(database, birch.jo) == {"Acme", "Basket", "Chandler"}
    assert managed_by(database, birch.jo) == {"Chandler"}
    stack.run_due()
    with stack.working():  # a second message to the same person waits for its turn
        for user in ("U_ADA", "U_CLEM"):
            done = stack.person(user).wait_message("Nothing rests on them any more.", "app_dm")
            assert "Handed over by Ada Marsh to Jo Lind" in done.text
            assert "Give clients to…" not in done.text
            assert len([each for each in stack.person(user).messages("app_dm") if "has left" in each.text]) == 1


@pytest.mark.reaches(handover_ids.HAND_OVER, handover_ids.HAND_OVER_NOW)
def test_the_second_admin_sees_that_it_is_done(stack: Stack, birch: Office, ada: Person) -> None:
    database = _database(stack)
    give(database, clients(database, birch, "Acme").values(), to=birch.sam)
    stack.sandbox.change_user("U_SAM", deleted=True)
    clem = stack.person("U_CLEM")
    for person in (ada, clem):
        _left(stack, person.id)
        person.click("Give clients to…")
        person.wait_view(title="Hand over", containing="Sam Price")
        person.fill("to", "Jo Lind")
    assert ada.submit().ok
    ada.wait_view(containing="Jo Lind has from Sam Price:")
    assert clem.submit().ok
    shown = clem.wait_view(containing="There was nothing left of what you ticked.")
    assert "Handed over by Ada Marsh to Jo Lind" in shown.text
    clem.close_all()
    clem.click("Give clients to…")
    shown = clem.wait_view(containing="Nothing is left that could be given to somebody else.")
    assert "Handed over by Ada Marsh to Jo Lind" in shown.text


@pytest.mark.reaches(client_sync.REASSIGN)
def test_reassign_to_me_leads_to_client_sync(stack: Stack, birch: Office, ada: Person) -> None:
    database = _database(stack)
    connect(database, birch.sam, *clients(database, birch, "Acme").values())
    stack.sandbox.change_user("U_SAM", deleted=True)
    assert "Give clients to…" not in _left(stack, "U_ADA").text
    ada.click("Reassign to me")
    ada.wait_view(title="Client Sync", containing="organisations that you take over from a colleague")


@pytest.mark.reaches(ids.GIVE, handover_ids.GIVE_NOW, handover_ids.SEARCH_CLIENTS)
def test_many_clients_are_given_at_once_and_each_left_out_is_named(stack: Stack, birch: Office, ada: Person) -> None:
    database = _database(stack)
    clients(database, birch, "Acme", "Basket", "*Chandler*", "Dairy", codes=True)
    _open(ada, "Sam Price")
    ada.click("Give clients…")
    ada.wait_view(title="Give clients", containing="Sam Price")
    assert list(ada.submit().errors.values()) == ["Choose clients here, or paste their names below."]
    ada.fill("clients", ["Acme"])
    ada.fill("pasted", "*Chandler*\nc-002\n<!channel> Nobody\nAcme")
    assert ada.submit().ok
    shown = ada.wait_view(title="Give clients", containing="Sam Price can open 3 clients more.")
    assert "No client of yours has this name or practice code · 1\n• <!channel> Nobody" in shown.text
    assert "Named more than once, and counted once · 1\n• Acme" in shown.text
    assert access_of(database, birch.sam) == {"Acme", "Basket", "*Chandler*"}
    ada.click("Back")
    shown = ada.wait_view(title="Colleague", containing="Sam Price")
    assert "Access given: 3" in shown.text
    ada.click("Give clients…")
    ada.wait_view(title="Give clients")
    ada.fill("giving", "Take back")
    ada.fill("pasted", "Basket\nDairy")
    assert ada.submit().ok
    shown = ada.wait_view(containing="Sam Price can’t open 1 client any more.")
    assert "Sam Price was not given it · 1\n• Dairy" in shown.text
    assert access_of(database, birch.sam) == {"Acme", "*Chandler*"}


@pytest.mark.reaches(ids.GIVE, handover_ids.GIVE_NOW)
def test_a_team_is_given_clients(stack: Stack, birch: Office, ada: Person) -> None:
    database = _database(stack)
    clients(database, birch, "Acme", "Basket")
    joined(database, birch.teams["Tax"], birch.sam)
    ada.command("/clients team")
    ada.wait_view(title="Colleagues", containing="4 colleagues")
    ada.click(ids.TEAMS)
    ada.wait_view(title="Teams")
    ada.click("Open")
    ada.wait_view(title="Team", containing="Tax")
    ada.click("Give clients…")
    ada.wait_view(title="Give clients", containing="For the team Tax")
    ada.fill("pasted", "Acme\nBasket")
    assert ada.submit().ok
    ada.wait_view(containing="Tax can open 2 clients more.")
    ada.click("Back")
    ada.wait_view(title="Team", containing="Clients: 2")
    assert len(entries(database, "client.access_given")) == 2


@pytest.mark.reaches(ids.GIVE)
def test_an_admin_needs_to_be_given_nothing(stack: Stack, birch: Office, ada: Person) -> None:
    OperatorService(_database(stack)).change_practice(birch.slack_key, plan=Plan.ESSENTIALS)
    _open(ada, "Clem Okafor")
    ada.click("Give clients…")
    ada.wait_view(title="Give clients", containing="Clem Okafor can open every client")
    ada.click("Back")
    ada.wait_view(title="Colleague", containing="Clem Okafor")


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("giving", {"type": "radio_buttons", "selected_option": {"value": "everything"}}, {"giving": "Choose one."}),
        (
            "clients",
            {"type": "multi_external_select", "selected_options": [{"value": "1; DROP TABLE client"}]},
            {"clients": "Choose from the list."},
        ),
    ],
)
def test_forged_values_are_refused_at_the_field(
    stack: Stack, birch: Office, field: str, value: dict[str, Any], error: dict[str, str]
) -> None:
    state: dict[str, dict[str, Any]] = {
        "giving": {"value": {"type": "radio_buttons", "selected_option": {"value": "access"}}},
        "clients": {handover_ids.SEARCH_CLIENTS: {"type": "multi_external_select", "selected_options": []}},
    }
    state[field] = dict.fromkeys(state[field], value)
    with pytest.raises(InvalidError) as refusal:
        giving.read({"state": {"values": state}})
    assert refusal.value.fields == error


def test_a_card_for_a_colleague_who_is_back_is_not_sent(stack: Stack, birch: Office, ada: Person) -> None:
    database = _database(stack)
    stack.composition.services.handover.remove(birch.ada, birch.sam.colleague_id)
    with database.begin() as session:
        row = session.get_one(Colleague, birch.sam.colleague_id)
        row.active, row.left_at = True, None
    stack.run_due()
    assert [each for each in ada.messages("app_dm") if "has left" in each.text] == []
    assert len(jobs(database, "slack.colleague_left")) == 2
    assert uuid.UUID(jobs(database, "slack.colleague_left")[0].args["leaver_id"]) == birch.sam.colleague_id
