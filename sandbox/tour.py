"""`make tour`: a first client from `/add-client` to the accepted invitation, then all others from Xero, step by step,
without a browser."""

import argparse
import html
import re
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from sandbox.demo import Demo, DemoError, arguments, stopped_by_signals
from sandbox.driver import Answer, SandboxError, View
from sandbox.driver_accounting import Page
from sandbox.xero.world import XeroSettings

CLIENT = "Harbour Bakery Ltd"
CONTACT = "Cy Harbour"
EMAIL = "cy@harbour.example"
PHONE = "+447700900123"
PASSWORD = "three unrelated words"
XERO = XeroSettings(organisations=25, bulk=True, odd=False)
LINKED = 1
"""As many organisations have the name of a client that is there: the one of Harbour Bakery."""


class TourError(Exception):
    """The product didn't do what a person would expect of it here."""


class Tour:
    """Acts as Clem, a Client Admin, and as the client, and prints what each of them sees.

    What a worker does afterwards may take `patience` seconds.
    """

    def __init__(self, demo: Demo, *, patience: float = 20.0) -> None:
        self._patience = patience
        self.at = "The start"
        self._demo = demo
        self._sandbox = demo.sandbox
        self._clem = demo.sandbox.person("U_CLEM")
        self._steps = 0

    def walk(self) -> None:
        """Raises TourError or SandboxError at the step in `at`."""
        steps = self._open()
        self._fill_in(steps)
        self._create()
        link = self._receive()
        by_text = self._receive_text()
        self._accept(by_text, link)
        self._hear()
        self._look()
        self._choose_organisations()
        self._add_organisations()
        name = self._open_card()
        self._break(name)
        self._reconnect(name)

    def _open(self) -> int:
        with self._step("Clem types /add-client. The modal opens"):
            _require(self._clem.command("/add-client"))
            page = self._clem.wait_view(callback_id="add_client.submit")
            found = re.search(r"Step 1 of (\d+)", page.text)
            if found is None:
                raise TourError(f"The modal doesn't say which step it is:\n{page}")
            return int(found[1])

    def _fill_in(self, steps: int) -> None:
        for number in range(1, steps):
            page = self._clem.wait_view(title="Add client", containing=f"Step {number} of {steps}")
            title = page.text.partition(" · ")[2].partition("\n")[0]
            with self._step(f"Step {number} of {steps}: {title}"):
                self._fill_in_page(page)
                show(str(self._clem.view))
                self._next()
        with self._step(f"Step {steps} of {steps}: everything on one page"):
            show(str(self._clem.wait_view(title="Add client", containing=f"Step {steps} of {steps}")))

    def _fill_in_page(self, page: View) -> None:
        clem = self._clem
        fields = {str(block.get("block_id")) for block in page.blocks}
        if "name" in fields:
            clem.fill("name", CLIENT)
            clem.fill("practice_code", "HARB01")
            clem.fill("industry", "Retail and e-commerce")
        if "colleagues" in fields:
            clem.fill("colleagues", ["Sam Price"])
        if "contact_email" in fields:
            clem.fill("contact_name", CONTACT)
            clem.fill("contact_email", "cy@harbour")
            refused = clem.submit()
            if not refused.errors:
                raise TourError("A wrong e-mail address was not refused.")
            say(f"A wrong address is refused at its field, and nothing typed is lost: {_joined(refused)}")
            clem.fill("contact_email", EMAIL)
            clem.fill("contact_mobile", PHONE)

    def _next(self) -> None:
        answer = self._clem.submit()
        _require(answer)
        if answer.errors:
            raise TourError(f"The page was refused: {_joined(answer)}")

    def _create(self) -> None:
        with self._step("Clem presses Create. The client account is there, with its address for documents"):
            self._next()
            show(str(self._clem.wait_view(title="Client created", containing=CLIENT)))
            self._clem.close_all()
            self._clem.wait_message(containing=f"{CLIENT} was created", conversation="app_dm")
            say("The same comes as a message, to be found again.")

    def _receive(self) -> str:
        with self._step(f"{CONTACT}, the client, receives an e-mail"):
            mail = self._sandbox.wait_mail(to=EMAIL, timeout=self._patience)
            show(f"To: {mail['to']}\nSubject: {mail['subject']}\n\n{mail['text'].strip()}")
            return self._invitation_link(mail["text"])

    def _receive_text(self) -> str:
        with self._step(f"{CONTACT} gets a text message too, with a link of its own"):
            message = self._sandbox.sms.wait_message(PHONE, status="delivered", timeout=self._patience)
            show(f"To: {message['to']}\n\n{message['body']}")
            return self._invitation_link(message["body"])

    def _invitation_link(self, text: str) -> str:
        link = re.search(rf"{re.escape(self._demo.bot_url)}/i/\S+", text)
        if link is None:
            raise TourError(f"There is no link:\n{text}")
        return link[0]

    def _accept(self, link: str, other: str) -> None:
        with httpx.Client(trust_env=False, timeout=30, follow_redirects=True) as browser:
            with self._step("Cy opens the link on the phone"):
                show(_page(browser.get(link)))
            with self._step("Cy sets a password"):
                show(_page(browser.post(link, data={"password": PASSWORD, "repeat": PASSWORD})))
            with self._step("The invitation works once: the link in the e-mail says that it was used"):
                for used in (link, other):
                    again = browser.get(used)
                    if again.status_code != httpx.codes.GONE:
                        raise TourError(f"A used link answered {again.status_code} at {urlsplit(used).path}")
                show(_text(again.text))

    def _hear(self) -> None:
        with self._step("Clem is told in Slack"):
            said = "accepted the invitation"
            message = self._clem.wait_message(containing=said, conversation="app_dm", timeout=self._patience)
            show(message.text.splitlines()[-1])

    def _look(self) -> None:
        with self._step("Clem's Home tab shows where things stand"):
            _require(self._clem.open_home())
            show(str(self._clem.wait_home(containing=f"{CLIENT} · HARB01 · accepted")))
        with self._step("/clients invitations lists those that nobody has accepted. The others are a choice away"):
            _require(self._clem.command("/clients invitations"))
            self._clem.wait_view(title="Invitations", containing="No invitation waits to be accepted.")
            self._clem.fill("standing", "accepted")
            show(str(self._clem.wait_view(containing=f"{CONTACT} <{EMAIL}>")))
            self._clem.close_all()

    def _choose_organisations(self) -> None:
        clem, xero = self._clem, self._sandbox.xero
        count, new = XERO.organisations, XERO.organisations - LINKED
        first = xero.organisations(limit=1)[0]
        xero.change(first["id"], name=CLIENT, legal_name=CLIENT)
        with self._step("The other clients are at Xero. Clem types /client-sync"):
            _require(clem.command("/client-sync"))
            show(str(clem.wait_view(title="Client Sync", containing="Add clients")))
        with self._step("Clem presses Add clients: a link leads to Xero"):
            _require(clem.click("Add clients"))
            waiting = clem.wait_view(containing="opens in your browser")
            show(str(waiting))
        with self._step(f"At Xero, Priya logs in, ticks {count} organisations and allows access"):
            show(_landed(xero.connect(_link(waiting), "priya", "all")))
        with self._step("In Slack the window has moved on: what is new, and what is there by its name"):
            listed = clem.wait_view(containing=f"{new} to create, {LINKED} to link", timeout=self._patience)
            show(str(listed))

    def _add_organisations(self) -> None:
        clem = self._clem
        with self._step("Clem presses Create accounts. The window says how far it is"):
            self._next()
            show(str(clem.wait_view(containing="A message from Clientdesk shows how it goes on")))
            clem.close_all()
        with self._step("The message that followed it says how it came out"):
            clem.wait_message("Clients from Xero are added", "app_dm", timeout=self._patience)
            done = f"lists from Xero: {XERO.organisations} of {XERO.organisations} clients"
            message = clem.wait_message(done, "app_dm", timeout=self._patience)
            counted = f"{XERO.organisations - LINKED} created · {LINKED} linked."
            if counted not in message.text:
                raise TourError(f"The message doesn't say {counted!r}:\n{message}")
            show(str(message))

    def _open_card(self) -> str:
        clem = self._clem
        with self._step("They are in the list of clients: /clients list"):
            _require(clem.command("/clients list"))
            show(str(clem.wait_view(title="Clients", containing=f"{XERO.organisations} clients that you can open")))
        name = str(self._sandbox.xero.organisations()[1]["name"])
        with self._step(f"One of them: /clients find {name}, and its card"):
            clem.close_all()
            self._find(name)
            card = clem.wait_view(title="Client", containing="Standard information")
            show(str(card))
            if "Status: Connected" not in card.text:
                raise TourError("The client is not connected.")
            for what in ("Accounts", "Contacts"):
                if re.search(rf"{what}: [1-9][\d,]* in use", card.text) is None:
                    raise TourError(f"The card has no {what.lower()}.")
        return name

    def _find(self, name: str) -> None:
        """Up to the client's card."""
        _require(self._clem.command(f"/clients find {name}"))
        self._clem.wait_view(title="Clients", containing=f"with “{name}”")
        _require(self._clem.click("Open"))

    def _break(self, name: str) -> None:
        with self._step("Somebody ends the connection at Xero. Clem presses Refresh on the card, which says so"):
            self._sandbox.xero.revoke(self._sandbox.xero.tenant(name))
            _require(self._clem.click("Refresh"))
            show(_part(self._clem.wait_view(containing="Status: Disconnected", timeout=self._patience)))
            self._clem.close_all()

    def _reconnect(self, name: str) -> None:
        clem = self._clem
        with self._step("/client-sync, Reconnect all, and Priya signs in at Xero again: what has ended is mended"):
            _require(clem.command("/client-sync"))
            clem.wait_view(title="Client Sync", containing="Reconnect all")
            _require(clem.click("Reconnect all"))
            waiting = clem.wait_view(containing="opens in your browser")
            show(_landed(self._sandbox.xero.connect(_link(waiting), "priya", "all")))
            show(str(clem.wait_view(containing="1 client is connected to Xero again", timeout=self._patience)))
            clem.close_all()
        with self._step("The card says so too"):
            self._find(name)
            show(_part(clem.wait_view(title="Client", containing="Status: Connected")))

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        self._steps += 1
        self.at = f"{self._steps}. {title}"
        print(f"\n{self.at}", flush=True)
        yield


