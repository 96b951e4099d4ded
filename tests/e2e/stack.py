"""The whole product as an operator runs it: `python -m bot` on SQLite, with the sandbox as its outside world."""

import json
import os
import re
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.fernet import Fernet

from sandbox.app import SandboxConfig
from sandbox.driver import Person, Sandbox, View
from sandbox.running import RunningSandbox

ROOT = Path(__file__).parent.parent.parent
SECRET = "sandbox-signing-secret"
TEAM = "T_BIRCH"
START_SECONDS = 30.0


class Stack:
    """Bot and sandbox on ports of their own, with everything kept in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._database = folder / "clientdesk.db"
        manifest = json.loads((ROOT / "manifest.json").read_text(encoding="utf-8"))
        self._world = RunningSandbox(SandboxConfig(signing_secret=SECRET, manifest=manifest))
        self._log: list[str] = []
        self._log_lock = threading.Lock()
        self._environment: dict[str, str] = {}
        self._bot: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The sandbox's page."""
        return self._world.url

    def start(self) -> Self:
        self._world.start()
        self.sandbox = Sandbox(self._world.url)
        port = _free_port()
        self.bot_url = self._world.bot_url = f"http://127.0.0.1:{port}"
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONUNBUFFERED": "1",
            "NO_PROXY": "*",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "PUBLIC_URL": self.bot_url,
            "DATABASE_URL": f"sqlite:///{self._database}",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_BOT_TOKEN": f"xoxb-sandbox-{TEAM}",
            "SLACK_API_URL": self._world.api_url,
            "SMTP_URL": f"smtp://127.0.0.1:{self._world.smtp_port}?tls=none",
            "EMAIL_FROM": "Clientdesk <hello@clientdesk.example>",
            "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        }
        self._bot = subprocess.Popen(
            [sys.executable, "-m", "bot"],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._bot, ready), daemon=True)
        self._reader.start()
        if not ready.wait(START_SECONDS) or self._bot.poll() is not None:
            log = "\n".join(self._log)
            self.stop()
            raise RuntimeError(f"the bot did not start:\n{log}")
        return self

    def stop(self) -> None:
        if self._bot is not None and self._reader is not None:
            self._bot.terminate()
            self._bot.wait(timeout=30)
            self._reader.join()
            self._bot = None
        self.sandbox.close()
        self._world.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _read(self, bot: subprocess.Popen[str], ready: threading.Event) -> None:
        """Drains the bot's log, so that it never waits for a reader."""
        assert bot.stdout is not None
        with bot.stdout as lines:
            for line in lines:
                with self._log_lock:
                    self._log.append(line.rstrip())
                if "Uvicorn running on" in line:
                    ready.set()
        ready.set()

    def check(self) -> None:
        """Raises AssertionError with the bot's log, if an unexpected failure was written to it since the last check."""
        with self._log_lock:
            log, self._log[:] = list(self._log), []
        broken = next((at for at, line in enumerate(log) if re.search(r" (ERROR|CRITICAL) ", line)), None)
        if broken is not None:
            raise AssertionError("the bot's log:\n" + "\n".join(log[broken:]))

    def operator(self, *arguments: str) -> None:
        """Runs `python -m bot practice --team … ARGUMENTS`."""
        subprocess.run(
            [sys.executable, "-m", "bot", "practice", "--team", TEAM, *arguments],
            cwd=ROOT,
            env=self._environment,
            check=True,
            capture_output=True,
        )

    def expire_invitation(self, email: str) -> None:
        """Lets the newest invitation to this address end a minute ago."""
        with sqlite3.connect(self._database, timeout=10) as connection:
            changed = connection.execute(
                "UPDATE invitation SET expires_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 minute') || '000' "
                "WHERE id = (SELECT id FROM invitation WHERE email = ? ORDER BY id DESC LIMIT 1)",
                (email,),
            )
            assert changed.rowcount == 1, f"nobody invited {email}"
        connection.close()

    # What a test needs to be there, done without the browser.

    def set_up(self, region: str, *, bundle: int = 50) -> None:
        ada = self.sandbox.person("U_ADA")
        ada.command("/add-client")
        ada.wait_view(callback_id="set_up.submit")
        ada.fill("region", region)
        ada.fill("bundle", str(bundle))
        assert ada.submit().ok
        ada.close_all()

    def meet(self, *user_ids: str) -> None:
        """Makes people known to the practice by their first contact, whether it is set up yet or not."""
        for user_id in user_ids:
            person = self.sandbox.person(user_id)
            person.command("/add-client")
            person.wait_view(containing="U_ADA")  # each refusal names whom to ask
            person.close_all()

    def put_away(self, user_id: str, *, closing: bool = True) -> None:
        """Closes this person's forms, unless told to leave them, and discards their draft."""
        person = self.sandbox.person(user_id)
        if closing:
            person.close_all()
        if "[Discard]" in self._fresh_home(person).text:
            person.click("Discard", home=True)

    def _fresh_home(self, person: Person) -> View:
        """App Home as the app publishes it now."""
        state = person.state()
        before = state["home"] and state["home"]["hash"]
        person.open_home()
        until = time.monotonic() + 5
        while state["home"] is None or state["home"]["hash"] == before:
            assert time.monotonic() < until, "the app did not publish its Home"
            state = self.sandbox.get("state", user=person.id, since=str(state["version"]), wait="1")
        return View(state["home"])

    def invitation_link(self, email: str) -> str:
        return link_in(str(self.sandbox.wait_mail(to=email)["text"]))


def link_in(text: str) -> str:
    found = re.search(r"http://\S+/i/\S+", text)
    assert found is not None, f"no invitation link in {text}"
    return found[0]


def add_client(person: Person, name: str, *, code: str = "", contact: tuple[str, str] | None = None) -> None:
    """Adds a business client through the wizard of a UK practice with one software choice and colleagues."""
    person.command("/add-client")
    person.wait_view(callback_id="add_client.submit")
    while (view := person.view) is not None and view.title == "Add client":
        labels = {block["block_id"] for block in view.blocks if block["type"] == "input"}
        if "name" in labels:
            person.fill("name", name)
            person.fill("practice_code", code or None)
        if "invite" in labels and contact is None:
            person.fill("invite", "Skip invitation")
        elif "invite" in labels and contact is not None:
            person.fill("contact_name", contact[0])
            person.fill("contact_email", contact[1])
        answer = person.submit()
        assert answer.ok, answer
        assert not answer.errors, answer
    person.close_all()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
