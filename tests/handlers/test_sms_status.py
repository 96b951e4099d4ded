"""What Twilio says of a text message, over real HTTP."""

import logging
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

from handlers.pages import sms_status
from sandbox.sms.delivery import sign
from services.accounting.http import ProviderPool
from services.delivery.sms import Sms, SmsStatus, TwilioTexter
from tests.stack import SOON, Stack, listening, serving

PUBLIC = "https://desk.example"
TOKEN = "12345"
SENT = {"MessageSid": "SM1", "MessageStatus": "sent", "To": "+447700900123", "AccountSid": "AC1", "Empty": ""}
FORM = "application/x-www-form-urlencoded"
Told = list[tuple[str, str, SmsStatus, int | None]]


@pytest.fixture(scope="module")
def all_told() -> Told:
    return []


@pytest.fixture(scope="module")
def client(all_told: Told) -> Iterator[httpx.Client]:
    texter = TwilioTexter(ProviderPool(), account_sid="AC1", auth_token=TOKEN, sender="+447700900000")

    def on_status(link: str, sid: str, status: SmsStatus, error_code: int | None) -> None:
        all_told.append((link, sid, status, error_code))

    app = Starlette(routes=sms_status.routes(texter.verify_callback, on_status, public_url=PUBLIC))
    with listening() as listener, serving(app, listener):
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=address, trust_env=False, timeout=SOON) as client:
            yield client


@pytest.fixture
def told(all_told: Told) -> Told:
    all_told.clear()
    return all_told


def post(
    client: httpx.Client,
    form: dict[str, str],
    *,
    query: str = "",
    signature: str | None = None,
    content_type: str | None = FORM,
) -> httpx.Response:
    """Signed as Twilio signs, unless another signature is given; an empty one is left out."""
    if signature is None:
        signature = sign(TOKEN, f"{PUBLIC}/webhooks/sms{query}", form)
    headers = {"Content-Type": content_type, "X-Twilio-Signature": signature}
    return client.post(
        f"/webhooks/sms{query}",
        content=urlencode(form).encode(),
        headers={name: value for name, value in headers.items() if value},
    )


@pytest.mark.parametrize(
    ("changes", "heard"),
    [
        ({}, ("SM1", SmsStatus.SENT, None)),
        ({"MessageStatus": "delivered"}, ("SM1", SmsStatus.DELIVERED, None)),
        ({"MessageStatus": "undelivered", "ErrorCode": "30005"}, ("SM1", SmsStatus.UNDELIVERED, 30005)),
        ({"MessageStatus": "failed", "ErrorCode": "none"}, ("SM1", SmsStatus.FAILED, None)),
        ({"MessageStatus": "failed", "ErrorCode": "9" * 5_000}, ("SM1", SmsStatus.FAILED, None)),
        ({"Body": "Zoë & Łukasz + 1 = 😀\n"}, ("SM1", SmsStatus.SENT, None)),
    ],
)
def test_a_signed_status_is_heard(
    client: httpx.Client, told: Told, changes: dict[str, str], heard: tuple[str, SmsStatus, int | None]
) -> None:
    answer = post(client, SENT | changes)
    assert (answer.status_code, answer.content) == (204, b"")
    assert told == [("", *heard)]


@pytest.mark.parametrize(
    ("query", "link"), [("?link=a%2Fb&x", "a/b"), ("?link=", ""), ("?x=1", ""), ("?link=1&link=2", "2")]
)
def test_what_the_address_names_is_heard_with_it(client: httpx.Client, told: Told, query: str, link: str) -> None:
    assert post(client, SENT, query=query).status_code == 204
    assert told == [(link, "SM1", SmsStatus.SENT, None)]


def test_the_addresses_query_is_signed_too(client: httpx.Client, told: Told) -> None:
    assert post(client, SENT, query="?of=a%2Fb&x").status_code == 204
    assert post(client, SENT, query="?x=1", signature=sign(TOKEN, f"{PUBLIC}/webhooks/sms", SENT)).status_code == 403
    assert len(told) == 1


def test_the_type_may_name_its_charset(client: httpx.Client, told: Told) -> None:
    assert post(client, SENT, content_type=f"{FORM}; charset=UTF-8").status_code == 204
    assert len(told) == 1


