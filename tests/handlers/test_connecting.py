"""Connecting the new client's accounting software, from the wizard through the consent pages and back."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import select

from db.models import Client, Connection, Draft, Provider, Software
from db.session import Database
from modals.add_client import ids
from sandbox.driver import Person, View
from sandbox.driver_accounting import Page
from services.accounting.consent import STATE_LIFETIME, Purpose, PurposeKind
from tests.builders import Office, office
from tests.fakes import Clock
from tests.stack import Stack

LARKSPUR = "Larkspur Interiors Ltd"
WHITFIELD = "Whitfield & Daughters"


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(_database(stack))


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


def _database(stack: Stack) -> Database:
    return stack.composition.database


def _to_software(person: Person) -> View:
    assert person.command("/add-client").ok
    person.wait_view(callback_id=ids.SUBMIT)
    person.submit()
    return person.wait_view(containing="Accounting software")


def _to_connecting(person: Person, option: str = "Connect Xero") -> View:
    _to_software(person)
    return _choose(person, option)


def _choose(person: Person, option: str) -> View:
    person.fill("software", option)
    assert person.submit().ok
    return person.wait_view(containing="opens in your browser")


def _link(view: View) -> str:
    return next(
        str(element["url"]) for block in view.blocks for element in block.get("elements", ()) if "url" in element
    )


def _leave(person: Person, button: str = "Connect Xero") -> str:
    """Presses the link button; gives where the browser goes."""
    assert person.click(button).ok
    view = person.view
    assert view is not None
    return _link(view)


def _connect(stack: Stack, person: Person, *organisations: str, user: str = "priya") -> Page:
    page = stack.sandbox.xero.connect(_leave(person), user, organisations or (LARKSPUR,))
    stack.settle()
    return page


def _several(stack: Stack, person: Person, count: int = 3) -> View:
    """As far as the choice between several organisations."""
    stack.sandbox.xero.change_settings(bulk=True, organisations=count, odd=count < 20, connection_cap=1000)
    _to_connecting(person)
    page = stack.sandbox.xero.connect(_leave(person), "priya", "all")
    assert "Choose the organisation in Slack" in page.text
    stack.settle()
    return person.wait_view(containing="Which organisation is this client's?")


def _finish(person: Person, *, name: str | None = None) -> View:
    """From the details to the result."""
    person.wait_view(containing="Business name")
    if name is not None:
        person.fill("name", name)
    person.submit()
    person.wait_view(containing="Who else works")
    person.submit()
    person.wait_view(containing="Invite the client?")
    person.fill("contact_name", "Cy Client")
    person.fill("contact_email", "cy@example.com")
    person.submit()
    person.wait_view(callback_id=ids.CREATE)
    person.submit()
    return person.wait_view(title="Client created")


def _connected(stack: Stack) -> dict[str, str]:
    """The organisation of each client that has one."""
    with _database(stack).read() as session:
        rows = session.execute(
            select(Client.name, Connection.organisation_name).join(Connection, Connection.client_id == Client.id)
        )
        return {row.name: row.organisation_name for row in rows}


def _name_typed(view: View) -> Any:
    return view.values["name"]["value"]["value"]


@pytest.mark.reaches(ids.CONNECT)
def test_a_client_is_connected_and_the_open_window_moves_on_by_itself(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    page = _connect(stack, ada)
    assert page.status == 200
    assert "Xero is connected" in page.text
    assert LARKSPUR in page.text
    view = ada.wait_view(containing="Business name")
    assert _name_typed(view) == LARKSPUR
    assert "Xero: " in _finish(ada).text
    assert _connected(stack) == {LARKSPUR: LARKSPUR}
    with _database(stack).read() as session:
        assert session.scalars(select(Client.software)).all() == [Software.XERO]
    stack.run_due()
    assert LARKSPUR in ada.wait_message("was created", "app_dm").text
    assert not [message for message in ada.messages("app_dm") if "Continue adding" in str(message)]


def test_the_review_names_the_organisation_by_its_legal_name(stack: Stack, ada: Person) -> None:
    stack.sandbox.xero.change(stack.sandbox.xero.tenant(LARKSPUR), legal_name="Larkspur Holdings Limited")
    _to_connecting(ada)
    _connect(stack, ada)
    assert "Xero: Larkspur Holdings Limited" in _finish(ada).text


def test_sage_is_connected_the_same_way(stack: Stack, ada: Person) -> None:
    business = stack.sandbox.sage.businesses()[0]["name"]
    _to_connecting(ada, "Connect Sage Accounting")
    page = stack.sandbox.sage.connect(_leave(ada, "Connect Sage Accounting"), "omar")
    stack.settle()
    assert "Sage Accounting is connected" in page.text
    assert _name_typed(ada.wait_view(containing="Business name")) == business
    assert f"Sage Accounting: {business}" in _finish(ada).text


def test_what_was_typed_as_name_stays(stack: Stack, ada: Person) -> None:
    _to_software(ada)
    ada.submit()
    ada.wait_view(containing="Business name")
    ada.fill("name", "My own name")
    ada.back()
    ada.wait_view(containing="Skip for now")
    _choose(ada, "Connect Xero")
    _connect(stack, ada)
    assert _name_typed(ada.wait_view(containing="Business name")) == "My own name"


@pytest.mark.reaches(ids.RESUME)
def test_a_message_leads_back_when_the_window_was_closed(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    link = _leave(ada)
    ada.close()
    stack.sandbox.xero.connect(link, "priya", (LARKSPUR,))
    stack.run_due()
    assert LARKSPUR in ada.wait_message("Xero is connected", "app_dm").text
    ada.click("Continue adding your client")
    assert _name_typed(ada.wait_view(containing="Business name")) == LARKSPUR


def test_a_message_leads_back_when_the_person_went_on_meanwhile(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    link = _leave(ada)
    ada.back()
    ada.wait_view(containing="Skip for now")
    ada.fill("software", "Skip for now")
    ada.submit()
    ada.wait_view(containing="Business name")
    ada.fill("name", "Typed meanwhile")
    stack.sandbox.xero.connect(link, "priya", (LARKSPUR,))
    stack.run_due()
    ada.wait_message("Xero is connected", "app_dm")
    assert "Xero: " in _finish(ada).text
    assert _connected(stack) == {"Typed meanwhile": LARKSPUR}


@pytest.mark.reaches(ids.CHECK_CONNECTION)
def test_check_again_says_how_it_stands(stack: Stack, ada: Person) -> None:
    view = _to_connecting(ada)
    ada.click("Check again")
    ada.wait_view(containing="Xero is not connected yet.")
    # The browser is opened from a copied link: no click tells which window waits.
    stack.sandbox.xero.connect(_link(view), "priya", (LARKSPUR,))
    ada.click("Check again")
    assert _name_typed(ada.wait_view(containing="Business name")) == LARKSPUR


def test_back_leads_from_connecting_to_the_other_ways(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    ada.back()
    view = ada.wait_view(containing="Skip for now")
    assert "opens in your browser" not in view.text
    ada.fill("software", "Without integration")
    ada.submit()
    ada.wait_view(containing="Business name")


@pytest.mark.reaches(ids.CHOOSE_ORGANISATION)
def test_one_of_several_organisations_is_chosen(stack: Stack, ada: Person) -> None:
    _several(stack, ada)
    ada.fill("organisation", WHITFIELD)
    ada.submit()
    assert _name_typed(ada.wait_view(containing="Business name")) == WHITFIELD
    _finish(ada)
    assert _connected(stack) == {WHITFIELD: WHITFIELD}


def test_a_failure_at_the_provider_leaves_the_choice_open(stack: Stack, ada: Person) -> None:
    _several(stack, ada)
    stack.sandbox.xero.fault("http500", path="connections")
    ada.fill("organisation", WHITFIELD)
    ada.submit()
    ada.wait_view(containing="Xero can't be reached right now")
    stack.sandbox.xero.clear_faults()
    ada.fill("organisation", WHITFIELD)
    ada.submit()
    ada.wait_view(containing="Business name")


@pytest.mark.reaches(ids.SEARCH_ORGANISATIONS)
def test_very_many_organisations_are_searched(stack: Stack, ada: Person) -> None:
    _several(stack, ada, 120)
    last = stack.sandbox.xero.organisations()[-1]["name"]
    assert len(ada.options("organisation", "")) == 100
    assert last in ada.options("organisation", last.upper())
    ada.fill("organisation", last)
    ada.submit()
    assert _name_typed(ada.wait_view(containing="Business name")) == last


def test_an_organisation_of_another_client_is_named_and_not_offered(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    _connect(stack, ada, WHITFIELD)
    _finish(ada, name="First come")
    ada.close_all()
    view = _several(stack, ada)
    assert f"{WHITFIELD} · First come" in view.text
    offered = next(block for block in view.blocks if block.get("block_id") == "organisation")
    assert WHITFIELD not in str(offered)


def test_a_single_organisation_of_another_client_is_refused_on_the_page(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    _connect(stack, ada)
    _finish(ada, name="First come")
    ada.close_all()
    _to_connecting(ada)
    page = _connect(stack, ada)
    assert page.status == 409
    assert "already connected to your client First come" in page.text
    assert "Connect Xero" in str(ada.view)


def test_an_organisation_that_another_client_took_meanwhile_leads_back_to_the_page(
    stack: Stack, people: Office
) -> None:
    ada, clem = stack.person("U_ADA"), stack.person("U_CLEM")
    for person in (ada, clem):
        _to_connecting(person)
        _connect(stack, person)
    _finish(ada, name="First come")
    clem.wait_view(containing="Business name")
    clem.fill("name", "Second come")
    clem.submit()
    clem.wait_view(containing="Who else works")
    clem.submit()
    clem.wait_view(containing="Invite the client?")
    clem.fill("contact_name", "Cy Client")
    clem.fill("contact_email", "cy2@example.com")
    clem.submit()
    clem.wait_view(containing="is already connected to your client First come")
    _connect(stack, clem, WHITFIELD)
    clem.wait_view(containing="Business name")
    assert _connected(stack) == {"First come": LARKSPUR}


@pytest.mark.reaches(ids.CONNECT_ANOTHER)
def test_another_organisation_can_be_connected_instead(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    _connect(stack, ada)
    ada.wait_view(containing="Business name")
    ada.back()
    ada.wait_view(containing=f"Xero is connected: {LARKSPUR}")
    ada.click("Connect another organisation")
    ada.wait_view(containing="opens in your browser")
    _connect(stack, ada, WHITFIELD)
    ada.wait_view(containing="Business name")
    _finish(ada, name="Acme")
    assert _connected(stack) == {"Acme": WHITFIELD}


def test_a_change_from_the_review_leads_back_to_it(stack: Stack, ada: Person) -> None:
    _to_software(ada)
    ada.submit()
    ada.wait_view(containing="Business name")
    ada.fill("name", "Acme")
    ada.submit()
    ada.submit()
    ada.wait_view(containing="Invite the client?")
    ada.fill("contact_name", "Cy Client")
    ada.fill("contact_email", "cy@example.com")
    ada.submit()
    ada.wait_view(callback_id=ids.CREATE)
    ada.fill("change", "Accounting software")
    ada.wait_view(containing="Skip for now")
    _choose(ada, "Connect Xero")
    _connect(stack, ada)
    assert "Xero: " in ada.wait_view(callback_id=ids.CREATE).text


def test_consents_that_come_to_nothing_say_so_and_the_window_stays(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    link = _leave(ada)
    cancelled = stack.sandbox.xero.connect(link, cancel=True)
    assert (cancelled.status, "You cancelled at Xero" in cancelled.text) == (200, True)
    stack.sandbox.xero.change_settings(bulk=True)
    nothing = stack.sandbox.xero.connect(link, "nora", ())
    assert (nothing.status, "No organisation was connected" in nothing.text) == (200, True)
    stack.run_due()
    assert "Connect Xero" in str(ada.view)
    assert stack.sandbox.xero.connect(link, "priya", (LARKSPUR,)).status == 200


def test_a_provider_that_is_down_is_said_to_be(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    stack.sandbox.xero.fault("http500")
    page = stack.sandbox.xero.connect(_leave(ada), "priya", (LARKSPUR,))
    assert (page.status, "Xero can't be reached right now" in page.text) == (502, True)


def test_a_callback_works_once_and_in_the_same_browser(stack: Stack, ada: Person) -> None:
    _to_connecting(ada)
    link = _leave(ada)
    with httpx.Client(trust_env=False, timeout=10) as browser, httpx.Client(trust_env=False, timeout=10) as other:
        begun = browser.get(link)
        assert begun.status_code == 302
        assert all(word in begun.headers["set-cookie"] for word in ("HttpOnly", "SameSite=lax", "Max-Age=600"))
        [state] = parse_qs(urlsplit(begun.headers["location"]).query)["state"]
        callback = f"{stack.url}/connect/xero/callback"
        for somebody, answer in ((other, {"state": state}), (browser, {"state": "forged"}), (browser, {})):
            page = somebody.get(callback, params={**answer, "code": "x"})
            assert page.status_code == 400
            assert "begun too long ago, or by somebody else" in page.text
        assert browser.get(callback, params={"state": state, "error": "access_denied"}).status_code == 200
        again = browser.get(callback, params={"state": state, "code": "x"})
        assert (again.status_code, "finished already" in again.text) == (409, True)
        assert f'href="{stack.running.url}/"' in again.text


@pytest.mark.parametrize("path", ["connect/xero/start?ticket=forged", "connect/xero/start", "connect/sage/callback"])
def test_links_that_lead_nowhere_are_refused_in_words(stack: Stack, path: str) -> None:
    page = httpx.get(f"{stack.url}/{path}", trust_env=False)
    assert (page.status_code, "Go back to Slack" in page.text) == (400, True)


def test_there_is_no_third_provider(stack: Stack) -> None:
    assert httpx.get(f"{stack.url}/connect/ledgers/start", trust_env=False).status_code == 404


def test_a_consent_that_took_too_long_is_refused(timed_stack: Stack, clock: Clock) -> None:
    people = office(_database(timed_stack))
    page = timed_stack.composition.services.add_client.start_over(people.ada)
    consent = timed_stack.composition.services.consent
    purpose = Purpose(kind=PurposeKind.DRAFT, id=page.draft_id)
    link = consent.start_url(people.ada, Provider.XERO, purpose)
    with httpx.Client(trust_env=False, timeout=10) as browser:
        [state] = parse_qs(urlsplit(browser.get(link).headers["location"]).query)["state"]
        clock.advance(STATE_LIFETIME + timedelta(seconds=1))
        late = browser.get(f"{timed_stack.url}/connect/xero/callback", params={"state": state, "code": "x"})
    assert (late.status_code, "begun too long ago" in late.text) == (400, True)


def test_a_draft_that_was_discarded_meanwhile_is_said_to_be(stack: Stack, ada: Person, people: Office) -> None:
    _to_connecting(ada)
    link = _leave(ada)
    with _database(stack).read() as session:
        draft_id = session.scalars(select(Draft.id)).one()
    stack.composition.services.add_client.discard(people.ada, draft_id)
    page = httpx.get(link, trust_env=False)
    assert (page.status_code, "no longer a draft" in page.text) == (410, True)


def test_dhi_with_sage_is_warned_of(stack: Stack) -> None:
    office(_database(stack), has_dhi=True)
    ada = stack.person("U_ADA")
    assert ada.command("/add-client").ok
    ada.wait_view(callback_id=ids.SUBMIT)
    ada.submit()
    ada.fill("solutions", "Bookkeeping + Data Health & Insights")
    ada.submit()
    ada.wait_view(containing="Accounting software")
    assert "Data Health & Insights needs Xero" in _choose(ada, "Connect Sage Accounting").text


def test_only_what_is_set_up_is_offered(
    database_url: str, running_sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stack(database_url, running_sandbox, settings={"SAGE_CLIENT_ID": ""}) as stack:
        office(_database(stack))
        view = _to_software(stack.person("U_ADA"))
        assert "Connect Xero" in view.text
        assert "Sage" not in view.text
