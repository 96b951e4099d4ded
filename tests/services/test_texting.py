"""Invitations as text messages, through the real adapter to the sandbox's phones."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select
from typing_extensions import override

from db.models import (
    AuditEntry,
    Channel,
    Delivery,
    InvitationLink,
    InvitationStatus,
    Job,
    JobOutcome,
    Lane,
    Practice,
)
from db.session import Database
from sandbox.driver import Sandbox
from sandbox.running import RunningSandbox
from services.accounting.http import ProviderPool
from services.delivery.email import RefusedError
from services.delivery.sms import TIMEOUT, SentSms, Sms, SmsStatus, Texter, TwilioTexter
from services.errors import ServiceError
from services.invitations.inviting import SMS_KIND
from services.invitations.records import Accepted, InvitationClosedError, LinkState
from services.invitations.texting import TextingService
from services.jobs import Claim, GiveUp, Retry
from services.keys import Keyring
from tests.fakes import Clock
from tests.invited import PASSWORD, Person, World
from tests.stack import SANDBOX

ADA = "+447700900123"
URL = "http://127.0.0.1:9"  # nobody there: the tests say themselves what Twilio tells
QUEUED, SENT, FAILED = InvitationStatus.QUEUED, InvitationStatus.SENT, InvitationStatus.FAILED
BOTH = ["slack.invitation_link_failed", "slack.invitation_failed"]


class Desk(World):
    """With a Twilio: `phone` is what it got, `texting` the service."""

    def __init__(self, database: Database, clock: Clock, sandbox: Sandbox, pool: ProviderPool) -> None:
        super().__init__(database, clock)
        self.phone = sandbox.sms
        self.texter = TwilioTexter(
            pool,
            account_sid=SANDBOX.sms.account_sid,
            auth_token=SANDBOX.sms.auth_token,
            sender=SANDBOX.sms.sender,
            api_url=sandbox.url,
        )
        self.texting = self.texts()

    def texts(self, *, on: bool = True, keys: Keyring | None = None) -> TextingService:
        return TextingService(
            self.database,
            keys or self.keys,
            self.texter if on else None,
            public_url=f"{URL}/",
            app_url="https://apps.example/clientdesk",
        )

    def text(self) -> Person:
        """Somebody who gets an e-mail and a text message, neither of which is out yet."""
        return self.invite(mobile=ADA)

    def texted(self) -> tuple[Person, str]:
        """Somebody whose text message is out, and its sid."""
        person = self.text()
        self.texting.send(self.sms())
        return person, str(self.link(person).message_id)

    def sms(self) -> Claim:
        return self.claim(Lane.SMS)

    def again(self) -> Claim:
        """The job once more, when its lease is over."""
        self.clock.advance(timedelta(minutes=2))
        return self.sms()

    def link(self, person: Person, channel: Channel = Channel.SMS) -> InvitationLink:
        with self.database.read() as session:
            of_person = select(InvitationLink).where(InvitationLink.invitation_id == person.invitation_id)
            return session.scalars(of_person.where(InvitationLink.channel == channel)).one()

    def tell(self, person: Person, sid: str, status: SmsStatus, code: int | None = None) -> None:
        self.texting.on_status(str(self.link(person).id), sid, status, code)

    def token(self, person: Person) -> str:
        link = self.link(person)
        return self.keys.token_again(link.nonce, link.token_hash)

    def stands(self, person: Person) -> tuple[Delivery, InvitationStatus, str | None]:
        invitation = self.invitation(person)
        return self.link(person).delivery, invitation.status, invitation.failure


class Outrun(Texter):
    """Twilio's answer comes after what `meanwhile` does."""

    def __init__(self, texter: TwilioTexter, meanwhile: Callable[[str], None]) -> None:
        self._texter = texter
        self._meanwhile = meanwhile

    @override
    def send(self, sms: Sms) -> SentSms:
        sent = self._texter.send(sms)
        self._meanwhile(sent.sid)
        return sent

    @override
    def find(self, sms: Sms, *, since: datetime) -> SentSms | None:
        return self._texter.find(sms, since=since)


@pytest.fixture
def desk(database: Database, clock: Clock, running_sandbox: RunningSandbox) -> Iterator[Desk]:
    with Sandbox(running_sandbox.url) as sandbox, ProviderPool(timeout=TIMEOUT) as pool:
        sandbox.reset()
        sandbox.sms.change_settings(delay=60.0)
        yield Desk(database, clock, sandbox, pool)


