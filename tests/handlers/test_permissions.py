"""Permission requests as people live them: signed requests, the real Bolt app, the worker's messages."""

from datetime import timedelta

import pytest
from slack_sdk import WebClient
from sqlalchemy import select

from db.models import AuditEntry, Colleague, Job, PermissionKind, PermissionRequest, Practice, RequestStatus, Role
from db.session import Database
from modals.add_client import ids as add_client
from modals.permissions import cards, ids
from sandbox.driver import Message
from services.operator import OperatorService
from services.permissions.records import Asked, Wish
from tests.builders import Office, created, office, to_review
from tests.builders import add_client as adding
from tests.fakes import Clock
from tests.stack import Stack

WISH = "Sam Price asks for the permission “Add client accounts”"
REASON = "Month end"
ADDING = Wish(kind=PermissionKind.ADD_CLIENTS, reason=REASON)


def _database(stack: Stack) -> Database:
    return stack.composition.database


@pytest.fixture
def people(stack: Stack) -> Office:
    found = office(_database(stack))
    stack.run_due()
    return found


def _request(stack: Stack, user: str, title: str = "Request access", days: int | None = None) -> None:
    """Fills in the form that is open."""
    person = stack.person(user)
    person.wait_view(title=title, containing="Why do you need it?")
    if days is not None:
        person.fill("term", "For some days")
        person.fill("days", str(days))
    person.fill("reason", REASON)
    assert person.submit().errors == {}
    person.wait_view(containing="You get a message here when it is decided")
    person.close()
    stack.run_due()


def _ask(stack: Stack, days: int | None = None) -> None:
    """Sam asks, and the admins have their cards."""
    sam = stack.person("U_SAM")
    sam.command("/add-client")
    sam.wait_view(containing="You need the permission “Add client accounts”")
    sam.click("Request access")
    _request(stack, "U_SAM", days=days)


def _asked(stack: Stack, people: Office, wish: Wish = ADDING) -> Asked:
    """The same without the windows."""
    outcome = stack.composition.services.permissions.request(people.sam, wish)
    assert isinstance(outcome, Asked)
    stack.run_due()
    return outcome


def _on(message: Message) -> list[str]:
    """The buttons and menus of a card."""
    return [
        element["action_id"]
        for block in message.blocks
        for element in block.get("elements", ())
        if "action_id" in element
    ]


def _buttons(stack: Stack, user: str) -> list[str]:
    """Those on the person's newest card."""
    return _on(stack.person(user).wait_message(WISH, "app_dm"))


def _set_channel(stack: Stack, people: Office, channel: str) -> None:
    with _database(stack).begin() as session:
        session.get_one(Practice, people.practice_id).approvals_channel = channel


def _refusals(stack: Stack) -> list[str]:
    with _database(stack).read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "permission.refused"))
        return [entry.after["reason"] for entry in entries if entry.after is not None]


def _is_pending(stack: Stack) -> bool:
    with _database(stack).read() as session:
        return session.scalars(select(PermissionRequest.status)).one() is RequestStatus.PENDING


@pytest.mark.reaches(ids.REQUEST, ids.SUBMIT, ids.APPROVE, add_client.OPEN)
def test_a_colleague_asks_an_admin_approves_and_the_colleague_adds_a_client(stack: Stack, people: Office) -> None:
    _ask(stack, days=30)
    sam, ada, clem = (stack.person(user) for user in ("U_SAM", "U_ADA", "U_CLEM"))
    assert _buttons(stack, "U_ADA") == _buttons(stack, "U_CLEM") == [ids.APPROVE, ids.APPROVE_FOR, ids.DECLINE]
    said = ada.wait_message(WISH, "app_dm").text
    assert f"Why: {REASON}" in said
    assert "For how long: 30 days" in said

    assert ada.click("Approve").ok
    stack.settle()
    assert "Approved by Ada Marsh" in ada.wait_message(WISH, "app_dm").text
    assert _buttons(stack, "U_ADA") == []
    stack.run_due()
    assert "Approved by Ada Marsh" in clem.wait_message(WISH, "app_dm").text
    assert _buttons(stack, "U_CLEM") == []

    told = sam.wait_message("You can add client accounts now", "app_dm").text
    assert "Ada Marsh approved your request" in told
    assert "Until" in told
    sam.click("Continue adding your client")
    assert "Step 1 of" in sam.wait_view(callback_id=add_client.SUBMIT).text


