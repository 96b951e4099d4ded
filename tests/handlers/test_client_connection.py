"""A client's connection, from its card: connecting, refreshing, changing, settings, disconnecting."""

import uuid

import pytest
from sqlalchemy import select

from db.models import Authorisation, Client, Connection, ConnectionStatus, Provider
from db.session import Database
from modals.clients import ids
from sandbox.driver import Person, View
from sandbox.driver_accounting import Page
from tests.builders import Office, add_client, created, office
from tests.stack import Stack

LARKSPUR = "Larkspur Interiors Ltd"
WHITFIELD = "Whitfield & Daughters"
NAME = "Larkspur Interiors"


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(_database(stack))


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


@pytest.fixture
def client(stack: Stack, people: Office) -> uuid.UUID:
    return created(add_client(_database(stack)), people.ada, NAME).client_id


def _database(stack: Stack) -> Database:
    return stack.composition.database


def _open(person: Person, name: str = NAME) -> View:
    assert person.command(f"/clients find {name}").ok
    person.wait_view(containing="1 client with")
    person.click("Open")
    return person.wait_view(title="Client", containing="Solutions")


def _link(view: View, number: int = 0) -> str:
    found = [str(element["url"]) for block in view.blocks for element in block.get("elements", ()) if "url" in element]
    return found[number]


def _to_connecting(person: Person, button: str = "Connect Xero") -> View:
    person.click(button)
    return person.wait_view(title="Connect client")


def _connect(stack: Stack, person: Person, *organisations: str, user: str = "priya") -> Page:
    """From the waiting window through the consent."""
    view = person.view
    assert view is not None
    page = stack.sandbox.xero.connect(_link(view), user, organisations or (LARKSPUR,))
    stack.settle()
    return page


def _connected(stack: Stack, person: Person, *organisations: str, name: str = NAME) -> View:
    """A card of a client that was connected from it, with its lists fetched."""
    _open(person, name)
    _to_connecting(person)
    _connect(stack, person, *organisations)
    view = person.wait_view(title="Client", containing="Accounting software: Xero")
    stack.run_due()
    return view


def _connection(stack: Stack) -> Connection | None:
    with _database(stack).read() as session:
        return session.scalar(select(Connection))


def _break(stack: Stack, status: ConnectionStatus) -> None:
    with _database(stack).begin() as session:
        session.scalars(select(Connection)).one().status = status


@pytest.mark.reaches(ids.CONNECT[Provider.XERO], ids.LEAVE[Provider.XERO])
def test_a_client_is_connected_from_its_card_and_the_window_moves_on_by_itself(
    stack: Stack, ada: Person, client: uuid.UUID
) -> None:
    assert "Status: Not connected" in _open(ada).text
    _to_connecting(ada)
    ada.click(ids.LEAVE[Provider.XERO])
    page = _connect(stack, ada)
    assert (page.status, "Xero is connected" in page.text) == (200, True)
    view = ada.wait_view(title="Client", containing="Status: Connected")
    assert "It is being fetched" in view.text
    stack.run_due()
    assert not [message for message in ada.messages("app_dm") if "is connected to" in str(message)]
    ada.click("All clients")
    ada.wait_view(containing="Xero: Connected, Larkspur Interiors Ltd")
    ada.click("Open")
    view = ada.wait_view(title="Client", containing="in use, as of")
    for words in ("Country: GB", "Currency: GBP", "Accounts: ", "Contacts: "):
        assert words in view.text


