"""`python -m tests.e2e.images` takes the pictures of docs/images again."""

import re
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, expect

from sandbox.xero.world import XeroSettings
from tests.e2e import chromium, images_of_clients
from tests.e2e.camera import Camera
from tests.e2e.stack import ClockedStack, Stack
from tests.e2e.window import Window

FOLDER = Path(__file__).parent.parent.parent / "docs" / "images"
EMAIL = "mary@marigold.example"
MOBILE = "+447700900123"
TUESDAY = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
GATHERED = datetime(2026, 3, 6, 9, 1, tzinfo=UTC)
PASSWORD = "correct horse battery staple"
WIDE: ViewportSize = {"width": 1000, "height": 1180}
XERO = XeroSettings(organisations=25, odd=False, bulk=True, connection_cap=100)


def main() -> int:
    path = chromium.executable()
    if path is None:
        print("Chromium is not installed: apt install chromium", file=sys.stderr)
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    camera = Camera(FOLDER)
    with ExitStack() as ending:
        browser = ending.enter_context(chromium.running(path))
        new = ending.enter_context(Stack(seeded=False))
        practice = ending.enter_context(Stack())
        _take_set_up(camera, browser, new)
        _take_story(camera, browser, practice)
        firm = ending.enter_context(Stack(bundle=60, xero=XERO))
        _take_sync(camera, browser, firm)
        _take_people(camera, browser, firm)
        week = ending.enter_context(ClockedStack(TUESDAY))
        _take_week(camera, browser, week)
        images_of_clients.take(camera, browser)
    return 0


def _take_set_up(camera: Camera, browser: Browser, stack: Stack) -> None:
    window = Window(browser, stack).act_as("U_ADA")
    window.command("/add-client")
    window.expect_title("Set up Clientdesk")
    window.select("Region", "United Kingdom")
    window.choose("Advanced", "Data Health & Insights")
    window.fill("Client bundle", "50")
    camera.take(window.dialog, "set-up")
    window.close()


def _take_story(camera: Camera, browser: Browser, stack: Stack) -> None:
    _add_others(browser, stack)
    window = Window(browser, stack).act_as("U_ADA")
    _take_wizard(camera, window)

    camera.take(window.dialog, "result")
    window.press("Close")
    window.open_app_messages()
    expect(window.newest_message).to_contain_text("Marigold Bakery Ltd was created")
    window.page.set_viewport_size({"width": 1280, "height": 720})
    camera.take(window.page, "message")

    link = stack.invitation_link(EMAIL)
    mailbox = window.new_page("/mail")
    mailbox.get_by_role("link").filter(has_text=EMAIL).click()
    expect(mailbox.frame_locator("iframe").get_by_role("link", name="Accept the invitation")).to_be_visible()
    mailbox.set_viewport_size({"width": 1000, "height": 748})
    camera.take(mailbox, "mailbox")

    stack.sandbox.sms.wait_message(MOBILE, status="delivered")
    phone = window.new_page(f"/sms/{MOBILE}")
    expect(phone.get_by_text("Birch & Co invites you to Clientdesk")).to_be_visible()
    phone.set_viewport_size({"width": 460, "height": 362})
    camera.take(phone, "phone")

    page = window.new_page(link)
    page.set_viewport_size({"width": 800, "height": 680})
    expect(page.get_by_role("heading", name="Set your password")).to_be_visible()
    camera.take(page, "invitation-page")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Type it again").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name=re.compile("^You.re in"))).to_be_visible()
    page.set_viewport_size({"width": 800, "height": 410})
    camera.take(page, "accepted")

    expect(window.newest_message).to_contain_text("accepted the invitation")
    window.page.set_viewport_size({"width": 1000, "height": 584})  # the last two messages, whole
    camera.take(window.page, "inviter-told")
    window.close()


