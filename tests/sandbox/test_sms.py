"""The stand-in Twilio, asked by Twilio's own library, and the phones."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from sandbox.app import SandboxConfig
from sandbox.driver import Sandbox
from sandbox.errors import SandboxError
from sandbox.running import RunningSandbox
from sandbox.sms.segments import Segments, segments
from sandbox.sms.world import SmsSettings
from tests.sandbox.apps import START, AppServer, ManualClock

SETTINGS = SmsSettings(delay=0.0)
ADA, BO = "+447700900123", "+12025550123"
LINK = "https://desk.example/i/abc_DEF-123"
Json = dict[str, Any]


@pytest.fixture(scope="module")
def config(clock: ManualClock) -> SandboxConfig:
    return SandboxConfig(clock=clock, sms=SETTINGS)


@pytest.fixture
def running(module_sandbox: RunningSandbox, clock: ManualClock) -> RunningSandbox:
    module_sandbox.parts.sms.reset()
    clock.now = START
    return module_sandbox


@pytest.fixture
def twilio(running: RunningSandbox) -> Client:
    return library(running)


@pytest.fixture
def app(app_server: AppServer) -> AppServer:
    app_server.requests.clear()
    app_server.answer = lambda _body, _headers: (204, {}, "")
    return app_server


def library(running: RunningSandbox, sid: str = SETTINGS.account_sid, token: str = SETTINGS.auth_token) -> Client:
    client = Client(sid, token)
    client.api.base_url = running.url
    return client


def send(twilio: Client, to: str = ADA, body: str = f"Open {LINK}", **more: Any) -> Any:
    return twilio.messages.create(to=to, body=body, **{"from_": SETTINGS.sender, **more})


def test_a_message_is_taken_and_arrives(twilio: Client, sandbox: Sandbox) -> None:
    taken = send(twilio)

    assert (taken.status, taken.to, taken.from_, taken.body) == ("queued", ADA, SETTINGS.sender, f"Open {LINK}")
    assert (taken.direction, taken.num_segments, taken.error_code, taken.date_sent) == ("outbound-api", "1", None, None)
    assert taken.date_created == datetime.fromtimestamp(START, UTC)
    arrived = sandbox.sms.wait_message(ADA, containing=LINK, status="delivered")
    assert arrived == {
        "sid": taken.sid,
        "to": ADA,
        "from": SETTINGS.sender,
        "body": f"Open {LINK}",
        "status": "delivered",
        "error_code": None,
        "history": ["queued", "sent", "delivered"],
        "encoding": "GSM-7",
        "segments": 1,
        "callback": None,
        "created": datetime.fromtimestamp(START, UTC).isoformat(),
    }
    later = twilio.messages(taken.sid).fetch()
    assert (later.status, later.date_sent) == ("delivered", datetime.fromtimestamp(START, UTC))


def test_a_messaging_service_sends_too(twilio: Client) -> None:
    service = "MG" + "0" * 32
    taken = twilio.messages.create(to=ADA, body="Hello", messaging_service_sid=service)
    assert (taken.messaging_service_sid, taken.from_) == (service, SETTINGS.sender)


def test_the_account_can_be_asked_for(twilio: Client) -> None:
    assert twilio.api.accounts(SETTINGS.account_sid).fetch().status == "active"


@pytest.mark.parametrize(
    ("sid", "token", "code"),
    [
        (SETTINGS.account_sid, "another", 20003),
        ("AC" + "0" * 32, SETTINGS.auth_token, 20003),
    ],
)
def test_only_the_account_itself_is_let_in(running: RunningSandbox, sid: str, token: str, code: int) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        send(library(running, sid, token))
    assert (refusal.value.status, refusal.value.code) == (401, code)


@pytest.mark.parametrize("header", ["", "Basic", "Basic ???", "Bearer x", "Basic " + "x" * 5000])
def test_no_credentials_are_no_credentials(running: RunningSandbox, header: str) -> None:
    path = f"/2010-04-01/Accounts/{SETTINGS.account_sid}/Messages.json"
    answer = httpx.get(running.url + path, headers={"Authorization": header}, trust_env=False)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_another_account_s_messages_are_not_found(twilio: Client) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        twilio.api.v2010.accounts("AC" + "0" * 32).messages.create(to=ADA, body="x", from_=SETTINGS.sender)
    assert (refusal.value.status, refusal.value.code) == (404, 20404)


def test_a_message_that_there_is_not_is_not_found(twilio: Client) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        twilio.messages("SM" + "0" * 32).fetch()
    assert (refusal.value.status, refusal.value.code) == (404, 20404)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "07700 900123"}, 21211),
        ({"to": "+0"}, 21211),
        ({"to": ""}, 21604),
        ({"body": ""}, 21602),
        ({"body": "x" * 1601}, 21617),
        ({"from_": ""}, 21603),
        ({"from_": "+447700900999"}, 21606),
        ({"status_callback": "desk.example/webhooks/sms"}, 21609),
    ],
)
def test_what_twilio_would_refuse_is_refused(twilio: Client, changes: Json, code: int) -> None:
    with pytest.raises(TwilioRestException) as refusal:
        send(twilio, **changes)
    assert (refusal.value.status, refusal.value.code) == (400, code)


def test_messages_are_listed_newest_first_page_by_page(twilio: Client, clock: ManualClock) -> None:
    for number in range(5):
        send(twilio, body=f"Number {number}")
        clock.advance(1)
    send(twilio, BO)

    assert [each.body for each in twilio.messages.list(to=ADA)] == [f"Number {n}" for n in (4, 3, 2, 1, 0)]
    assert [each.body for each in twilio.messages.list(to=ADA, page_size=2)] == [f"Number {n}" for n in (4, 3, 2, 1, 0)]
    assert [each.body for each in twilio.messages.list(to=ADA, limit=3)] == [f"Number {n}" for n in (4, 3, 2)]
    assert len(twilio.messages.list()) == 6
    assert twilio.messages.list(from_="+447700900999") == []


def test_messages_are_found_by_the_day_they_were_sent(twilio: Client, sandbox: Sandbox, clock: ManualClock) -> None:
    old = send(twilio, body="Old").sid
    sandbox.sms.wait_message(ADA, status="delivered")
    clock.advance(86_400)
    new = send(twilio, body="New").sid
    sandbox.sms.wait_message(ADA, containing="New", status="delivered")
    first = datetime.fromtimestamp(START, UTC)

    def found(**wanted: datetime) -> list[str]:
        return [each.sid for each in twilio.messages.list(**wanted)]

    assert found(date_sent_after=first + timedelta(hours=1)) == [new]
    assert found(date_sent_before=first + timedelta(hours=1)) == [old]
    assert found(date_sent_after=first) == [new, old]
    assert found(date_sent=first) == [old]


def test_a_message_that_waits_has_no_date_of_sending(twilio: Client, sandbox: Sandbox) -> None:
    sandbox.sms.change_settings(delay=60.0)
    waiting = send(twilio).sid
    assert twilio.messages.list(to=ADA, date_sent_after=datetime(2020, 1, 1, tzinfo=UTC)) == []
    assert [each.sid for each in twilio.messages.list(to=ADA)] == [waiting]


def told(app: AppServer, url: str) -> list[Json]:
    """What came at the address, each with a signature that Twilio's library finds right."""
    validator = RequestValidator(SETTINGS.auth_token)
    forms = [(dict(parse_qsl(body)), headers["x-twilio-signature"]) for body, headers in app.requests]
    assert all(validator.validate(url, form, signature) for form, signature in forms)
    return [form for form, _ in forms]