def test_who_has_a_mobile_is_invited_twice_by_one_invitation(desk: Desk) -> None:
    person = desk.text()

    claim = desk.sms()
    assert (claim.kind, claim.key) == (SMS_KIND, f"invitation-sms:{person.invitation_id}")
    assert (claim.practice_id, claim.args) == (person.practice_id, {"invitation_id": str(person.invitation_id)})
    assert desk.claim().key == f"invitation-email:{person.invitation_id}"
    assert desk.link(person).token_hash != desk.link(person, Channel.EMAIL).token_hash
    with desk.database.read() as session:
        trail = session.scalars(select(AuditEntry.after).where(AuditEntry.subject_id == person.invitation_id)).one()
    assert trail == {
        "client_user_id": str(person.client_user_id),
        "email": "ada@harbour.example",
        "mobile": "+44 7700 ••• 123",
        "status": "queued",
        "replaces": None,
    }


def test_who_has_none_gets_no_text_message(desk: Desk) -> None:
    desk.invite()
    assert desk.jobs.claim(Lane.SMS, 1, timedelta(minutes=1)) == []


def test_the_text_message_carries_a_link_of_its_own(desk: Desk) -> None:
    person, sid = desk.texted()

    [message] = desk.phone.messages(ADA)
    assert message["sid"] == sid
    assert message["body"] == (
        f"Birch & Co invites you to Clientdesk. Set up your access: {URL}/i/{desk.token(person)}\n"
        "Get the app: https://apps.example/clientdesk"
    )
    assert (message["encoding"], message["segments"]) == ("GSM-7", 2)
    assert message["callback"] == f"{URL}/webhooks/sms?link={desk.link(person).id}"
    assert desk.stands(person) == (Delivery.SENT, SENT, None)
    assert desk.link(person).sent_at == desk.clock.now()
    assert desk.actions(person) == ["invitation.created", "invitation.sent"]
    assert desk.jobs.counts()[Lane.SMS].due == 0


# One invitation, two links


def test_using_one_link_uses_the_other_up(desk: Desk) -> None:
    person, _ = desk.texted()
    desk.invitations.send_email(desk.claim())
    by_email, by_text = desk.outbox.token(), desk.token(person)
    assert desk.invitations.open(by_text) == desk.invitations.open(by_email)

    desk.invitations.accept(by_text, PASSWORD)

    assert [desk.invitations.open(token).state for token in (by_text, by_email)] == [LinkState.USED] * 2
    with pytest.raises(InvitationClosedError):
        desk.invitations.accept(by_email, PASSWORD)
    assert desk.told() == ["slack.invitation_accepted"]


def test_of_simultaneous_uses_of_both_links_one_wins(desk: Desk) -> None:
    person, _ = desk.texted()
    desk.invitations.send_email(desk.claim())
    tokens = [desk.outbox.token(), desk.token(person)]
    barrier = threading.Barrier(8)

    def use(number: int) -> Accepted | ServiceError:
        barrier.wait()
        try:
            return desk.invitations.accept(tokens[number % 2], f"{PASSWORD} {number}")
        except ServiceError as error:
            return error

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(use, range(8)))

    assert sum(isinstance(outcome, Accepted) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, InvitationClosedError) for outcome in outcomes) == 7
    assert desk.told() == ["slack.invitation_accepted"]


def test_sending_anew_replaces_both_links(desk: Desk) -> None:
    person, _ = desk.texted()
    desk.invitations.send_email(desk.claim())
    old = [desk.outbox.token(), desk.token(person)]
    desk.clock.advance(timedelta(hours=1))

    desk.colleague.resend(desk.grace(person), person.invitation_id)
    desk.texting.send(desk.sms())
    desk.invitations.send_email(desk.claim())

    assert [desk.invitations.open(token).state for token in old] == [LinkState.REPLACED] * 2
    newest, first = desk.phone.messages(ADA)
    assert newest["body"] != first["body"]
    assert len(desk.outbox.emails) == 2


def test_taking_it_back_ends_both_links(desk: Desk) -> None:
    person, _ = desk.texted()
    desk.colleague.revoke(desk.grace(person), person.invitation_id)
    assert desk.invitations.open(desk.token(person)).state == LinkState.REVOKED


