"""The whole product against the stand-ins: a real web process on a port of its own, the sandbox on another."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from cryptography.fernet import Fernet
from starlette.applications import Starlette
from typing_extensions import override

from bot.composition import Composition
from bot.settings import Settings
from bot.worker import Worker
from sandbox.app import SandboxConfig
from sandbox.driver import Person, Sandbox
from sandbox.running import HOST, RunningSandbox

MANIFEST = Path(__file__).parent.parent / "manifest.json"
SANDBOX = SandboxConfig(client_id="1.2", client_secret="hush", manifest=json.loads(MANIFEST.read_text()))
KEY = Fernet.generate_key().decode()
SOON = 10.0


def provider_settings(url: str) -> dict[str, str]:
    """The sandbox's Xero, Sage and Twilio."""
    return {
        "TWILIO_ACCOUNT_SID": SANDBOX.sms.account_sid,
        "TWILIO_AUTH_TOKEN": SANDBOX.sms.auth_token,
        "TWILIO_FROM": SANDBOX.sms.sender,
        "TWILIO_API_URL": url,
        "XERO_CLIENT_ID": SANDBOX.xero.client_id,
        "XERO_CLIENT_SECRET": SANDBOX.xero.client_secret,
        "XERO_LOGIN_URL": f"{url}/xero",
        "XERO_IDENTITY_URL": f"{url}/xero",
        "XERO_API_URL": f"{url}/xero",
        "SAGE_CLIENT_ID": SANDBOX.sage.client_id,
        "SAGE_CLIENT_SECRET": SANDBOX.sage.client_secret,
        "SAGE_AUTHORIZE_URL": f"{url}/sage/oauth2/auth/central",
        "SAGE_TOKEN_URL": f"{url}/sage/token",
        "SAGE_API_URL": f"{url}/sage/v3.1",
    }


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket on a free port, so that the port is known before anybody serves it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((HOST, 0))
        yield found


class _Server(uvicorn.Server):
    """Starts and stops at once: uvicorn's own loop looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()

    @override
    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stop.wait()

    def stop(self) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)


@contextmanager
def serving(app: Starlette, listener: socket.socket) -> Iterator[None]:
    """Serves the app in a thread, as `bot.serve` does in a process."""
    config = uvicorn.Config(
        app, ws="none", lifespan="on", log_config=None, access_log=False, timeout_graceful_shutdown=5
    )
    server = _Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="bot", daemon=True)
    thread.start()
    try:
        if not server.ready.wait(SOON):
            raise RuntimeError("The web process did not start")
        yield
    finally:
        server.stop()
        thread.join(SOON)


class Stack:
    """The sandbox (reset), a web process, and a worker that does what is due when it is told to.

    >>> with RunningSandbox(SANDBOX) as running, Stack(database_url, running) as stack:
    ...     stack.person("U_ADA").command("/add-client")
    ...     stack.run_due()

    One workspace's token unless `many_workspaces`. `now` is the clock of the database and so of what is due.
    `settings` replaces or adds environment variables; an empty one counts as not set.
    """

    composition: Composition
    sandbox: Sandbox
    url: str

    def __init__(
        self,
        database_url: str,
        running: RunningSandbox,
        *,
        now: Callable[[], datetime] | None = None,
        many_workspaces: bool = False,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.running = running
        self._database_url = database_url
        self._now = now
        self._many = many_workspaces
        self._settings = settings or {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            self.sandbox = opening.enter_context(Sandbox(self.running.url))
            self.sandbox.reset()
            listener = opening.enter_context(listening())
            self.url = f"http://{HOST}:{listener.getsockname()[1]}"
            self.running.bot_url = self.url
            settings = Settings.from_environment(self._environment())
            self.composition = opening.enter_context(Composition(settings, now=self._now))
            opening.enter_context(serving(self.composition.asgi(), listener))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @cached_property
    def worker(self) -> Worker:
        """Not started: `run_due()` does what is due, in the calling thread."""
        return self.composition.worker()

    def working(self) -> AbstractContextManager[Worker]:
        """A context in which a worker and its clock run by themselves."""
        return self.composition.working()

    def person(self, user_id: str) -> Person:
        return self.sandbox.person(user_id)

    def settle(self) -> None:
        """Until all that was handed over after an answer is done."""
        assert self.composition.after.wait_until_idle(SOON), "What follows the answers takes too long"

    def run_due(self) -> int:
        """What follows the answers, then the jobs that are due."""
        self.settle()
        return self.worker.run_due()

    def _environment(self) -> dict[str, str]:
        slack = (
            {"SLACK_CLIENT_ID": SANDBOX.client_id, "SLACK_CLIENT_SECRET": SANDBOX.client_secret}
            if self._many
            else {"SLACK_BOT_TOKEN": "xoxb-sandbox-T_BIRCH"}
        )
        return {
            "DATABASE_URL": self._database_url,
            "PUBLIC_URL": self.url,
            "SLACK_SIGNING_SECRET": SANDBOX.signing_secret,
            "SLACK_API_URL": self.running.api_url,
            "ENCRYPTION_KEYS": KEY,
            "SMTP_URL": f"smtp://{HOST}:{self.running.smtp_port}?tls=none",
            "EMAIL_FROM": "Clientdesk <hello@clientdesk.example>",
            **provider_settings(self.running.url),
            **slack,
            **self._settings,
        }
