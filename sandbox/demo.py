"""`make demo`: the product and the sandbox, side by side, with a practice that is set up.

It knows the product by its commands, its settings and its doors only. Tests and the tour use `Demo`.
"""

import argparse
import base64
import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

import httpx

from sandbox import options
from sandbox.driver import Sandbox, SandboxError
from sandbox.sage.world import SageSettings
from sandbox.sms.world import SmsSettings
from sandbox.xero.world import XeroSettings

HOST = "127.0.0.1"
TEAM = "T_BIRCH"
TOKEN = "xoxb-sandbox-T_BIRCH"
TEAMS = ("Bookkeeping team", "Payroll team")
PAGE_PORT = 9000

_SAGE, _SMS = SageSettings(), SmsSettings()
_ROOT = Path(__file__).parent.parent
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_KEPT_VARIABLES = ("HOME", "LANG", "PATH", "TMPDIR", "TZ")
"""Of the caller's environment. No more, or settings meant for a real installation would get in."""


class DemoError(Exception):
    """The demo can't start or go on. The text says why, and what to do."""


class Demo:
    """A running product beside a running sandbox, until the block ends; what they write is removed with it.

    `port` is the page's; 0 takes a free one. Without `seeded` nobody has used the app yet. `xero` is how the stand-in
    behaves; the product is told of its limits.

    >>> with Demo(region="us", dhi=False) as demo:
    ...     demo.sandbox.person("U_ADA").command("/add-client")
    """

    def __init__(
        self,
        *,
        region: str = "uk",
        plan: str = "advanced",
        bundle: int = 50,
        dhi: bool = True,
        port: int = 0,
        database_url: str | None = None,
        seeded: bool = True,
        settings: Mapping[str, str] | None = None,
        xero: XeroSettings | None = None,
    ) -> None:
        self._region, self._plan, self._bundle, self._dhi = region, plan, bundle, dhi
        self._seeded = seeded
        self._port = port
        self._database_url = database_url
        self._settings = dict(settings or {})
        self._xero = xero or XeroSettings()
        self._stack = contextlib.ExitStack()
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """The page to use it from."""
        return f"http://{HOST}:{self._port}"

    @property
    def bot_url(self) -> str:
        return f"http://{HOST}:{self._bot_port}"

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as starting:
            with _uninterrupted():
                self.directory = Path(tempfile.mkdtemp(prefix="clientdesk-demo-"))
                starting.callback(shutil.rmtree, self.directory, ignore_errors=True)
            self._port, self._bot_port, self._smtp_port = _ports(self._port)
            self.environment = self._environment()
            starting.callback(self._stop)
            self._start()
            self.sandbox = starting.enter_context(Sandbox(self.url))
            if self._seeded:
                self._seed()
            self._stack = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def operate(self, *arguments: str) -> str:
        """Runs one of the operator's commands, `python -m bot …`; returns what it prints."""
        said = self.directory / "operator.log"
        said.unlink(missing_ok=True)
        self._spawn("operator", "-m", "bot", *arguments)
        _wait(self._processes["operator"])
        if self._processes.pop("operator").returncode:
            raise DemoError(f"python -m bot {' '.join(arguments)} failed:\n{self.log('operator')}")
        return self.log("operator")

    def start_bot(self) -> None:
        """Starts the product; also again, after `stop_bot`."""
        self._spawn("bot", "-m", "bot")
        self._await("bot", f"{self.bot_url}/healthz")

    def stop_bot(self, *, kill: bool = False) -> None:
        """Asks the product to stop, or kills it."""
        process = self._processes.pop("bot")
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        _wait(process)

    def log(self, name: str = "bot") -> str:
        """What the `bot` or the `sandbox` has written."""
        return (self.directory / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def wait(self) -> None:
        """For as long as both run. Raises DemoError when one of them ends."""
        while True:
            for name, process in self._processes.items():
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(0.5)
                    raise self._ended(name)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
        return {
            **kept,
            "PYTHONUNBUFFERED": "1",
            "DATABASE_URL": self._database_url or f"sqlite:///{self.directory}/clientdesk.db",
            "HOST": HOST,
            "PORT": str(self._bot_port),
            "PUBLIC_URL": self.bot_url,
            "SLACK_SIGNING_SECRET": secrets.token_hex(16),
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_API_URL": f"{self.url}/api/",
            "ENCRYPTION_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "SMTP_URL": f"smtp://{HOST}:{self._smtp_port}?tls=none",
            "EMAIL_FROM": "Clientdesk <hello@clientdesk.example>",
            "XERO_CLIENT_ID": self._xero.client_id,
            "XERO_CLIENT_SECRET": self._xero.client_secret,
            "XERO_BULK_CONNECTIONS": "true" if self._xero.bulk else "false",
            "XERO_CONNECTION_CAP": str(self._xero.connection_cap),
            "XERO_APP_CALLS_PER_MINUTE": str(self._xero.app_calls_per_minute),
            "XERO_LOGIN_URL": f"{self.url}/xero",
            "XERO_IDENTITY_URL": f"{self.url}/xero",
            "XERO_API_URL": f"{self.url}/xero",
            "SAGE_CLIENT_ID": _SAGE.client_id,
            "SAGE_CLIENT_SECRET": _SAGE.client_secret,
            "SAGE_AUTHORIZE_URL": f"{self.url}/sage/oauth2/auth/central",
            "SAGE_TOKEN_URL": f"{self.url}/sage/token",
            "SAGE_API_URL": f"{self.url}/sage/v3.1",
            "TWILIO_ACCOUNT_SID": _SMS.account_sid,
            "TWILIO_AUTH_TOKEN": _SMS.auth_token,
            "TWILIO_FROM": _SMS.sender,
            "TWILIO_API_URL": self.url,
            "MOBILE_APP_URL": "https://apps.example/clientdesk",
            **self._settings,
        }

    def _start(self) -> None:
        self._spawn(
            *("sandbox", "-m", "sandbox", "--port", str(self._port), "--smtp-port", str(self._smtp_port)),
            *("--bot-url", self.bot_url, "--signing-secret", self.environment["SLACK_SIGNING_SECRET"]),
            *options.xero_arguments(self._xero),
        )
        self._spawn("bot", "-m", "bot")
        self._await("sandbox", f"{self.url}/sandbox/people")
        self._await("bot", f"{self.bot_url}/healthz")

    def _stop(self) -> None:
        # The bot first: it may be in the middle of a call to the sandbox.
        for name in ("operator", "bot", "sandbox"):
            if (process := self._processes.pop(name, None)) is not None:
                process.terminate()
                _wait(process)

    def _spawn(self, name: str, *arguments: str) -> None:
        with (self.directory / f"{name}.log").open("ab") as log, _uninterrupted():
            self._processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=_ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the demo, which stops them in order
            )

    def _await(self, name: str, url: str) -> None:
        process = self._processes[name]
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if process.poll() is not None:
                raise self._ended(name)
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(url, timeout=5, trust_env=False).is_success:
                    return
            time.sleep(0.05)
        raise DemoError(f"The {name} did not answer within {_START_SECONDS:.0f} s.\n{self._tail(name)}")

    def _ended(self, name: str) -> DemoError:
        code = self._processes[name].returncode
        return DemoError(f"The {name} ended by itself, with exit code {code}. Its last words:\n{self._tail(name)}")

    def _tail(self, name: str) -> str:
        return "\n".join(self.log(name).splitlines()[-20:])

    def _seed(self) -> None:
        self._set_up()
        for user_id in ("U_CLEM", "U_SAM", "U_JO"):
            person = self.sandbox.person(user_id)
            person.open_home()
            person.wait_home()
        new_teams = [part for name in TEAMS for part in ("--add-team", name)] if self._plan == "advanced" else []
        self._change(*new_teams, "--colleague", "U_CLEM", "--role", "client_admin")
        self._change("--colleague", "U_JO", "--may-add-clients", "on", *self._joining(TEAMS[1]))
        if new_teams:
            self._change("--colleague", "U_SAM", *self._joining(TEAMS[0]))

    def _set_up(self) -> None:
        """The practice, by Ada."""
        ada = self.sandbox.person("U_ADA")
        ada.command("/add-client")
        ada.wait_view(title="Set up Clientdesk", containing="Region")
        ada.fill("region", self._region)
        ada.fill("plan", self._plan)
        ada.fill("bundle", str(self._bundle))
        if self._dhi:
            ada.fill("add_ons", "dhi")
        answer = ada.submit()
        if not answer.ok or answer.errors:
            raise DemoError(f"The practice could not be set up: {answer.error or answer.errors}\n{self._tail('bot')}")
        ada.close_all()
        ada.wait_message(containing="Welcome", conversation="app_dm")

    def _change(self, *arguments: str) -> None:
        self.operate("practice", "--team", TEAM, *arguments)

    def _joining(self, team: str) -> Sequence[str]:
        return ("--join", team) if self._plan == "advanced" else ()


