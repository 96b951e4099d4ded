"""The demo as the stories use it: what has to be there before a story begins, without the browser."""

import re
import sqlite3
import time
from typing import Self

from typing_extensions import override

from sandbox.demo import TEAM, Demo
from sandbox.driver import Person, View


class Stack(Demo):
    """Bot and sandbox in processes of their own, on SQLite."""

    _checked = 0

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
        until = time.monotonic() + 5
        state = person.state()
        while state["home"] is None or (before is not None and state["home"]["hash"] == before.hash):
            assert time.monotonic() < until, "the app did not publish its Home"
            state = self.sandbox.get("state", user=person.id, since=str(state["version"]), wait="1")
        return View(state["home"])

    def put_away(self, user_id: str) -> None:
        """Closes this person's forms and discards their draft."""
        self.sandbox.person(user_id).close_all()
        self.discard_draft(user_id)

    def invitation_link(self, email: str) -> str:
        text = str(self.sandbox.wait_mail(to=email)["text"])
        found = re.search(r"http://\S+/i/\S+", text)
        assert found is not None, f"no invitation link in {text}"
        return found[0]

    def expire_invitation(self, email: str) -> None:
        """Lets the newest invitation to this address end a minute ago."""
        connection = sqlite3.connect(self.database_url.removeprefix("sqlite:///"), timeout=10)
        with connection:
            changed = connection.execute(
                "UPDATE invitation SET expires_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 minute') || '000' "
                "WHERE id = (SELECT id FROM invitation WHERE email = ? ORDER BY id DESC LIMIT 1)",
                (email,),
            )
            assert changed.rowcount == 1, f"nobody invited {email}"
        connection.close()


def add_client(person: Person, name: str, *, code: str = "", contact: tuple[str, str] | None = None) -> None:
    """Adds a business client through the wizard of a practice in the UK; without a contact nobody is invited."""
    person.command("/add-client")
    person.wait_view(callback_id="add_client.submit")
    while (view := person.view) is not None and view.title == "Add client":
        fields = {block["block_id"] for block in view.blocks if block["type"] == "input"}
        if "name" in fields:
            person.fill("name", name)
            person.fill("practice_code", code or None)
        if "invite" in fields and contact is None:
            person.fill("invite", "Skip invitation")
        elif "invite" in fields and contact is not None:
            person.fill("contact_name", contact[0])
            person.fill("contact_email", contact[1])
        answer = person.submit()
        assert answer.ok, answer
        assert not answer.errors, answer
    person.close_all()