@pytest.mark.reaches(add_client.RESUME)
def test_after_an_approval_the_client_that_was_being_added_is_gone_on_with(stack: Stack, people: Office) -> None:
    page = to_review(adding(_database(stack)), people.jo, details={"name": "Acme Ltd"})
    OperatorService(_database(stack)).change_colleague(people.slack_key, "U_JO", may_add_clients=False)
    outcome = stack.composition.services.permissions.request(people.jo, ADDING)
    assert isinstance(outcome, Asked)
    stack.composition.services.permissions.decide(people.ada, outcome.request_id, approve=True)
    stack.run_due()
    jo = stack.person("U_JO")
    jo.wait_message("approved your request", "app_dm")
    jo.click("Continue adding your client")
    assert "Acme Ltd" in jo.wait_view(title="Add client", containing=f"Step {page.number} of").text


@pytest.mark.reaches(ids.APPROVE_FOR)
def test_an_admin_approves_for_another_time_than_was_asked(timed_stack: Stack, clock: Clock) -> None:
    people = office(_database(timed_stack))
    _asked(timed_stack, people)
    assert timed_stack.person("U_CLEM").click("7 days").ok
    timed_stack.run_due()
    assert "Approved by Clem Okafor" in timed_stack.person("U_ADA").wait_message(WISH, "app_dm").text
    with _database(timed_stack).read() as session:
        sam = session.get_one(Colleague, people.sam.colleague_id)
        assert (sam.may_add_clients, sam.may_add_clients_until) == (True, clock.now() + timedelta(days=7))


@pytest.mark.reaches(ids.DECLINE, ids.SUBMIT_DECLINE)
def test_a_declined_colleague_is_told_by_whom_and_why_and_may_ask_again(stack: Stack, people: Office) -> None:
    _ask(stack)
    clem = stack.person("U_CLEM")
    clem.click("Decline…")
    clem.wait_view(title="Decline the request", containing="Why: Month end")
    clem.fill("reason", "Clem <adds> them")
    assert clem.submit().ok
    clem.wait_no_view()
    stack.run_due()
    for user in ("U_CLEM", "U_ADA"):
        assert "Declined by Clem Okafor" in stack.person(user).wait_message(WISH, "app_dm").text
        assert _buttons(stack, user) == []
    told = stack.person("U_SAM").wait_message("declined", "app_dm").text
    assert "Clem Okafor declined your request" in told
    assert "Reason: Clem <adds> them" in told
    _ask(stack)


def test_an_admin_who_opened_the_form_to_decline_is_told_that_another_was_faster(stack: Stack, people: Office) -> None:
    _ask(stack)
    clem = stack.person("U_CLEM")
    clem.click("Decline…")
    clem.wait_view(title="Decline the request")
    stack.person("U_ADA").click("Approve")
    clem.submit()
    clem.wait_view(containing="Ada Marsh has already approved this request")


def test_a_form_that_asks_badly_is_refused_at_the_field(stack: Stack, people: Office) -> None:
    sam = stack.person("U_SAM")
    sam.command("/add-client")
    sam.wait_view(containing="You need the permission")
    sam.click("Request access")
    sam.wait_view(title="Request access")
    sam.fill("term", "For some days")
    sam.fill("days", "366")
    sam.fill("reason", REASON)
    assert list(sam.submit().errors) == ["days"]
    sam.fill("term", "Permanently")
    assert list(sam.submit().errors) == ["days"]


@pytest.mark.reaches(ids.LIST, ids.KIND, ids.WITHDRAW)
def test_a_request_for_a_client_is_made_withdrawn_and_made_again_from_the_list(
    timed_stack: Stack, clock: Clock
) -> None:
    stack, people = timed_stack, office(_database(timed_stack))
    created(adding(_database(stack)), people.ada)
    sam = stack.person("U_SAM")
    sam.command("/clients requests")
    sam.wait_view(title="Requests", containing="You have not asked for anything")
    sam.click("Request access")
    sam.wait_view(title="Request access")
    sam.fill("kind", "Access to one client")
    sam.wait_view(containing="Its exact name or its practice code")
    sam.fill("reason", REASON)
    sam.fill("client", "Nobody Ltd")
    assert list(sam.submit().errors) == ["client"]
    sam.fill("client", "acme")
    assert sam.submit().errors == {}
    sam.wait_view(containing="are told")
    stack.run_due()
    wish = "Sam Price asks for access to Acme Ltd"
    assert _on(stack.person("U_ADA").wait_message(wish, "app_dm")) == [ids.APPROVE, ids.APPROVE_FOR, ids.DECLINE]

    sam.click("Withdraw")
    sam.wait_view(containing="Your request for access to Acme Ltd is withdrawn")
    sam.click("Your requests")
    sam.wait_view(title="Requests", containing="Withdrawn")
    clock.advance(timedelta(minutes=1))
    stack.run_due()
    assert "Withdrawn" in stack.person("U_ADA").wait_message(wish, "app_dm").text

    sam.close()
    clock.advance(timedelta(minutes=1))
    _asked(stack, people, Wish(kind=PermissionKind.CLIENT, reason=REASON, client="Acme"))
    stack.person("U_ADA").click("Approve")
    clock.advance(timedelta(minutes=1))
    stack.run_due()
    sam.wait_message("You can open the client now", "app_dm")
    sam.click("Open the client")
    sam.wait_view(title="Client", containing="Acme Ltd")


