"""Slack's requests over a WebSocket, for installations that Slack can't reach over HTTP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler

CONNECTIONS = 2
"""Slack closes each connection now and then; with two there is always one."""


@contextmanager
def connected(bolt: App, app_token: str) -> Iterator[None]:
    handlers = [SocketModeHandler(bolt, app_token=app_token) for _ in range(CONNECTIONS)]
    try:
        for handler in handlers:
            handler.connect()  # type: ignore[no-untyped-call] # slack_bolt has no types here
        yield
    finally:
        # Together, since each waits until the read that it is in comes to its end.
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for closing in [pool.submit(handler.close) for handler in handlers]:
                closing.result()
