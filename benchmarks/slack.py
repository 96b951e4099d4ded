"""Slack's side of both directions, in the benchmark's own process, lean enough to be no part of what is measured."""

import asyncio
import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlencode

from typing_extensions import override

SIGNING_SECRET = "benchmark"
BOT_TOKEN = "xoxb-benchmark"
TEAM = "T_BENCHMARK"
PATIENCE = 30.0
ANY = re.compile(".*")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_TRIGGER = re.compile(rb'"trigger_id": ?"([^"]+)"')
_VIEW = re.compile(rb'"view_id": ?"([^"]+)"')
_NOBODY = b'{"ok": true, "team_id": "T_BENCHMARK", "user_id": "U_BOT", "bot_id": "B_BOT", "team": "", "user": ""}'


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    sent: float
    came: float

    @property
    def seconds(self) -> float:
        return self.came - self.sent


class _Http(asyncio.Protocol):
    """HTTP/1.1 as far as our own two sides speak it: bodies have a length, connections are kept."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.transport: asyncio.Transport

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._buffer[:end])
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._buffer) < whole:
                return
            body = bytes(self._buffer[end + 4 : whole])
            del self._buffer[:whole]
            self.received(head, body)

    def received(self, head: bytes, body: bytes) -> None:
        raise NotImplementedError


class Connection(_Http):
    """One of Slack's connections to the app."""

    def __init__(self) -> None:
        super().__init__()
        self._sent = 0.0
        self._answer: asyncio.Future[Answer] | None = None

    def post(self, form: dict[str, str]) -> "asyncio.Future[Answer]":
        """Sends a signed request."""
        body = urlencode(form).encode()
        at = str(int(time.time()))
        signature = hmac.digest(SIGNING_SECRET.encode(), f"v0:{at}:".encode() + body, hashlib.sha256).hex()
        head = (
            f"POST /slack/events HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nAccept-Encoding: gzip,deflate\r\n"
            f"User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
            f"X-Slack-Request-Timestamp: {at}\r\nX-Slack-Signature: v0={signature}\r\n\r\n"
        )
        self._answer = asyncio.get_running_loop().create_future()
        self._sent = time.perf_counter()
        self.transport.write(head.encode() + body)
        return self._answer

    @override
    def received(self, head: bytes, body: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(int(head[9:12]), body, self._sent, time.perf_counter()))

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("the app closed the connection"))


class _Api(_Http):
    """One of the app's connections to the Web API."""

    def __init__(self, slack: "Slack") -> None:
        super().__init__()
        self._slack = slack

    @override
    def received(self, head: bytes, body: bytes) -> None:
        answer = self._slack.called(head.split(b" ", 2)[1].rpartition(b"/")[2].decode(), body)
        close = b"connection: close" in head.lower()
        self.transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"
            b"Content-Length: %d\r\nConnection: %s\r\n\r\n%s"
            % (len(answer), b"close" if close else b"keep-alive", answer)
        )
        if close:
            self.transport.close()


class Slack:
    """Sends signed requests, and answers the Web API. A view's id is its trigger's with a `V` before it."""

    def __init__(self) -> None:
        self.opened: dict[str, float] = {}
        """When `views.open` came, by trigger id."""
        self.updates: dict[str, bytes] = {}
        """The body of the last `views.update`, by view id."""
        self.edits = 0
        """How often `chat.update` came."""
        self._awaited: set[str] = set()
        self._all_came: asyncio.Future[None] | None = None
        self._triggers = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Api(self), "127.0.0.1", 0, backlog=256)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/api/"

    def new_trigger(self) -> str:
        self._triggers += 1
        return f"T{self._triggers}"

    def called(self, method: str, body: bytes) -> bytes:
        if method == "views.open" and (trigger := _TRIGGER.search(body)):
            name = trigger[1].decode()
            self.opened[name] = time.perf_counter()
            self._came(name)
            return b'{"ok": true, "view": {"id": "V%s", "hash": "1", "type": "modal"}}' % trigger[1]
        if method == "views.update" and (view := _VIEW.search(body)):
            self.updates[view[1].decode()] = body
            self._came(view[1].decode())
            return b'{"ok": true, "view": {"id": "%s", "hash": "2", "type": "modal"}}' % view[1]
        if method in {"chat.postMessage", "chat.update"}:
            self.edits += method == "chat.update"
            return b'{"ok": true, "channel": "D1", "ts": "1.1"}'
        return _NOBODY

    async def come(self, awaited: set[str]) -> None:
        """Waits until views were opened (by trigger id) and updated (by view id). Raises TimeoutError."""
        self._awaited = awaited - self.opened.keys() - self.updates.keys()
        if not self._awaited:
            return
        self._all_came = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(self._all_came, PATIENCE)
        except TimeoutError:
            raise TimeoutError(f"Slack still waits for {sorted(self._awaited)}") from None

    def _came(self, name: str) -> None:
        self._awaited.discard(name)
        if not self._awaited and self._all_came is not None and not self._all_came.done():
            self._all_came.set_result(None)


async def connect(port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(Connection, "127.0.0.1", port)
    return connection


def command(user: str, trigger: str, *, name: str = "/add-client", text: str = "") -> dict[str, str]:
    """What Slack sends when somebody types a command."""
    return {
        "token": "unused",
        "team_id": TEAM,
        "team_domain": "benchmark",
        "channel_id": "C_GENERAL",
        "channel_name": "general",
        "user_id": user,
        "user_name": user.lower(),
        "command": name,
        "text": text,
        "api_app_id": "A_CLIENTDESK",
        "is_enterprise_install": "false",
        "response_url": "http://127.0.0.1:9/response",
        "trigger_id": trigger,
    }


def submission(user: str, view: dict[str, Any]) -> dict[str, str]:
    """What Slack sends when somebody submits a modal."""
    payload = {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "benchmark"},
        "user": {"id": user, "username": user.lower(), "name": user.lower(), "team_id": TEAM},
        "api_app_id": "A_CLIENTDESK",
        "token": "unused",
        "trigger_id": "T0",
        "view": {"team_id": TEAM, "app_id": "A_CLIENTDESK", "bot_id": "B_BOT", "previous_view_id": None, **view},
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }
    return {"payload": json.dumps(payload)}