def test_the_app_is_told_of_each_status_with_a_signature(twilio: Client, sandbox: Sandbox, app: AppServer) -> None:
    url = f"{app.url}/webhooks/sms?of=1"
    sid = send(twilio, status_callback=f"{url}#rc=2").sid

    answered = sandbox.sms.wait_callbacks(sid, "queued", "sent", "delivered")

    assert [(each["status"], each["answer"], each["url"]) for each in answered] == [
        ("queued", 204, url),
        ("sent", 204, url),
        ("delivered", 204, url),
    ]
    common = {
        "AccountSid": SETTINGS.account_sid,
        "ApiVersion": "2010-04-01",
        "From": SETTINGS.sender,
        "MessageSid": sid,
        "SmsSid": sid,
        "To": ADA,
    }
    assert told(app, url) == [
        {**common, "MessageStatus": status, "SmsStatus": status} for status in ("queued", "sent", "delivered")
    ]


@pytest.mark.parametrize(
    ("kind", "code", "course"),
    [
        ("undelivered", 30003, ["queued", "sent", "undelivered"]),
        ("undelivered", 30005, ["queued", "sent", "undelivered"]),
        ("undelivered", 30006, ["queued", "sent", "undelivered"]),
        ("failed", 30002, ["queued", "failed"]),
    ],
)
def test_a_message_can_get_lost_on_its_way(
    twilio: Client, sandbox: Sandbox, app: AppServer, kind: str, code: int, course: list[str]
) -> None:
    sandbox.sms.fault(kind, ADA, code=code)
    sid = send(twilio, status_callback=app.url).sid
    sandbox.sms.wait_callbacks(sid, kind)

    assert [(form["MessageStatus"], form.get("ErrorCode")) for form in told(app, app.url)] == [
        *((status, None) for status in course[:-1]),
        (kind, str(code)),
    ]
    assert (twilio.messages(sid).fetch().status, twilio.messages(sid).fetch().error_code) == (kind, code)
    send(twilio, status_callback=app.url)
    sandbox.sms.wait_message(ADA, status="delivered")


