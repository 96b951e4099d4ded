"""The root command, the clients list with its search, and how a card is opened and left."""

import uuid
from typing import Any

import pytest

from db.models import Client, ClientAccess
from db.session import Database
from modals.clients import ids
from sandbox.driver import Person
from tests.builders import Office, add_client, created, office
from tests.stack import Stack

HOSTILE = "<!channel> *_~ & Söhne"


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(_database(stack))


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


def _database(stack: Stack) -> Database:
    return stack.composition.database


def _clients(stack: Stack, people: Office, *names: str, **details: Any) -> list[uuid.UUID]:
    service = add_client(_database(stack))
    return [created(service, people.ada, name, **details).client_id for name in names]


@pytest.mark.reaches("/clients")
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("/clients", "adds a client"),
        ("/clients help", "adds a client"),
        ("/clients HLEP", "Did you mean /clients help?"),
        ("/clients lst", "Did you mean /clients list?"),
        ("/clients <!channel> & more", "Type /clients help"),
        ("/clients " + "x" * 3000, "Type /clients help"),
    ],
)
def test_the_root_command_helps(stack: Stack, typed: str, words: str) -> None:
    person = stack.person("U_SAM")
    assert person.command(typed).ok
    message = person.wait_message(words)
    assert message.ephemeral
    assert "<!channel>" not in message.raw["text"]


def test_the_list_names_the_clients_with_their_connection_and_invitation(
    stack: Stack, people: Office, ada: Person
) -> None:
    _clients(stack, people, "Acme Ltd", HOSTILE)
    assert ada.command("/clients LIST").ok
    view = ada.wait_view(containing="2 clients that you can open")
    assert "Acme Ltd\nNot connected · Not invited" in view.text
    assert HOSTILE in view.text


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("/clients find söhne", HOSTILE),
        ("/clients find SOHNE", HOSTILE),
        ("/clients find   cme  l", "Acme Ltd"),
        ("/clients find the acme company, ltd.", "Acme Ltd"),
    ],
)
def test_a_client_is_found_by_any_part(stack: Stack, people: Office, ada: Person, typed: str, found: str) -> None:
    _clients(stack, people, "Acme Ltd", HOSTILE)
    assert ada.command(typed).ok
    view = ada.wait_view(containing="1 client with")
    assert found in view.text


@pytest.mark.reaches(ids.SEARCH, ids.FIND)
def test_the_list_is_searched_by_enter_and_by_the_button(stack: Stack, people: Office, ada: Person) -> None:
    _clients(stack, people, "Acme Ltd", "Bolt Ltd")
    ada.command("/clients list")
    ada.wait_view(containing="2 clients")
    ada.fill("query", "bolt")
    view = ada.wait_view(containing="1 client with “bolt”")
    assert "Acme" not in view.text
    ada.fill("query", "nobody <!here>")
    ada.wait_view(containing="None of your 2 clients has “nobody <!here>”")
    ada.fill("query", None)
    assert ada.submit().ok
    ada.wait_view(containing="2 clients that you can open")


@pytest.mark.reaches(ids.NEXT, ids.PREVIOUS)
def test_many_clients_come_in_pages_and_the_card_leads_back_to_its_page(
    stack: Stack, people: Office, ada: Person
) -> None:
    _clients(stack, people, *(f"Client {number:02}" for number in range(23)))
    ada.command("/clients find client")
    ada.wait_view(containing="page 1 of 3")
    ada.click("Next")
    ada.wait_view(containing="page 2 of 3")
    ada.click("Next")
    view = ada.wait_view(containing="page 3 of 3")
    assert "Client 22" in view.text
    ada.click("Previous")
    view = ada.wait_view(containing="page 2 of 3")
    ada.click(ids.OPEN)
    ada.wait_view(title="Client", containing="Client 10")
    ada.click("All clients")
    ada.wait_view(containing="23 clients with “client” · page 2 of 3")


@pytest.mark.reaches(ids.OPEN, ids.LIST)
def test_a_card_is_opened_from_the_list_and_from_app_home(stack: Stack, people: Office, ada: Person) -> None:
    _clients(stack, people, HOSTILE, practice_code="A-1", industry="Wholesale")
    ada.open_home()
    ada.wait_home("Newest clients")
    ada.click("Open", home=True)
    view = ada.wait_view(title="Client", containing="Solutions")
    for words in (HOSTILE, "Practice code: A-1", "Status: Not connected", "Nobody has been invited yet"):
        assert words in view.text
    assert len(ada.views) == 1
    ada.close()
    ada.click("All clients", home=True)
    ada.wait_view(containing="1 client that you can open")
    ada.click("Open")
    ada.wait_view(title="Client", containing="Solutions")
    assert len(ada.views) == 1


def test_a_standard_colleague_finds_only_what_was_granted(stack: Stack, people: Office) -> None:
    acme, _ = _clients(stack, people, "Acme Ltd", "Bolt Ltd")
    sam = stack.person("U_SAM")
    sam.command("/clients list")
    sam.wait_view(containing="There are no clients that you can open")
    sam.close()
    with _database(stack).begin() as session:
        session.add(ClientAccess(client_id=acme, colleague_id=people.sam.colleague_id))
    sam.command("/clients list")
    view = sam.wait_view(containing="1 client that you can open")
    assert "Bolt" not in view.text


def test_without_clients_the_list_says_what_to_do(stack: Stack, ada: Person) -> None:
    ada.command("/clients find acme")
    ada.wait_view(containing="There are no clients yet")
    ada.click("Add a client")
    ada.wait_view(title="Add client", containing="Step 1")


def test_a_button_of_another_practice_s_client_is_refused_in_words(stack: Stack, people: Office, ada: Person) -> None:
    elm = office(_database(stack), slack_key="T_ELM")
    [theirs] = _clients(stack, elm, "Elm's own")
    [ours] = _clients(stack, people, "Acme Ltd")
    ada.command("/clients list")
    ada.wait_view(containing="1 client that you can open")
    with _database(stack).begin() as session:
        session.get_one(Client, ours).practice_id = elm.practice_id
    ada.click("Open")
    ada.wait_view(containing="There is no such client, or you can't open it.")
    assert theirs != ours


def test_a_practice_that_is_not_set_up_is_led_there_first(stack: Stack) -> None:
    ada = stack.person("U_ADA")
    ada.command("/clients list")
    ada.wait_view(title="Set up Clientdesk")