# What is not wanted is not sent


@pytest.mark.parametrize(
    "status",
    [
        InvitationStatus.SUPERSEDED,
        InvitationStatus.REVOKED,
        InvitationStatus.EXPIRED,
        InvitationStatus.ACCEPTED,
        InvitationStatus.OPENED,
    ],
)
def test_what_is_no_longer_wanted_is_not_sent(desk: Desk, status: InvitationStatus) -> None:
    person = desk.text()
    desk.change(person, status=status)

    desk.texting.send(desk.sms())

    assert desk.phone.messages() == []
    assert desk.stands(person) == (Delivery.QUEUED, status, None)


def test_an_expired_invitation_is_not_sent_even_before_the_sweep(desk: Desk) -> None:
    desk.text()
    desk.clock.advance(timedelta(days=7))
    desk.texting.send(desk.sms())
    assert desk.phone.messages() == []


def test_nothing_is_sent_while_the_practice_has_uninstalled_the_app(desk: Desk) -> None:
    person = desk.text()
    with desk.database.begin() as session:
        session.get_one(Practice, person.practice_id).uninstalled_at = desk.clock.now()
    with pytest.raises(Retry) as caught:
        desk.texting.send(desk.sms())
    assert caught.value.after is not None
    assert desk.phone.messages() == []


def test_a_link_whose_key_is_gone_is_given_up(desk: Desk) -> None:
    desk.text()
    with pytest.raises(GiveUp):
        desk.texts(keys=Keyring([Fernet.generate_key().decode()])).send(desk.sms())


# What goes wrong at Twilio


def test_twilios_wish_to_wait_is_heard(desk: Desk) -> None:
    person = desk.text()
    desk.phone.fault("ratelimited", retry_after=30)
    with pytest.raises(Retry) as caught:
        desk.texting.send(desk.sms())
    assert caught.value.after == timedelta(seconds=30)

    desk.texting.send(desk.again())

    assert len(desk.phone.messages()) == 1
    assert desk.stands(person) == (Delivery.SENT, SENT, None)


@pytest.mark.parametrize("kind", ["lost", "drop", "http500"])
def test_after_a_lost_answer_one_message_is_there(desk: Desk, kind: str) -> None:
    person = desk.text()
    desk.phone.fault(kind)
    with pytest.raises(Retry) as caught:
        desk.texting.send(desk.sms())
    assert caught.value.after is None
    with desk.database.begin() as session:  # even under a new name
        session.get_one(Practice, person.practice_id).name = "Birch Partners"

    desk.texting.send(desk.again())

    [message] = desk.phone.messages()
    assert desk.link(person).message_id == message["sid"]
    assert desk.stands(person) == (Delivery.SENT, SENT, None)


def test_who_cannot_look_sends_nothing(desk: Desk) -> None:
    desk.text()
    desk.phone.fault("lost")
    with pytest.raises(Retry):
        desk.texting.send(desk.sms())
    desk.phone.fault("ratelimited", method="GET", retry_after=20)
    with pytest.raises(Retry) as caught:
        desk.texting.send(desk.again())
    assert caught.value.after == timedelta(seconds=20)
    assert len(desk.phone.messages()) == 1


def test_a_message_that_failed_after_the_answer_was_lost_is_not_sent_again(desk: Desk) -> None:
    person = desk.text()
    desk.phone.change_settings(delay=0.0)
    desk.phone.fault("lost")
    desk.phone.fault("undelivered", code=30005)
    with pytest.raises(Retry):
        desk.texting.send(desk.sms())
    desk.phone.wait_message(ADA, status="undelivered")

    desk.texting.send(desk.again())

    failure = (
        "The text message to +44 7700 ••• 123 did not arrive. The mobile network does not know this number. Check it."
    )
    assert len(desk.phone.messages()) == 1
    assert desk.stands(person) == (Delivery.FAILED, QUEUED, failure)


NOT_SENT = "The text message to +44 7700 ••• 123 was not sent. This is not a mobile number."