@pytest.mark.reaches(ids.WITHDRAW)
def test_a_request_is_withdrawn_in_the_list(stack: Stack, people: Office) -> None:
    _asked(stack, people)
    sam = stack.person("U_SAM")
    sam.command("/clients requests")
    sam.wait_view(title="Requests", containing="Waiting for a decision")
    sam.click("Withdraw")
    sam.wait_view(title="Requests", containing="is withdrawn")


@pytest.mark.reaches(ids.PREVIOUS, ids.NEXT, ids.APPROVE, ids.APPROVE_FOR, ids.DECLINE, ids.SUBMIT_DECLINE)
def test_admins_decide_in_the_list_page_by_page(stack: Stack, people: Office) -> None:
    for number in range(7):
        created(adding(_database(stack)), people.ada, name=f"Client number {number}")
        _asked(stack, people, Wish(kind=PermissionKind.CLIENT, reason=REASON, client=f"Client number {number}"))
    ada = stack.person("U_ADA")
    ada.command("/clients requests")
    ada.wait_view(title="Requests", containing="7 requests wait · page 1 of 2")
    ada.click("Next")
    assert "Client number 6" in ada.wait_view(containing="page 2 of 2").text
    ada.click("Previous")
    ada.wait_view(containing="page 1 of 2")
    ada.click("Approve")
    ada.wait_view(containing="Sam Price is told that you approved the request")
    ada.click("90 days")
    ada.wait_view(containing="5 requests wait")
    ada.click("Decline…")
    ada.wait_view(title="Decline the request", containing="Client number 2")
    assert ada.submit().ok
    ada.wait_view(title="Requests", containing="Sam Price is told that you declined the request")
    stack.run_due()
    with _database(stack).read() as session:
        found = session.scalars(select(PermissionRequest.status).order_by(PermissionRequest.id)).all()
    assert found == ["approved", "approved", "declined", "pending", "pending", "pending", "pending"]


def test_whoever_may_not_decide_sees_only_their_own_requests(stack: Stack, people: Office) -> None:
    _asked(stack, people)
    jo = stack.person("U_JO")
    jo.command("/clients requests")
    assert "Sam Price" not in jo.wait_view(title="Requests", containing="You have not asked for anything").text


def test_a_full_bundle_leads_to_asking_a_practice_admin(stack: Stack, people: Office) -> None:
    created(adding(_database(stack)), people.ada)
    OperatorService(_database(stack)).change_practice(people.slack_key, bundle=1)
    jo = stack.person("U_JO")
    jo.command("/add-client")
    jo.wait_view(title="Bundle is full")
    jo.click("Ask a Practice Admin")
    jo.wait_view(title="Request access")
    jo.fill("bundle", "1")
    jo.fill("reason", REASON)
    assert list(jo.submit().errors) == ["bundle"]
    jo.fill("bundle", "2")
    assert jo.submit().errors == {}
    jo.close_all()
    stack.run_due()
    ada = stack.person("U_ADA")
    assert _on(ada.wait_message("Jo Lind asks for a client bundle of 2", "app_dm")) == [ids.APPROVE, ids.DECLINE]
    assert not [each for each in stack.person("U_CLEM").messages("app_dm") if "Jo Lind asks" in each.text]
    jo.command("/add-client")
    jo.wait_view(title="Bundle is full", containing="You asked for it on")
    jo.close()
    ada.click("Approve")
    stack.run_due()
    jo.wait_message("There is room for more clients now", "app_dm")
    jo.click("Continue adding your client")
    assert "Step 1 of" in jo.wait_view(callback_id=add_client.SUBMIT).text


