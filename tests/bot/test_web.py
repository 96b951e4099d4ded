"""The web process, asked over HTTP as Slack, a stranger or a monitor would."""

import hashlib
import hmac
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot import web
from bot.composition import Composition
from bot.settings import Settings
from bot.worker import LaneSettings, Worker
from db.models import Lane
from services import jobs
from services.jobs import GiveUp, Kind, NewJob
from tests.stack import KEY, SOON, listening, serving

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.fixture(scope="module")
def composition(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composition]:
    path = tmp_path_factory.mktemp("web") / "web.db"
    shutil.copyfile(sqlite_template, path)
    environment = {
        "DATABASE_URL": f"sqlite:///{path}",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_BOT_TOKEN": "xoxb-1",
        "SLACK_API_URL": "http://127.0.0.1:9/api/",
        "ENCRYPTION_KEYS": KEY,
    }
    with Composition(Settings.from_environment(environment)) as composition:
        yield composition


@contextmanager
def asking(app: Starlette) -> Iterator[httpx.Client]:
    with listening() as listener, serving(app, listener):
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with httpx.Client(base_url=address, trust_env=False, timeout=SOON) as client:
            yield client


@pytest.fixture(scope="module")
def client(composition: Composition) -> Iterator[httpx.Client]:
    with asking(composition.asgi()) as client:
        yield client


def signature(body: bytes, timestamp: str, secret: str = SECRET) -> str:
    return "v0=" + hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()


def send(client: httpx.Client, body: bytes, content_type: str = FORM, /, **headers: str | None) -> httpx.Response:
    """Signed as Slack signs, but for the headers that are given; one given as None is left out."""
    timestamp = headers.get("timestamp", str(int(time.time())))
    sent = {
        "Content-Type": content_type,
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": headers.get("signature", signature(body, timestamp or "")),
    }
    return client.post(
        "/slack/events",
        content=body,
        headers=[(name.encode(), value.encode("latin-1")) for name, value in sent.items() if value is not None],
    )


def command(text: str = "", name: str = "/clients") -> bytes:
    return urlencode(
        {
            "command": name,
            "text": text,
            "team_id": "T1",
            "user_id": "U1",
            "channel_id": "C1",
            "trigger_id": "1.2",
            "response_url": "http://127.0.0.1:9/response",
            "api_app_id": "A1",
        }
    ).encode()


def interaction(payload: dict[str, Any]) -> bytes:
    whole = {"team": {"id": "T1"}, "user": {"id": "U1", "team_id": "T1"}, "trigger_id": "1.2", **payload}
    return urlencode({"payload": json.dumps(whole)}).encode()


