"""Permission requests as people live them: signed requests, the real Bolt app, the worker's messages."""

from datetime import timedelta

import pytest
from slack_sdk import WebClient
from sqlalchemy import select

from db.models import AuditEntry, Colleague, Job, PermissionRequest, RequestStatus, Role
from db.session import Database
from modals import permissions
from modals.add_client import ids
from services.operator import OperatorService
from tests.builders import Office, office
from tests.fakes import Clock
from tests.stack import Stack

WISH = "Sam Price asks for the permission “Add client accounts”"


def _database(stack: Stack) -> Database:
    return stack.composition.database


@pytest.fixture
def people(stack: Stack) -> Office:
    found = office(_database(stack))
    stack.run_due()
    return found


def _ask(stack: Stack) -> None:
    """Sam asks, and the admins have their cards."""
    sam = stack.person("U_SAM")
    sam.command("/add-client")
    sam.wait_view(containing="You need the permission")
    sam.click("Request access")
    sam.wait_view(containing="are told")
    sam.close()
    stack.run_due()


def _buttons(stack: Stack, user: str) -> list[str]:
    """The buttons on the person's newest card."""
    card = stack.person(user).wait_message(WISH, "app_dm")
    return [
        element["action_id"] for block in card.blocks for element in block.get("elements", ()) if "action_id" in element
    ]


def _refusals(stack: Stack) -> list[str]:
    with _database(stack).read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "permission.refused"))
        return [entry.after["reason"] for entry in entries if entry.after is not None]


def _is_pending(stack: Stack) -> bool:
    with _database(stack).read() as session:
        return session.scalars(select(PermissionRequest.status)).one() is RequestStatus.PENDING


@pytest.mark.reaches(permissions.REQUEST, permissions.APPROVE, ids.OPEN)
def test_a_colleague_asks_an_admin_approves_and_the_colleague_adds_a_client(stack: Stack, people: Office) -> None:
    sam, ada, clem = (stack.person(user) for user in ("U_SAM", "U_ADA", "U_CLEM"))
    sam.command("/add-client")
    sam.wait_view(containing="You need the permission “Add client accounts”")
    sam.click("Request access")
    asked = sam.wait_view(title="Request access", containing="You get a message here when it is decided")
    assert "Request access" not in [button for block in asked.blocks for button in block.get("elements", ())]
    sam.close()
    stack.run_due()
    assert _buttons(stack, "U_ADA") == _buttons(stack, "U_CLEM") == [permissions.APPROVE, permissions.DECLINE]

    assert ada.click("Approve").ok
    stack.settle()
    assert "Approved by Ada Marsh" in ada.wait_message(WISH, "app_dm").text
    assert _buttons(stack, "U_ADA") == []
    stack.run_due()
    assert "Approved by Ada Marsh" in clem.wait_message(WISH, "app_dm").text
    assert _buttons(stack, "U_CLEM") == []

    assert "Ada Marsh approved your request" in sam.wait_message("You can add client accounts now", "app_dm").text
    sam.click("Add a client")
    assert "Step 1 of" in sam.wait_view(callback_id=ids.SUBMIT).text


@pytest.mark.reaches(permissions.DECLINE)
def test_a_declined_colleague_is_told_by_whom_and_may_ask_again(stack: Stack, people: Office) -> None:
    _ask(stack)
    stack.person("U_CLEM").click("Decline")
    stack.run_due()
    assert "Declined by Clem Okafor" in stack.person("U_ADA").wait_message(WISH, "app_dm").text
    assert "Clem Okafor declined your request" in stack.person("U_SAM").wait_message("declined", "app_dm").text
    _ask(stack)


def test_a_pending_request_is_said_in_place_of_the_button(stack: Stack, people: Office) -> None:
    _ask(stack)
    sam = stack.person("U_SAM")
    sam.command("/add-client")
    view = sam.wait_view(containing="You asked for it on")
    assert [block["type"] for block in view.blocks] == ["rich_text"]


def test_a_second_press_in_another_window_says_that_it_was_asked(stack: Stack, people: Office) -> None:
    sam = stack.person("U_SAM")
    sam.command("/add-client")
    sam.wait_view(containing="You need the permission")
    stack.composition.services.permissions.request_add_clients(people.sam)
    sam.click("Request access")
    sam.wait_view(containing="You asked for it on")
    stack.run_due()
    assert len([each for each in stack.person("U_ADA").messages("app_dm") if WISH in each.text]) == 1


