"""Add client through real signed requests into the real Bolt app, as people would use it."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from db.models import Client, Draft, Plan
from db.session import Database
from modals import invitations, subscription
from modals.add_client import ids
from sandbox.driver import Person
from services.operator import OperatorService
from tests.builders import Office, add_client, created, login, office, profile, to_review
from tests.requests import pressing_create, signed
from tests.stack import SANDBOX, Stack


def _database(stack: Stack) -> Database:
    return stack.composition.database


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(_database(stack))


def _count(stack: Stack, model: type) -> int:
    with _database(stack).read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def _open(person: Person) -> None:
    assert person.command("/add-client").ok
    person.wait_view(callback_id=ids.SUBMIT)


def _to_details(person: Person) -> None:
    _open(person)
    person.submit()
    person.submit()
    person.wait_view(containing="Business name")


def _to_invite(person: Person, name: str = "Acme Ltd") -> None:
    _to_details(person)
    person.fill("name", name)
    person.submit()
    person.submit()
    person.wait_view(containing="Invite the client?")


def _to_review(stack: Stack, person: Person, name: str = "Acme Ltd") -> None:
    _to_invite(person, name)
    person.fill("invite", "Skip invitation")
    stack.settle()
    person.submit()
    person.wait_view(callback_id=ids.CREATE)


@pytest.mark.reaches("/add-client", ids.SUBMIT, ids.CREATE)
def test_a_client_is_added_and_the_colleague_is_told(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_invite(ada)
    ada.fill("contact_name", "Cy Client")
    ada.fill("contact_email", "cy@example.com")
    ada.submit()
    assert "Cy Client <cy@example.com>" in ada.wait_view(callback_id=ids.CREATE).text
    ada.submit()
    assert "Acme Ltd" in ada.wait_view(title="Client created").text
    stack.run_due()
    assert "acme-ltd@extract.localhost" in ada.wait_message("Acme Ltd was created", "app_dm").text
    assert "/i/" in stack.sandbox.wait_mail("cy@example.com")["text"]


def test_a_name_made_of_markup_is_shown_as_it_is(stack: Stack, people: Office) -> None:
    name = "<!channel> & *_~ `x` <@U_SAM>"
    ada = stack.person("U_ADA")
    _to_review(stack, ada, name)
    ada.submit()
    ada.wait_view(title="Client created")
    stack.run_due()
    message = ada.wait_message("was created", "app_dm")
    assert message.raw["text"].startswith("&lt;!channel&gt; &amp; *_~ `x` &lt;@U_SAM&gt; was created")
    assert message.blocks[0]["text"] == {"type": "plain_text", "text": f"{name} was created", "emoji": False}
    assert '"mrkdwn"' not in json.dumps(message.blocks)


@pytest.mark.reaches(ids.BACK)
def test_back_shows_what_was_typed_and_nothing_is_lost(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_details(ada)
    ada.fill("name", "x" * 300)
    ada.fill("practice_code", "A-1")
    ada.back()
    ada.wait_view(containing="Without integration")
    ada.submit()
    view = ada.wait_view(containing="Business name")
    assert view.values["name"]["value"]["value"] == "x" * 300
    assert "name" in ada.submit().errors
    assert ada.view is not None
    assert ada.view.values["practice_code"]["value"]["value"] == "A-1"


@pytest.mark.reaches(ids.CHOOSE_INVITE)
def test_the_contact_is_asked_for_only_when_somebody_is_invited(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_invite(ada)
    ada.fill("invite", "Skip invitation")
    stack.settle()
    assert "Client's e-mail" not in ada.wait_view(containing="Invite the client?").text
    ada.fill("invite", "Invite now")
    ada.wait_view(containing="Client's e-mail")


@pytest.mark.reaches(ids.GO_TO)
def test_a_change_from_the_review_leads_to_that_page(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_review(stack, ada)
    ada.fill("change", "Details")
    assert ada.wait_view(callback_id=ids.SUBMIT).values["name"]["value"]["value"] == "Acme Ltd"


@pytest.mark.reaches(ids.RESUME, ids.START_OVER)
def test_a_draft_is_resumed_or_started_over(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_invite(ada, "Kept Ltd")
    ada.close()
    ada.command("/add-client")
    assert "Kept Ltd" in ada.wait_view(containing="You have a draft").text
    ada.click("Resume")
    ada.wait_view(containing="Invite the client?")
    ada.close()
    ada.command("/add-client")
    ada.wait_view(containing="You have a draft")
    ada.click("Start over")
    assert "Step 1 of" in ada.wait_view(callback_id=ids.SUBMIT).text


@pytest.mark.reaches(ids.RESUME, ids.DISCARD, "app_home_opened")
def test_app_home_offers_the_draft(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_invite(ada, "Kept Ltd")
    ada.close()
    ada.open_home()
    ada.wait_home("Kept Ltd")
    ada.click("Resume", home=True)
    ada.wait_view(containing="Invite the client?")
    ada.close()
    ada.click("Discard", home=True)
    stack.settle()
    assert ada.home is not None
    assert "Kept Ltd" not in ada.home.text


def test_a_modal_whose_draft_was_discarded_elsewhere_says_so(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_details(ada)
    add_client(_database(stack)).start_over(people.ada)
    ada.fill("name", "Acme")
    ada.submit()
    assert "closed or discarded in another window" in ada.wait_view(title="Clientdesk").text


def test_back_in_a_modal_whose_draft_is_gone_says_so_on_top(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_details(ada)
    add_client(_database(stack)).start_over(people.ada)
    ada.back()
    ada.wait_view(title="Clientdesk", containing="closed or discarded in another window")


def test_a_full_bundle_at_create_is_said_on_top_of_the_review(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_review(stack, ada)
    OperatorService(_database(stack)).change_practice("T_BIRCH", bundle=1)
    created(add_client(_database(stack)), people.jo, "First")
    ada.submit()
    ada.wait_view(title="Clientdesk", containing="this client was not created")
    ada.close()
    ada.wait_view(callback_id=ids.CREATE)


def test_a_full_bundle_is_said_at_the_first_step(stack: Stack, people: Office) -> None:
    OperatorService(_database(stack)).change_practice("T_BIRCH", bundle=1)
    created(add_client(_database(stack)), people.ada)
    for user, words in (("U_ADA", "enter what your subscription includes"), ("U_JO", "Ask a Practice Admin")):
        person = stack.person(user)
        person.command("/add-client")
        assert words in person.wait_view(title="Bundle is full", containing="1 of 1").text


@pytest.mark.parametrize(("user", "words"), [("U_OLLY", "Guests"), ("U_EVE", "another company")])
def test_people_from_elsewhere_are_refused(stack: Stack, people: Office, user: str, words: str) -> None:
    person = stack.person(user)
    person.command("/add-client")
    stack.settle()
    person.wait_view(containing=words)
    with _database(stack).read() as session:
        assert session.scalar(select(func.count()).select_from(Draft)) == 0


@pytest.mark.reaches(ids.FINISH_ASKING)
def test_an_email_of_a_user_offers_two_ways(stack: Stack, people: Office) -> None:
    login(_database(stack), "pat@example.com")
    ada = stack.person("U_ADA")
    _to_invite(ada)
    ada.fill("contact_name", "Pat")
    ada.fill("contact_email", "pat@example.com")
    ada.submit()
    ada.wait_view(containing="already belongs to a user")
    ada.fill("existing", "They invite us")
    ada.submit()
    said = ada.wait_view(callback_id=ids.FINISH_ASKING).text
    assert f"sign in to it at {stack.url}/account" in said
    assert "our Clientdesk address is birch-co." in said
    ada.submit()
    ada.wait_view(containing="Done.")
    assert _count(stack, Client) == 0


@pytest.mark.reaches(ids.OPEN)
def test_the_shortcut_and_the_button_open_the_wizard_too(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    ada.shortcut(ids.OPEN)
    ada.wait_view(callback_id=ids.SUBMIT)
    ada.close()
    stack.run_due()
    ada.click("Add a client")
    ada.wait_view(callback_id=ids.SUBMIT)


def test_adding_another_client_takes_the_place_of_the_result(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_review(stack, ada)
    ada.submit()
    ada.wait_view(title="Client created")
    ada.click("Add another client")
    ada.wait_view(callback_id=ids.SUBMIT)
    assert len(ada.views) == 1


def test_a_changed_answer_leads_straight_back_to_the_review(stack: Stack, people: Office) -> None:
    created(add_client(_database(stack)), people.ada, "Zenith")
    ada = stack.person("U_ADA")
    _to_review(stack, ada)
    ada.fill("change", "Details")
    ada.wait_view(callback_id=ids.SUBMIT)
    ada.fill("name", "Zenith Ltd")
    ada.submit()
    ada.wait_view(containing="You may have this client already")
    ada.submit()
    assert "Zenith Ltd" in ada.wait_view(callback_id=ids.CREATE).text


@pytest.mark.reaches(ids.SEARCH_COLLEAGUES, ids.SEARCH_MANAGERS)
def test_in_a_large_practice_colleagues_are_searched(stack: Stack, people: Office) -> None:
    operator = OperatorService(_database(stack))
    operator.change_practice("T_BIRCH", plan=Plan.ADVANCED)
    people_met = stack.composition.services.people
    for number in range(101):
        people_met.first_contact("T_BIRCH", "", profile(f"U_{number}", f"Person {number:03}"))
    ada = stack.person("U_ADA")
    _to_details(ada)
    ada.fill("name", "Acme Ltd")
    ada.submit()
    assert ada.options("colleagues", "person 05") == [f"Person {number:03}" for number in range(50, 60)]
    ada.fill("colleagues", ["Person 007"])
    ada.fill("account_manager", "Clem Okafor")
    ada.submit()
    ada.wait_view(containing="Invite the client?")
    ada.fill("invite", "Skip invitation")
    stack.settle()
    ada.submit()
    review = ada.wait_view(callback_id=ids.CREATE).text
    assert "Colleagues: Person 007" in review
    assert "Account manager: Clem Okafor" in review


def test_no_answer_waits_for_a_network(stack: Stack, people: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every call to Slack is made by the pool that works after the answers, or by a worker."""
    calling: set[str] = set()
    send = stack.composition.transport.request

    def watched(*args: Any) -> Any:
        calling.add(threading.current_thread().name.partition("_")[0])
        return send(*args)

    monkeypatch.setattr(stack.composition.transport, "request", watched)
    ada, stranger = stack.person("U_ADA"), stack.person("U_OLLY")
    _to_details(ada)
    ada.back()
    ada.close()
    ada.shortcut(ids.OPEN)
    ada.open_home()
    stranger.command("/add-client")
    stack.settle()
    assert calling == {"after", "after-rest"}