def test_a_pending_request_is_said_in_place_of_the_button(stack: Stack, people: Office) -> None:
    _ask(stack)
    sam = stack.person("U_SAM")
    sam.command("/add-client")
    view = sam.wait_view(containing="You asked for it on")
    assert [element["action_id"] for element in view.blocks[-1]["elements"]] == [ids.WITHDRAW]


def test_a_second_press_in_another_window_says_that_it_was_asked(stack: Stack, people: Office) -> None:
    sam = stack.person("U_SAM")
    sam.command("/add-client")
    sam.wait_view(containing="You need the permission")
    _asked(stack, people)
    sam.click("Request access")
    sam.wait_view(containing="You asked for it on")
    assert len([each for each in stack.person("U_ADA").messages("app_dm") if WISH in each.text]) == 1


def test_a_form_that_is_submitted_twice_asks_once(stack: Stack, people: Office) -> None:
    sam = stack.person("U_SAM")
    sam.command("/add-client")
    sam.wait_view(containing="You need the permission")
    sam.click("Request access")
    sam.wait_view(title="Request access")
    sam.fill("reason", REASON)
    _asked(stack, people)
    assert sam.submit().errors == {}
    sam.wait_view(containing="You asked for it on")
    stack.run_due()
    assert len([each for each in stack.person("U_ADA").messages("app_dm") if WISH in each.text]) == 1


def test_requests_go_to_the_approvals_channel_where_there_is_one(stack: Stack, people: Office) -> None:
    channel = stack.sandbox.make_channel("approvals", "U_ADA", "U_CLEM", "U_SAM", "U_BOT")
    _set_channel(stack, people, channel)
    _asked(stack, people)
    ada, clem = stack.person("U_ADA"), stack.person("U_CLEM")
    assert _on(ada.wait_message(WISH, channel)) == [ids.APPROVE, ids.APPROVE_FOR, ids.DECLINE]
    assert not [each for each in clem.messages("app_dm") if WISH in each.text]
    assert stack.person("U_SAM").click("Approve").ok
    stack.settle()
    stack.person("U_SAM").wait_message("your own request", channel)
    ada.click("Approve")
    stack.run_due()
    assert "Approved by Ada Marsh" in clem.wait_message(WISH, channel).text
    assert _on(clem.wait_message(WISH, channel)) == []


def test_where_the_app_cannot_post_in_the_channel_each_decider_gets_the_card_and_hears_why_once(
    timed_stack: Stack, clock: Clock
) -> None:
    stack, people = timed_stack, office(_database(timed_stack))
    channel = stack.sandbox.make_channel("approvals", "U_ADA")
    _set_channel(stack, people, channel)
    _asked(stack, people)
    stack.composition.services.permissions.request(
        people.jo, Wish(kind=PermissionKind.BUNDLE, reason=REASON, bundle=60)
    )
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        stack.run_due()
    ada, clem = stack.person("U_ADA"), stack.person("U_CLEM")
    failed = "could not be posted in the approvals channel"
    assert len([each for each in ada.messages("app_dm") if failed in each.text]) == 1
    assert len([each for each in clem.messages("app_dm") if failed in each.text]) == 1
    ada.wait_message("Jo Lind asks for a client bundle of 60", "app_dm")
    assert _buttons(stack, "U_CLEM") == [ids.APPROVE, ids.APPROVE_FOR, ids.DECLINE]
    clem.click("Approve")
    clock.advance(timedelta(minutes=1))
    stack.run_due()
    assert "Approved by Clem Okafor" in ada.wait_message(WISH, "app_dm").text


def test_after_two_days_the_card_is_posted_once_more_and_the_newest_one_is_kept_up(
    timed_stack: Stack, clock: Clock
) -> None:
    stack, people = timed_stack, office(_database(timed_stack))
    _asked(stack, people)
    clock.advance(timedelta(days=2))
    stack.composition.services.permission_ending.sweep()
    stack.run_due()
    for user in ("U_ADA", "U_CLEM"):
        first, second = [each for each in stack.person(user).messages("app_dm") if WISH in each.text]
        assert "the card is further down" in first.text
        assert _on(first) == []
        assert "Still waiting for a decision" in second.text
        assert _on(second) == [ids.APPROVE, ids.APPROVE_FOR, ids.DECLINE]
    stack.person("U_ADA").click("Approve")
    stack.run_due()
    first, second = [each for each in stack.person("U_CLEM").messages("app_dm") if WISH in each.text]
    assert "Approved by Ada Marsh" in second.text
    assert _on(first) == _on(second) == []


