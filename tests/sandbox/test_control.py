"""The sandbox's own API: the people, what each sees, and how the page hears of changes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from sandbox.driver import Sandbox
from sandbox.running import RunningSandbox
from tests.sandbox.apps import section

Json = dict[str, Any]


@pytest.fixture
def http(running: RunningSandbox) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, trust_env=False, timeout=10) as client:
        yield client


def test_people_have_titles_that_say_what_they_may(sandbox: Sandbox) -> None:
    assert [(each["id"], each["name"], each["title"], each["team_id"]) for each in sandbox.people()] == [
        ("U_ADA", "Ada Marsh", "Workspace owner", "T_BIRCH"),
        ("U_CLEM", "Clem Okafor", "Member", "T_BIRCH"),
        ("U_SAM", "Sam Price", "Member", "T_BIRCH"),
        ("U_JO", "Jo Lind", "Member", "T_BIRCH"),
        ("U_OLLY", "Olly Ray", "Guest", "T_BIRCH"),
        ("U_EVE", "Eve Stone", "From another company", "T_OTHER"),
    ]


def test_a_persons_state_is_what_they_see(sandbox: Sandbox, client: WebClient) -> None:
    client.chat_postMessage(channel="U_CLEM", text="For Clem")
    posted = client.chat_postMessage(channel="C_GENERAL", text="For all", blocks=[section("For *all*", block_id="b")])
    client.chat_postEphemeral(channel="C_GENERAL", user="U_CLEM", text="For Clem")

    state = sandbox.person("U_ADA").state()

    assert state["user"]["name"] == "Ada Marsh"
    assert [(each["id"], each["kind"], each["unread"]) for each in state["conversations"]] == [
        ("C_GENERAL", "channel", 1),
        ("C_SHARED", "channel", 0),
        ("D_ADA", "app_dm", 0),
    ]
    assert state["messages"]["D_ADA"] == []
    (message,) = state["messages"]["C_GENERAL"]
    assert message.pop("time").startswith("2026-")
    assert message == {
        "ts": posted["ts"],
        "bot_id": "B_BOT",
        "text": "For all",
        "blocks": [section("For *all*", block_id="b")],
        "attachments": [],
        "files": [],
        "ephemeral": False,
        "edited": False,
        "thread_ts": None,
    }
    assert (state["home"], state["views"], state["toasts"]) == (None, [], [])
    assert state["app"]["bot_user_id"] == "U_BOT"
    assert [each["command"] for each in state["commands"]] == ["/add-client", "/clients"]


def test_reading_a_conversation_clears_its_count(sandbox: Sandbox, client: WebClient, http: httpx.Client) -> None:
    client.chat_postMessage(channel="C_GENERAL", text="x")
    http.post("/sandbox/read", json={"user": "U_ADA", "channel": "C_GENERAL"})

    assert [each["unread"] for each in sandbox.person("U_ADA").state()["conversations"]] == [0, 0, 0]


def test_a_persons_own_view_comes_with_what_is_preselected(running: RunningSandbox, sandbox: Sandbox) -> None:
    element = {"type": "plain_text_input", "action_id": "value", "initial_value": "Birch"}
    block = {
        "type": "input",
        "block_id": "name",
        "label": {"type": "plain_text", "text": "Name"},
        "element": element,
    }
    content = {"type": "modal", "title": {"type": "plain_text", "text": "X"}, "blocks": [block]}
    running.world.show_view(running.world.teams["T_BIRCH"], "U_ADA", content, on_top=True)

    (view,) = sandbox.person("U_ADA").state()["views"]

    assert view["state"] == {"values": {"name": {"value": {"type": "plain_text_input", "value": "Birch"}}}}
    assert sandbox.person("U_CLEM").state()["views"] == []


def test_changes_and_toasts_are_streamed_to_whom_they_concern(running: RunningSandbox, http: httpx.Client) -> None:
    world = running.world
    with http.stream("GET", "/sandbox/events", params={"user": "U_ADA"}) as stream:
        lines = stream.iter_lines()
        first = (next(lines), json.loads(next(lines).removeprefix("data: "))["version"])
        assert next(lines) == ""

        world.toast("U_CLEM", "not for Ada")
        world.toast("U_ADA", "/add-client failed with the error operation_timeout")

        seen = [next(lines) for _ in range(5)]
    assert first == ("event: changed", world.version("U_ADA") - 1)
    assert seen[0] == "event: toast"
    toast = json.loads(seen[1].removeprefix("data: "))
    assert (toast["text"], toast["kind"]) == ("/add-client failed with the error operation_timeout", "error")
    assert seen[3:] == ["event: changed", f'data: {{"version":{world.version("U_ADA")}}}']


def test_a_question_with_a_known_version_waits_for_the_next(running: RunningSandbox, http: httpx.Client) -> None:
    known = {"user": "U_ADA", "since": str(running.world.version("U_ADA"))}

    same = http.get("/sandbox/state", params={**known, "wait": "0.01"}).json()
    running.world.toast("U_ADA", "news")
    other = http.get("/sandbox/state", params={**known, "wait": "10"}).json()

    assert same["version"] == int(known["since"])
    assert other["version"] == int(known["since"]) + 1


def test_what_makes_no_sense_is_refused_not_a_failure(http: httpx.Client) -> None:
    assert http.get("/sandbox/state", params={"user": "U_NOBODY"}).status_code == 404
    assert http.get("/sandbox/state").status_code == 400
    assert http.post("/sandbox/click", json={}).status_code == 400
    assert http.post("/sandbox/click", content=b"{").status_code == 400
    assert http.post("/sandbox/submit", json={"user": "U_ADA", "view_id": "V1"}).json()["error"] == "not_found"
    answer = http.post("/sandbox/command", json={"user": "U_EVE", "channel": "C_GENERAL", "text": "/clients"})
    assert (answer.status_code, answer.json()["error"]) == (404, "channel_not_found")
    assert http.post("/sandbox/faults", json={"kind": "flood"}).status_code == 404


def test_a_reset_forgets_everything(sandbox: Sandbox, client: WebClient) -> None:
    client.chat_postMessage(channel="U_ADA", text="x")
    sandbox.fault("auth.test")

    sandbox.reset()

    assert sandbox.person("U_ADA").messages() == []
    assert sandbox.calls() == []
    assert client.auth_test()["ok"] is True


def test_the_page_and_the_mailbox_are_served_from_the_same_address(http: httpx.Client) -> None:
    assert "<html" in http.get("/").text
    assert http.get("/app.js").status_code == 200
    assert http.get("/mail").status_code == 200


def test_the_command_starts_everything_and_stops_when_told(tmp_path: Path) -> None:
    seed = tmp_path / "seed.json"
    seed.write_text(
        json.dumps(
            {
                "app": {"id": "A1", "name": "App"},
                "teams": [
                    {
                        "id": "T1",
                        "name": "One",
                        "domain": "one",
                        "token": "xoxb-1",
                        "bot_user_id": "U_B",
                        "bot_id": "B1",
                    }
                ],
                "users": [{"id": "U1", "team_id": "T1", "name": "u", "real_name": "Una", "email": "u@x.example"}],
                "channels": [],
            }
        )
    )
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--smtp-port", "0", "--seed-file", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            ready = process.stdout.readline()
            with Sandbox(ready.split()[1]) as sandbox:
                people = sandbox.people()
            process.terminate()
            code = process.wait(timeout=20)
        finally:
            process.kill()

    assert [(each["id"], each["title"]) for each in people] == [("U1", "Member")]
    assert code in {0, -15}
