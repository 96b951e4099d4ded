"""Text messages from the wizard to the phone, and back from Twilio, by real requests."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select

from db.models import Channel, Delivery, Invitation, InvitationLink, InvitationStatus
from modals import invitations
from modals.add_client import ids
from sandbox.driver import Person
from sandbox.running import RunningSandbox
from sandbox.sms.delivery import sign
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock
from tests.invited import PASSWORD
from tests.stack import SANDBOX, SOON, Stack

CY = "+447700900123"
BO = "+447700900124"
EMAIL = "cy@acme.example"


@pytest.fixture
def people(timed_stack: Stack) -> Office:
    timed_stack.sandbox.sms.change_settings(delay=0.0)
    return office(timed_stack.composition.database)


@pytest.fixture
def ada(timed_stack: Stack, people: Office) -> Person:
    return timed_stack.person("U_ADA")


@pytest.fixture
def browser(timed_stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=timed_stack.url, trust_env=False, timeout=SOON) as client:
        yield client


def _to_invite(person: Person) -> None:
    person.command("/add-client")
    person.wait_view(callback_id=ids.SUBMIT)
    person.submit()
    person.submit()
    person.wait_view(containing="Business name")
    person.fill("name", "Acme Ltd")
    person.submit()
    person.submit()
    person.wait_view(containing="Invite the client?")


def _invited(stack: Stack, people: Office, mobile: str = "07700 900123") -> None:
    """Somebody whose e-mail and text message wait to be sent."""
    client_id = created(add_client(stack.composition.database), people.ada).client_id
    contact = {"contact_name": "Cy Client", "contact_email": EMAIL, "contact_mobile": mobile}
    stack.composition.services.first_users.invite(people.ada, client_id, contact)


def _link(stack: Stack) -> InvitationLink:
    with stack.composition.database.read() as session:
        return session.scalars(select(InvitationLink).where(InvitationLink.channel == Channel.SMS)).one()


def _invitation(stack: Stack) -> Invitation:
    with stack.composition.database.read() as session:
        return session.scalars(select(Invitation)).one()


def _path(text: str) -> str:
    found = re.search(r"/i/[A-Za-z0-9_-]+", text)
    assert found is not None
    return found[0]


@pytest.mark.reaches(ids.SUBMIT, ids.CREATE)
def test_who_accepts_by_the_text_message_has_used_the_e_mail_up(
    timed_stack: Stack, ada: Person, browser: httpx.Client
) -> None:
    _to_invite(ada)
    ada.fill("contact_name", "Cy Client")
    ada.fill("contact_email", EMAIL)
    ada.fill("contact_mobile", "0207 946 0000")
    assert ada.submit().errors == {
        "contact_mobile": "This is a landline's number, not a mobile's. "
        "For a number of another country, start with + and its country code."
    }
    ada.fill("contact_mobile", "07700 900 123")
    ada.submit()
    review = ada.wait_view(callback_id=ids.CREATE)
    both = f"by e-mail to Cy Client <{EMAIL}> and by text message to +44 7700 ••• 123"
    assert both in review.text
    ada.submit()
    ada.wait_view(title="Client created", containing=f"{both}, on its way")
    timed_stack.run_due()

    phone = httpx.get(f"{timed_stack.sandbox.url}/sms/{CY}", trust_env=False, timeout=SOON).text
    by_text, by_email = _path(phone), _path(timed_stack.sandbox.wait_mail(EMAIL)["text"])
    assert by_text != by_email
    for path in (by_text, by_email):
        assert "Set your password" in browser.get(path).text
    assert "in: password set" in browser.post(by_text, data={"password": PASSWORD, "repeat": PASSWORD}).text
    for path in (by_text, by_email):
        assert "This link has been used already" in browser.get(path).text
    assert "This link has been used already" in browser.post(by_email, data={"password": PASSWORD}).text
    timed_stack.run_due()
    ada.wait_message("Cy Client accepted the invitation", "app_dm")


def test_what_becomes_of_it_comes_back_from_twilio(timed_stack: Stack, people: Office) -> None:
    _invited(timed_stack, people)
    timed_stack.run_due()
    told = timed_stack.sandbox.sms.wait_callbacks(str(_link(timed_stack).message_id), "delivered")
    assert {each["answer"] for each in told} == {204}
    assert _link(timed_stack).delivery is Delivery.DELIVERED
    assert _invitation(timed_stack).failure is None


@pytest.mark.reaches(invitations.CHANGE_EMAIL, invitations.SAVE_EMAIL)
def test_a_number_that_nothing_reaches_is_told_and_corrected_from_the_message(
    timed_stack: Stack, people: Office, ada: Person, clock: Clock
) -> None:
    _invited(timed_stack, people)
    timed_stack.sandbox.sms.fault("undelivered", CY, code=30005)
    timed_stack.run_due()
    timed_stack.sandbox.sms.wait_callbacks(str(_link(timed_stack).message_id), "undelivered")
    timed_stack.run_due()
    message = ada.wait_message("The invitation for Cy Client to Acme Ltd goes out one way only.", "app_dm")
    failure = "The text message to +44 7700 ••• 123 did not arrive. The mobile network does not know this number."
    assert failure in message.text
    assert _invitation(timed_stack).status is InvitationStatus.SENT

    clock.advance(timedelta(minutes=1))
    ada.click("Change e-mail")
    ada.wait_view(title="Change e-mail", containing="Mobile")
    ada.fill("mobile", "7")
    assert set(ada.submit().errors) == {"mobile"}
    ada.fill("mobile", BO)
    assert ada.submit().ok
    timed_stack.run_due()

    timed_stack.sandbox.sms.wait_message(BO, status="delivered")
    assert len(timed_stack.sandbox.mail(EMAIL)) == 2


@pytest.mark.parametrize("kind", ["lost", "http500", "ratelimited"])
def test_whatever_twilio_does_one_text_message_arrives(
    timed_stack: Stack, people: Office, clock: Clock, kind: str
) -> None:
    timed_stack.sandbox.sms.fault(kind)
    _invited(timed_stack, people)
    for _ in range(3):
        timed_stack.run_due()
        clock.advance(timedelta(minutes=5))
    [message] = timed_stack.sandbox.sms.messages()
    timed_stack.sandbox.sms.wait_callbacks(message["sid"], "delivered")
    assert (_link(timed_stack).delivery, _link(timed_stack).message_id) == (Delivery.DELIVERED, message["sid"])


def _tell(browser: httpx.Client, stack: Stack, query: str, token: str, **form: str) -> int:
    """As Twilio would, if it signs with this token."""
    told = {"MessageSid": "SM" + "0" * 32, "MessageStatus": "failed", "ErrorCode": "30005", **form}
    signature = sign(token, f"{stack.url}/webhooks/sms{query}", told)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature}
    return browser.post(f"/webhooks/sms{query}", content=urlencode(told).encode(), headers=headers).status_code


def test_only_twilio_is_believed_and_only_about_messages_of_ours(
    timed_stack: Stack, people: Office, browser: httpx.Client
) -> None:
    _invited(timed_stack, people)
    timed_stack.run_due()
    sid, link = str(_link(timed_stack).message_id), f"?link={_link(timed_stack).id}"
    timed_stack.sandbox.sms.wait_callbacks(sid, "delivered")
    with timed_stack.composition.database.begin() as session:
        session.get_one(InvitationLink, _link(timed_stack).id).delivery = Delivery.SENT

    own = SANDBOX.sms.auth_token
    assert _tell(browser, timed_stack, link, "guessed", MessageSid=sid) == 403
    assert _tell(browser, timed_stack, link, own) == 204
    assert _tell(browser, timed_stack, "", own, MessageSid=sid) == 204
    assert _tell(browser, timed_stack, "?link=%00", own, MessageSid=sid) == 204
    assert (_link(timed_stack).delivery, _invitation(timed_stack).failure) == (Delivery.SENT, None)

    assert _tell(browser, timed_stack, link, own, MessageSid=sid) == 204
    assert _link(timed_stack).delivery is Delivery.FAILED


def test_without_settings_nothing_asks_for_a_mobile_or_listens_to_twilio(
    database_url: str, running_sandbox: RunningSandbox, clock: Clock
) -> None:
    off = {f"TWILIO_{name}": "" for name in ("ACCOUNT_SID", "AUTH_TOKEN", "FROM")}
    with Stack(database_url, running_sandbox, now=clock.now, settings=off) as stack:
        people, ada = office(stack.composition.database), stack.person("U_ADA")
        _to_invite(ada)
        assert ada.view is not None
        assert "Client's e-mail" in ada.view.text
        assert "mobile" not in ada.view.text
        ada.close_all()
        _invited(stack, people)
        stack.run_due()
        assert stack.sandbox.wait_mail(EMAIL)
        assert stack.sandbox.sms.messages() == []
        assert httpx.post(f"{stack.url}/webhooks/sms", trust_env=False, timeout=SOON).status_code == 404