@pytest.mark.reaches(ids.CONNECT[Provider.SAGE], ids.LEAVE[Provider.SAGE])
def test_sage_is_connected_the_same_way(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    business = stack.sandbox.sage.businesses()[0]["name"]
    _open(ada)
    view = _to_connecting(ada, "Connect Sage Accounting")
    ada.click(ids.LEAVE[Provider.SAGE])
    page = stack.sandbox.sage.connect(_link(view), "omar")
    assert page.status == 200
    view = ada.wait_view(title="Client", containing="Accounting software: Sage Accounting")
    assert f"Organisation: {business}" in view.text
    assert "Status: Name mismatch" in view.text


def test_a_message_leads_to_the_card_when_the_window_was_closed(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    _open(ada)
    link = _link(_to_connecting(ada))
    ada.close()
    stack.sandbox.xero.connect(link, "priya", (LARKSPUR,))
    stack.run_due()
    assert f"{NAME} is connected to {LARKSPUR}" in ada.wait_message("Xero is connected", "app_dm").text
    ada.click(f"Open {NAME}")
    ada.wait_view(title="Client", containing="Status: Connected")


@pytest.mark.reaches(ids.CHOOSE)
def test_a_message_leads_to_the_choice_when_the_window_was_closed(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    stack.sandbox.xero.change_settings(bulk=True)
    _open(ada)
    link = _link(_to_connecting(ada))
    ada.close()
    stack.sandbox.xero.connect(link, "priya", "all")
    stack.run_due()
    ada.wait_message("You signed in at Xero", "app_dm")
    ada.click("Choose the organisation")
    ada.wait_view(title="Connect client", containing="Which organisation is this client's?")
    ada.fill("organisation", LARKSPUR)
    ada.submit()
    ada.wait_view(title="Client", containing="Status: Connected")


@pytest.mark.reaches(ids.USE)
def test_one_of_several_organisations_is_chosen_and_those_of_others_are_named(
    stack: Stack, people: Office, ada: Person, client: uuid.UUID
) -> None:
    _connected(stack, ada)
    ada.close_all()
    created(add_client(_database(stack)), people.ada, "<!channel> Other")
    stack.sandbox.xero.change_settings(bulk=True)
    _open(ada, "Other")
    _to_connecting(ada)
    page = stack.sandbox.xero.connect(_link(_view(ada)), "priya", "all")
    assert "Choose the organisation in Slack" in page.text
    stack.settle()
    view = ada.wait_view(title="Connect client", containing="Which organisation is this client's?")
    assert f"{LARKSPUR} · {NAME}" in view.text
    offered = next(block for block in view.blocks if str(block.get("block_id")).startswith("organisation"))
    assert LARKSPUR not in str(offered)
    assert not ada.submit().ok or ada.errors
    ada.fill("organisation", WHITFIELD)
    ada.submit()
    ada.wait_view(title="Client", containing=f"The organisation is called {WHITFIELD}")


def _view(person: Person) -> View:
    view = person.view
    assert view is not None
    return view


@pytest.mark.reaches(ids.SEARCH_ORGANISATIONS)
def test_very_many_organisations_are_searched(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    stack.sandbox.xero.change_settings(bulk=True, organisations=120, odd=False, connection_cap=1000)
    last = str(stack.sandbox.xero.organisations()[-1]["name"])
    _open(ada)
    _to_connecting(ada)
    stack.sandbox.xero.connect(_link(_view(ada)), "priya", "all")
    stack.settle()
    ada.wait_view(containing="120 of 120 can be chosen, of which the first 100 are listed.")
    ada.fill("query", "nothing like it")
    ada.wait_view(containing="None of 120 has “nothing like it” in its name.")
    ada.fill("query", last.upper())
    ada.wait_view(containing=" of 120 can be chosen.")
    ada.fill("organisation", last)
    ada.submit()
    view = ada.wait_view(title="Client", containing="Accounting software: Xero")
    assert last in view.text


def test_an_organisation_that_another_client_took_meanwhile_leads_back_to_the_choice(
    stack: Stack, people: Office, ada: Person, client: uuid.UUID
) -> None:
    stack.sandbox.xero.change_settings(bulk=True)
    _open(ada)
    _to_connecting(ada)
    stack.sandbox.xero.connect(_link(_view(ada)), "priya", "all")
    stack.settle()
    ada.wait_view(containing="Which organisation is this client's?")
    other = created(add_client(_database(stack)), people.ada, "First come").client_id
    [sign_in] = _sign_ins(stack)
    stack.composition.services.connections.choose_for_client(
        people.ada, other, sign_in, stack.sandbox.xero.tenant(LARKSPUR)
    )
    ada.fill("organisation", LARKSPUR)
    ada.submit()
    view = ada.wait_view(containing="is already connected to your client First come")
    assert "Which organisation is this client's?" in view.text


def _sign_ins(stack: Stack) -> list[uuid.UUID]:
    with _database(stack).read() as session:
        return list(session.scalars(select(Authorisation.id)))


def test_a_failure_at_the_provider_leaves_a_way_to_try_again(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    stack.sandbox.xero.change_settings(bulk=True)
    _open(ada)
    _to_connecting(ada)
    stack.sandbox.xero.connect(_link(_view(ada)), "priya", "all")
    stack.settle()
    ada.wait_view(containing="Which organisation is this client's?")
    stack.sandbox.xero.fault("http500", path="connections")
    ada.fill("organisation", LARKSPUR)
    ada.submit()
    ada.wait_view(containing="Xero can't be reached right now")
    stack.sandbox.xero.clear_faults()
    ada.click("Try again")
    ada.wait_view(containing="Which organisation is this client's?")


def test_consents_that_come_to_nothing_say_so_and_the_window_stays(
    stack: Stack, ada: Person, client: uuid.UUID
) -> None:
    stack.sandbox.xero.change_settings(bulk=True)
    _open(ada)
    link = _link(_to_connecting(ada))
    cancelled = stack.sandbox.xero.connect(link, cancel=True)
    assert (cancelled.status, "You cancelled at Xero" in cancelled.text) == (200, True)
    nothing = stack.sandbox.xero.connect(link, "nora", ())
    assert "it gave us no organisation" in nothing.text
    stack.run_due()
    ada.wait_view(title="Connect client", containing="Sign in as somebody else")
    _connect(stack, ada)
    ada.wait_view(title="Client", containing="Status: Connected")


def test_somebody_else_s_organisation_is_refused_on_the_page(
    stack: Stack, people: Office, ada: Person, client: uuid.UUID
) -> None:
    _connected(stack, ada)
    ada.close_all()
    created(add_client(_database(stack)), people.ada, "Second")
    _open(ada, "Second")
    _to_connecting(ada)
    page = _connect(stack, ada)
    assert (page.status, f"already connected to your client {NAME}" in page.text) == (409, True)
    assert "opens in your browser" in _view(ada).text


@pytest.mark.reaches(ids.RECONNECT)
@pytest.mark.parametrize("bulk", [True, False])
def test_a_broken_connection_is_reconnected_by_another_colleague(
    stack: Stack, people: Office, ada: Person, client: uuid.UUID, bulk: bool
) -> None:
    _connected(stack, ada)
    _break(stack, ConnectionStatus.EXPIRED)
    stack.sandbox.xero.change_settings(bulk=bulk)
    clem = stack.person("U_CLEM")
    assert "Press Reconnect and sign in there again." in _open(clem).text
    _to_connecting(clem, "Reconnect")
    # Of all that the sign-in gives, the client's own organisation is meant.
    stack.sandbox.xero.connect(_link(_view(clem)), "tom", "all" if bulk else (LARKSPUR,))
    stack.settle()
    view = clem.wait_view(title="Client", containing="Status: Connected")
    assert "U_CLEM" in str(view.raw)
    found = _connection(stack)
    assert found is not None
    assert found.organisation_name == LARKSPUR


def test_the_wrong_organisation_is_not_taken_for_a_reconnection(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    _connected(stack, ada)
    _break(stack, ConnectionStatus.DISCONNECTED)
    ada.close_all()
    _open(ada)
    _to_connecting(ada, "Reconnect")
    _connect(stack, ada, WHITFIELD)
    view = ada.wait_view(title="Connect client", containing="Which organisation is this client's?")
    assert f"This client is connected to {LARKSPUR}. With another organisation, the lists" in view.text
    found = _connection(stack)
    assert found is not None
    assert found.organisation_name == LARKSPUR


@pytest.mark.reaches(ids.CHANGE)
def test_a_client_changes_to_another_organisation_after_a_warning(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    _connected(stack, ada)
    view = _to_connecting(ada, "Change organisation")
    assert f"This client is connected to {LARKSPUR}" in view.text
    assert "Choose another at Sage Accounting" in str(view.raw)
    _connect(stack, ada, WHITFIELD)
    view = ada.wait_view(title="Client", containing="Status: Name mismatch")
    assert "It is being fetched" in view.text


@pytest.mark.reaches(ids.REFRESH)
def test_a_refresh_shows_what_the_provider_says_now(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    _connected(stack, ada)
    tenant = stack.sandbox.xero.tenant(LARKSPUR)
    stack.sandbox.xero.change(tenant, legal_name="Larkspur Holdings Limited")
    ada.click("Refresh")
    ada.wait_view(containing="Organisation: Larkspur Holdings Limited")
    stack.sandbox.xero.fault("offline", times=1)
    ada.click("Refresh")
    ada.wait_view(containing="This organisation is offline at Xero")
    stack.sandbox.xero.revoke(tenant)
    ada.click("Refresh")
    ada.wait_view(containing="Status: Disconnected")


@pytest.mark.reaches(ids.DISCONNECT)
def test_a_client_is_disconnected_and_what_was_fetched_stays(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    _connected(stack, ada)
    ada.click("Disconnect")
    view = ada.wait_view(containing="Status: Not connected")
    assert "Country: GB" in view.text
    assert _connection(stack) is None
    assert stack.sandbox.xero.connections() == []


def test_a_provider_that_can_t_be_told_of_the_end_is_named(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    _connected(stack, ada)
    stack.sandbox.xero.fault("http500", path="connections")
    ada.click("Disconnect")
    view = ada.wait_view(containing="Status: Not connected")
    assert "Xero could not be told that this client is disconnected." in view.text


@pytest.mark.reaches(ids.EXPORT)
def test_what_was_fetched_is_sent_as_a_file(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    view = _connected(stack, ada)
    assert "Export" not in str(view.raw)
    ada.close_all()
    _open(ada)
    ada.click("Export to Excel")
    ada.wait_view(containing="The file is on its way")
    stack.run_due()
    ada.wait_message(NAME, "app_dm")


@pytest.mark.reaches(ids.SETTINGS, ids.SAVE_SETTINGS, ids.BACK)
def test_settings_turn_the_daily_refresh_off_and_settle_names(
    stack: Stack, people: Office, ada: Person, client: uuid.UUID
) -> None:
    with _database(stack).begin() as session:
        session.get_one(Client, client).name = "Something else"
    _connected(stack, ada)
    ada.click("Settings")
    ada.wait_view(title="Connection settings", containing="Keep both names")
    ada.back()
    ada.wait_view(title="Client", containing="Status: Name mismatch")
    ada.click("Settings")
    ada.wait_view(title="Connection settings")
    ada.fill("refresh", False)
    ada.fill("name", "Use the organisation's name")
    ada.submit()
    view = ada.wait_view(title="Client", containing="Status: Connected")
    assert view.blocks[0]["text"]["text"] == LARKSPUR
    found = _connection(stack)
    assert found is not None
    assert not found.refreshes_daily
    ada.click("Settings")
    view = ada.wait_view(title="Connection settings")
    assert "Keep both names" not in view.text


@pytest.mark.parametrize("button", ["Refresh", "Disconnect", "Settings", "Reconnect"])
def test_a_card_whose_client_is_out_of_sight_by_now_refuses_in_words(
    stack: Stack, people: Office, ada: Person, client: uuid.UUID, button: str
) -> None:
    _connected(stack, ada)
    elm = office(_database(stack), slack_key="T_ELM")
    with _database(stack).begin() as session:
        session.get_one(Client, client).practice_id = elm.practice_id
    ada.click(button)
    ada.wait_view(containing="There is no such client, or you can't open it.")


def test_a_client_deactivated_meanwhile_can_not_be_connected(
    stack: Stack, people: Office, ada: Person, client: uuid.UUID
) -> None:
    _open(ada)
    with _database(stack).begin() as session:
        session.get_one(Client, client).deactivated_at = _database(stack).now()
    ada.click("Connect Xero")
    ada.wait_view(containing=f"{NAME} is deactivated, and so can't be connected.")


def test_app_home_counts_what_is_no_longer_connected(stack: Stack, ada: Person, client: uuid.UUID) -> None:
    _connected(stack, ada)
    _break(stack, ConnectionStatus.EXPIRED)
    ada.open_home()
    ada.wait_home("1 client is no longer connected to the accounting software")