def _take_sync(camera: Camera, browser: Browser, stack: Stack) -> None:
    known, opened, _, ended, *_ = sorted(str(each["name"]) for each in stack.sandbox.xero.organisations())
    stack.add_client(known, by="U_CLEM")
    window = Window(browser, stack).act_as("U_ADA")
    window.open_app_messages()
    window.begin_sync()
    camera.take(window.dialog, "sync-opening")
    window.press("Add clients")
    window.sign_in_at_xero()
    window.expect_text("24 to create, 1 to link")
    camera.take(window.dialog, "sync-chooser")
    stack.sandbox.xero.change_settings(latency=0.5)
    window.press("Create accounts")
    window.expect_text("A message from Clientdesk shows how it goes on")
    window.press("Close")
    expect(window.newest_message).to_contain_text("lists from Xero: 25 of 25 clients")
    stack.sandbox.xero.change_settings(latency=0)
    window.page.set_viewport_size({"width": 1000, "height": 420})
    camera.take(window.page, "sync-result")
    window.page.set_viewport_size({"width": 1280, "height": 1180})  # a card is long

    stack.sandbox.xero.revoke(stack.sandbox.xero.tenant(ended))
    window.open_card(ended)
    window.press("Refresh")
    window.expect_text("Status: Disconnected")
    window.press("Close")
    window.open_card(opened)
    window.expect_text("Status: Connected")
    camera.take(window.dialog, "client-card")
    window.press("Close")
    window.command("/clients list")
    window.expect_text("25 clients that you can open")
    camera.take(window.dialog, "clients-list")
    window.press("Close")
    window.close()


def _take_people(camera: Camera, browser: Browser, stack: Stack) -> None:
    """After the sync: a connection has ended, and the bundle has room for a few more."""
    _add_others(browser, stack)
    ada, sam = (Window(browser, stack).act_as(user) for user in ("U_ADA", "U_SAM"))
    for window in (ada, sam):
        window.page.set_viewport_size(WIDE)
    sam.command("/add-client")
    sam.press("Request access")
    sam.choose("For some days")
    sam.fill("Days", "30")
    sam.fill("Why do you need it?", "Clem is away in March, and two clients start then.")
    camera.take(sam.dialog, "request-form")
    sam.press("Send the request")
    sam.expect_text("are told")
    sam.close()
    ada.open_app_messages()
    expect(ada.newest_message).to_contain_text("Sam Price asks for")
    ada.page.set_viewport_size({"width": 1000, "height": 362})
    camera.take(ada.page, "request-card")
    ada.open_home()
    expect(ada.home).to_contain_text("1 request waits for your decision")
    ada.page.set_viewport_size({"width": 1280, "height": 800})
    camera.take(ada.page, "home")

    ada.act_as("U_ADA")
    ada.page.set_viewport_size(WIDE)
    _take_hand_over(camera, ada, stack)
    ada.act_as("U_ADA")
    ada.command("/clients settings")
    ada.expect_text("Integrations")
    camera.take(ada.dialog, "settings")
    ada.press("Edit client defaults")
    ada.choose("Paid", "By rules")
    ada.press("Save")
    ada.expect_text("Saved")
    ada.press("Close")
    ada.command("/clients audit")
    ada.expect_text("Client defaults changed")
    camera.take(ada.dialog, "audit-trail")
    ada.press("Close")
    ada.command("/clients insights")
    ada.press("Send picture")
    ada.expect_text("The picture is on its way")
    ada.press("Close")
    ada.open_app_messages()
    expect(ada.newest_message.get_by_role("img")).to_be_visible()
    ada.page.set_viewport_size({"width": 1000, "height": 748})
    camera.take(ada.page, "insights")
    ada.close()


def _take_hand_over(camera: Camera, ada: Window, stack: Stack) -> None:
    """Jo has connected clients, is given others, and leaves; the picture of the team is of before."""
    stack.sync(3, by="U_JO", user="tom")
    ada.command("/clients team")
    ada.expect_text("4 colleagues")
    camera.take(ada.dialog, "team")
    ada.dialog.locator(".block-section", has_text="Jo Lind").get_by_role("button", name="Open").click()
    ada.press("Give clients…")
    ada.fill("Or paste names or practice codes", "MB-00\nHL-01\nTidewater Rowing Club\nHarbour Light Caff")
    ada.press("Go on")
    ada.expect_text("Left out: 1")
    camera.take(ada.dialog, "give-clients")
    ada.press("Close")
    stack.sandbox.change_user("U_JO", deleted=True)
    ada.open_app_messages()
    expect(ada.newest_message).to_contain_text("Jo Lind has left")
    ada.page.set_viewport_size({"width": 1000, "height": 500})
    camera.take(ada.page, "hand-over")
    ada.page.set_viewport_size(WIDE)


