"""TwilioTexter against the sandbox, and against servers that answer as Twilio should not."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from sandbox.driver import Sandbox
from sandbox.running import RunningSandbox
from sandbox.sms.delivery import sign
from services.accounting.http import ProviderPool
from services.delivery.sms import (
    TIMEOUT,
    AnswerLost,
    RefusedError,
    SentSms,
    Sms,
    SmsStatus,
    TwilioTexter,
    UndeliveredError,
    is_sender,
    status_words,
)
from tests.stack import SANDBOX

ADA = "+447700900123"
SMS = Sms(to=ADA, body="Ada invites you: https://desk.example/i/abc", callback_url="http://127.0.0.1:9/webhooks/sms")
SINCE = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def sandbox(running_sandbox: RunningSandbox) -> Iterator[Sandbox]:
    with Sandbox(running_sandbox.url) as sandbox:
        sandbox.reset()
        sandbox.sms.change_settings(delay=0.0)
        yield sandbox


@pytest.fixture
def pool() -> Iterator[ProviderPool]:
    with ProviderPool(timeout=TIMEOUT) as pool:
        yield pool


def twilio(pool: ProviderPool, url: str, **changes: str) -> TwilioTexter:
    account = {
        "account_sid": SANDBOX.sms.account_sid,
        "auth_token": SANDBOX.sms.auth_token,
        "sender": SANDBOX.sms.sender,
    }
    return TwilioTexter(pool, **{**account, **changes}, api_url=url)


@pytest.fixture
def texter(pool: ProviderPool, sandbox: Sandbox) -> TwilioTexter:
    return twilio(pool, sandbox.url)


def test_a_message_is_sent_and_known_by_its_sid(texter: TwilioTexter, sandbox: Sandbox) -> None:
    sent = texter.send(SMS)

    arrived = sandbox.sms.wait_message(ADA, status="delivered")
    assert sent == SentSms(sid=arrived["sid"], status=SmsStatus.QUEUED)
    assert (arrived["body"], arrived["from"], arrived["callback"]) == (SMS.body, SANDBOX.sms.sender, SMS.callback_url)


def test_a_body_of_any_script_arrives_as_it_is(texter: TwilioTexter, sandbox: Sandbox) -> None:
    body = "Zoë & Łukasz – 50% + 1 = ?\nПривет 你好 😀 https://desk.example/i/a_b-c?d=e&f=%20"
    texter.send(Sms(to=ADA, body=body, callback_url=SMS.callback_url))
    assert sandbox.sms.wait_message(ADA)["body"] == body


def test_a_messaging_service_can_be_the_sender(pool: ProviderPool, sandbox: Sandbox) -> None:
    twilio(pool, sandbox.url, sender="MG" + "0" * 32).send(SMS)
    sandbox.sms.wait_message(ADA, status="delivered")


def test_regions_in_the_environment_lead_nowhere_else(
    texter: TwilioTexter, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    texter.send(SMS)
    assert len(sandbox.sms.messages(ADA)) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (21211, "This is not a number that exists. Check it."),
        (21614, "This is not a mobile number."),
        (21610, "The person has stopped text messages from this sender."),
        (21408, "Text messages to this country are not switched on at Twilio."),
        (21999, "Twilio refused it. Its reason has the number 21999."),
    ],
)
def test_a_refusal_for_good_says_why(texter: TwilioTexter, sandbox: Sandbox, code: int, words: str) -> None:
    sandbox.sms.fault("refused", code=code)
    with pytest.raises(RefusedError) as refusal:
        texter.send(SMS)
    assert refusal.value.code == code
    assert refusal.value.message.startswith(words)
    assert str(refusal.value) == refusal.value.message


@pytest.mark.parametrize(
    ("given", "waits"),
    [(30, timedelta(seconds=30)), (0, timedelta(seconds=5)), (999_999, timedelta(hours=1))],
)
def test_twilios_wish_to_wait_is_heard_within_reason(
    texter: TwilioTexter, sandbox: Sandbox, given: int, waits: timedelta
) -> None:
    sandbox.sms.fault("ratelimited", retry_after=given)
    with pytest.raises(UndeliveredError) as failure:
        texter.send(SMS)
    assert (type(failure.value), failure.value.after) == (UndeliveredError, waits)


def test_a_full_queue_is_a_wish_to_wait(texter: TwilioTexter, sandbox: Sandbox) -> None:
    sandbox.sms.fault("refused", code=21611)
    with pytest.raises(UndeliveredError) as failure:
        texter.send(SMS)
    assert failure.value.after == timedelta(seconds=5)


@pytest.mark.parametrize("code", [20003, 21606, 21609])
def test_what_the_operator_has_to_mend_is_tried_again_and_cried_out(
    texter: TwilioTexter, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    sandbox.sms.fault("refused", code=code)
    with pytest.raises(UndeliveredError, match="does not accept this installation"):
        texter.send(SMS)
    assert [str(code) in record.getMessage() for record in caplog.records if record.levelname == "CRITICAL"] == [True]


def test_a_wrong_token_is_the_operators_to_mend(pool: ProviderPool, sandbox: Sandbox) -> None:
    wrong = twilio(pool, sandbox.url, auth_token="s3cret")
    for ask in (lambda: wrong.send(SMS), lambda: wrong.find(SMS, since=SINCE), wrong.check):
        with pytest.raises(UndeliveredError, match="does not accept this installation") as failure:
            ask()
        assert not isinstance(failure.value, AnswerLost)


def test_the_account_can_be_tried(texter: TwilioTexter, sandbox: Sandbox) -> None:
    assert texter.check() == f"{sandbox.url.removeprefix('http://')}, account active"


# An answer that gets lost


@pytest.mark.parametrize(("kind", "messages"), [("lost", 1), ("drop", 0), ("http500", 0)])
def test_a_lost_answer_is_followed_by_looking_so_that_one_message_arrives(
    texter: TwilioTexter, sandbox: Sandbox, kind: str, messages: int
) -> None:
    sandbox.sms.fault(kind)
    with pytest.raises(AnswerLost):
        texter.send(SMS)
    assert len(sandbox.sms.messages(ADA)) == messages

    found = texter.find(SMS, since=SINCE) or texter.send(SMS)

    [message] = sandbox.sms.messages(ADA)
    assert found.sid == message["sid"]


def test_what_is_found_says_how_it_stands(texter: TwilioTexter, sandbox: Sandbox) -> None:
    sandbox.sms.fault("lost")
    sandbox.sms.fault("undelivered", code=30005)
    with pytest.raises(AnswerLost):
        texter.send(SMS)
    message = sandbox.sms.wait_message(ADA, status="undelivered")
    assert texter.find(SMS, since=SINCE) == SentSms(sid=message["sid"], status=SmsStatus.UNDELIVERED, error_code=30005)


def test_a_message_that_waits_to_be_sent_is_found(texter: TwilioTexter, sandbox: Sandbox) -> None:
    sandbox.sms.change_settings(delay=60.0)
    sent = texter.send(SMS)
    assert texter.find(SMS, since=SINCE) == sent


def test_only_the_same_words_to_the_same_number_since_then_are_found(texter: TwilioTexter, sandbox: Sandbox) -> None:
    texter.send(SMS)
    other = Sms(to=ADA, body="Ada invites you: https://desk.example/i/xyz", callback_url=SMS.callback_url)
    elsewhere = Sms(to="+447700900124", body=SMS.body, callback_url=SMS.callback_url)
    now = datetime.now(UTC)
    assert texter.find(other, since=SINCE) is None
    assert texter.find(elsewhere, since=SINCE) is None
    assert texter.find(SMS, since=now + timedelta(minutes=10)) is None
    assert texter.find(SMS, since=now + timedelta(minutes=2)) is not None  # the clocks differ


def test_what_a_trial_account_puts_before_the_body_hides_nothing(texter: TwilioTexter, sandbox: Sandbox) -> None:
    trial = Sms(to=ADA, body=f"Sent from your trial account - {SMS.body}", callback_url=SMS.callback_url)
    sent = texter.send(trial)
    found = texter.find(SMS, since=SINCE)
    assert found is not None
    assert found.sid == sent.sid


@pytest.mark.parametrize("kind", ["http500", "ratelimited", "drop"])
def test_who_cannot_look_does_not_say_that_there_is_nothing(texter: TwilioTexter, sandbox: Sandbox, kind: str) -> None:
    sandbox.sms.fault(kind, method="GET")
    with pytest.raises(UndeliveredError):
        texter.find(SMS, since=SINCE)


# Servers that are none


def test_nobody_there_is_no_message_sent(pool: ProviderPool) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(UndeliveredError) as failure:
            twilio(pool, address).send(SMS)
    assert not isinstance(failure.value, AnswerLost)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that answers every request with these bytes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65_536)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def http(status: str, body: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>",
        "null",
        "[]",
        '"SM1"',
        "{}",
        '{"sid": null}',
        '{"sid": 5}',
        '{"sid": ""}',
        '{"messages": 5}',
        '{"messages": [5]}',
        "[" * 20_000,
        '{"sid": "SM1", "date_created": 5}',
        '{"sid": "SM1", "date_sent": "Sun, 99 Nov 2026 01:56:56 +0000"}',
    ],
)
@pytest.mark.parametrize("status", ["200 OK", "201 Created"])
def test_an_answer_that_cannot_be_read_may_have_been_a_yes(pool: ProviderPool, status: str, body: str) -> None:
    with answering(http(status, body)) as url:
        texter = twilio(pool, url)
        with pytest.raises(AnswerLost):
            texter.send(SMS)
        with pytest.raises(UndeliveredError):
            texter.find(SMS, since=SINCE)


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{"])
def test_half_an_answer_is_none(pool: ProviderPool, answer: bytes) -> None:
    with answering(answer) as url, pytest.raises(AnswerLost):
        twilio(pool, url).send(SMS)


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        ("302 Found", "", UndeliveredError),
        ("400 Bad Request", "<html>proxy</html>", UndeliveredError),
        ("400 Bad Request", '{"code": "21211"}', UndeliveredError),
        ("400 Bad Request", '{"code": 21211, "message": "+447700900123"}', RefusedError),
        ("403 Forbidden", '{"code": 21610}', RefusedError),
        ("403 Forbidden", "{}", UndeliveredError),
        ("404 Not Found", "", UndeliveredError),
        ("408 Request Timeout", "", AnswerLost),
        ("429 Too Many Requests", "", UndeliveredError),
        ("502 Bad Gateway", "<html>", AnswerLost),
        ("503 Service Unavailable", '{"code": 20503}', AnswerLost),
    ],
)
def test_every_refusal_is_told_apart(
    pool: ProviderPool, caplog: pytest.LogCaptureFixture, status: str, body: str, failure: type[Exception]
) -> None:
    caplog.set_level(logging.DEBUG)
    with answering(http(status, body)) as url, pytest.raises(Exception, match=r"\w") as raised:
        twilio(pool, url).send(SMS)
    assert type(raised.value) is failure
    said = caplog.text + str(raised.value)
    assert [each for each in (ADA, ADA[1:], SMS.body, SANDBOX.sms.auth_token) if each in said] == []


def test_a_record_of_odd_values_is_a_message_all_the_same(pool: ProviderPool) -> None:
    body = json.dumps({"sid": "SM1", "status": "inventing", "error_code": "none", "date_created": None, "body": None})
    with answering(http("201 Created", body)) as url:
        assert twilio(pool, url).send(SMS) == SentSms(sid="SM1", status=SmsStatus.QUEUED)


def test_a_server_that_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with ProviderPool(timeout=urllib3.Timeout(connect=0.2, read=0.2)) as impatient, pytest.raises(AnswerLost):
            twilio(impatient, url).send(SMS)
    assert (TIMEOUT.connect_timeout, TIMEOUT.read_timeout) == (3, 10)


# Signatures


URL = "https://desk.example/webhooks/sms"
FORM = {"MessageSid": "SM1", "MessageStatus": "sent", "To": ADA, "Empty": ""}


@pytest.fixture
def validator() -> TwilioTexter:
    return TwilioTexter(ProviderPool(), account_sid="AC1", auth_token="12345", sender=ADA)


def signature(url: str, form: dict[str, str], token: str = "12345") -> str:
    return sign(token, url, form)


def test_twilios_own_example_passes(validator: TwilioTexter) -> None:
    url = "https://example.com/myapp.php?foo=1&bar=2"
    form = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    assert validator.verify_callback("L/OH5YylLD5NRKLltdqwSvS0BnU=", url, form)


@pytest.mark.parametrize("signed", [URL, "https://desk.example:443/webhooks/sms"])
def test_the_port_may_be_named_or_not(validator: TwilioTexter, signed: str) -> None:
    assert validator.verify_callback(signature(signed, FORM), URL, FORM)


@pytest.mark.parametrize(
    ("url", "form", "token"),
    [
        (URL, {**FORM, "MessageStatus": "delivered"}, "12345"),
        (URL, {**FORM, "More": "x"}, "12345"),
        (URL, {}, "12345"),
        (URL + "?x=1", FORM, "12345"),
        ("http://desk.example/webhooks/sms", FORM, "12345"),
        ("https://other.example/webhooks/sms", FORM, "12345"),
        (URL, FORM, "54321"),
    ],
)
def test_whatever_differs_from_what_was_signed_is_refused(
    validator: TwilioTexter, url: str, form: dict[str, str], token: str
) -> None:
    assert not validator.verify_callback(signature(url, form, token), URL, FORM)


@given(st.text(), st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8"))))
def test_no_made_up_signature_passes_or_fails_us(made_up: str, form: dict[str, str]) -> None:
    texter = TwilioTexter(ProviderPool(), account_sid="AC1", auth_token="12345", sender=ADA)
    assert not texter.verify_callback(made_up, URL, form)


# What becomes of a message


@pytest.mark.parametrize(
    ("word", "status"),
    [
        *((status.value, status) for status in SmsStatus),
        ("accepted", SmsStatus.QUEUED),
        ("scheduled", SmsStatus.QUEUED),
        ("read", SmsStatus.DELIVERED),
        ("canceled", SmsStatus.FAILED),
        ("received", None),
        ("", None),
        ("DELIVERED", None),
    ],
)
def test_twilios_words_for_a_status_are_known(word: str, status: SmsStatus | None) -> None:
    assert SmsStatus.read(word) == status


def test_statuses_in_any_order_end_at_the_first_final_one() -> None:
    def end(*told: SmsStatus) -> SmsStatus:
        known = SmsStatus.QUEUED
        for status in told:
            known = status if status.follows(known) else known
        return known

    assert end(SmsStatus.SENT, SmsStatus.DELIVERED) is SmsStatus.DELIVERED
    assert end(SmsStatus.DELIVERED, SmsStatus.SENT, SmsStatus.QUEUED) is SmsStatus.DELIVERED
    assert end(SmsStatus.UNDELIVERED, SmsStatus.SENDING) is SmsStatus.UNDELIVERED
    assert end(SmsStatus.FAILED, SmsStatus.DELIVERED) is SmsStatus.FAILED
    assert {status for status in SmsStatus if status.is_final} == {
        SmsStatus.DELIVERED,
        SmsStatus.UNDELIVERED,
        SmsStatus.FAILED,
    }


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (SmsStatus.QUEUED, None, "Waiting to be sent."),
        (SmsStatus.DELIVERED, None, "Delivered."),
        (SmsStatus.DELIVERED, 30003, "Delivered."),
        (SmsStatus.UNDELIVERED, None, "The mobile network did not deliver it."),
        (
            SmsStatus.UNDELIVERED,
            30003,
            "The phone could not be reached: it is off, out of range, or takes no text messages.",
        ),
        (SmsStatus.UNDELIVERED, 30005, "The mobile network does not know this number. Check it."),
        (SmsStatus.UNDELIVERED, 30006, "This is a landline's number, or its network takes no text messages."),
        (SmsStatus.FAILED, 39999, "It could not be sent. Twilio's reason has the number 39999."),
    ],
)
def test_what_became_of_a_message_is_said_in_plain_words(status: SmsStatus, code: int | None, words: str) -> None:
    assert status_words(status, code) == words


@pytest.mark.parametrize("text", ["", "+", "+0", "+44 7700", "12", "123456789", "Clientdesk Ltd", "é", "12 34", "-"])
def test_not_everything_can_be_a_sender(text: str) -> None:
    assert not is_sender(text)


def test_a_message_does_not_show_its_link_where_it_is_logged() -> None:
    assert "desk.example/i/" not in repr(SMS)