def _ports(page: int) -> tuple[int, int, int]:
    """The page's, the bot's and the mail server's. They are held together, so that no two are the same."""
    with contextlib.ExitStack() as held:
        return _hold(held, page), _hold(held, 0), _hold(held, 0)


def _hold(held: contextlib.ExitStack, port: int) -> int:
    listening = held.enter_context(socket.socket())
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        why = error.strerror or str(error)
        raise DemoError(f"Port {port}: {why}. Choose another one.") from None
    return int(listening.getsockname()[1])


def _page_port() -> int:
    """The usual one, so that a page left open finds the next demo, unless it is taken."""
    with contextlib.ExitStack() as held, contextlib.suppress(DemoError):
        return _hold(held, PAGE_PORT)
    return 0


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    # One request to stop is enough: another must not interrupt the stopping.
    for each in _STOPPING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """A request to stop waits until the block ends, so that what is begun in it is known to whoever has to end it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []
    before = {each: signal.signal(each, lambda number, _: waiting.append(number)) for each in _STOPPING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    for number in waiting:
        signal.raise_signal(number)


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal end the block, and nothing but the block."""
    before = {each: signal.signal(each, _interrupt) for each in _STOPPING}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--region", default="uk", choices=["uk", "us", "ca", "ie", "au", "nz", "za", "other"])
    parser.add_argument("--plan", default="advanced", choices=["essentials", "advanced"])
    parser.add_argument("--bundle", default=50, type=int, metavar="N", help="client accounts that are included")
    parser.add_argument("--dhi", default="on", choices=["on", "off"], help="the add-on Data Health & Insights")
    parser.add_argument("--database-url", metavar="URL", help="an empty database instead of a new SQLite file")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", description="The product, without a Slack account.")
    arguments(parser)
    options.add_xero(parser)
    parser.add_argument(
        "--port", type=int, help=f"of the page; otherwise {PAGE_PORT}, or any free one if that is taken"
    )
    asked = parser.parse_args()
    try:
        with stopped_by_signals():
            print("Starting Clientdesk and the sandbox …", flush=True)
            with Demo(
                region=asked.region,
                plan=asked.plan,
                bundle=asked.bundle,
                dhi=asked.dhi == "on",
                port=_page_port() if asked.port is None else asked.port,
                database_url=asked.database_url,
                xero=options.xero(asked),
            ) as demo:
                print(f"\n    {demo.url}\n\n{_HINT}", flush=True)
                demo.wait()
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
        return 0
    except (DemoError, SandboxError, httpx.HTTPError) as error:
        print(f"The demo stopped. {error}", file=sys.stderr)
        return 1
    return 0


_HINT = """Open it in a browser. You act as Clem, Ada, Sam or Jo of the practice Birch & Co.
Type /add-client and add a client; the invitation's e-mail arrives in the mailbox, at the same address under /mail, its
text message on the phone under /sms.
Type /client-sync and add clients from Xero: log in there as anybody it offers.
Everything stays on this machine, and is gone when you press Ctrl-C."""


if __name__ == "__main__":
    sys.exit(main())
