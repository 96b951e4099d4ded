"""What the clients list and a client's card lead to, by the buttons that people press."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from db.models import Plan
from db.session import Database
from modals.clients import ids
from sandbox.driver import Person
from services.operator import OperatorService
from tests.builders import Office, add_client, client_user, created, joined, login, office
from tests.fakes import Clock
from tests.stack import Stack

HOSTILE = "<!channel> *_~ & Söhne"


@pytest.fixture
def stack(timed_stack: Stack) -> Stack:
    return timed_stack


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(_database(stack), plan=Plan.ADVANCED, teams=("Payroll",))


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


def _database(stack: Stack) -> Database:
    return stack.composition.database


def _clients(stack: Stack, people: Office, *names: str, **details: Any) -> list[uuid.UUID]:
    service = add_client(_database(stack))
    return [created(service, people.ada, name, **details).client_id for name in names]


def _open(ada: Person, name: str) -> None:
    ada.command(f"/clients find {name}")
    ada.wait_view(title="Clients", containing=name)
    ada.click(ids.OPEN)
    ada.wait_view(title="Client", containing="Solutions")


@pytest.mark.reaches(ids.FILTER, ids.APPLY_FILTER, ids.SHOW)
def test_the_list_is_filtered_and_its_card_leads_back_to_the_filter(stack: Stack, people: Office, ada: Person) -> None:
    acme, _ = _clients(stack, people, "Acme Ltd", "Bolt Ltd")
    stack.composition.services.client_lifecycle.deactivate(people.ada, acme)
    ada.command("/clients list")
    view = ada.wait_view(containing="1 client that you can open")
    assert "Acme" not in view.text
    ada.click("Filter")
    ada.wait_view(title="Filter")
    ada.fill("active", "Deactivated")
    ada.fill("connection", "Not connected")
    assert ada.submit().ok
    ada.wait_view(containing="1 client that you can open · connection: not connected · deactivated")
    ada.click(ids.OPEN)
    ada.wait_view(title="Client", containing="Deactivated ")
    ada.click("All clients")
    ada.wait_view(containing="connection: not connected · deactivated")
    ada.click("Clear the filter")
    view = ada.wait_view(containing="[Filter] [Export to CSV]")
    assert "Bolt Ltd" in view.text
    ada.fill("query", "acme")
    ada.wait_view(containing="None of your 2 clients")
    ada.click("Look among the deactivated, too")
    ada.wait_view(containing="1 client with “acme” · active and deactivated")
    ada.click("Filter")
    ada.wait_view(title="Filter")
    ada.back()
    ada.wait_view(title="Clients", containing="with “acme”")


@pytest.mark.reaches(ids.EXPORT_LIST)
def test_what_is_listed_comes_as_a_file(stack: Stack, people: Office, ada: Person, clock: Clock) -> None:
    _clients(stack, people, "Acme Ltd", HOSTILE)
    ada.command("/clients find söhne")
    ada.wait_view(title="Clients", containing="1 client with")
    ada.click("Export to CSV")
    ada.wait_view(containing="The file is on its way")
    stack.run_due()
    clock.advance(timedelta(minutes=1))  # a person gets few messages a second
    stack.run_due()
    message = ada.wait_message("Your list as a CSV file: 1 client.")
    content = ada.download(message.files[0]["id"]).decode("utf-8-sig")
    assert HOSTILE in content
    assert "Acme" not in content
    assert message.files[0]["name"] == "Clients 2026-03-02 09-00-00.csv"


@pytest.mark.reaches(ids.CODES, ids.CHECK_CODES)
def test_codes_are_pasted_checked_and_saved(stack: Stack, people: Office, ada: Person) -> None:
    _clients(stack, people, "Acme Ltd", "Bolt Ltd")
    ada.command("/clients list")
    ada.wait_view(containing="2 clients")
    ada.click("Upload practice codes")
    ada.wait_view(title="Practice codes")
    ada.submit()
    assert ada.errors == {"codes": "Choose a file, or paste the cells here."}
    ada.fill("codes", "Name,Practice code\nAcme Ltd,A-1\nNobody,N")
    assert ada.submit().ok
    ada.wait_view(containing="1 code to save · 1 row with a problem")
    ada.fill("codes", "Name,Practice code\nAcme Ltd,A-1\nBolt Ltd,B-1")
    assert ada.submit().ok
    ada.wait_view(containing="2 codes to save")
    assert ada.submit().ok
    ada.wait_view(containing="2 codes are saved.")
    ada.click("All clients")
    ada.wait_view(containing="Acme Ltd · A-1")


def test_codes_come_from_a_file_and_are_saved_as_they_were_shown(stack: Stack, people: Office, ada: Person) -> None:
    _clients(stack, people, "Acme Ltd")
    ada.command("/clients list")
    ada.wait_view(containing="1 client")
    ada.click("Upload practice codes")
    ada.wait_view(title="Practice codes")
    ada.fill("file", [("codes.csv", b"\xef\xbb\xbfName;Practice code\r\nAcme Ltd;A-1\r\n")])
    assert ada.submit().ok
    view = ada.wait_view(containing="1 code to save")
    assert "From codes.csv" in view.text
    assert ada.submit().ok
    ada.wait_view(containing="1 code is saved.")


def test_a_file_that_is_none_is_refused_in_words(stack: Stack, people: Office, ada: Person) -> None:
    _clients(stack, people, "Acme Ltd")
    ada.command("/clients list")
    ada.wait_view(containing="1 client")
    ada.click("Upload practice codes")
    ada.wait_view(title="Practice codes")
    ada.fill("file", [("codes.xlsx", b"PK\x03\x04" + b"\0" * 100)])
    assert ada.submit().ok
    ada.wait_view(containing="This is a spreadsheet, not a CSV file.")


@pytest.mark.reaches(ids.DETAILS, ids.SAVE_DETAILS, ids.BACK)
def test_details_are_edited_with_a_warning_of_others_like_it(stack: Stack, people: Office, ada: Person) -> None:
    _clients(stack, people, "Acme Ltd")
    _clients(stack, people, "Bolt Ltd", practice_code="B")
    _open(ada, "Bolt")
    ada.click("Edit details")
    ada.wait_view(title="Client details")
    ada.fill("practice_code", "c" * 51)
    ada.submit()
    assert ada.errors == {"practice_code": "Use at most 50 characters; this has 51."}
    ada.fill("practice_code", "B")
    ada.fill("name", "ACME Limited")
    assert ada.submit().ok
    view = ada.wait_view(containing="You may have this client already")
    assert "Acme Ltd" in view.text
    assert ada.submit().ok
    ada.wait_view(title="Client", containing="The details are saved.")
    ada.click("Edit details")
    ada.wait_view(title="Client details")
    ada.back()
    ada.wait_view(title="Client", containing="ACME Limited")
    ada.click("All clients")
    ada.wait_view(containing="None of your 2 clients has “Bolt”")


@pytest.mark.reaches(ids.EXTRACT, ids.SAVE_EXTRACT)
def test_the_extract_address_is_changed(stack: Stack, people: Office, ada: Person) -> None:
    _clients(stack, people, "Acme Ltd", "Bolt Ltd")
    _open(ada, "Acme")
    ada.click("Extract address")
    view = ada.wait_view(title="Extract address")
    for address in ("acme-ltd@extract.localhost", "acme-ltd+sales@extract.localhost", "acme-ltd@multiple.extract"):
        assert address in view.text
    for name, problem in (("bolt-ltd", "“bolt-ltd” is already in use"), ("<@U1>", "Enter only the part before")):
        ada.fill("extract_name", name)
        ada.submit()
        assert problem in ada.errors["extract_name"]
    ada.fill("extract_name", "Acme.Bakery")
    assert ada.submit().ok
    view = ada.wait_view(title="Client", containing="The Extract address is changed")
    assert "acme.bakery@extract.localhost" in view.text


@pytest.mark.reaches(ids.APPLIED, ids.HISTORY, ids.OLDER_HISTORY)
def test_a_client_tells_what_was_applied_and_what_happened_to_it(
    stack: Stack, people: Office, ada: Person, clock: Clock
) -> None:
    [client_id] = _clients(stack, people, HOSTILE)
    service = stack.composition.services.client_details
    for number in range(12):
        clock.advance(timedelta(hours=1))
        service.save(people.ada, client_id, {"name": HOSTILE, "practice_code": f"C-{number}"})
    _open(ada, "channel")
    ada.click("What was applied")
    view = ada.wait_view(title="What was applied", containing="Payment status: Unpaid")
    assert "Due date: 30 days after the invoice" in view.text
    ada.back()
    ada.wait_view(title="Client")
    ada.click("History")
    view = ada.wait_view(title="History", containing="Practice code: C-10 → C-11")
    assert "Ada Marsh · Slack" in view.text
    ada.click("Older")
    ada.wait_view(title="History", containing="Client added")
    ada.click("Newest")
    ada.wait_view(title="History", containing="C-11")
    ada.click("Audit trail")
    ada.wait_view(title="Audit trail", containing="Shown: <!channel>")


def test_a_standard_colleague_sees_the_history_of_a_client_and_not_the_trail(stack: Stack, people: Office) -> None:
    [client_id] = _clients(stack, people, "Acme Ltd")
    stack.composition.services.client_access.give(people.ada, client_id, {"colleagues": [str(people.sam.colleague_id)]})
    sam = stack.person("U_SAM")
    _open(sam, "Acme")
    sam.click("History")
    view = sam.wait_view(title="History", containing="Access to a client given")
    assert "Audit trail" not in view.text
    sam.back()
    sam.wait_view(title="Client")


@pytest.mark.reaches(ids.LIFECYCLE, ids.DEACTIVATE, ids.REACTIVATE)
def test_a_client_is_deactivated_and_comes_back_after_four_months(
    stack: Stack, people: Office, ada: Person, clock: Clock
) -> None:
    _clients(stack, people, "Acme Ltd")
    _open(ada, "Acme")
    ada.click("Deactivate")
    ada.wait_view(title="Deactivate the client", containing="It can't be reactivated for four months.")
    assert ada.submit().ok
    ada.wait_view(title="Client", containing="Its place in the bundle is free.")
    ada.click("Reactivate")
    view = ada.wait_view(title="Reactivate the client", containing="can be reactivated from")
    assert view.callback_id in {None, ""}
    ada.back()
    ada.wait_view(title="Client", containing="Deactivated ")
    clock.advance(timedelta(days=123))
    ada.click("Reactivate")
    ada.wait_view(title="Reactivate the client", containing="It takes a place in the bundle.")
    assert ada.submit().ok
    view = ada.wait_view(title="Client", containing="The client is active again.")
    assert "Deactivated " not in view.text


@pytest.mark.reaches(ids.USERS, ids.ADD_USER, ids.SAVE_NEW_USER, ids.USER, ids.EDIT_USER, ids.SAVE_USER)
def test_users_are_added_and_changed(stack: Stack, people: Office, ada: Person) -> None:
    _clients(stack, people, "Acme Ltd")
    login(_database(stack), "di@example.com")
    _open(ada, "Acme")
    ada.click("Users")
    ada.wait_view(title="Users", containing="Nobody has been added yet.")
    ada.click("Add a user")
    ada.wait_view(title="Add a user", containing="The first user becomes the owner")
    ada.fill("contact_name", HOSTILE)
    ada.fill("contact_email", "nobody")
    ada.submit()
    assert set(ada.errors) == {"contact_email"}
    ada.fill("contact_email", "cy@example.com")
    assert ada.submit().ok
    view = ada.wait_view(title="Users", containing="The invitation is on its way to cy@example.com")
    assert f"{HOSTILE} (owner)" in view.text
    ada.click("Add a user")
    ada.wait_view(title="Add a user")
    ada.fill("contact_name", "Di")
    ada.fill("contact_email", "di@example.com")
    ada.fill("role", "Business Admin")
    assert ada.submit().ok
    ada.wait_view(containing="This e-mail already belongs to a user")
    ada.submit()
    assert set(ada.errors) == {"existing"}
    ada.fill("existing", True)
    assert ada.submit().ok
    ada.wait_view(title="Users", containing="Di is added.")
    di = _user(stack, people, "Di")
    ada.click(str(di))
    ada.wait_view(title="User", containing="Login: signs in")
    ada.click("Change role and privileges")
    ada.wait_view(title="Change the user")
    ada.fill("role", "Standard")
    ada.fill("privileges", ["Manage all documents"])
    ada.fill("publish", "Expense claims only")
    assert ada.submit().ok
    ada.wait_view(title="User", containing="see their own items, manage all documents, publish expense claims only")
    ada.click("Change role and privileges")
    ada.wait_view(title="Change the user")
    ada.back()
    ada.wait_view(title="User")
    ada.click("All users")
    ada.wait_view(title="Users", containing="Di")


def _user(stack: Stack, people: Office, name: str) -> uuid.UUID:
    service = stack.composition.services.client_users
    page = stack.composition.services.client_search.options(people.ada, "")
    lines = service.users(people.ada, page[0].client_id).lines
    return next(each.client_user_id for each in lines if each.name == name)


@pytest.mark.reaches(ids.MAKE_OWNER, ids.DEACTIVATE_USER, ids.REACTIVATE_USER)
def test_the_account_is_handed_over_and_a_user_goes_and_comes_back(stack: Stack, people: Office, ada: Person) -> None:
    [client_id] = _clients(stack, people, "Acme Ltd")
    service = stack.composition.services.client_users
    for name, email in (("Cy", "cy@example.com"), ("Di", "di@example.com")):
        raw = {"contact_name": name, "contact_email": email, "role": "business_admin", "entry": "invited"}
        service.add(people.ada, client_id, raw)
    _open(ada, "Acme")
    ada.click("Users (2)")
    ada.wait_view(title="Users")
    ada.click(str(_user(stack, people, "Di")))
    ada.wait_view(title="User", containing="Di")
    ada.click("Resend")
    ada.wait_view(containing="The invitation of Di was sent")
    ada.click("Users (2)")
    ada.wait_view(title="Users")
    ada.click(str(_user(stack, people, "Di")))
    ada.wait_view(title="User", containing="Di")
    ada.click("Make owner")
    ada.wait_view(title="User", containing="They own the account now.")
    ada.click("All users")
    ada.wait_view(title="Users", containing="Di (owner)")
    ada.click(str(_user(stack, people, "Cy")))
    ada.wait_view(title="User", containing="Cy")
    ada.click("Deactivate")
    ada.wait_view(title="User", containing="Deactivated ")
    ada.click("Reactivate")
    ada.wait_view(title="User", containing="They are a user of this client again.")
    ada.click("Back to the client")
    ada.wait_view(title="Client", containing="Acme Ltd")


@pytest.mark.reaches(ids.USERS_NEXT, ids.USERS_PREVIOUS)
def test_many_users_come_in_pages(stack: Stack, people: Office, ada: Person) -> None:
    [client_id] = _clients(stack, people, "Acme Ltd")
    for number in range(21):
        client_user(_database(stack), people.practice_id, client_id, f"u{number:02}@example.com")
    _open(ada, "Acme")
    ada.click("Users (21)")
    ada.wait_view(containing="21 users · page 1 of 2")
    ada.click("Next")
    ada.wait_view(containing="21 users · page 2 of 2")
    ada.click("Previous")
    ada.wait_view(containing="page 1 of 2")


@pytest.mark.reaches(ids.ACCESS, ids.GIVE_ACCESS, ids.SAVE_ACCESS, ids.TAKE_ACCESS, ids.MANAGER, ids.SAVE_MANAGER)
def test_access_is_given_and_taken_back(stack: Stack, people: Office, ada: Person) -> None:
    joined(_database(stack), people.teams["Payroll"], people.jo)
    _clients(stack, people, "Acme Ltd")
    _open(ada, "Acme")
    ada.click("Access")
    ada.wait_view(title="Access", containing="Nobody else has access.")
    ada.click("Give access")
    ada.wait_view(title="Give access")
    ada.submit()
    assert ada.errors == {"colleagues": "Choose at least one."}
    ada.fill("colleagues", ["Sam Price"])
    ada.fill("until", "2026-04-10")
    ada.fill("teams", ["Payroll"])
    assert ada.submit().ok
    view = ada.wait_view(title="Access", containing="Access is given to 2.")
    for words in (
        "Sam Price\nUntil the end of 10 Apr 2026",
        "Team Payroll\nBy this team: Jo Lind",
        "Account manager\nnobody",
    ):
        assert words in view.text
    ada.click("Take back")
    ada.wait_view(containing="The access of Sam Price is taken back.")
    ada.click("Change")
    ada.wait_view(title="Account manager")
    ada.fill("account_manager", "Clem Okafor")
    assert ada.submit().ok
    ada.wait_view(title="Access", containing="Account manager\nClem Okafor")
    ada.back()
    ada.wait_view(title="Client", containing="Account manager: Clem Okafor")


@pytest.mark.reaches(ids.ACCESS_NEXT, ids.ACCESS_PREVIOUS)
def test_much_access_comes_in_pages(stack: Stack, people: Office, ada: Person) -> None:
    teams = tuple(f"Team {number:02}" for number in range(31))
    OperatorService(_database(stack)).change_practice(people.slack_key, new_teams=teams)
    [client_id] = _clients(stack, people, "Acme Ltd")
    access = stack.composition.services.client_access
    chosen = [str(each.id) for each in access.giving(people.ada, client_id).teams if each.name != "Payroll"]
    access.give(people.ada, client_id, {"teams": chosen})
    _open(ada, "Acme")
    ada.click("Access (31)")
    ada.wait_view(containing="Page 1 of 2")
    ada.click("Next")
    ada.wait_view(containing="Page 2 of 2")
    ada.click("Previous")
    ada.wait_view(containing="Page 1 of 2")


def test_a_client_that_is_taken_away_meanwhile_is_refused_in_words(stack: Stack, people: Office) -> None:
    [client_id] = _clients(stack, people, "Acme Ltd")
    access = stack.composition.services.client_access
    access.give(people.ada, client_id, {"colleagues": [str(people.sam.colleague_id)]})
    sam = stack.person("U_SAM")
    _open(sam, "Acme")
    sam.click("Edit details")
    sam.wait_view(title="Client details")
    access.take(people.ada, client_id, access.access(people.ada, client_id).grants[0].access_id)
    sam.fill("name", "Mine now")
    sam.submit()
    view = sam.wait_view(containing="There is no such client, or you can't open it.")
    assert "Mine now" in view.text or len(sam.views) == 2