@pytest.mark.parametrize("word", ["receiving", "received", "partially_delivered", "brand-new"])
def test_a_status_that_says_nothing_is_taken_and_forgotten(client: httpx.Client, told: Told, word: str) -> None:
    assert post(client, SENT | {"MessageStatus": word}).status_code == 204
    assert told == []


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "nonsense",
        "x" * 4_000,
        sign("another token", f"{PUBLIC}/webhooks/sms", SENT),
        sign(TOKEN, "http://127.0.0.1/webhooks/sms", SENT),
        sign(TOKEN, f"{PUBLIC}/webhooks/sms", SENT | {"MessageStatus": "delivered"}),
    ],
    ids=["none", "nonsense", "long", "another token's", "another address's", "another form's"],
)
def test_what_twilio_did_not_sign_is_refused(client: httpx.Client, told: Told, signature: str) -> None:
    assert post(client, SENT, signature=signature).status_code == 403
    assert told == []


def test_a_signature_that_is_no_text_is_refused(client: httpx.Client, told: Told) -> None:
    headers = [(b"Content-Type", FORM.encode()), (b"X-Twilio-Signature", b"\xff\xfe\x80")]
    answer = client.post("/webhooks/sms", content=urlencode(SENT).encode(), headers=headers)
    assert (answer.status_code, told) == (403, [])


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"MessageStatus": "sent"},
        {"MessageSid": "SM1"},
        {"MessageSid": "", "MessageStatus": "sent"},
        {"MessageSid": "S" * 65, "MessageStatus": "sent"},
    ],
)
def test_a_signed_form_that_names_no_message_is_refused(client: httpx.Client, told: Told, form: dict[str, str]) -> None:
    assert post(client, form).status_code == 400
    assert told == []


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "text/plain", "multipart/form-data; boundary=x"]
)
def test_what_is_no_form_is_refused(client: httpx.Client, told: Told, content_type: str | None) -> None:
    assert post(client, SENT, content_type=content_type).status_code == 415
    assert told == []


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a=%FF", "&".join(f"f{n}=" for n in range(101)).encode()])
def test_a_form_that_cannot_be_read_is_refused(client: httpx.Client, told: Told, body: bytes) -> None:
    answer = client.post("/webhooks/sms", content=body, headers={"Content-Type": FORM})
    assert (answer.status_code, told) == (400, [])


@pytest.mark.parametrize("length", [16 * 1024 + 1, 5_000_000])
def test_a_huge_body_is_refused_unread(client: httpx.Client, told: Told, length: int) -> None:
    answer = client.post("/webhooks/sms", content=b"x" * length, headers={"Content-Type": FORM})
    assert (answer.status_code, told) == (413, [])


def test_only_a_post_is_taken(client: httpx.Client) -> None:
    assert client.get("/webhooks/sms").status_code == 405


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=20), st.text(st.characters(codec="utf-8"))))
def test_no_signed_form_makes_us_fail(client: httpx.Client, told: Told, form: dict[str, str]) -> None:
    assert post(client, form).status_code in {204, 400}
    assert post(client, SENT | {f"x{name}": value for name, value in form.items()}).status_code in {204, 413}


def test_a_message_goes_out_and_its_statuses_come_back(stack: Stack, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="services.invitations.texting")
    stack.sandbox.sms.change_settings(delay=0.0)
    texter = stack.composition.texter
    assert texter is not None
    callback = f"{stack.url}/webhooks/sms"
    stack.sandbox.sms.fault("undelivered", "+447700900124", code=30003)

    sids = [
        texter.send(Sms(to=number, body="Hello", callback_url=callback)).sid
        for number in ("+447700900123", "+447700900124")
    ]

    delivered = stack.sandbox.sms.wait_callbacks(sids[0], "delivered")
    undelivered = stack.sandbox.sms.wait_callbacks(sids[1], "undelivered")
    assert [(each["status"], each["answer"]) for each in delivered + undelivered] == [
        ("queued", 204),
        ("sent", 204),
        ("delivered", 204),
        ("queued", 204),
        ("sent", 204),
        ("undelivered", 204),
    ]
    assert f"Text message {sids[1]}: The phone could not be reached" in caplog.text