def test_an_app_that_cannot_be_reached_changes_nothing(twilio: Client, sandbox: Sandbox) -> None:
    sid = send(twilio, status_callback="http://127.0.0.1:9/").sid
    answered = sandbox.sms.wait_callbacks(sid, "delivered")
    assert {each["answer"] for each in answered} == {"ConnectError"}
    assert twilio.messages(sid).fetch().status == "delivered"


@pytest.mark.parametrize("code", [21211, 21408, 21610, 21614])
def test_a_number_can_be_refused(twilio: Client, sandbox: Sandbox, code: int) -> None:
    sandbox.sms.fault("refused", ADA, code=code)
    send(twilio, BO)
    with pytest.raises(TwilioRestException) as refusal:
        send(twilio)
    assert (refusal.value.status, refusal.value.code) == (400, code)
    assert sandbox.sms.messages(ADA) == []
    send(twilio)


@pytest.mark.parametrize(("kind", "status", "code"), [("ratelimited", 429, 20429), ("http500", 500, 20500)])
def test_twilio_can_be_out_of_order(twilio: Client, sandbox: Sandbox, kind: str, status: int, code: int) -> None:
    sandbox.sms.fault(kind, times=2)
    for _ in range(2):
        with pytest.raises(TwilioRestException) as refusal:
            send(twilio)
        assert (refusal.value.status, refusal.value.code) == (status, code)
    assert sandbox.sms.messages() == []
    send(twilio)


@pytest.mark.parametrize(("kind", "taken"), [("drop", 0), ("lost", 1)])
def test_an_answer_can_get_lost_with_or_without_the_message(
    twilio: Client, sandbox: Sandbox, kind: str, taken: int
) -> None:
    sandbox.sms.fault(kind)
    with pytest.raises(OSError, match="Connection aborted"):
        send(twilio)
    assert len(sandbox.sms.messages(ADA)) == taken


def test_looking_for_messages_can_fail_by_itself(twilio: Client, sandbox: Sandbox) -> None:
    sandbox.sms.fault("http500", method="GET", times=None)
    send(twilio)
    with pytest.raises(Exception, match="Unable to fetch page"):
        twilio.messages.list()
    sandbox.sms.clear_faults()
    assert len(twilio.messages.list()) == 1