def test_one_submission_delivered_ten_times_at_once_creates_one_client(stack: Stack, people: Office) -> None:
    page = to_review(add_client(_database(stack)), people.ada)
    body = pressing_create("U_ADA", page)
    headers = signed(body, SANDBOX.signing_secret)
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _: httpx.post(f"{stack.url}/slack/events", content=body, headers=headers), range(10))
        )
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["view"]["title"]["text"] for answer in answers} == {"Client created"}
    assert _count(stack, Client) == 1


@pytest.mark.reaches(invitations.OPEN, invitations.SUBMIT)
def test_a_client_created_without_an_invitation_is_invited_from_the_result(stack: Stack, people: Office) -> None:
    ada = stack.person("U_ADA")
    _to_review(stack, ada)
    ada.submit()
    ada.wait_view(title="Client created")
    stack.run_due()
    ada.click("Invite the client")
    ada.wait_view(callback_id=invitations.SUBMIT)
    ada.fill("contact_name", "Cy Client")
    ada.fill("contact_email", "cy@")
    assert set(ada.submit().errors) == {"contact_email"}
    ada.fill("contact_email", "cy@example.com")
    ada.submit()
    ada.wait_view(containing="is being invited")
    ada.close()
    stack.run_due()
    assert "/i/" in stack.sandbox.wait_mail("cy@example.com")["text"]
    ada.click("Invite the client")
    ada.wait_view(containing="Somebody has been added to Acme Ltd already.")


@pytest.mark.reaches(subscription.RAISE)
def test_a_practice_admin_raises_a_full_bundle_where_it_stopped_them(stack: Stack, people: Office) -> None:
    OperatorService(_database(stack)).change_practice("T_BIRCH", bundle=1)
    created(add_client(_database(stack)), people.ada)
    ada = stack.person("U_ADA")
    ada.command("/add-client")
    ada.wait_view(title="Bundle is full")
    for wrong in ("more", "1", "100001"):
        ada.fill("bundle", wrong)
        assert set(ada.submit().errors) == {"bundle"}
    ada.fill("bundle", "20")
    ada.submit()
    ada.wait_view(containing="includes 20 client accounts now")
    ada.close()
    _open(ada)
