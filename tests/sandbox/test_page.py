"""The page in a real browser, over a real sandbox; the app behind it is a stub that each test scripts."""

import base64
import json
import os
import shutil
import smtplib
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from typing_extensions import override

from sandbox.app import SandboxConfig
from sandbox.running import RunningSandbox
from sandbox.slack.world import Message, View

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")]

Json = dict[str, Any]
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGOYDAAAlQCUEMXZCgAAAABJRU5ErkJggg=="
"""A PNG of one dot."""


class StubApp:
    """Keeps what it is sent; answers with an empty ack, or what `reply` returns (None: no answer in time)."""

    def __init__(self) -> None:
        self.received: list[Json] = []
        self.reply: Callable[[Json], Json | None] = lambda _: {}
        self._arrived = threading.Condition()
        self._closing = threading.Event()
        app = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                answer = app.take(body if body.startswith("{") else dict_of(body))
                if answer is None:
                    app._closing.wait(2)
                content = json.dumps(answer).encode() if answer else b""
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            @override
            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, body: str | Json) -> Json | None:
        payload: Json = json.loads(body) if isinstance(body, str) else body
        with self._arrived:
            self.received.append(payload)
            self._arrived.notify_all()
        return self.reply(payload)

    def wait_for(self, kind: str) -> Json:
        """The newest payload of a type (or command, or event type), once there is one."""

        def found() -> Json | None:
            return next((each for each in reversed(self.received) if kind in kinds(each)), None)

        with self._arrived:
            assert self._arrived.wait_for(lambda: found() is not None, timeout=5), f"no {kind} among {self.received}"
        payload = found()
        assert payload is not None
        return payload

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


def dict_of(form: str) -> Json:
    fields = {key: values[0] for key, values in parse_qs(form).items()}
    payload: Json = json.loads(fields["payload"]) if "payload" in fields else fields
    return payload


def kinds(payload: Json) -> set[object]:
    return {payload.get("type"), payload.get("command"), payload.get("event", {}).get("type")}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with RunningSandbox(SandboxConfig(ack_seconds=1.0)) as running:
        yield running


@pytest.fixture
def app(running: RunningSandbox) -> Iterator[StubApp]:
    app = StubApp()
    running.bot_url = app.url
    yield app
    app.close()


@pytest.fixture
def sandbox(running: RunningSandbox, app: StubApp) -> RunningSandbox:
    running.world.reset()
    return running


@pytest.fixture
def page(browser: Browser, sandbox: RunningSandbox) -> Iterator[Page]:
    context = browser.new_context(base_url=sandbox.url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(5000)
    page = context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(f"script ran: {dialog.message}"))
    yield page
    context.close()
    assert not problems


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(text: str, **more: object) -> Json:
    return {"text": plain(text), "value": text.lower(), **more}


def field(block_id: str, label: str, element_type: str = "plain_text_input", **more: Any) -> Json:
    element = {"type": element_type, "action_id": "value", **more.pop("element", {})}
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


def button(text: str, action_id: str, **more: object) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "block_id": "actions", "elements": list(elements)}


def modal(title: str, *blocks: Json, **more: object) -> Json:
    return {"type": "modal", "title": plain(title), "submit": plain("Create"), "blocks": list(blocks), **more}


def open_modal(sandbox: RunningSandbox, view: Json, *, on_top: bool = False) -> View:
    return sandbox.world.show_view(sandbox.world.teams["T_BIRCH"], "U_ADA", view, on_top=on_top)


def post(sandbox: RunningSandbox, channel: str = "C_GENERAL", **what: Any) -> Message:
    what = {"text": "", "user": "U_BOT", "team_id": "T_BIRCH", "bot_id": "B_BOT", **what}
    return sandbox.world.post(sandbox.world.conversation(channel), **what)


# People and places


