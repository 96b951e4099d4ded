"""Socket Mode: tickets, connected sockets, envelopes out and acknowledgements in."""

import asyncio
import contextlib
import json
import secrets
import uuid
from typing import Any, Literal

from starlette.websockets import WebSocket, WebSocketDisconnect

Json = dict[str, Any]
EnvelopeKind = Literal["slash_commands", "interactive", "events_api"]


class SocketHub:
    """The app's open sockets. Lives on the server's event loop."""

    def __init__(self, app_id: str) -> None:
        self._app_id = app_id
        self._tickets: set[str] = set()
        self._sockets: list[WebSocket] = []
        self._next = 0
        self._acks: dict[str, asyncio.Future[Any]] = {}

    @property
    def connected(self) -> int:
        return len(self._sockets)

    def ticket(self) -> str:
        """A new ticket, good for one connection."""
        made = secrets.token_urlsafe(12)
        self._tickets.add(made)
        return made

    async def serve(self, socket: WebSocket) -> None:
        """One connection's life."""
        ticket = socket.path_params["ticket"]
        if ticket not in self._tickets:
            await socket.close(code=4001)
            return
        self._tickets.discard(ticket)
        await socket.accept()
        self._sockets.append(socket)
        try:
            await socket.send_json(
                {
                    "type": "hello",
                    "num_connections": len(self._sockets),
                    "debug_info": {
                        "host": "sandbox",
                        "build_number": 1,
                        "approximate_connection_time": 18060,
                    },
                    "connection_info": {"app_id": self._app_id},
                }
            )
            while True:
                self._acknowledge(await socket.receive_text())
        except WebSocketDisconnect:
            pass
        finally:
            if socket in self._sockets:
                self._sockets.remove(socket)

    def _acknowledge(self, frame: str) -> None:
        try:
            ack = json.loads(frame)
        except ValueError:
            return
        if not isinstance(ack, dict):
            return
        waiting = self._acks.pop(ack.get("envelope_id", ""), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(ack.get("payload"))

    async def send(self, kind: EnvelopeKind, payload: Json, *, accepts_response: bool) -> Any:
        """Send an envelope over one of the sockets, in turn; returns the acknowledgement's payload."""
        self._next += 1
        socket = self._sockets[self._next % len(self._sockets)]
        envelope_id = str(uuid.uuid4())
        waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._acks[envelope_id] = waiting
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "payload": payload,
            "accepts_response_payload": accepts_response,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": 0, "retry_reason": ""}
        try:
            await socket.send_json(envelope)
            return await waiting
        finally:
            self._acks.pop(envelope_id, None)

    async def ask_to_leave(self, reason: Literal["refresh_requested", "warning", "link_disabled"]) -> None:
        """Tell every client to reconnect, as Slack does when it refreshes its connections."""
        for socket in list(self._sockets):
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
                if reason != "warning":
                    await socket.close()
            if reason != "warning" and socket in self._sockets:
                self._sockets.remove(socket)

    async def close(self) -> None:
        for socket in list(self._sockets):
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(code=1001)
        self._sockets.clear()