@pytest.mark.reaches(ids.REQUEST)
def test_a_request_that_expired_is_told_and_asked_again_with_a_button(timed_stack: Stack, clock: Clock) -> None:
    stack, people = timed_stack, office(_database(timed_stack))
    _asked(stack, people)
    clock.advance(timedelta(days=14))
    stack.composition.services.permission_ending.sweep()
    stack.run_due()
    assert "Expired" in stack.person("U_ADA").wait_message(WISH, "app_dm").text
    assert _buttons(stack, "U_ADA") == []
    sam = stack.person("U_SAM")
    sam.wait_message("was not decided within 14 days", "app_dm")
    sam.click("Ask again…")
    form = sam.wait_view(title="Request access", containing="Why do you need it?")
    assert form.values["reason"]["value"]["value"] == REASON


def test_what_was_given_for_a_time_ends_and_both_are_told(timed_stack: Stack, clock: Clock) -> None:
    stack, people = timed_stack, office(_database(timed_stack))
    asked = _asked(stack, people, Wish(kind=PermissionKind.ADD_CLIENTS, reason=REASON, days=30))
    stack.composition.services.permissions.decide(people.clem, asked.request_id, approve=True)
    clock.advance(timedelta(days=30))
    stack.composition.services.permission_ending.sweep()
    stack.run_due()
    sam = stack.person("U_SAM")
    sam.wait_message("You no longer have the permission “Add client accounts”", "app_dm")
    stack.person("U_CLEM").wait_message("Sam Price no longer has the permission “Add client accounts”", "app_dm")
    assert not [each for each in stack.person("U_ADA").messages("app_dm") if "no longer has" in each.text]
    sam.command("/add-client")
    sam.wait_view(containing="You need the permission “Add client accounts”")


def test_the_second_of_two_admins_is_told_who_decided(stack: Stack, people: Office) -> None:
    _ask(stack)
    stack.person("U_ADA").click("Approve")
    clem = stack.person("U_CLEM")
    assert clem.click("Decline…").ok
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
    card = cards.card(stack.composition.services.permissions.find(people.practice_id, request_id))
    WebClient("xoxb-sandbox-T_BIRCH", base_url=stack.running.api_url).chat_postMessage(channel=channel, **card)
    stack.person(user).click("Approve")
    stack.settle()
    assert stack.person(user).wait_message(words, channel).ephemeral
    assert len(_refusals(stack)) == 1
    assert _is_pending(stack)


def test_a_card_is_not_posted_once_the_request_is_decided(stack: Stack, people: Office) -> None:
    service = stack.composition.services.permissions
    outcome = service.request(people.sam, ADDING)
    assert isinstance(outcome, Asked)
    service.decide(people.ada, outcome.request_id, approve=True)
    stack.run_due()
    for user in ("U_ADA", "U_CLEM"):
        assert not [each for each in stack.person(user).messages("app_dm") if WISH in each.text]
    stack.person("U_SAM").wait_message("You can add client accounts now", "app_dm")


def test_a_card_whose_posting_went_unanswered_is_found_again_and_closed(timed_stack: Stack, clock: Clock) -> None:
    people, service = office(_database(timed_stack)), timed_stack.composition.services.permissions
    timed_stack.run_due()
    outcome = service.request(people.sam, ADDING)
    assert isinstance(outcome, Asked)
    with _database(timed_stack).read() as session:
        keys = session.scalars(
            select(Job.key).where(Job.kind == "slack.permission_asked", Job.pace == f"slack:{people.ada.colleague_id}")
        ).all()
    slack = WebClient("xoxb-sandbox-T_BIRCH", base_url=timed_stack.running.api_url)
    metadata = {"event_type": "clientdesk_job", "event_payload": {"key": keys[0]}}
    card = cards.card(service.find(people.practice_id, outcome.request_id))
    slack.chat_postMessage(channel="U_ADA", metadata=metadata, **card)
    timed_stack.sandbox.fault("chat.postMessage", "http500", times=2)
    timed_stack.run_due()

    service.decide(people.clem, outcome.request_id, approve=True)
    clock.advance(timedelta(minutes=1))
    timed_stack.run_due()
    (shown,) = [each for each in timed_stack.person("U_ADA").messages("app_dm") if WISH in each.text]
    assert "Approved by Clem Okafor" in shown.text
    assert not [each for each in timed_stack.person("U_CLEM").messages("app_dm") if WISH in each.text]
