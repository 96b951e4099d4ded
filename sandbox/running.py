"""Serving the sandbox: in the foreground for people, in a thread for tests and benchmarks."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.app import Parts, SandboxConfig, build
from sandbox.slack.world import World

HOST = "127.0.0.1"


class _Protocol(H11Protocol):
    """Hands the application a way to break its connection off, for the fault `drop`."""

    @override
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        app = self.app

        async def with_drop(scope: Any, receive: Any, send: Any) -> None:
            scope["extensions"] = {"sandbox.drop": transport.abort}
            await app(scope, receive, send)

        self.app = with_drop


class _Server(uvicorn.Server):
    def __init__(self, app: Starlette, on_ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="websockets-sansio",
                lifespan="on",
                log_level="warning",
                access_log=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=2,
            )
        )
        self._parts: Parts = app.state.parts
        self._on_ready = on_ready

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._parts.slack.close_connections()
        await super().shutdown(sockets)


def _listen(port: int) -> socket.socket:
    # Named as TCP, or else asyncio leaves Nagle's algorithm on and each answer takes 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((HOST, port))
    return listening


def serve(config: SandboxConfig, port: int, on_ready: Callable[[int, int], None]) -> None:
    """Serve on 127.0.0.1 until the process is told to stop; `on_ready` is told the ports of web and SMTP."""
    app = build(config)
    parts: Parts = app.state.parts
    listening = _listen(port)
    server = _Server(app, lambda: on_ready(listening.getsockname()[1], parts.mail.port))
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listening])


class RunningSandbox:
    """A sandbox in a thread of this process, on the given or a free port.

    >>> with RunningSandbox() as sandbox:
    ...     Sandbox(sandbox.url).person("U_ADA").command("/add-client")
    """

    def __init__(self, config: SandboxConfig | None = None, *, port: int = 0) -> None:
        self._app = build(config or SandboxConfig())
        self._parts: Parts = self._app.state.parts
        self._port = port
        self._ready = threading.Event()
        self._server = _Server(self._app, self._ready.set)
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    @property
    def api_url(self) -> str:
        """The product's SLACK_API_URL."""
        return f"{self.url}/api/"

    @property
    def world(self) -> World:
        """The stand-in Slack's state; any thread may use it."""
        return self._parts.slack.world

    @property
    def smtp_port(self) -> int:
        return self._parts.mail.port

    @property
    def parts(self) -> Parts:
        return self._parts

    @property
    def bot_url(self) -> str:
        """Where the app is; may be set once the app runs."""
        return self._parts.slack.dispatcher.bot_url

    @bot_url.setter
    def bot_url(self, address: str) -> None:
        self._parts.slack.dispatcher.bot_url = address.rstrip("/")

    def start(self) -> Self:
        listening = _listen(self._port)
        self._port = listening.getsockname()[1]
        self._thread = threading.Thread(target=self._run, args=(listening,), name="sandbox", daemon=True)
        self._thread.start()
        if not self._ready.wait(timeout=20) or self._failure is not None:
            raise RuntimeError("the sandbox did not start") from self._failure
        return self

    def stop(self) -> None:
        self._server.should_exit = True
        if self._thread is not None:
            self._thread.join(timeout=20)
            self._thread = None

    def _run(self, listening: socket.socket) -> None:
        try:
            asyncio.run(self._server.serve(sockets=[listening]))
        except BaseException as failure:  # noqa: BLE001 - whatever it is, start() must hear of it
            self._failure = failure
        finally:
            self._ready.set()
            listening.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