def event(content: Any) -> bytes:
    envelope = {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event_time": 1, "event": content}
    return json.dumps(envelope).encode()


def test_a_signed_command_is_served(client: httpx.Client) -> None:
    answer = send(client, command("help"))
    assert answer.status_code == 200
    assert answer.json()["response_type"] == "ephemeral"


@pytest.mark.parametrize(
    "headers",
    [
        {"signature": "v0="},
        {"signature": "v1=" + "0" * 64},
        {"signature": "nonsense"},
        {"signature": ""},
        {"signature": None},
        {"signature": "v0=é" + "0" * 63},
        {"timestamp": None},
        {"timestamp": ""},
        {"timestamp": "yesterday"},
        {"timestamp": "-1"},
        {"timestamp": "1e9"},
        {"timestamp": "12.5"},
        {"timestamp": "²³"},
        {"timestamp": "9" * 400},
    ],
    ids=repr,
)
def test_what_slack_did_not_just_sign_is_refused(client: httpx.Client, headers: dict[str, str | None]) -> None:
    sound = {name: value for name, value in headers.items() if name != "timestamp" or (value or "").isascii()}
    if sound != headers:
        headers = {**headers, "signature": "v0=" + "0" * 64}
    assert send(client, command(), **headers).status_code == 401


@pytest.mark.parametrize("seconds", [-400, 400])
def test_what_was_signed_long_ago_or_ahead_of_time_is_refused(client: httpx.Client, seconds: int) -> None:
    assert send(client, command(), timestamp=str(int(time.time()) + seconds)).status_code == 401


def test_another_secret_s_signature_is_refused(client: httpx.Client) -> None:
    now = str(int(time.time()))
    forged = signature(command(), now, "another secret")
    assert send(client, command(), timestamp=now, signature=forged).status_code == 401


def test_a_changed_body_is_refused(client: httpx.Client) -> None:
    now = str(int(time.time()))
    answer = send(client, command("help!"), timestamp=now, signature=signature(command("help"), now))
    assert answer.status_code == 401


@pytest.mark.parametrize("length", [web.LONGEST_BODY + 1, 20 * web.LONGEST_BODY])
def test_a_huge_body_is_refused_unread(client: httpx.Client, length: int) -> None:
    assert send(client, b"x" * length).status_code == 413


def test_the_longest_body_is_only_unsigned(client: httpx.Client) -> None:
    assert send(client, b"x" * web.LONGEST_BODY, signature="v0=").status_code == 401


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"\xff\xfe\x00", FORM),
        (b"\xff\xfe\x00", JSON),
        (b"{", JSON),
        (b"{", FORM),
        (b"[]", JSON),
        (b'"text"', JSON),
        (b"null", JSON),
        (b"1", JSON),
        (b"[" * 200_000, JSON),
        (b"payload=", FORM),
        (b"payload=%7B", FORM),
        (b"payload=%5B1%5D", FORM),
        (b"payload=null", FORM),
        (event(None), JSON),
        (event([]), JSON),
        (b'{"type": "event_callback", "authorizations": 1}', JSON),
        (interaction({"type": "block_actions"}), FORM),
        (interaction({"type": "block_actions", "actions": []}), FORM),
        (interaction({"type": "block_actions", "actions": [{}]}), FORM),
        (interaction({"type": "view_submission", "view": None}), FORM),
        (interaction({"type": "view_submission", "view": {}}), FORM),
        (interaction({"type": "view_submission", "view": {"callback_id": 5}}), FORM),
        (interaction({"type": "block_suggestion"}), FORM),
        (interaction({"type": "nonsense"}), FORM),
        (interaction({"team": 1, "user": 2, "type": "shortcut", "callback_id": "x"}), FORM),
        (b"", FORM),
        (b"", JSON),
        (b"a=b", FORM),
        (b"command=", FORM),
    ],
    ids=range(29),
)
def test_signed_nonsense_is_no_failure_of_ours(client: httpx.Client, body: bytes, content_type: str) -> None:
    assert send(client, body, content_type).status_code in {200, 400, 404}


_KEYS = st.sampled_from(
    ["type", "event", "team", "user", "view", "actions", "action_id", "callback_id", "command", "authorizations", "id"]
)
_TYPES = st.sampled_from(
    ["event_callback", "block_actions", "view_submission", "view_closed", "shortcut", "app_home_opened"]
)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | _TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_KEYS, _VALUES), st.booleans())
def test_no_signed_json_makes_us_fail(client: httpx.Client, content: dict[str, Any], as_form: bool) -> None:
    body = urlencode({"payload": json.dumps(content)}).encode() if as_form else json.dumps(content).encode()
    assert send(client, body, FORM if as_form else JSON).status_code in {200, 400, 404}


@pytest.mark.parametrize("text", ["payload", "seek payload Ltd", "&payload={", "=%&;"])
def test_a_word_of_slacks_own_protocol_in_a_command_is_only_a_word(client: httpx.Client, text: str) -> None:
    assert "is not something /clients knows" in send(client, command(text)).json()["text"]


def test_an_unknown_command_is_answered(client: httpx.Client) -> None:
    answer = send(client, command(name="/unheard-of"))
    assert "does not know this command" in answer.json()["text"]


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "block_actions", "actions": [{"type": "button", "action_id": "no.such", "block_id": "b"}]},
        {"type": "view_submission", "view": {"type": "modal", "callback_id": "no.such", "state": {"values": {}}}},
        {"type": "view_closed", "view": {"type": "modal", "callback_id": "no.such"}, "is_cleared": False},
        {"type": "shortcut", "callback_id": "no.such"},
        {"type": "message_action", "callback_id": "no.such", "channel": {"id": "C1"}, "message": {"ts": "1.2"}},
    ],
    ids=lambda payload: payload["type"],
)
def test_an_unknown_id_is_acknowledged(client: httpx.Client, payload: dict[str, Any]) -> None:
    answer = send(client, interaction(payload))
    assert (answer.status_code, answer.text) == (200, "")


