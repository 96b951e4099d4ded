"""App Home, as each role finds it in Slack."""

import json

import httpx
import pytest

from db.models import Colleague
from modals import invitations
from modals.clients import ids as clients
from sandbox.driver import Person
from tests.builders import Office, office
from tests.requests import signed
from tests.services.test_overview import change_invitation, client, invite
from tests.stack import SANDBOX, Stack

START = ["Add a client", "Client Sync", "All clients", "Invitations"]


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(stack.composition.database)


def opened(stack: Stack, user: str, containing: str = "Birch & Co") -> Person:
    person = stack.person(user)
    person.open_home()
    stack.settle()
    person.wait_home(containing)
    return person


def quick_actions(person: Person) -> list[str]:
    assert person.home is not None
    blocks = [block for block in person.home.blocks if block.get("block_id") in {"start", "more"}]
    return [element["text"]["text"] for block in blocks for element in block["elements"]]


def text(person: Person) -> str:
    assert person.home is not None
    return person.home.text


@pytest.mark.reaches("app_home_opened")
def test_each_role_finds_its_own_page(stack: Stack, people: Office) -> None:
    database = stack.composition.database
    client(database, people, "Seen by Sam", seen_by=people.sam)
    client(database, people, "Not seen by Sam")
    ada, clem, jo, sam = (opened(stack, user) for user in ("U_ADA", "U_CLEM", "U_JO", "U_SAM"))
    assert [quick_actions(each) for each in (ada, clem, jo, sam)] == [
        [*START, "Requests", "Team", "Settings", "Insights"],
        [*START, "Requests", "Team", "Settings", "Insights"],
        [*START, "Requests", "Team", "Settings"],
        [*START, "Requests", "Team", "Settings"],
    ]
    assert ["2 of 50 used" in text(each) for each in (ada, clem, jo, sam)] == [True, True, False, False]
    assert ["Not seen by Sam" in text(each) for each in (ada, clem, jo, sam)] == [True, True, False, False]
    assert "Seen by Sam" in text(sam)
    roles = ("Practice Admin", "Client Admin", "Standard", "Standard")
    assert all(f"Your role: {role}" in text(each) for role, each in zip(roles, (ada, clem, jo, sam), strict=True))


@pytest.mark.reaches("app_home_opened")
def test_the_first_visit_explains_the_app_and_the_next_one_does_not(stack: Stack, people: Office) -> None:
    ada = opened(stack, "U_ADA", "Welcome to Clientdesk")
    assert "Press Add a client for the first one" in text(ada)
    opened(stack, "U_ADA")
    assert "Welcome to Clientdesk" not in text(ada)


@pytest.mark.reaches("app_home_opened")
def test_whoever_sees_nothing_yet_learns_how_to_get_access(stack: Stack, people: Office) -> None:
    sam = opened(stack, "U_SAM")
    assert "You see no clients yet. An admin of your practice can give you access to some." in text(sam)


@pytest.mark.reaches("app_home_opened", invitations.LIST)
@pytest.mark.parametrize(
    ("status", "said", "listed"),
    [
        ("failed", "1 invitation could not be delivered", "Could not be delivered: 1 invitation"),
        ("expired", "1 invitation has expired", "Expired: 1 invitation"),
        ("sent", "1 invitation waits to be accepted", "Not accepted yet: 1 invitation"),
    ],
)
def test_show_leads_to_the_invitations_that_were_counted(
    stack: Stack, people: Office, status: str, said: str, listed: str
) -> None:
    database = stack.composition.database
    client_id = client(database, people, "Acme Ltd")
    invite(database, people.ada, client_id)
    change_invitation(database, client_id, status=status)
    ada = opened(stack, "U_ADA", said)
    ada.click("Show", home=True)
    assert "Acme Ltd" in ada.wait_view(containing=listed).text


@pytest.mark.reaches("app_home_opened")
def test_somebody_who_was_taken_off_is_refused_on_the_page(stack: Stack, people: Office) -> None:
    client(stack.composition.database, people, "Acme Ltd", seen_by=people.sam)
    sam = opened(stack, "U_SAM", "Acme Ltd")
    with stack.composition.database.begin() as session:
        session.get_one(Colleague, people.sam.colleague_id).active = False
    opened(stack, "U_SAM", "You no longer have access to Clientdesk")
    assert "Acme Ltd" not in text(sam)


@pytest.mark.reaches("app_home_opened", clients.OPEN)
def test_a_press_on_a_page_of_before_still_counts(stack: Stack, people: Office) -> None:
    client(stack.composition.database, people, "Acme Ltd")
    ada = opened(stack, "U_ADA", "Acme Ltd")
    client(stack.composition.database, people, "Newer Ltd")
    assert ada.click("Open", home=True).ok
    ada.wait_view(containing="Acme Ltd")


@pytest.mark.parametrize("tab", ["messages", None, 5])
def test_other_tabs_publish_nothing(stack: Stack, people: Office, tab: object) -> None:
    event = {"type": "app_home_opened", "user": "U_ADA", "channel": "D1", "tab": tab}
    body = {
        "type": "event_callback",
        "team_id": "T_BIRCH",
        "api_app_id": "A_CLIENTDESK",
        "event_id": "Ev1",
        "event_time": 1,
        "event": event,
    }
    content = json.dumps(body).encode()
    headers = {**signed(content, SANDBOX.signing_secret), "Content-Type": "application/json"}
    answer = httpx.post(f"{stack.url}/slack/events", content=content, headers=headers, trust_env=False)
    stack.settle()
    assert (answer.status_code, stack.sandbox.calls("views.publish")) == (200, [])