def show(text: str) -> None:
    print(textwrap.indent(text, "   | ", lambda _: True), flush=True)


def say(text: str) -> None:
    print(f"   {text}", flush=True)


def _require(answer: Answer) -> None:
    if not answer.ok:
        raise TourError(f"Clientdesk did not answer: {answer.error}")


def _link(view: View) -> str:
    """Where the view leads in the browser."""
    elements = (element for block in view.blocks for element in block.get("elements", ()))
    found = next((element["url"] for element in elements if "url" in element), None)
    if found is None:
        raise TourError(f"There is no link:\n{view}")
    return str(found)


def _landed(page: Page) -> str:
    if page.status != httpx.codes.OK:
        raise TourError(f"The page answered {page.status}:\n{page.text}")
    return _text(page.html)


def _part(card: View) -> str:
    """What a client's card says of its connection."""
    return str(card).partition("# Connection\n")[2].partition("\n---")[0]


def _joined(answer: Answer) -> str:
    return " ".join(answer.errors.values())


def _page(answer: httpx.Response) -> str:
    if not answer.is_success:
        raise TourError(f"The page answered {answer.status_code}:\n{_text(answer.text)}")
    return _text(answer.text)


def _text(page: str) -> str:
    """What a page says, without its looks."""
    body = page.partition("<body")[2].partition(">")[2]
    body = re.sub(r"<input[^>]*\bvalue=\"([^\"]*)\"[^>]*>", r"‹\1›\n", body)
    body = re.sub(r"<input[^>]*>", "‹›\n", body)
    body = re.sub(r"<button[^>]*>(.*?)</button>", r"[\1]", body, flags=re.DOTALL)
    lines = html.unescape(re.sub(r"<[^>]+>", "", body)).splitlines()
    return "\n".join(line.strip() for line in lines if line.strip())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.tour", description=__doc__)
    arguments(parser)
    asked = parser.parse_args()
    print(f"{__doc__}\nStarting Clientdesk and the sandbox on free ports …", flush=True)
    tour = None
    try:
        with (
            stopped_by_signals(),
            Demo(
                region=asked.region,
                plan=asked.plan,
                bundle=asked.bundle,
                dhi=asked.dhi == "on",
                database_url=asked.database_url,
                xero=XERO,
            ) as demo,
        ):
            say("Ada, who owns the workspace, has set the practice Birch & Co up and made Clem a Client Admin.")
            tour = Tour(demo)
            tour.walk()
    except KeyboardInterrupt:
        print("\nStopped.", flush=True)
        return 130
    except (TourError, DemoError, SandboxError, httpx.HTTPError) as error:
        print(f"\nThe tour failed. {tour.at if tour else 'The start'}: {error}", file=sys.stderr)
        return 1
    print("\nThe tour is over: every step worked.", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