def test_a_refused_number_beside_an_e_mail_is_told_once_and_stays_to_be_seen(desk: Desk) -> None:
    person = desk.text()
    desk.phone.fault("refused", code=21614)
    desk.texting.send(desk.sms())
    assert desk.stands(person) == (Delivery.FAILED, QUEUED, NOT_SENT)

    desk.invitations.send_email(desk.claim())

    assert desk.stands(person) == (Delivery.FAILED, SENT, NOT_SENT)
    assert desk.told() == ["slack.invitation_link_failed"]
    assert desk.jobs.counts()[Lane.SMS].due == 0


def test_the_invitation_has_failed_when_neither_got_through(desk: Desk) -> None:
    person = desk.text()
    desk.phone.fault("refused", code=21614)
    desk.texting.send(desk.sms())
    desk.outbox.answers = [RefusedError("550 No such user")]
    desk.invitations.send_email(desk.claim())

    failure = f"The mail server refused ada@harbour.example: 550 No such user\n{NOT_SENT}"
    assert desk.stands(person) == (Delivery.FAILED, FAILED, failure)
    assert desk.told() == BOTH


def test_after_the_last_try_the_inviter_is_told(desk: Desk) -> None:
    person = desk.text()
    [kind] = desk.texting.kinds()

    desk.jobs.fail(desk.sms(), "Twilio asks us to wait.", kind.on_failure)

    failure = "The text message can't be sent: Twilio asks us to wait."
    assert desk.stands(person) == (Delivery.FAILED, QUEUED, failure)
    assert desk.told() == ["slack.invitation_link_failed"]


def test_a_text_message_that_fails_after_the_link_was_opened_bothers_nobody(desk: Desk) -> None:
    person, sid = desk.texted()
    desk.change(person, status=InvitationStatus.OPENED)
    desk.tell(person, sid, SmsStatus.UNDELIVERED, 30003)
    assert desk.stands(person) == (Delivery.FAILED, InvitationStatus.OPENED, None)
    assert desk.told() == []


# What Twilio tells afterwards

OFF = (
    "The text message to +44 7700 ••• 123 did not arrive. "
    "The phone could not be reached: it is off, out of range, or takes no text messages."
)
_S = SmsStatus


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        ([_S.QUEUED, _S.SENT, _S.DELIVERED], (Delivery.DELIVERED, SENT, None)),
        ([_S.DELIVERED, _S.SENT, _S.DELIVERED], (Delivery.DELIVERED, SENT, None)),
        ([_S.DELIVERED, _S.UNDELIVERED], (Delivery.DELIVERED, SENT, None)),
        ([_S.UNDELIVERED, _S.SENT], (Delivery.FAILED, SENT, OFF)),
        ([_S.UNDELIVERED, _S.UNDELIVERED, _S.DELIVERED], (Delivery.FAILED, SENT, OFF)),
        ([_S.SENDING], (Delivery.SENT, SENT, None)),
    ],
)
def test_what_twilio_tells_is_kept_in_whatever_order_it_comes(
    desk: Desk, told: list[SmsStatus], stands: tuple[Delivery, InvitationStatus, str | None]
) -> None:
    person, sid = desk.texted()
    for status in told:
        desk.tell(person, sid, status, 30003 if status is _S.UNDELIVERED else None)
    assert desk.stands(person) == stands
    assert desk.told() == (["slack.invitation_link_failed"] if stands[0] is Delivery.FAILED else [])


@pytest.mark.parametrize(
    ("told", "stands"),
    [
        (_S.QUEUED, (Delivery.SENT, SENT, None)),
        (_S.DELIVERED, (Delivery.DELIVERED, SENT, None)),
        (_S.UNDELIVERED, (Delivery.FAILED, QUEUED, OFF)),
    ],
)
def test_twilio_may_tell_before_its_answer_is_kept(
    desk: Desk, told: SmsStatus, stands: tuple[Delivery, InvitationStatus, str | None]
) -> None:
    person = desk.text()
    texter = Outrun(desk.texter, lambda sid: desk.tell(person, sid, told, 30003 if told is _S.UNDELIVERED else None))
    TextingService(desk.database, desk.keys, texter, public_url=URL).send(desk.sms())

    [message] = desk.phone.messages()
    assert desk.stands(person) == stands
    assert desk.link(person).message_id == message["sid"]


