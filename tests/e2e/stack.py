"""The demo as the stories use it: what has to be there before a story begins, without the browser."""

import contextlib
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Self

from typing_extensions import override

from db.models import Plan, Region
from db.session import Database
from sandbox.demo import TEAM, Demo
from sandbox.driver import Person, View
from services.add_client.service import AddClientService
from services.keys import Keyring
from services.people import PeopleService, Profile
from services.practice import PracticeService, SetUp
from tests.builders import to_review


class Stack(Demo):
    """Bot and sandbox in processes of their own, on SQLite."""

    _checked = 0
    _worlds = 0

    @override
    def __enter__(self) -> Self:
        super().__enter__()
        return self

    def check(self) -> None:
        """Raises AssertionError with the bot's log, if an unexpected failure was written to it since the last check."""
        lines = self.log().splitlines()
        new, self._checked = lines[self._checked :], len(lines)
        broken = next((at for at, line in enumerate(new) if re.search(r" (ERROR|CRITICAL) ", line)), None)
        if broken is not None:
            raise AssertionError("the bot's log:\n" + "\n".join(new[broken:]))

    def set_up(self) -> None:
        """By Ada, whom alone the practice knows then."""
        self._set_up()

    def change(self, *arguments: str) -> None:
        """What the operator can change of the practice."""
        self.operate("practice", "--team", TEAM, *arguments)

    def meet(self, *user_ids: str) -> None:
        """Makes people known to a practice that is not set up, by their first contact."""
        for user_id in user_ids:
            person = self.sandbox.person(user_id)
            person.command("/add-client")
            person.wait_view(containing="U_ADA")  # who can set it up
            person.close_all()

    def discard_draft(self, user_id: str) -> None:
        """On App Home, if it has one; forms that are open stay open."""
        person = self.sandbox.person(user_id)
        if "[Discard]" in self._fresh_home(person).text:
            person.click("Discard", home=True)

    def _fresh_home(self, person: Person) -> View:
        """App Home as the app publishes it now, not as it was."""
        before = person.home
        person.open_home()
        self._until(person, lambda: person.home is not None and (before is None or person.home.hash != before.hash))
        assert person.home is not None
        return person.home

    def _until(self, person: Person, seen: Callable[[], bool]) -> None:
        """Waits for the app to change what this person sees."""
        until = time.monotonic() + 15
        version = person.state()["version"]
        while not seen():
            assert time.monotonic() < until, f"{person.id} still sees {person.view or person.home}"
            state = self.sandbox.get("state", user=person.id, since=str(version), wait="1")
            version = state["version"]

    def add_client(
        self, name: str, *, by: str = "U_ADA", code: str = "", contact: tuple[str, str] | None = None
    ) -> None:
        """Adds a business client of a practice in the UK through the wizard; without a contact nobody is invited."""
        person = self.sandbox.person(by)
        person.command("/add-client")
        person.wait_view(callback_id="add_client.submit")
        while person.view is not None and person.view.title == "Add client":
            fields = _fields(person)
            if "name" in fields:
                person.fill("name", name)
                person.fill("practice_code", code or None)
            if "invite" in fields and contact is None:
                person.fill("invite", "Skip invitation")
                self._until(person, lambda: "contact_email" not in _fields(person))
            elif "invite" in fields and contact is not None:
                person.fill("contact_name", contact[0])
                person.fill("contact_email", contact[1])
            answer = person.submit()
            assert answer.ok, answer
            assert not answer.errors, answer
        person.close_all()

    def invite_elsewhere(self, name: str, contact: tuple[str, str]) -> None:
        """Another practice, Cedar LLP, invites somebody to a client account. It is in a workspace that there is not."""
        database = Database(self.database_url)
        try:
            who = Profile(
                slack_user_id="U_OLLY", name="Cora", email=None, timezone="Europe/London", runs_workspace=True
            )
            olly = PeopleService(database).first_contact("T_CEDAR", "Cedar LLP", who).actor
            PracticeService(database).set_up(
                olly, SetUp(name="Cedar LLP", region=Region.IRELAND, plan=Plan.ESSENTIALS, bundle=5, has_dhi=False)
            )
            keys = Keyring([self.environment["ENCRYPTION_KEYS"]])
            invited = {"invite": "now", "contact_name": contact[0], "contact_email": contact[1]}
            service = AddClientService(database, keys, extract_domain="extract.localhost")
            page = to_review(service, olly, details={"name": name}, invite=invited)
            service.create(olly, page.draft_id, revision=page.revision)
        finally:
            database.close()

    def have_organisations(self, count: int, **settings: Any) -> list[str]:
        """Others at Xero than there were; their names. `settings` are the stand-in's."""
        self._worlds += 1
        self.sandbox.xero.change_settings(seed=f"story {self._worlds}", organisations=count, **settings)
        return [str(each["name"]) for each in self.sandbox.xero.organisations()]

    def forget_organisations(self) -> None:
        """Xero has those that it started with, nobody has connected them, and no client is connected."""
        xero = self.sandbox.xero
        xero.clear_faults()
        for each in xero.organisations():
            xero.revoke(each["id"])
        first = self._xero
        xero.change_settings(seed=first.seed, organisations=first.organisations, odd=first.odd, latency=first.latency)
        with self._database() as database:
            database.execute("DELETE FROM connection")

    def sync(self, count: int, *, by: str = "U_ADA", user: str = "priya") -> list[str]:
        """As many clients of organisations that were not there before, added by Client Sync; their names."""
        names = self.have_organisations(count)
        person = self.sandbox.person(by)
        person.command("/client-sync")
        person.wait_view(containing="Reconnect all")
        person.click("Reconnect all")
        page = self.sandbox.xero.connect(_link(person.wait_view(containing="opens in your browser")), user, "all")
        assert page.status == 200, page
        person.wait_view(containing="Back to Client Sync")
        person.close_all()
        person.command("/client-sync")
        person.wait_view(containing="Add clients")
        person.click("Add clients")
        person.wait_view(containing=f"{count} chosen")
        before = len(person.messages("app_dm"))
        answer = person.submit()
        assert answer.ok, answer
        assert not answer.errors, answer
        person.close_all()
        done = f"lists from Xero: {count} of {count} client"
        self._until(person, lambda: any(done in each.text for each in person.messages("app_dm")[before:]))
        return names

    def client_count(self) -> int:
        with self._database() as database:
            return int(database.execute("SELECT count(*) FROM client").fetchone()[0])

    def put_away(self, user_id: str) -> None:
        """Closes this person's forms and discards their draft."""
        self.sandbox.person(user_id).close_all()
        self.discard_draft(user_id)

    def invitation_link(self, email: str, *, after: str | None = None) -> str:
        """The newest one by e-mail to this address; `after` an older one, once it is there."""
        until = time.monotonic() + 15
        while True:
            text = str(self.sandbox.wait_mail(to=email)["text"])
            found = re.search(r"http://\S+/i/\S+", text)
            assert found is not None, f"no invitation link in {text}"
            if found[0] != after:
                return found[0]
            assert time.monotonic() < until, f"no other invitation to {email} came"
            time.sleep(0.02)

    @contextlib.contextmanager
    def settings_put_back(self) -> Iterator[None]:
        """The client defaults and the approvals channel are afterwards what they were."""
        with self._database() as database:
            kept = database.execute("SELECT client_defaults, approvals_channel FROM practice").fetchone()
        yield
        with self._database() as database:
            database.execute("UPDATE practice SET client_defaults = ?, approvals_channel = ?", kept)

    def expire_invitation(self, email: str) -> None:
        """Lets the newest invitation to this address have been made a week and a minute ago, and so be over."""
        with self._database() as database:
            changed = database.execute(
                "UPDATE invitation SET expires_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 minute') || '000', "
                "created_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-7 days', '-1 minute') || '000' "
                "WHERE id = (SELECT id FROM invitation WHERE email = ? ORDER BY id DESC LIMIT 1)",
                (email,),
            )
            assert changed.rowcount == 1, f"nobody invited {email}"

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """Commits at the end."""
        connection = sqlite3.connect(self.database_url.removeprefix("sqlite:///"), timeout=10)
        with contextlib.closing(connection), connection:
            yield connection


