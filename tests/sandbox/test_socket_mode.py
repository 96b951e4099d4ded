"""Socket Mode with slack_sdk's own client and a real Bolt app."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from sandbox.driver import Person, Sandbox
from sandbox.running import RunningSandbox
from tests.sandbox.apps import bolt, entry, modal, words
from tests.sandbox.conftest import slack

Json = dict[str, Any]
APP_TOKEN = "xapp-sandbox"


def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def app(running: RunningSandbox) -> Iterator[App]:
    app = bolt(running)
    sockets = running.parts.slack.sockets
    handler = SocketModeHandler(app, APP_TOKEN)
    handler.connect()  # type: ignore[no-untyped-call]
    until(lambda: sockets.connected == 1)
    yield app
    _wake(handler.client)
    handler.close()  # type: ignore[no-untyped-call]
    until(lambda: sockets.connected == 0)


def _wake(client: Any) -> None:
    """Let the client notice that it is being closed; by itself it waits three seconds for a frame."""
    client.auto_reconnect_enabled = False
    client.current_session_state.terminated = True
    client.current_session.sock.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def ada(sandbox: Sandbox) -> Person:
    return sandbox.person("U_ADA")


def opened(running: RunningSandbox) -> str:
    """The address of a new connection."""
    return str(slack(running, APP_TOKEN).apps_connections_open(app_token=APP_TOKEN)["url"])


def test_commands_submissions_and_options_go_over_the_socket(ada: Person, app: App) -> None:
    said: list[str] = []
    who = entry("who", "Who", {"type": "external_select", "action_id": "who.find"})

    @app.command("/add-client")
    def command(ack: Any, body: Json, client: WebClient) -> None:
        ack("Opening")
        client.views_open(trigger_id=body["trigger_id"], view=modal("Form", entry("name", "Name"), who))

    @app.options("who.find")
    def find(ack: Any) -> None:
        ack(options=[{"text": words("Jo"), "value": "jo"}])

    @app.view("form")
    def submitted(ack: Any, view: Json) -> None:
        name = view["state"]["values"]["name"]["value"]["value"]
        if name == "taken":
            ack(response_action="errors", errors={"name": "Taken"})
        else:
            said.append(name)
            ack()

    assert ada.command("/add-client").ok
    ada.wait_view(title="Form")
    ada.fill("Name", "taken")
    ada.fill("Who", "Jo")
    assert ada.submit().errors == {"name": "Taken"}
    ada.fill("Name", "free")
    assert ada.submit().errors == {}

    assert said == ["free"]
    assert ada.wait_message("Opening").ephemeral


def test_events_go_over_the_socket(ada: Person, app: App) -> None:
    received: list[Json] = []
    app.event("app_home_opened")(lambda body: received.append(body["event"]))

    assert ada.open_home().ok

    assert received[0]["user"] == "U_ADA"


def test_an_envelope_nobody_acknowledges_is_a_time_out(ada: Person, app: App, running: RunningSandbox) -> None:
    dispatcher = running.parts.slack.dispatcher
    dispatcher.ack_seconds, usual = 0.1, dispatcher.ack_seconds
    try:
        answer = ada.command("/unknown")
    finally:
        dispatcher.ack_seconds = usual

    assert answer.error == "operation_timeout"
    assert ada.toasts == ["/unknown failed with the error operation_timeout"]


def test_a_client_asked_to_leave_comes_back(ada: Person, app: App, sandbox: Sandbox, running: RunningSandbox) -> None:
    app.command("/add-client")(lambda ack: ack())
    opened_before = len(sandbox.calls("apps.connections.open"))

    sandbox.post("socket", {"reason": "refresh_requested"})

    until(lambda: len(sandbox.calls("apps.connections.open")) > opened_before)
    until(lambda: running.parts.slack.sockets.connected == 1)
    assert ada.command("/add-client").ok


def test_hello_and_envelopes_have_slacks_shape(running: RunningSandbox, ada: Person) -> None:
    with connect(opened(running)) as websocket, ThreadPoolExecutor(1) as thread:
        hello = json.loads(websocket.recv(timeout=5))
        acting = thread.submit(ada.command, "/add-client Birch")
        envelope = json.loads(websocket.recv(timeout=5))
        websocket.send(json.dumps({"envelope_id": envelope["envelope_id"], "payload": {"text": "Done"}}))
        answer = acting.result(timeout=5)

    until(lambda: running.parts.slack.sockets.connected == 0)
    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert hello["connection_info"] == {"app_id": "A_CLIENTDESK"}
    assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
    assert (envelope["payload"]["command"], envelope["payload"]["text"]) == ("/add-client", "Birch")
    assert (answer.ok, answer.response) == (True, {"text": "Done"})


def test_two_connections_take_turns(running: RunningSandbox, ada: Person) -> None:
    with connect(opened(running)) as first, connect(opened(running)) as second, ThreadPoolExecutor(1) as thread:
        served: list[int] = []
        hellos = [json.loads(websocket.recv(timeout=5))["num_connections"] for websocket in (first, second)]
        for _ in range(4):
            acting = thread.submit(ada.command, "/add-client")
            until(lambda: any(_waiting(websocket, served) for websocket in (first, second)))
            assert acting.result(timeout=5).ok

    until(lambda: running.parts.slack.sockets.connected == 0)
    assert hellos == [1, 2]
    assert len(set(served)) == 2
    assert served[0] == served[2] != served[1] == served[3]


def _waiting(websocket: ClientConnection, served: list[int]) -> bool:
    """Acknowledge what has come over this connection, if anything has."""
    try:
        envelope = json.loads(websocket.recv(timeout=0.01))
    except TimeoutError:
        return False
    websocket.send(json.dumps({"envelope_id": envelope["envelope_id"]}))
    served.append(id(websocket))
    return True


def test_a_ticket_is_good_for_one_connection(running: RunningSandbox) -> None:
    address = opened(running)
    with connect(address) as websocket:
        assert json.loads(websocket.recv(timeout=5))["type"] == "hello"

        with pytest.raises((ConnectionClosed, InvalidStatus)), connect(address) as again:
            again.recv(timeout=5)
