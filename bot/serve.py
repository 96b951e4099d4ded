"""Running the web process."""

import os
import socket
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from bot.composition import WEB_CONNECTIONS, Composition
from bot.logging import set_up as set_up_logging
from bot.settings import Settings

SWITCH_INTERVAL = 0.0005
"""Seconds after which a thread lets another one run. Python's 5 ms are several answers' time: an answer that comes
while a form is being filled would wait as long."""

_SERVER: dict[str, Any] = {
    "log_config": None,
    "access_log": False,
    "server_header": False,
    "ws": "none",
    "timeout_graceful_shutdown": 10,
}


def serve(composition: Composition) -> None:
    """Serves until SIGTERM or SIGINT."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    settings = composition.settings
    uvicorn.run(composition.asgi(), host=settings.host, port=settings.port, **_SERVER)


def serve_many(settings: Settings, workers: int) -> None:
    """The same with several processes on one port, each with everything of its own."""
    config = uvicorn.Config("bot.serve:create", factory=True, workers=workers, **_SERVER)
    with _listening(settings.host, settings.port) as listener:
        Multiprocess(config, sockets=[listener]).run()


def create() -> Starlette:
    """What each process of `serve_many` runs."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    settings = Settings.from_environment(os.environ)
    set_up_logging(settings.log_level, settings.log_format)
    return Composition(settings, connections=WEB_CONNECTIONS).asgi()


def _listening(host: str, port: int) -> socket.socket:
    """A socket that says it is TCP. uvicorn's own does not; asyncio then leaves Nagle's algorithm on, and every answer
    on a kept connection waits 40 ms."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
    )[0]
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.set_inheritable(True)
    return listener
