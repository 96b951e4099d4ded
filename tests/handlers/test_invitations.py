"""Invitations as people handle them: the list, the client's card, and the buttons on messages."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.models import Client, ClientAccess, Invitation, InvitationStatus
from db.session import Database
from modals import invitation_list, invitations
from sandbox.driver import Person
from services.clients.users import add_owner
from services.errors import ServiceError
from services.invitations.listing import InvitationWish
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock
from tests.invited import PASSWORD
from tests.stack import Stack

LATER = timedelta(minutes=1)
HOSTILE = "<!channel> *_~ & Söhne"


@pytest.fixture
def people(timed_stack: Stack) -> Office:
    return office(_database(timed_stack))


@pytest.fixture
def ada(timed_stack: Stack, people: Office) -> Person:
    return timed_stack.person("U_ADA")


def _database(stack: Stack) -> Database:
    return stack.composition.database


def _client(stack: Stack, people: Office, name: str = "Acme Ltd", email: str | None = None) -> uuid.UUID:
    """A client, and with an address its invited owner."""
    client_id = created(add_client(_database(stack)), people.ada, name).client_id
    if email is not None:
        contact = {"contact_name": f"Owner of {name}"[:60], "contact_email": email}
        stack.composition.services.first_users.invite(people.ada, client_id, contact)
    return client_id


def _user(stack: Stack, people: Office, client_id: uuid.UUID, email: str) -> None:
    """An owner whom nobody has invited."""
    with _database(stack).begin() as session:
        client = session.get_one(Client, client_id)
        add_owner(session, people.ada, client, name="Cy", email=email, now=_database(stack).now())


def _statuses(stack: Stack) -> list[tuple[str, InvitationStatus]]:
    with _database(stack).read() as session:
        return [(each.email, each.status) for each in session.scalars(select(Invitation).order_by(Invitation.id))]


def _token(stack: Stack, email: str) -> str:
    found = re.search(r"/i/([A-Za-z0-9_-]+)", stack.sandbox.wait_mail(email)["text"])
    assert found is not None
    return found[1]


def _buttons(message: Any) -> list[str]:
    return [
        element["action_id"]
        for block in message.blocks
        for element in block.get("elements", ())
        if "action_id" in element
    ]


SENT, QUEUED, SUPERSEDED = InvitationStatus.SENT, InvitationStatus.QUEUED, InvitationStatus.SUPERSEDED


@pytest.mark.reaches("/clients", invitation_list.MENU)
def test_an_invitation_is_sent_anew_from_the_list(
    timed_stack: Stack, people: Office, ada: Person, clock: Clock
) -> None:
    _client(timed_stack, people, HOSTILE, "cy@acme.example")
    timed_stack.run_due()
    clock.advance(timedelta(days=6))

    assert ada.command("/clients invitations").ok
    view = ada.wait_view(title="Invitations", containing="Not accepted yet: 1 invitation")
    assert HOSTILE in view.text
    assert "sent · invited Mon 2 Mar 2026, 09:00 by Ada Marsh · expires Mon 9 Mar 2026, 09:00" in view.text
    assert "Expiring in 2 days (1)" in str(view.raw)
    ada.click("Resend")

    view = ada.wait_view(title="Invitations", containing="is on its way to cy@acme.example. It works for 7 days.")
    assert "queued · invited Sun 8 Mar 2026, 09:00" in view.text
    assert _statuses(timed_stack) == [("cy@acme.example", SUPERSEDED), ("cy@acme.example", QUEUED)]
    timed_stack.run_due()
    assert len(timed_stack.sandbox.mail("cy@acme.example")) == 2


@pytest.mark.reaches(invitation_list.MENU, invitations.SAVE_EMAIL, invitations.CONFIRM_REVOKE)
def test_an_address_is_changed_and_an_invitation_revoked_from_the_list(
    timed_stack: Stack, people: Office, ada: Person, clock: Clock
) -> None:
    _client(timed_stack, people, email="cy@acme.example")
    clock.advance(LATER)
    ada.command("/clients invitations")
    ada.wait_view(containing="Not accepted yet: 1 invitation")
    ada.click("Change e-mail…")
    ada.wait_view(title="Change e-mail", containing="The link that was sent before stops working")
    ada.fill("email", "nowhere")
    assert "email" in ada.submit().errors
    ada.fill("email", "cy@new.example")
    assert ada.submit().ok
    view = ada.wait_view(title="Invitations", containing="is on its way to cy@new.example")
    assert "Owner of Acme Ltd <cy@new.example>" in view.text

    clock.advance(LATER)
    ada.click("Revoke…")
    ada.wait_view(title="Revoke the invitation", containing="stops working")
    assert ada.submit().ok
    view = ada.wait_view(title="Invitations", containing="is revoked: its link no longer works")
    assert "No invitation waits to be accepted." in view.text
    assert [status for _, status in _statuses(timed_stack)] == [SUPERSEDED, InvitationStatus.REVOKED]


@pytest.mark.reaches(
    invitations.LIST, invitation_list.FILTER, invitation_list.SEARCH, invitation_list.FIND, invitation_list.MENU
)
def test_the_list_is_filtered_searched_and_leads_to_the_client(timed_stack: Stack, people: Office, ada: Person) -> None:
    _client(timed_stack, people, "Acme Ltd", "cy@acme.example")
    _client(timed_stack, people, "Bolt Ltd", "bo@bolt.example")
    _client(timed_stack, people, "Coal Ltd")
    ada.open_home()
    ada.wait_home("Newest clients")
    ada.click("Invitations", home=True)
    ada.wait_view(containing="Not accepted yet: 2 invitations")
    ada.fill("query", "bolt")
    view = ada.wait_view(containing="Not accepted yet: 1 invitation with “bolt”")
    assert "Acme" not in view.text
    ada.fill("standing", "never")
    ada.wait_view(containing="Nothing here with “bolt”.")
    ada.fill("query", None)
    assert ada.submit().ok
    view = ada.wait_view(containing="Never invited: 1 client")
    assert "Coal Ltd\nNobody to invite yet" in view.text
    ada.click("Open client")
    ada.wait_view(title="Client", containing="Coal Ltd")


@pytest.mark.reaches(invitation_list.NEXT, invitation_list.PREVIOUS)
def test_many_invitations_come_in_pages(timed_stack: Stack, people: Office, ada: Person) -> None:
    for number in range(11):
        _client(timed_stack, people, f"Client {number:02}", f"c{number}@acme.example")
    ada.command("/clients invitations")
    ada.wait_view(containing="11 invitations · page 1 of 2")
    ada.click("Next")
    view = ada.wait_view(containing="page 2 of 2")
    assert "Client 10" in view.text
    ada.click("Previous")
    ada.wait_view(containing="page 1 of 2")


@pytest.mark.reaches(invitation_list.SEND_ALL, invitations.LIST)
def test_all_that_are_listed_are_sent_anew_and_a_message_tells_who_was_left_out(
    timed_stack: Stack, people: Office, ada: Person, clock: Clock
) -> None:
    for name in ("Acme", "Bolt", "Coal"):
        _client(timed_stack, people, f"{name} Ltd", f"{name}@mail.example")
    timed_stack.run_due()
    clock.advance(LATER)
    ada.command("/clients invitations")
    ada.wait_view(containing="3 invitations")
    ada.click("Resend all listed")
    ada.wait_view(containing="3 invitations are being sent.")
    timed_stack.composition.services.invitations.accept(_token(timed_stack, "Bolt@mail.example"), PASSWORD)
    timed_stack.run_due()

    message = ada.wait_message("2 invitations are on the way.", "app_dm")
    assert "1 client was left out:\nBolt Ltd: The person has accepted the invitation." in message.text
    assert len(timed_stack.sandbox.mail("Acme@mail.example")) == 2
    ada.click("Invitations")
    ada.wait_view(containing="Not accepted yet: 2 invitations")


@pytest.mark.reaches(invitation_list.SEND_ALL)
def test_all_that_were_never_invited_are_invited(timed_stack: Stack, people: Office, ada: Person, clock: Clock) -> None:
    for name in ("Acme", "Bolt"):
        client_id = _client(timed_stack, people, f"{name} Ltd")
        _user(timed_stack, people, client_id, f"{name.lower()}@mail.example")
    _client(timed_stack, people, "Coal Ltd")
    timed_stack.run_due()
    clock.advance(LATER)
    ada.command("/clients invitations")
    ada.wait_view(containing="No invitation waits")
    ada.fill("standing", "never")
    ada.wait_view(containing="Never invited: 3 clients")
    ada.click("Invite all listed")
    ada.wait_view(containing="2 invitations are being sent.")
    timed_stack.run_due()
    message = ada.wait_message("2 invitations are on the way.", "app_dm")
    assert "Coal Ltd: The client has nobody to invite yet." in message.text
    assert _statuses(timed_stack) == [("acme@mail.example", SENT), ("bolt@mail.example", SENT)]


@pytest.mark.reaches(invitations.RESEND, invitations.CHANGE_EMAIL, invitations.SAVE_EMAIL, invitations.REVOKE)
def test_the_client_s_card_shows_how_the_invitation_stands_and_changes_it(
    timed_stack: Stack, people: Office, ada: Person, clock: Clock
) -> None:
    _client(timed_stack, people, email="cy@acme.example")
    timed_stack.run_due()
    clock.advance(LATER)
    ada.command("/clients list")
    ada.wait_view(containing="1 client")
    ada.click("Open")
    view = ada.wait_view(title="Client", containing="Owner of Acme Ltd <cy@acme.example>")
    assert "Status: sent" in view.text
    ada.click("Resend")
    ada.wait_view(title="Client", containing="is on its way to cy@acme.example")
    clock.advance(LATER)
    ada.click("Change e-mail")
    ada.wait_view(title="Change e-mail")
    ada.fill("email", "cy@new.example")
    ada.submit()
    ada.wait_view(title="Client", containing="Owner of Acme Ltd <cy@new.example>")
    ada.click("Revoke")
    view = ada.wait_view(title="Client", containing="is revoked")
    assert "Status: revoked" in view.text
    assert [status for _, status in _statuses(timed_stack)] == [SUPERSEDED, SUPERSEDED, InvitationStatus.REVOKED]


@pytest.mark.reaches(invitations.INVITE_USER)
def test_a_user_who_was_never_invited_is_invited_from_the_card(timed_stack: Stack, people: Office, ada: Person) -> None:
    client_id = _client(timed_stack, people)
    _user(timed_stack, people, client_id, "cy@acme.example")
    ada.command("/clients list")
    ada.wait_view(containing="1 client")
    ada.click("Open")
    ada.wait_view(title="Client", containing="Status: not invited")
    ada.click("Invite")
    ada.wait_view(title="Client", containing="Status: queued")
    timed_stack.run_due()
    assert _statuses(timed_stack) == [("cy@acme.example", SENT)]


@pytest.mark.reaches(invitations.CHANGE_EMAIL, invitations.SAVE_EMAIL)
def test_a_message_of_a_failure_leads_on_once(timed_stack: Stack, people: Office, ada: Person, clock: Clock) -> None:
    timed_stack.sandbox.mail_fault("gone@acme.example", 550, times=9)
    _client(timed_stack, people, email="gone@acme.example")
    timed_stack.run_due()
    message = ada.wait_message("could not be delivered to gone@acme.example", "app_dm")
    assert _buttons(message) == [invitations.RESEND, invitations.CHANGE_EMAIL]
    clock.advance(LATER)
    ada.click("Change e-mail")
    ada.wait_view(title="Change e-mail", containing="Owner of Acme Ltd")
    ada.fill("email", "cy@acme.example")
    assert ada.submit().ok
    ada.wait_view(title="Invitation", containing="is on its way to cy@acme.example")
    ada.close()
    timed_stack.run_due()
    message = ada.wait_message("could not be delivered to gone@acme.example", "app_dm")
    assert "is on its way to cy@acme.example" in message.text
    assert _buttons(message) == []
    assert _statuses(timed_stack) == [("gone@acme.example", SUPERSEDED), ("cy@acme.example", SENT)]


@pytest.mark.reaches(invitations.RESEND)
def test_who_asks_for_a_new_one_gets_it_by_a_click_of_the_inviter(
    timed_stack: Stack, people: Office, ada: Person, clock: Clock
) -> None:
    _client(timed_stack, people, email="cy@acme.example")
    timed_stack.run_due()
    clock.advance(timedelta(days=8))
    invited = timed_stack.composition.services.invitations
    invited.expire()
    invited.ask_for_new(_token(timed_stack, "cy@acme.example"))
    timed_stack.run_due()
    ada.wait_message("asks for a new one", "app_dm")
    ada.click("Resend")
    timed_stack.run_due()
    message = ada.wait_message("asks for a new one", "app_dm")
    assert "A new invitation of Owner of Acme Ltd is on its way to cy@acme.example." in message.text
    assert _buttons(message) == []


def test_a_late_click_says_what_has_become_of_the_invitation(
    timed_stack: Stack, people: Office, ada: Person, clock: Clock
) -> None:
    timed_stack.sandbox.mail_fault("gone@acme.example", 550, times=9)
    _client(timed_stack, people, email="gone@acme.example")
    timed_stack.run_due()
    ada.wait_message("could not be delivered", "app_dm")
    clock.advance(LATER)
    with _database(timed_stack).read() as session:
        invitation_id = session.scalars(select(Invitation.id)).one()
    timed_stack.composition.services.invitation_actions.resend(people.clem, invitation_id)
    clock.advance(LATER)
    ada.click("Resend")
    timed_stack.settle()
    assert ada.wait_message("A newer invitation has been sent to Owner of Acme Ltd.").ephemeral
    assert len(_statuses(timed_stack)) == 2


def test_only_clients_that_the_colleague_sees_are_listed_and_acted_on(
    timed_stack: Stack, people: Office, clock: Clock
) -> None:
    acme = _client(timed_stack, people, "Acme Ltd", "cy@acme.example")
    _client(timed_stack, people, "Bolt Ltd", "bo@bolt.example")
    elm = office(_database(timed_stack), slack_key="T_ELM")
    _client(timed_stack, elm, "Elm's own", "eve@elm.example")
    with _database(timed_stack).begin() as session:
        session.add(ClientAccess(client_id=acme, colleague_id=people.sam.colleague_id))
    clock.advance(LATER)
    sam = timed_stack.person("U_SAM")
    sam.command("/clients invitations")
    view = sam.wait_view(containing="Not accepted yet: 1 invitation")
    assert "Acme Ltd" in view.text
    with _database(timed_stack).begin() as session:
        session.query(ClientAccess).delete()
    sam.click("Resend")
    sam.wait_view(containing="There is no such client, or you can't open it.")
    assert [status for _, status in _statuses(timed_stack)] == [QUEUED] * 3


def test_a_deactivated_client_s_invitations_are_not_listed(timed_stack: Stack, people: Office, ada: Person) -> None:
    acme = _client(timed_stack, people, "Acme Ltd", "cy@acme.example")
    _client(timed_stack, people, "Bolt Ltd")
    with _database(timed_stack).begin() as session:
        session.get_one(Client, acme).deactivated_at = _database(timed_stack).now()
    ada.command("/clients invitations")
    view = ada.wait_view(containing="No invitation waits to be accepted.")
    assert "Never invited (1)" in str(view.raw)


def test_nothing_is_sent_twice_when_all_are_asked_for_twice(timed_stack: Stack, people: Office, clock: Clock) -> None:
    _client(timed_stack, people, "Acme Ltd", "cy@acme.example")
    clock.advance(LATER)
    bulk = timed_stack.composition.services.bulk_inviting
    assert bulk.start(people.ada, InvitationWish()) == 1
    with pytest.raises(ServiceError, match="still being sent"):
        bulk.start(people.ada, InvitationWish())