def test_a_fault_that_there_is_not_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="kind is one of"):
        sandbox.sms.fault("earthquake")


def test_a_wait_for_what_does_not_come_says_what_came(twilio: Client, sandbox: Sandbox) -> None:
    send(twilio, BO, body="Another")
    with pytest.raises(SandboxError, match="Another"):
        sandbox.sms.wait_message(ADA, timeout=0)


@pytest.mark.parametrize(
    ("body", "counted"),
    [
        ("", Segments("GSM-7", 1)),
        ("x" * 160, Segments("GSM-7", 1)),
        ("x" * 161, Segments("GSM-7", 2)),
        ("x" * 306, Segments("GSM-7", 2)),
        ("x" * 307, Segments("GSM-7", 3)),
        ("é@£_\n" * 32, Segments("GSM-7", 1)),
        ("€" * 80, Segments("GSM-7", 1)),
        ("€" * 81, Segments("GSM-7", 2)),
        ("€" * 153, Segments("GSM-7", 3)),
        ("ł" * 70, Segments("UCS-2", 1)),
        ("ł" * 71, Segments("UCS-2", 2)),
        ("😀" * 35, Segments("UCS-2", 1)),
        ("😀" * 67, Segments("UCS-2", 3)),
        ("’" + "x" * 70, Segments("UCS-2", 2)),
    ],
)
def test_a_message_travels_in_parts(body: str, counted: Segments) -> None:
    assert segments(body) == counted


@given(st.text(st.sampled_from("x€ł😀"), min_size=1))
def test_more_text_never_takes_fewer_parts(body: str) -> None:
    assert 1 <= segments(body[:-1]).count <= segments(body).count


def page(running: RunningSandbox, path: str) -> str:
    return httpx.get(f"{running.url}{path}", trust_env=False).raise_for_status().text


def test_a_phone_shows_what_arrived_with_links_to_tap(
    twilio: Client, sandbox: Sandbox, running: RunningSandbox
) -> None:
    send(twilio, body=f"Ada & Bo <b>invite</b> you: {LINK}\nThe app: https://apps.example/desk")
    sandbox.sms.fault("undelivered", code=30005)
    send(twilio, body="Never arrives")
    sandbox.sms.wait_message(ADA, status="undelivered")

    text = page(running, f"/sms/{ADA}")

    assert f'<a href="{LINK}" rel="noopener" target="_blank">{LINK}</a>' in text
    assert '<a href="https://apps.example/desk"' in text
    assert "Ada &amp; Bo &lt;b&gt;invite&lt;/b&gt; you" in text
    assert "This one did not arrive (30005)." in text
    assert "Never arrives" not in text


def test_all_phones_are_listed_with_what_came_last(twilio: Client, running: RunningSandbox) -> None:
    assert "No text messages yet." in page(running, "/sms")
    send(twilio, body="First")
    send(twilio, body="Second")
    send(twilio, BO, body="<i>")
    text = page(running, "/sms")
    assert text.index(f'href="/sms/{BO}"') < text.index(f'href="/sms/{ADA}"')
    assert "Second" in text
    assert "First" not in text
    assert "&lt;i&gt;" in text


def test_a_phone_without_messages_says_so(running: RunningSandbox) -> None:
    assert "No text messages" in page(running, "/sms/+447700900999")
    assert "&lt;script&gt;" in page(running, "/sms/<script>")


def test_a_reset_empties_the_phones(twilio: Client, sandbox: Sandbox, running: RunningSandbox) -> None:
    sandbox.sms.change_settings(delay=60.0)
    sandbox.sms.fault("refused", BO)
    send(twilio)
    sandbox.reset()
    assert (sandbox.sms.messages(), sandbox.sms.callbacks()) == ([], [])
    assert running.parts.sms.world.settings == SETTINGS
    send(twilio, BO)


@pytest.fixture(autouse=True)
def _closed(twilio: Client) -> Iterator[None]:
    yield
    twilio.http_client.session.close()