def test_an_unknown_search_finds_nothing(client: httpx.Client) -> None:
    payload = {"type": "block_suggestion", "action_id": "no.such", "block_id": "b", "value": "x", "view": {"id": "V1"}}
    assert send(client, interaction(payload)).json() == {"options": []}


def test_an_unknown_event_is_acknowledged(client: httpx.Client) -> None:
    assert send(client, event({"type": "emoji_changed"}), JSON).status_code == 200


def test_slack_may_verify_the_address(client: httpx.Client) -> None:
    body = json.dumps({"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB"}).encode()
    assert send(client, body, JSON).json() == {"challenge": "3eZbrw1aB"}


def test_only_a_post_reaches_the_app(client: httpx.Client) -> None:
    assert client.get("/slack/events").status_code == 405
    assert client.get("/nowhere").status_code == 404


def test_a_process_that_runs_is_healthy_and_ready(client: httpx.Client) -> None:
    assert (client.get("/healthz").status_code, client.get("/readyz").status_code) == (200, 200)


def test_without_its_database_it_is_healthy_but_not_ready(tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/missing/web.db",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_BOT_TOKEN": "xoxb-1",
        "ENCRYPTION_KEYS": KEY,
    }
    with Composition(Settings.from_environment(environment)) as composition, asking(composition.asgi()) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 503
        assert "clientdesk_database_up 0\n" in client.get("/metrics").text


def test_an_empty_database_is_not_ready(tmp_path: Path) -> None:
    environment = {
        "DATABASE_URL": f"sqlite:///{tmp_path}/web.db",
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_BOT_TOKEN": "xoxb-1",
        "ENCRYPTION_KEYS": KEY,
    }
    with Composition(Settings.from_environment(environment)) as composition, asking(composition.asgi()) as client:
        assert client.get("/readyz").status_code == 503


def measured(client: httpx.Client) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def test_what_goes_wrong_can_be_measured(composition: Composition, client: httpx.Client) -> None:
    before = measured(client)
    send(client, command(), signature="v0=")
    composition.errors.log(ValueError("for the test"))
    with composition.database.begin() as session:
        jobs.put(session, *(NewJob(lane=Lane.LOCAL, kind=f"test.{n}", key=f"test.{n}") for n in range(3)))

    def give_up(_: Any) -> None:
        raise GiveUp("for the test")

    Worker(
        composition.database,
        [Kind(name="test.0", lane=Lane.LOCAL, run=give_up)],
        {Lane.LOCAL: LaneSettings(threads=1)},
    ).run_due()
    after = measured(client)

    assert after["clientdesk_refused_signatures_total"] - before["clientdesk_refused_signatures_total"] == 1
    assert after["clientdesk_unexpected_failures_total"] - before["clientdesk_unexpected_failures_total"] == 1
    assert after["clientdesk_database_up"] == 1
    assert after['clientdesk_jobs_due{lane="local"}'] == 2
    assert after['clientdesk_jobs_failed{lane="local"}'] == 1
    assert 0 < after['clientdesk_jobs_overdue_seconds{lane="local"}'] < 60
    assert after['clientdesk_jobs_due{lane="mail"}'] == 0


def test_a_page_that_fails_says_under_which_reference(
    composition: Composition, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Request) -> Response:
        raise ZeroDivisionError

    app: Starlette = web.build(
        composition.bolt, composition.database, SECRET, [Route("/fails", fail)], composition.errors, composition.after
    )
    with asking(app) as client:
        answer = client.get("/fails")
    assert answer.status_code == 500
    [record] = [record for record in caplog.records if record.name == "bot.errors"]
    assert record.getMessage().rpartition(" ")[2] in answer.text
