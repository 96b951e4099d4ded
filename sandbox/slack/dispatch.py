"""Requests to the app: signed and over HTTP, or as envelopes when the app has a Socket Mode connection."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from sandbox.slack.socket_mode import SocketHub

Json = dict[str, Any]
ACK_SECONDS = 3.0
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Ack:
    """How the app acknowledged: its body (parsed when it is JSON), or the error the person sees."""

    ms: float
    error: str | None = None
    body: Json | str | None = None
    retry_reason: str | None = None


class _RefusedError(Exception):
    """The app answered with something else than 200, or not at all."""


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature of a request."""
    digest = hmac.new(secret.encode(), b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return f"v0={digest}"


class Dispatcher:
    """Sends commands, interactions and events to the app and waits for its acknowledgement."""

    def __init__(
        self,
        bot_url: str,
        signing_secret: str,
        sockets: SocketHub,
        *,
        ack_seconds: float = ACK_SECONDS,
        event_retries: int = 0,
    ) -> None:
        self.bot_url = bot_url
        self.ack_seconds = ack_seconds
        self._secret = signing_secret
        self._sockets = sockets
        self._event_retries = event_retries
        self._http: httpx.AsyncClient | None = None

    def start(self) -> None:
        self._http = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=100))

    async def stop(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def command(self, fields: dict[str, str]) -> Ack:
        if self._sockets.connected:
            return await self._timed(lambda: self._sockets.send("slash_commands", dict(fields), accepts_response=True))
        return await self._timed(lambda: self._post(urlencode(fields).encode(), _FORM))

    async def interaction(self, payload: Json) -> Ack:
        if self._sockets.connected:
            accepts = payload["type"] in {"view_submission", "block_suggestion"}
            return await self._timed(lambda: self._sockets.send("interactive", payload, accepts_response=accepts))
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return await self._timed(lambda: self._post(body, _FORM))

    async def event(self, envelope: Json) -> Ack:
        """Deliver an event; unacknowledged ones again, as often as was configured."""
        if self._sockets.connected:
            return await self._timed(lambda: self._sockets.send("events_api", envelope, accepts_response=False))
        body = json.dumps(envelope).encode()
        ack = await self._timed(lambda: self._post(body, "application/json"))
        for attempt in range(1, self._event_retries + 1):
            if ack.error is None:
                break
            headers = {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": ack.retry_reason or "http_error"}
            ack = await self._timed(lambda headers=headers: self._post(body, "application/json", headers))  # type: ignore[misc]
        return ack

    async def _timed(self, send: Callable[[], Awaitable[Any]]) -> Ack:
        began = time.perf_counter()

        def elapsed() -> float:
            return round((time.perf_counter() - began) * 1000, 3)

        try:
            async with asyncio.timeout(self.ack_seconds):
                body = await send()
        except TimeoutError:
            return Ack(elapsed(), "operation_timeout", retry_reason="http_timeout")
        except _RefusedError:
            return Ack(elapsed(), "dispatch_failed", retry_reason="http_error")
        except (httpx.HTTPError, RuntimeError, OSError):
            return Ack(elapsed(), "dispatch_failed", retry_reason="connection_failed")
        return Ack(elapsed(), body=body or None)

    async def _post(self, body: bytes, content_type: str, headers: dict[str, str] | None = None) -> Json | str:
        assert self._http is not None, "start() comes first"
        timestamp = str(int(time.time()))
        answer = await self._http.post(
            f"{self.bot_url}/slack/events",
            content=body,
            headers={
                "Content-Type": content_type,
                "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
                "X-Slack-Request-Timestamp": timestamp,
                "X-Slack-Signature": sign(self._secret, timestamp, body),
                **(headers or {}),
            },
            timeout=None,
        )
        if answer.status_code != 200:
            raise _RefusedError
        if not answer.content:
            return ""
        try:
            parsed = answer.json()
        except ValueError:
            return answer.text
        return parsed if isinstance(parsed, dict) else answer.text