def _take_week(camera: Camera, browser: Browser, stack: ClockedStack) -> None:
    stack.add_client("Marigold Bakery Ltd", contact=("Mary Gold", EMAIL))
    stack.add_client("Harbour Lights Café", contact=("Harriet Lowe", "harriet@harbour.example"))
    stack.sandbox.mail_fault("*@tidewater.example", 550)
    stack.add_client("Tidewater Rowing Club", by="U_CLEM", contact=("Tom Tide", "tom@tidewater.example"))
    window = Window(browser, stack).act_as("U_ADA")
    page = window.new_page(stack.invitation_link("harriet@harbour.example"))
    expect(page.get_by_role("heading", name="Set your password")).to_be_visible()
    page.close()
    stack.sandbox.person("U_CLEM").wait_message(containing="could not be delivered")
    window.open_app_messages()
    stack.set_clock(FRIDAY)
    stack.set_clock(GATHERED)
    expect(window.newest_message).to_contain_text("2 invitations need a look")
    window.page.set_viewport_size({"width": 1000, "height": 520})
    camera.take(window.page, "reminder")
    window.page.set_viewport_size({"width": 1280, "height": 800})
    window.command("/clients invitations")
    window.expect_text("Not accepted yet: 2 invitations")
    camera.take(window.dialog, "invitations")
    window.close()


def _add_others(browser: Browser, stack: Stack) -> None:
    """Clients that a colleague added before, so that the pictures show a practice at work."""
    stack.add_client("Marigold Bakery", by="U_CLEM", code="MB-00")
    stack.add_client(
        "Harbour Lights Café", by="U_CLEM", code="HL-01", contact=("Harriet Lowe", "harriet@harbour.example")
    )
    stack.sandbox.mail_fault("*@tidewater.example", 550)
    stack.add_client("Tidewater Rowing Club", by="U_CLEM", contact=("Tom Tide", "tom@tidewater.example"))
    page = browser.new_page()
    page.goto(stack.invitation_link("harriet@harbour.example"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Type it again").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name=re.compile("^You.re in"))).to_be_visible()
    page.close()
    clem = stack.sandbox.person("U_CLEM")
    clem.wait_message(containing="could not be delivered")
    clem.wait_message(containing="accepted the invitation")


def _take_wizard(camera: Camera, window: Window) -> None:
    window.begin()
    window.expect_step(1, 7, "Client type")
    camera.take(window.dialog, "step-client-type")
    window.press("Next")
    window.expect_step(2, 7, "Solutions")
    window.choose("Bookkeeping + Data Health & Insights")
    camera.take(window.dialog, "step-solutions")
    window.press("Next")
    window.expect_step(3, 7, "Accounting software")
    camera.take(window.dialog, "step-software")
    window.press("Next")
    window.expect_step(4, 7, "Details")
    window.fill("Business name", "Marigold Bakery Ltd")
    window.fill("Practice code", "MB-01")
    window.select("Industry", "Retail and e-commerce")
    camera.take(window.dialog, "step-details")
    window.press("Next")
    window.expect_text("You may have this client already")
    camera.take(window.dialog, "step-details-warning")
    window.press("Continue anyway")
    window.expect_step(5, 7, "Colleague access")
    window.choose("Sam Price")
    window.select("Teams", "Payroll team")
    window.select("Account manager", "Clem Okafor")
    camera.take(window.dialog, "step-access")
    window.press("Next")
    window.expect_step(6, 7, "Invite")
    window.fill("Client's name", "Mary Gold")
    window.fill("Client's e-mail", EMAIL)
    window.fill("Client's mobile", "07700 900123")
    camera.take(window.dialog, "step-invite")
    window.press("Next")
    window.expect_step(7, 7, "Review")
    camera.take(window.dialog, "step-review")
    window.press("Create")
    window.expect_title("Client created")


if __name__ == "__main__":
    sys.exit(main())