class ClockedStack(Stack):
    """The same with a clock of the product's own. It begins at `now`, runs, and can be set on, not back. The sandbox
    keeps the real time."""

    def __init__(self, now: datetime, **how: Any) -> None:
        super().__init__(**how)
        self._begin = now

    def set_clock(self, now: datetime) -> None:
        """Returns once what is due by then has been chosen; it may not have been sent."""
        wanted = _ahead(now)
        self._clock.write_text(wanted)
        done = self._clock.with_suffix(".done")
        until = time.monotonic() + 15
        while not done.exists() or done.read_text() != wanted:
            assert time.monotonic() < until, f"the product's clock did not follow:\n{self.log()}"
            time.sleep(0.02)

    def reminder_count(self) -> int:
        """How many were chosen so far, told or not."""
        with self._database() as database:
            return int(database.execute("SELECT count(*) FROM reminder").fetchone()[0])

    @override
    def _environment(self) -> dict[str, str]:
        self._clock = self.directory / "clock"
        self._clock.write_text(_ahead(self._begin))
        return {**super()._environment(), "CLOCK": str(self._clock)}

    @override
    def _spawn(self, name: str, *arguments: str) -> None:
        super()._spawn(name, *(("-m", "tests.e2e.clocked") if name == "bot" else arguments))


def _ahead(now: datetime) -> str:
    """How far that is from the real time, in seconds."""
    return str((now - datetime.now(UTC)).total_seconds())


def _link(view: View) -> str:
    """Where the view leads in the browser."""
    return next(str(each["url"]) for block in view.blocks for each in block.get("elements", ()) if "url" in each)


def _fields(person: Person) -> set[str]:
    """The names of the top modal's inputs."""
    blocks = person.view.blocks if person.view is not None else []
    return {str(block["block_id"]).partition(".")[0] for block in blocks if block["type"] == "input"}