def test_the_second_of_two_admins_is_told_who_decided(stack: Stack, people: Office) -> None:
    _ask(stack)
    stack.person("U_ADA").click("Approve")
    clem = stack.person("U_CLEM")
    assert clem.click("Decline").ok
    stack.settle()
    assert clem.wait_message("Ada Marsh has already approved this request").ephemeral
    stack.run_due()
    assert _buttons(stack, "U_CLEM") == []


def test_an_admin_who_was_demoted_after_the_card_came_is_refused(stack: Stack, people: Office) -> None:
    _ask(stack)
    OperatorService(_database(stack)).change_colleague(people.slack_key, "U_CLEM", role=Role.STANDARD)
    stack.person("U_CLEM").click("Approve")
    stack.settle()
    assert stack.person("U_CLEM").wait_message("Only a Practice Admin or a Client Admin").ephemeral
    assert len(_refusals(stack)) == 1
    assert _is_pending(stack)


def test_a_deactivated_admin_is_refused(stack: Stack, people: Office) -> None:
    _ask(stack)
    with _database(stack).begin() as session:
        session.get_one(Colleague, people.clem.colleague_id).active = False
    stack.person("U_CLEM").click("Approve")
    stack.settle()
    assert stack.person("U_CLEM").wait_message("no longer have access").ephemeral
    assert len(_refusals(stack)) == 1
    assert _is_pending(stack)


@pytest.mark.parametrize(
    ("channel", "user", "words"),
    [("C_SHARED", "U_EVE", "of this practice"), ("C_GENERAL", "U_SAM", "your own request")],
)
def test_a_card_in_a_channel_is_not_for_outsiders_nor_for_its_requester(
    stack: Stack, people: Office, channel: str, user: str, words: str
) -> None:
    _ask(stack)
    with _database(stack).read() as session:
        request_id = session.scalars(select(PermissionRequest.id)).one()
    card = permissions.card(stack.composition.services.permissions.request(people.practice_id, request_id))
    WebClient("xoxb-sandbox-T_BIRCH", base_url=stack.running.api_url).chat_postMessage(channel=channel, **card)
    stack.person(user).click("Approve")
    stack.settle()
    assert stack.person(user).wait_message(words, channel).ephemeral
    assert len(_refusals(stack)) == 1
    assert _is_pending(stack)


def test_a_card_is_not_posted_once_the_request_is_decided(stack: Stack, people: Office) -> None:
    asked = stack.composition.services.permissions
    asked.request_add_clients(people.sam)
    with _database(stack).read() as session:
        request_id = session.scalars(select(PermissionRequest.id)).one()
    asked.decide(people.ada, request_id, approve=True)
    stack.run_due()
    for user in ("U_ADA", "U_CLEM"):
        assert not [each for each in stack.person(user).messages("app_dm") if WISH in each.text]
    stack.person("U_SAM").wait_message("You can add client accounts now", "app_dm")


def test_a_card_whose_posting_went_unanswered_is_found_again_and_closed(timed_stack: Stack, clock: Clock) -> None:
    people, asked = office(_database(timed_stack)), timed_stack.composition.services.permissions
    timed_stack.run_due()
    asked.request_add_clients(people.sam)
    with _database(timed_stack).read() as session:
        request_id = session.scalars(select(PermissionRequest.id)).one()
        keys = session.scalars(
            select(Job.key).where(Job.kind == "slack.permission_asked", Job.pace == f"slack:{people.ada.colleague_id}")
        ).all()
    slack = WebClient("xoxb-sandbox-T_BIRCH", base_url=timed_stack.running.api_url)
    metadata = {"event_type": "clientdesk_job", "event_payload": {"key": keys[0]}}
    card = permissions.card(asked.request(people.practice_id, request_id))
    slack.chat_postMessage(channel="U_ADA", metadata=metadata, **card)
    timed_stack.sandbox.fault("chat.postMessage", "http500", times=2)
    timed_stack.run_due()

    asked.decide(people.clem, request_id, approve=True)
    clock.advance(timedelta(minutes=1))
    timed_stack.run_due()
    (shown,) = [each for each in timed_stack.person("U_ADA").messages("app_dm") if WISH in each.text]
    assert "Approved by Clem Okafor" in shown.text
    assert not [each for each in timed_stack.person("U_CLEM").messages("app_dm") if WISH in each.text]