def test_the_person_acting_is_chosen_in_the_sidebar_and_kept_in_the_address(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Acting as").select_option(label="Clem Okafor, Member")

    expect(page).to_have_url("/?as=U_CLEM")
    expect(page).to_have_title("#general · Clem Okafor")
    page.reload()
    expect(page.get_by_label("Acting as")).to_have_value("U_CLEM")
    page.go_back()
    expect(page.get_by_label("Acting as")).to_have_value("U_ADA")


def test_a_person_sees_only_their_own_conversations_and_ephemeral_messages(page: Page, sandbox: RunningSandbox) -> None:
    post(sandbox, "C_SHARED", text="For Ada alone", seen_by="U_ADA")
    post(sandbox, "C_SHARED", text="For everybody")

    page.goto("/?as=U_ADA&in=C_SHARED")
    mine = page.get_by_role("listitem").filter(has_text="For Ada alone")
    expect(mine.get_by_text("Only visible to you")).to_be_visible()

    page.get_by_label("Acting as").select_option("U_EVE")
    expect(page.get_by_role("log").get_by_text("For everybody")).to_be_visible()
    expect(page.get_by_text("For Ada alone")).to_be_hidden()
    expect(page.get_by_role("link", name="general")).to_be_hidden()


def test_what_another_person_says_appears_by_itself_and_keeps_what_is_being_typed(
    page: Page, sandbox: RunningSandbox
) -> None:
    page.goto("/?as=U_ADA")
    page.get_by_label("Message #general").press_sequentially("Half a sent")

    post(sandbox, user="U_CLEM", bot_id=None, text="Good morning")

    expect(page.get_by_role("log").get_by_text("Good morning")).to_be_visible()
    expect(page.get_by_label("Message #general")).to_be_focused()
    page.keyboard.type("ence")
    page.keyboard.press("Enter")
    expect(page.get_by_role("article", name="Ada Marsh").get_by_text("Half a sentence")).to_be_visible()


def test_unread_messages_are_counted_until_the_conversation_is_opened(page: Page, sandbox: RunningSandbox) -> None:
    page.goto("/?as=U_ADA")
    post(sandbox, "D_ADA", text="Your client was added")

    page.get_by_role("link", name="Clientdesk 1 unread").click()
    page.get_by_role("tab", name="Messages").click()
    expect(page.get_by_role("log").get_by_text("Your client was added")).to_be_visible()
    expect(page.get_by_role("link", name="Clientdesk", exact=True)).to_be_visible()


def test_an_edited_message_is_redrawn_and_marked(page: Page, sandbox: RunningSandbox) -> None:
    message = post(sandbox, text="Working on it")
    page.goto("/?as=U_ADA")
    expect(page.get_by_text("Working on it")).to_be_visible()

    sandbox.world.edit(message, text="Done")

    expect(page.get_by_role("article", name="Clientdesk")).to_contain_text("Done(edited)")
    expect(page.get_by_text("Working on it")).to_be_hidden()


def test_the_newest_message_stays_in_sight_until_the_person_scrolls_away(page: Page, sandbox: RunningSandbox) -> None:
    for number in range(1, 31):
        post(sandbox, "D_ADA", text=f"Message number {number}")
    page.goto("/?as=U_ADA&in=D_ADA")
    messages = page.get_by_role("log")
    expect(messages.get_by_text("Message number 30")).to_be_in_viewport(ratio=1)

    page.set_viewport_size({"width": 1000, "height": 400})
    expect(messages.get_by_text("Message number 30")).to_be_in_viewport(ratio=1)

    page.get_by_role("tab", name="Home").click()
    expect(messages).to_be_hidden()
    for number in range(31, 41):
        post(sandbox, "D_ADA", text=f"Message number {number}")
    page.get_by_role("tab", name="Messages").click()
    expect(messages.get_by_text("Message number 40")).to_be_in_viewport(ratio=1)

    messages.focus()
    page.keyboard.press("Home")
    expect(messages.get_by_text("Message number 1", exact=True)).to_be_in_viewport(ratio=1)
    post(sandbox, "D_ADA", text="Message number 41")
    expect(messages.get_by_text("Message number 41")).to_be_visible()
    expect(messages.get_by_text("Message number 1", exact=True)).to_be_in_viewport(ratio=1)


# Commands and shortcuts


def test_a_command_is_completed_by_keyboard_and_sent_with_enter(page: Page, app: StubApp) -> None:
    page.goto("/?as=U_ADA")
    composer = page.get_by_label("Message #general")
    composer.press_sequentially("/")
    commands = page.get_by_role("listbox", name="Commands").get_by_role("option")
    expect(commands).to_have_text(["/add-client Add a client", "/clients Find a client"])
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(composer).to_have_value("/clients ")
    expect(composer).to_be_focused()
    page.keyboard.type("find acme")
    page.keyboard.press("Enter")

    sent = app.wait_for("/clients")
    assert (sent["text"], sent["user_id"], sent["channel_id"]) == ("find acme", "U_ADA", "C_GENERAL")
    expect(composer).to_have_value("")


def test_a_command_typed_in_full_is_sent_with_one_enter(page: Page, app: StubApp) -> None:
    page.goto("/?as=U_ADA")
    page.get_by_label("Message #general").fill("/add-client")
    page.keyboard.press("Enter")

    app.wait_for("/add-client")


def test_an_answer_too_late_is_shown_where_the_command_was_typed(page: Page, app: StubApp) -> None:
    app.reply = lambda _: None
    page.goto("/?as=U_ADA")
    page.get_by_label("Message #general").fill("/add-client")
    page.keyboard.press("Enter")

    expect(page.get_by_role("alert")).to_have_text("/add-client failed with the error operation_timeout")
    page.get_by_role("button", name="Dismiss notice").click()
    expect(page.get_by_role("alert")).to_be_hidden()
    page.reload()
    expect(page.get_by_role("heading", name="#general")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_shortcut_is_started_from_its_menu_by_keyboard(page: Page, sandbox: RunningSandbox, app: StubApp) -> None:
    sandbox.world.shortcuts = [
        {"name": "Add client", "callback_id": "add_client.open", "description": "Add one", "type": "global"},
        {"name": "Find a client", "callback_id": "clients.find", "description": "Find one", "type": "global"},
    ]
    page.goto("/?as=U_ADA")
    page.get_by_role("button", name="Shortcuts").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("menuitem", name="Add client")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    assert app.wait_for("shortcut")["callback_id"] == "clients.find"
    expect(page.get_by_role("menu")).to_be_hidden()
    sandbox.world.shortcuts = []


# Messages and App Home


def test_a_message_button_acts_and_the_app_hears_its_value(page: Page, sandbox: RunningSandbox, app: StubApp) -> None:
    message = post(sandbox, blocks=[actions(button("Open client", "client.open", value="42"))])
    page.goto("/?as=U_ADA")
    page.get_by_role("button", name="Open client").click()

    sent = app.wait_for("block_actions")
    assert (sent["actions"][0]["action_id"], sent["actions"][0]["value"]) == ("client.open", "42")
    assert sent["container"]["message_ts"] == message.ts


def test_a_file_is_shown_with_its_message_and_can_be_kept(page: Page, sandbox: RunningSandbox) -> None:
    name = "Café <b>& Co</b> 2026.xlsx"
    file = sandbox.world.add_file(name, "U_BOT", sandbox.url, b"x" * 4_200)
    file.title = "The lists of Café <b>"
    post(sandbox, "D_ADA", blocks=[{"type": "section", "text": plain("Here they are")}], files=[file])
    page.goto("/?as=U_ADA&in=D_ADA")
    shown = page.get_by_role("article")
    expect(shown).to_contain_text("Here they are")
    expect(shown).to_contain_text(f"{name} · 4 kB")

    with page.expect_download() as download:
        shown.get_by_role("link", name="Download The lists of Café <b>").click()

    assert download.value.path().read_bytes() == b"x" * 4_200


DROP = """async (main) => {
  const data = new DataTransfer();
  data.items.add(new File(["Name"], "dropped.csv", { type: "text/csv" }));
  for (const type of ["dragover", "drop"]) {
    main.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true }));
  }
}"""


def test_files_that_are_chosen_or_dropped_go_out_with_the_next_message(
    page: Page, app: StubApp, tmp_path: Path
) -> None:
    table = tmp_path / "clients.csv"
    table.write_text("Name\nAcme\n")
    page.goto("/?as=U_ADA&in=D_ADA")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(table)
    chosen = page.get_by_role("list", name="Files to send").get_by_role("listitem")
    expect(chosen).to_have_text(["clients.csv"])
    page.locator("main").evaluate(DROP)
    expect(chosen).to_have_text(["clients.csv", "dropped.csv"])
    page.get_by_role("button", name="Remove clients.csv").click()
    page.get_by_label("Message Clientdesk").press("Enter")

    event = app.wait_for("message")["event"]
    assert [(file["name"], file["size"]) for file in event["files"]] == [("dropped.csv", 4)]
    expect(page.get_by_role("article").last).to_contain_text("dropped.csv")
    expect(chosen).to_have_count(0)


def test_a_picture_is_shown_and_says_what_it_shows(page: Page, sandbox: RunningSandbox) -> None:
    file = sandbox.world.add_file("dot.png", "U_BOT", sandbox.url, base64.b64decode(DOT))
    file.title, file.alt_txt = "The <b>dot", "One <b>grey dot"
    post(sandbox, "D_ADA", blocks=[{"type": "section", "text": plain("Here it is")}], files=[file])
    page.goto("/?as=U_ADA&in=D_ADA")
    shown = page.get_by_role("article")
    picture = shown.get_by_role("img", name="One <b>grey dot")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 1)
    with page.expect_download() as download:
        shown.get_by_role("link", name="Download The <b>dot").click()
    assert download.value.path().read_bytes() == file.content


def test_a_link_button_opens_a_new_tab_and_tells_the_app(page: Page, sandbox: RunningSandbox, app: StubApp) -> None:
    post(sandbox, blocks=[actions(button("Open the mailbox", "mail.open", url=f"{sandbox.url}/mail"))])
    page.goto("/?as=U_ADA")
    with page.expect_popup() as popup:
        page.get_by_role("link", name="Open the mailbox").click()

    expect(popup.value).to_have_url("/mail")
    assert app.wait_for("block_actions")["actions"][0]["action_id"] == "mail.open"


def test_a_confirmed_button_acts_only_after_yes(page: Page, sandbox: RunningSandbox, app: StubApp) -> None:
    confirm = {
        "title": plain("Revoke it?"),
        "text": plain("The link stops working."),
        "confirm": plain("Revoke"),
        "deny": plain("Keep"),
    }
    post(sandbox, blocks=[actions(button("Revoke invitation", "invitation.revoke", confirm=confirm))])
    page.goto("/?as=U_ADA")
    revoke = page.get_by_role("button", name="Revoke invitation")
    revoke.click()
    page.get_by_role("alertdialog", name="Revoke it?").get_by_role("button", name="Keep").click()
    expect(page.get_by_role("alertdialog")).to_be_hidden()
    expect(revoke).to_be_focused()
    assert not app.received

    revoke.click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    app.wait_for("block_actions")


def test_an_overflow_menu_sends_the_option_chosen(page: Page, sandbox: RunningSandbox, app: StubApp) -> None:
    menu = {"type": "overflow", "action_id": "client.more", "options": [option("Resend"), option("Deactivate")]}
    post(sandbox, blocks=[{"type": "section", "block_id": "s", "text": mrkdwn("*Acme*"), "accessory": menu}])
    page.goto("/?as=U_ADA")
    page.get_by_role("button", name="More actions").click()
    page.get_by_role("menuitem", name="Deactivate").click()

    assert app.wait_for("block_actions")["actions"][0]["selected_option"] == option("Deactivate")


def test_app_home_opens_with_its_event_and_its_buttons_act(page: Page, sandbox: RunningSandbox, app: StubApp) -> None:
    home = {
        "type": "home",
        "blocks": [{"type": "header", "text": plain("Drafts")}, actions(button("Resume", "resume"))],
    }
    sandbox.world.publish_home(sandbox.world.teams["T_BIRCH"], "U_ADA", home)
    page.goto("/?as=U_ADA")
    page.get_by_role("link", name="Clientdesk").click()

    expect(page.get_by_role("tabpanel").get_by_role("heading", name="Drafts")).to_be_visible()
    app.wait_for("app_home_opened")
    page.get_by_role("button", name="Resume").click()
    assert app.wait_for("block_actions")["view"]["type"] == "home"


def test_a_home_not_published_yet_says_so(page: Page) -> None:
    page.goto("/?as=U_ADA&in=home")

    expect(page.get_by_text("The app has not published its Home yet.")).to_be_visible()


def test_a_block_or_element_the_page_does_not_know_is_a_visible_box(page: Page, sandbox: RunningSandbox) -> None:
    post(sandbox, blocks=[{"type": "hologram", "shape": "cube"}, actions({"type": "lever", "action_id": "pull"})])
    page.goto("/?as=U_ADA")

    expect(page.get_by_role("note", name="Unknown: hologram")).to_contain_text('"shape": "cube"')
    expect(page.get_by_role("note", name="Unknown: lever")).to_contain_text('"action_id": "pull"')


# Modals


def test_a_modal_takes_the_focus_keeps_it_and_gives_it_back(page: Page, sandbox: RunningSandbox) -> None:
    page.goto("/?as=U_ADA")
    page.get_by_label("Message #general").focus()
    open_modal(sandbox, modal("Add client", field("name", "Business name"), close=plain("Cancel")))

    dialog = page.get_by_role("dialog", name="Add client")
    expect(dialog).to_have_attribute("aria-modal", "true")
    expect(dialog.get_by_label("Business name")).to_be_focused()
    for name in ("Cancel", "Create", "Dismiss"):
        page.keyboard.press("Tab")
        expect(dialog.get_by_role("button", name=name)).to_be_focused()
    page.keyboard.press("Tab")
    expect(dialog.get_by_label("Business name")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(dialog.get_by_role("button", name="Dismiss")).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Message #general")).to_be_focused()


def test_typed_text_survives_an_update_with_the_same_ids_and_is_reset_with_others(
    page: Page, sandbox: RunningSandbox
) -> None:
    view = open_modal(sandbox, modal("Add client", field("name", "Business name"), field("code", "Practice code")))
    page.goto("/?as=U_ADA")
    page.get_by_label("Practice code").fill("A1")
    page.get_by_label("Business name").fill("Acme")
    page.keyboard.press("ArrowLeft")

    changed = field("name", "Business name", hint=plain("As on the invoices"), element={"initial_value": "Other"})
    sandbox.world.change_view(view, modal("Add client", changed, field("code-2", "Practice code")))

    expect(page.get_by_text("As on the invoices")).to_be_visible()
    expect(page.get_by_label("Business name")).to_have_value("Acme")
    expect(page.get_by_label("Business name")).to_be_focused()
    page.keyboard.type("X")
    expect(page.get_by_label("Business name")).to_have_value("AcmXe")
    expect(page.get_by_label("Practice code")).to_have_value("")


def test_a_new_step_is_announced_and_begins_at_its_first_input(page: Page, sandbox: RunningSandbox) -> None:
    view = open_modal(sandbox, modal("Details", field("name", "Business name")))
    page.goto("/?as=U_ADA")
    page.get_by_role("button", name="Create").focus()

    sandbox.world.change_view(view, modal("Invite", field("email", "E-mail", "email_text_input")))

    expect(page.get_by_role("dialog", name="Invite").get_by_label("E-mail")).to_be_focused()
    expect(page.locator("[aria-live=polite]")).to_have_text("Invite")


def test_refused_fields_say_why_and_the_first_one_is_focused(page: Page, sandbox: RunningSandbox, app: StubApp) -> None:
    app.reply = lambda _: {"response_action": "errors", "errors": {"name": "Too short.", "code": "Already used."}}
    open_modal(sandbox, modal("Add client", field("name", "Business name"), field("code", "Practice code")))
    page.goto("/?as=U_ADA")
    page.get_by_label("Business name").fill("A")
    page.get_by_label("Practice code").fill("A1")
    page.keyboard.press("Enter")

    name = page.get_by_label("Business name")
    expect(name).to_be_focused()
    expect(name).to_have_attribute("aria-invalid", "true")
    expect(name).to_have_accessible_description("Too short.")
    expect(page.get_by_label("Practice code")).to_have_accessible_description("Already used.")
    expect(page.get_by_label("Practice code")).to_have_value("A1")
    name.fill("Acme")
    expect(name).not_to_have_attribute("aria-invalid", "true")
    expect(page.get_by_text("Too short.")).to_be_hidden()


def test_a_missing_required_field_never_reaches_the_app(page: Page, sandbox: RunningSandbox, app: StubApp) -> None:
    open_modal(sandbox, modal("Add client", field("name", "Business name")))
    page.goto("/?as=U_ADA")
    page.get_by_role("button", name="Create").click()

    expect(page.get_by_label("Business name")).to_have_accessible_description("Please complete this required field.")
    assert not app.received


def test_a_failed_submission_is_an_alert_in_the_modal_and_nothing_is_lost(
    page: Page, sandbox: RunningSandbox, app: StubApp
) -> None:
    app.reply = lambda _: None
    open_modal(sandbox, modal("Add client", field("name", "Business name")))
    page.goto("/?as=U_ADA")
    page.get_by_label("Business name").fill("Acme")
    page.get_by_role("button", name="Create").click()

    expect(page.get_by_role("button", name="Create")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("operation_timeout")
    expect(page.get_by_label("Business name")).to_have_value("Acme")
    expect(page.get_by_role("button", name="Create")).not_to_have_attribute("aria-busy", "true")


def test_a_modal_can_be_closed_while_its_submission_is_under_way(
    page: Page, sandbox: RunningSandbox, app: StubApp
) -> None:
    answering = threading.Event()

    def answer_late(_: Json) -> Json:
        answering.wait(5)
        return {"response_action": "update", "view": modal("Next page")}

    app.reply = answer_late
    open_modal(sandbox, modal("Add client", field("name", "Business name")))
    page.goto("/?as=U_ADA")
    page.get_by_label("Business name").fill("Acme")
    with page.expect_response("**/sandbox/submit"):
        page.get_by_role("button", name="Create").click()
        app.wait_for("view_submission")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        answering.set()

    post(sandbox, text="Later")
    expect(page.get_by_text("Later")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_stack_of_three_is_closed_one_by_one_with_what_was_typed_kept(page: Page, sandbox: RunningSandbox) -> None:
    open_modal(sandbox, modal("One", field("name", "Business name")))
    page.goto("/?as=U_ADA")
    page.get_by_label("Business name").fill("Acme")
    open_modal(sandbox, modal("Two", field("name", "Team name")), on_top=True)
    open_modal(sandbox, {"type": "modal", "title": plain("Three"), "blocks": []}, on_top=True)

    page.get_by_role("dialog", name="Three").get_by_role("button", name="Close").click()
    page.get_by_role("dialog", name="Two").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog", name="One").get_by_label("Business name")).to_have_value("Acme")


def test_dismissing_a_stack_closes_all_of_it(page: Page, sandbox: RunningSandbox) -> None:
    open_modal(sandbox, modal("One", field("name", "Business name")))
    open_modal(sandbox, modal("Two", field("name", "Team name")), on_top=True)
    page.goto("/?as=U_ADA")
    page.get_by_role("button", name="Dismiss").click()

    expect(page.get_by_role("dialog")).to_be_hidden()
    assert sandbox.world.stack("U_ADA") == []


def test_every_kind_of_input_sends_slacks_own_state(
    page: Page, sandbox: RunningSandbox, app: StubApp, tmp_path: Path
) -> None:
    industries = {"options": [option("Farming"), option("Retail")]}
    colleagues = {"options": [option("Sam"), option("Jo"), option("Clem")], "initial_options": [option("Clem")]}
    open_modal(
        sandbox,
        modal(
            "All inputs",
            field("name", "Business name"),
            field("reason", "Reason", element={"multiline": True}),
            field("email", "E-mail", "email_text_input"),
            field("site", "Web site", "url_text_input"),
            field("count", "Number", "number_input", element={"is_decimal_allowed": False}),
            field("industry", "Industry", "static_select", element=industries),
            field("colleagues", "Colleagues", "multi_static_select", element=colleagues),
            field("manager", "Manager", "users_select"),
            field("team", "Team", "multi_users_select"),
            field("channel", "Channel", "conversations_select"),
            field("kind", "Kind", "radio_buttons", element={"options": [option("Business"), option("Solo")]}),
            field("extras", "Extras", "checkboxes", element={"options": [option("Invite"), option("Remind")]}),
            field("start", "Start", "datepicker", element={"initial_date": "2026-01-02"}),
            field("hour", "Hour", "timepicker"),
            field("csv", "CSV file", "file_input"),
            field("note", "Note", "rich_text_input"),
            field("empty", "Nothing", optional=True),
        ),
    )
    table = tmp_path / "clients.csv"
    table.write_text("name\nAcme\n")
    page.goto("/?as=U_ADA")
    page.get_by_label("Business name").fill("Acme & Sons")
    page.get_by_label("Reason").fill("One\nTwo")
    page.get_by_label("E-mail").fill("pat@acme.example")
    page.get_by_label("Web site").fill("https://acme.example")
    page.get_by_label("Number").fill("12")
    page.get_by_label("Industry").fill("ret")
    page.keyboard.press("Enter")
    page.get_by_label("Colleagues").click()
    page.get_by_role("option", name="Sam").click()
    page.get_by_role("button", name="Remove Clem").click()
    page.keyboard.press("Escape")
    for label, person in {"Manager": "Jo Lind", "Team": "Sam Price"}.items():
        page.get_by_label(label).click()
        page.get_by_role("option", name=person).click()
        page.keyboard.press("Tab")
    page.get_by_label("Channel").click()
    page.get_by_role("option", name="general").click()
    page.get_by_label("Solo").check()
    page.get_by_label("Remind").check()
    page.get_by_label("Start").fill("2026-04-06")
    page.get_by_label("Hour").fill("09:30")
    page.get_by_label("CSV file").set_input_files(table)
    expect(page.get_by_text("clients.csv")).to_be_visible()
    page.get_by_label("Note").fill("Careful")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog")).to_be_hidden()

    values = app.wait_for("view_submission")["view"]["state"]["values"]
    state = {block_id: actions["value"] for block_id, actions in values.items()}
    assert all(each.pop("type") for each in state.values())
    [file] = state.pop("csv")["files"]
    assert (file["name"], file["size"]) == ("clients.csv", 10)
    [section] = state.pop("note")["rich_text_value"]["elements"]
    assert section["elements"] == [{"type": "text", "text": "Careful"}]
    assert state == {
        "name": {"value": "Acme & Sons"},
        "reason": {"value": "One\nTwo"},
        "email": {"value": "pat@acme.example"},
        "site": {"value": "https://acme.example"},
        "count": {"value": "12"},
        "industry": {"selected_option": option("Retail")},
        "colleagues": {"selected_options": [option("Sam")]},
        "manager": {"selected_user": "U_JO"},
        "team": {"selected_users": ["U_SAM"]},
        "channel": {"selected_conversation": "C_GENERAL"},
        "kind": {"selected_option": option("Solo")},
        "extras": {"selected_options": [option("Remind")]},
        "start": {"selected_date": "2026-04-06"},
        "hour": {"selected_time": "09:30"},
        "empty": {"value": None},
    }


def test_a_select_of_conversations_offers_what_its_filter_leaves(page: Page, sandbox: RunningSandbox) -> None:
    only = {"include": ["public", "private"], "exclude_external_shared_channels": True}
    open_modal(sandbox, modal("Select", field("channel", "Channel", "conversations_select", element={"filter": only})))
    page.goto("/?as=U_ADA")
    page.get_by_label("Channel").click()
    expect(page.get_by_role("option")).to_have_text(["general"])


def test_a_select_is_searched_and_chosen_from_by_keyboard(page: Page, sandbox: RunningSandbox) -> None:
    groups = [
        {"label": plain("Land"), "options": [option("Farming"), option("Forestry")]},
        {"label": plain("Trade"), "options": [option("Retail")]},
    ]
    open_modal(
        sandbox, modal("Select", field("industry", "Industry", "static_select", element={"option_groups": groups}))
    )
    page.goto("/?as=U_ADA")
    industry = page.get_by_role("combobox", name="Industry")
    expect(industry).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("group", name="Land").get_by_role("option")).to_have_text(["Farming", "Forestry"])
    page.keyboard.type("ret")
    expect(page.get_by_role("option")).to_have_text(["Retail"])
    page.keyboard.press("Escape")
    expect(industry).to_have_value("")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.type("x")
    expect(page.get_by_text("No results").first).to_be_visible()
    page.keyboard.press("Backspace")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(industry).to_have_value("Retail")
    expect(industry).to_have_attribute("aria-expanded", "false")


def test_external_options_are_asked_from_the_app(page: Page, sandbox: RunningSandbox, app: StubApp) -> None:
    app.reply = lambda payload: {"options": [option(f"{payload.get('value')} Ltd")]}
    element = {"min_query_length": 2}
    open_modal(sandbox, modal("Select", field("org", "Organisation", "multi_external_select", element=element)))
    page.goto("/?as=U_ADA")
    expect(page.get_by_role("combobox", name="Organisation")).to_be_focused()
    page.keyboard.type("a")
    expect(page.get_by_text("Type 2 or more characters to search").first).to_be_visible()
    page.keyboard.type("cme")
    expect(page.get_by_role("option")).to_have_text(["acme Ltd"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove acme Ltd")).to_be_visible()
    assert app.wait_for("block_suggestion")["value"] == "acme"


def test_a_dispatching_input_acts_at_once_with_the_whole_state(
    page: Page, sandbox: RunningSandbox, app: StubApp
) -> None:
    switch = field("switch", "Tax", "checkboxes", dispatch_action=True, element={"options": [option("Self-employed")]})
    open_modal(sandbox, modal("Details", field("name", "Business name"), switch))
    page.goto("/?as=U_ADA")
    page.get_by_label("Business name").fill("Acme")
    page.get_by_label("Self-employed").check()

    sent = app.wait_for("block_actions")
    assert sent["actions"][0]["selected_options"] == [option("Self-employed")]
    assert sent["view"]["state"]["values"]["name"]["value"]["value"] == "Acme"


def test_labels_are_the_accessible_names_of_a_modal(page: Page, sandbox: RunningSandbox) -> None:
    open_modal(
        sandbox,
        modal(
            "Add client",
            {"type": "context", "elements": [mrkdwn("Step 2 of 6")]},
            field("name", "Business name", element={"placeholder": plain("Acme Ltd")}),
            field("code", "Practice code", optional=True, hint=plain("Your own")),
            field("kind", "Solutions", "radio_buttons", element={"options": [option("Books"), option("Insights")]}),
            {
                "type": "section",
                "text": mrkdwn("*Software*"),
                "accessory": button("Connect", "connect", accessibility_label="Connect Xero"),
            },
            close=plain("Cancel"),
        ),
    )
    page.goto("/?as=U_ADA")

    expect(page.get_by_role("dialog")).to_match_aria_snapshot("""
      - dialog "Add client":
        - heading "Add client" [level=2]
        - button "Dismiss"
        - text: Step 2 of 6 Business name
        - textbox "Business name":
          - /placeholder: Acme Ltd
        - paragraph
        - text: Practice code
        - textbox "Practice code"
        - paragraph: Your own
        - paragraph
        - group "Solutions":
          - text: Solutions
          - radio "Books"
          - text: Books
          - radio "Insights"
          - text: Insights
          - paragraph
        - strong: Software
        - button "Connect Xero"
        - button "Cancel"
        - button "Create"
    """)


# The mailbox


def test_mail_appears_by_itself_and_its_links_open_in_a_new_tab(page: Page, sandbox: RunningSandbox) -> None:
    page.goto("/mail")
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "hello@birch.example", "pat@acme.example", "You are invited"
    message.set_content("Welcome")
    html = f'<a href="{sandbox.url}/mail">Set your password</a><script>alert(1)</script>'
    message.add_alternative(html, subtype="html")
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port) as client:
        client.send_message(message)

    page.get_by_role("link", name="You are invited").click()
    with page.expect_popup() as popup:
        page.frame_locator("iframe").get_by_role("link", name="Set your password").click()
    expect(popup.value).to_have_url("/mail")
    expect(popup.value.get_by_role("heading", name="Mailbox")).to_be_visible()


# The phones


def test_a_text_message_appears_by_itself_and_its_link_can_be_tapped_on_a_narrow_screen(
    page: Page, sandbox: RunningSandbox
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/sms")
    account = sandbox.parts.sms.world.settings
    httpx.post(
        f"{sandbox.url}/2010-04-01/Accounts/{account.account_sid}/Messages.json",
        auth=(account.account_sid, account.auth_token),
        data={"To": "+447700900123", "From": account.sender, "Body": f"You are invited: {sandbox.url}/mail?{'x' * 60}"},
        trust_env=False,
    ).raise_for_status()

    page.get_by_role("link", name="+447700900123").click()
    with page.expect_popup() as popup:
        page.get_by_role("listitem").filter(has_text="You are invited").get_by_role("link").click()
    expect(popup.value.get_by_role("heading", name="Mailbox")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390


# Looks

CONTRASTS = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).map((value) => value / 255)
      .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((numbers(color)[3] ?? 1) > 0.9) return color;
    }
    return "rgb(255, 255, 255)";
  };
  const poor = [];
  for (const node of document.querySelectorAll("body *")) {
    const texts = [...node.childNodes].filter((child) => child.nodeType === 3);
    const text = texts.map((child) => child.data).join("").trim();
    if (!text || !node.checkVisibility({ visibilityProperty: true }) || node.closest("option, select")) continue;
    const [one, two] = [light(getComputedStyle(node).color), light(ground(node))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (two + 0.05);
    if (ratio < 4.5) poor.push(`${text}: ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(page: Page, sandbox: RunningSandbox, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    post(sandbox, text="Hello <@U_SAM> <!channel> `code` <https://example.com|link>", user="U_CLEM", bot_id=None)
    styles = [button("Primary", "a", style="primary"), button("Danger", "b", style="danger"), button("Plain", "c")]
    post(sandbox, text="x", blocks=[actions(*styles), {"type": "context", "elements": [mrkdwn("Small")]}])
    post(sandbox, text="A file", files=[sandbox.world.add_file("a.csv", "U_BOT", sandbox.url)])
    post(sandbox, text="Only for you", seen_by="U_ADA")
    page.goto("/?as=U_ADA")
    expect(page.get_by_text("Only for you")).to_be_visible()
    assert page.evaluate(CONTRASTS) == []

    open_modal(
        sandbox, modal("Add client", field("name", "Business name", hint=plain("Hint")), field("o", "O", optional=True))
    )
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Please complete this required field.").first).to_be_visible()
    assert page.evaluate(CONTRASTS) == []


def test_a_phone_shows_the_page_without_scrolling_sideways(page: Page, sandbox: RunningSandbox) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    file = sandbox.world.add_file("c" * 200, "U_BOT", sandbox.url)
    post(sandbox, text="a" * 200 + " https://example.com/" + "b" * 200, files=[file])
    page.goto("/?as=U_ADA")
    expect(page.get_by_role("article")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360

    expect(page.get_by_label("Acting as")).to_be_hidden()
    page.get_by_role("button", name="Open navigation").click()
    page.get_by_role("link", name="shared-with-other").click()
    expect(page.get_by_role("heading", name="#shared-with-other")).to_be_visible()
    expect(page.get_by_label("Acting as")).to_be_hidden()

    open_modal(sandbox, modal("Add client", field("name", "Business name")))
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


# mrkdwn

NAMES = {
    "people": {"U1": {"name": "Ada <b>Marsh</b>"}},
    "conversations": {"C1": {"name": "general"}},
    "tz": "Europe/London",
}
TAB = 'target="_blank" rel="noopener noreferrer"'


@pytest.fixture(scope="module")
def renderer(browser: Browser, running: RunningSandbox) -> Iterator[Callable[[str], str]]:
    page = browser.new_page(base_url=running.url)
    page.goto("/mail")

    def render(source: str) -> str:
        html: str = page.evaluate(
            "async ([source, names]) => (await import('/mrkdwn.js')).mrkdwn(source, names)", [source, NAMES]
        )
        return html

    yield render
    page.close()


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("*bold* _italic_ ~strike~ `code`", "<strong>bold</strong> <em>italic</em> <s>strike</s> <code>code</code>"),
        ("2 * 3 * 4, snake_case_name, a*b*c", "2 * 3 * 4, snake_case_name, a*b*c"),
        ("*bold _and italic_*", "<strong>bold <em>and italic</em></strong>"),
        ("`*not bold* <https://a.example|b>`", '<code>*not bold* <a href="https://a.example" TAB>b</a></code>'),
        ("```\na *b*\n<c>```", "<pre>a *b*\n&lt;c&gt;</pre>"),
        ("> one\n> two\nthree", "<blockquote>one\ntwo</blockquote>three"),
        ("&gt; quoted", "<blockquote>quoted</blockquote>"),
        ("• one\n• two", "• one\n• two"),
        ("<https://a.example/?a=1&amp;b=2|A &amp; B>", '<a href="https://a.example/?a=1&amp;b=2" TAB>A &amp; B</a>'),
        ("<mailto:pat@a.example|Pat>", '<a href="mailto:pat@a.example" TAB>Pat</a>'),
        ("see https://a.example/x.", 'see <a href="https://a.example/x" TAB>https://a.example/x</a>.'),
        ("<@U1>", '<span class="mention">@Ada &lt;b&gt;Marsh&lt;/b&gt;</span>'),
        (
            "<@U9> <#C1>",
            '<span class="mention">@U9</span> <span class="mention">#general</span>',
        ),
        ("<#C9|secret>", '<span class="mention">#secret</span>'),
        (
            "<!channel>",
            '<span class="mention mention-broadcast">@channel</span>',
        ),
        ("<!here|here>", '<span class="mention mention-broadcast">@here</span>'),
        ("&lt;!channel&gt; &amp;amp; &amp;lt;", "&lt;!channel&gt; &amp;amp; &amp;lt;"),
        ("fish & chips", "fish &amp; chips"),
        (
            "<!date^1735689600^{date_num} {time}^https://a.example|then>",
            '<a href="https://a.example" TAB><time datetime="2025-01-01T00:00:00.000Z">2025-01-01 00:00</time></a>',
        ),
        (
            "<!date^1751371200^{date_short_pretty} at {time}|then>",
            '<time datetime="2025-07-01T12:00:00.000Z">1 Jul 2025 at 13:00</time>',
        ),
        ("<!date^soon^{date}|then &amp; there>", "then &amp; there"),
        (
            ":arrow_right: :no_such_emoji: 10:30:45",
            '<span class="emoji" role="img" aria-label="arrow right">→</span> :no_such_emoji: 10:30:45',
        ),
    ],
)  # fmt: skip
def test_mrkdwn_is_rendered_as_slack_does(renderer: Callable[[str], str], source: str, html: str) -> None:
    assert renderer(source) == html.replace("TAB", TAB)


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<img src=x onerror=alert(1)>", "&lt;img src=x onerror=alert(1)&gt;"),
        ("<javascript:alert(1)|click>", "&lt;javascript:alert(1)|click&gt;"),
        ("<JavaScript:alert(1)>", "&lt;JavaScript:alert(1)&gt;"),
        ("<data:text/html,x|y>", "&lt;data:text/html,x|y&gt;"),
        (
            '<https://a.example/" onmouseover="alert(1)|x>',
            '<a href="https://a.example/&quot; onmouseover=&quot;alert(1)" TAB>x</a>',
        ),
        ("<https://a.example/'|'><b>>", "<a href=\"https://a.example/&#39;\" TAB>&#39;</a>&lt;b&gt;&gt;"),
        (
            "<https://a.example|<script>alert(1)</script>>",
            '&lt;<a href="https://a.example" TAB>https://a.example</a>|&lt;script&gt;alert(1)&lt;/script&gt;&gt;',
        ),
        ("*<b>*", "<strong>&lt;b&gt;</strong>"),
        ("*_~`<i>`~_*", "<strong><em><s><code>&lt;i&gt;</code></s></em></strong>"),
        ("*a _b* c_", "<strong>a _b</strong> c_"),
        ("<@U1\"onclick=\"x|<b>>", "&lt;@U1&quot;onclick=&quot;x|&lt;b&gt;&gt;"),
        ("<!date^1735689600^<b>{date_num}|x>", "&lt;!date^1735689600^&lt;b&gt;{date_num}|x&gt;"),
        (
            "<!date^1735689600^{constructor}^javascript:alert(1)|x>",
            '<time datetime="2025-01-01T00:00:00.000Z">{constructor}</time>',
        ),
        ("```<script>```", "<pre>&lt;script&gt;</pre>"),
        ("&lt;img src=x onerror=alert(1)&gt;", "&lt;img src=x onerror=alert(1)&gt;"),
        (
            "<@__proto__> <#constructor> :constructor:",
            '<span class="mention">@__proto__</span> <span class="mention">#constructor</span> :constructor:',
        ),
    ],
)  # fmt: skip
def test_hostile_mrkdwn_stays_text(renderer: Callable[[str], str], source: str, html: str) -> None:
    assert renderer(source) == html.replace("TAB", TAB)


def test_long_runs_of_markers_are_rendered_at_once(browser: Browser, running: RunningSandbox) -> None:
    page = browser.new_page(base_url=running.url)
    page.goto("/mail")
    slow = page.evaluate(
        """async () => {
          const { mrkdwn } = await import('/mrkdwn.js');
          const began = performance.now();
          const markers = ["*", "_ ", "~a", "`", "<", "<!", "&lt;", "https://", ":a", "> "];
          for (const marker of markers) mrkdwn(marker.repeat(1500), {});
          return performance.now() - began;
        }"""
    )
    page.close()
    assert slow < 2000


def test_plain_text_is_never_rendered_as_markup(page: Page, sandbox: RunningSandbox) -> None:
    name = "<!channel> *A* & _B_ &amp; <script>alert(1)</script>"
    post(sandbox, blocks=[{"type": "header", "text": plain(name)}, actions(button(name, "x"))])
    page.goto("/?as=U_ADA")

    expect(page.get_by_role("log").get_by_role("heading")).to_have_text(name)
    expect(page.get_by_role("button", name=name)).to_be_visible()