def test_a_message_that_twilio_told_of_is_not_sent_again(desk: Desk) -> None:
    person = desk.text()
    desk.phone.fault("lost")
    with pytest.raises(Retry):
        desk.texting.send(desk.sms())
    [message] = desk.phone.messages()
    desk.tell(person, message["sid"], _S.QUEUED)
    desk.phone.fault("http500", times=None, method="GET")

    desk.texting.send(desk.again())

    assert len(desk.phone.messages()) == 1
    assert desk.stands(person) == (Delivery.SENT, SENT, None)


def test_of_a_second_message_with_the_same_link_only_its_arrival_counts(desk: Desk) -> None:
    person, sid = desk.texted()
    other = f"{sid}-2"
    desk.tell(person, other, _S.UNDELIVERED, 30003)
    assert desk.stands(person) == (Delivery.SENT, SENT, None)

    desk.tell(person, sid, _S.UNDELIVERED, 30003)
    desk.tell(person, other, _S.DELIVERED)

    assert desk.stands(person) == (Delivery.DELIVERED, SENT, None)
    assert desk.link(person).message_id == other


def test_an_arrival_makes_good_what_had_failed(desk: Desk) -> None:
    person = desk.text()
    desk.outbox.answers = [RefusedError("550 No such user")]
    desk.invitations.send_email(desk.claim())
    [kind] = desk.texting.kinds()
    desk.jobs.fail(desk.sms(), "Twilio can't be reached.", kind.on_failure)
    assert desk.invitation(person).status is FAILED

    desk.tell(person, "SM1", _S.DELIVERED)

    failure = "The mail server refused ada@harbour.example: 550 No such user"
    assert desk.stands(person) == (Delivery.DELIVERED, SENT, failure)


@pytest.mark.parametrize("link", ["", "nonsense", str(uuid.UUID(int=0)), "\x00", "x" * 5_000])
def test_what_is_told_of_no_link_of_ours_changes_nothing(desk: Desk, link: str) -> None:
    person, sid = desk.texted()
    desk.texting.on_status(link, sid, _S.FAILED, 30003)
    assert desk.stands(person) == (Delivery.SENT, SENT, None)


def test_an_e_mails_link_is_none_of_twilios(desk: Desk) -> None:
    person, _ = desk.texted()
    desk.texting.on_status(str(desk.link(person, Channel.EMAIL).id), "SM1", _S.FAILED, 30003)
    assert desk.link(person, Channel.EMAIL).delivery is Delivery.QUEUED


@pytest.mark.parametrize(
    "status", [InvitationStatus.ACCEPTED, InvitationStatus.REVOKED, InvitationStatus.SUPERSEDED, FAILED]
)
def test_what_is_told_late_undoes_nothing(desk: Desk, status: InvitationStatus) -> None:
    person, sid = desk.texted()
    desk.change(person, status=status)
    for told in (_S.SENT, _S.UNDELIVERED):
        desk.tell(person, sid, told)
    assert desk.invitation(person).status is status
    assert desk.told() == []


def test_many_callbacks_at_once_tell_the_inviter_once(desk: Desk) -> None:
    person, sid = desk.texted()
    calls = [partial(desk.tell, person, sid, status, 30003) for status in [_S.UNDELIVERED, _S.SENT] * 4]
    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(call) for call in calls]:
            each.result()
    assert desk.stands(person) == (Delivery.FAILED, SENT, OFF)
    assert desk.told() == ["slack.invitation_link_failed"]


# Without text messages


def test_where_text_messages_are_off_a_mobile_from_earlier_changes_nothing(desk: Desk) -> None:
    person = desk.text()

    desk.texts(on=False).send(desk.sms())
    desk.invitations.send_email(desk.claim())

    invitation = desk.invitation(person)
    assert (invitation.status, invitation.failure) == (SENT, None)
    assert desk.phone.messages() == []
    assert desk.told() == []
    with desk.database.read() as session:
        assert session.scalars(select(InvitationLink.channel)).all() == [Channel.EMAIL]
        assert session.scalars(select(Job.outcome).where(Job.lane == Lane.SMS)).all() == [JobOutcome.DONE]


def test_where_they_are_off_a_refused_e_mail_is_a_failed_invitation(desk: Desk) -> None:
    person = desk.text()
    desk.outbox.answers = [RefusedError("550 No such user")]
    desk.invitations.send_email(desk.claim())

    desk.texts(on=False).send(desk.sms())

    assert desk.invitation(person).status is FAILED
    assert desk.told() == BOTH
