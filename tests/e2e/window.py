"""One person's browser window on the sandbox's page, in the words of somebody who uses it."""

import re
import time
from pathlib import Path
from typing import Self

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.stack import Stack

APP = "Clientdesk"
TIMEOUT_MS = 15_000
"""For a machine that does other work too; what is there is seen at once."""
expect.set_options(timeout=TIMEOUT_MS)


class Window:
    """`dialog` is the modal, whichever is on top; `result` and the rest are found by what they are called."""

    def __init__(self, browser: Browser, stack: Stack) -> None:
        self._context = browser.new_context(
            base_url=stack.url, viewport={"width": 1280, "height": 800}, locale="en-GB", timezone_id="Europe/London"
        )
        self._context.set_default_timeout(TIMEOUT_MS)
        self.page = self._context.new_page()
        self.problems: list[str] = []
        self._context.on("weberror", lambda error: self.problems.append(str(error.error)))
        self._context.on("dialog", lambda dialog: self.problems.append(f"a script ran: {dialog.message}"))

    def close(self) -> None:
        self._context.close()

    def act_as(self, user_id: str, place: str = "C_GENERAL") -> Self:
        self.page.goto(f"/?as={user_id}&in={place}")
        return self

    def new_page(self, address: str) -> Page:
        page = self._context.new_page()
        page.goto(address)
        return page

    def follow(self, link: Locator) -> Page:
        """The tab that the link opens."""
        with self._context.expect_page() as opened:
            link.click()
        return opened.value

    # Seeing

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def messages(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def home(self) -> Locator:
        return self.page.get_by_role("tabpanel", name="Home")

    @property
    def newest_message(self) -> Locator:
        return self.messages.get_by_role("article").last

    def expect_title(self, title: str) -> None:
        expect(self.dialog.get_by_role("heading", level=2)).to_have_text(title)

    def expect_text(self, text: str | re.Pattern[str]) -> None:
        expect(self.dialog).to_contain_text(text)

    def expect_step(self, number: int, total: int, title: str) -> None:
        expect(self.dialog.get_by_text(f"Step {number} of {total} · {title}", exact=True)).to_be_visible()

    def expect_error(self, label: str, words: str) -> None:
        """The words stand at the field, and assistive technology is told so."""
        field = self.field(label)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(re.escape(words)))
        expect(self.dialog.get_by_text(words)).to_be_visible()

    def expect_closed(self) -> None:
        expect(self.dialog).to_be_hidden()

    def field(self, label: str) -> Locator:
        """A text field or select. Labels may say more after these words."""
        name = re.compile(f"^{re.escape(label)}")
        return self.dialog.get_by_role("textbox", name=name).or_(self.dialog.get_by_role("combobox", name=name))

    def choice(self, name: str) -> Locator:
        """A radio button or checkbox."""
        exact = re.compile(f"^{re.escape(name)}$")
        return self.dialog.get_by_role("radio", name=exact).or_(self.dialog.get_by_role("checkbox", name=exact))

    def client_line(self, name: str) -> Locator:
        """In the list of clients."""
        return self.dialog.locator(".block-section", has_text=re.compile(rf"^{re.escape(name)}( · [^\n]+)?\n"))

    # Acting

    def command(self, line: str) -> None:
        composer = self.page.get_by_role("combobox", name=re.compile("^Message "))
        composer.fill(line)
        composer.press("Enter")

    def fill(self, label: str, value: str) -> None:
        self.field(label).fill(value)

    def choose_file(self, label: str, path: Path) -> None:
        """Returns once Slack has it."""
        self.dialog.get_by_label(re.compile(f"^{re.escape(label)}")).set_input_files(path)
        expect(self.dialog.get_by_role("button", name=f"Remove {path.name}")).to_be_visible()

    def select(self, label: str, *options: str) -> None:
        for option in options:
            self.field(label).click()
            self.dialog.get_by_role("option", name=option, exact=True).click()
        self.field(label).press("Tab")  # where several can be chosen, the list stays open

    def search(self, label: str, typed: str, option: str) -> None:
        """In a select that asks the app while one types."""
        self.field(label).fill(typed)
        self.dialog.get_by_role("option", name=option).click()
        self.field(label).press("Tab")

    def choose(self, *names: str) -> None:
        for name in names:
            self.choice(name).check()

    def press(self, name: str) -> None:
        expect(self.dialog.locator("[aria-busy=true]")).to_have_count(0)
        self.dialog.get_by_role("button", name=name, exact=True).click()

    def change_answer(self, step: str) -> None:
        """On the review."""
        self.field("Change an answer…").click()
        self.dialog.get_by_role("option", name=step, exact=True).click()

    def open_home(self) -> None:
        self.page.get_by_role("navigation").get_by_role("link", name=re.compile(f"^{APP}")).click()

    def open_app_messages(self) -> None:
        self.open_home()
        self.page.get_by_role("tab", name="Messages").click()

    def begin_sync(self) -> None:
        """Opens Client Sync."""
        self.command("/client-sync")
        self.expect_title("Client Sync")
        self.expect_text("Reconnect all")

    def sign_in_at_xero(self, *organisations: str, user: str = "Priya Nair", button: str = "Sign in at Xero") -> None:
        """From the link to the consent and back: with these organisations, or all that are offered."""
        tab = self.log_in_at_xero(user, button)
        if organisations:
            for box in tab.get_by_role("checkbox").all():
                box.uncheck()
        for name in organisations:
            exact = re.compile(f"^{re.escape(name)}( Already connected)?$")
            tab.get_by_role("checkbox", name=exact).or_(tab.get_by_role("radio", name=exact)).check()
        tab.get_by_role("button", name=re.compile("^(Continue with|Allow access)")).click()
        expect(tab.get_by_role("link", name="Back to Slack")).to_be_visible()
        tab.close()

    def log_in_at_xero(self, user: str = "Priya Nair", button: str = "Sign in at Xero") -> Page:
        """The page that asks for consent."""
        expect(self.dialog.locator("[aria-busy=true]")).to_have_count(0)
        tab = self.follow(self.dialog.get_by_role("link", name=re.compile(f"^{re.escape(button)}")))
        tab.get_by_role("radio", name=re.compile(f"^{re.escape(user)}")).check()
        tab.get_by_role("button", name="Log in").click()
        expect(tab.get_by_role("heading", name=re.compile("wants access"))).to_be_visible()
        return tab

    def open_card(self, name: str) -> None:
        self.command(f"/clients find {name}")
        self.expect_title("Clients")
        self.expect_text(f"with “{name}”")
        self.client_line(name).get_by_role("button", name="Open").click()
        self.expect_title("Client")
        self.expect_text("Standard information")

    def begin(self) -> None:
        """Starts Add client and waits for its first page."""
        self.command("/add-client")
        expect(self.dialog.get_by_text(re.compile(r"^Step 1 of \d"))).to_be_visible()

    def leave_a_draft(self, name: str, code: str = "") -> None:
        """In a practice in the UK without the add-on: up to the fourth of six steps, then the modal is closed."""
        self.begin()
        self.press("Next")
        self.expect_step(2, 6, "Accounting software")
        self.press("Next")
        self.expect_step(3, 6, "Details")
        self.fill("Business name", name)
        self.fill("Practice code", code)
        self.press("Next")
        self.expect_step(4, 6, "Colleague access")
        self.expect_text("Closing keeps a draft of the pages before this one.")
        self.press("Close")
        self.expect_closed()


def click_at_once(*buttons: Locator) -> None:
    """In several windows at the same moment."""
    moment = time.time() * 1000 + 500
    for button in buttons:
        button.evaluate("(button, moment) => { setTimeout(() => button.click(), moment - Date.now()) }", moment)
