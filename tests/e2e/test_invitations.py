"""Invitations in the browser: two ways to one page, reminders as the days go by, and what is done from where."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.stack import ClockedStack, Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"
MARY, MOBILE = "mary@marigold.example", "+447700900123"
HARRIET = "harriet@harbour.example"
TUESDAY = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
FRIDAY_BEFORE_NINE = datetime(2026, 3, 6, 8, 59, tzinfo=UTC)
FRIDAY_AT_NINE = datetime(2026, 3, 6, 9, 0, tzinfo=UTC)
A_LITTLE_LATER = datetime(2026, 3, 6, 9, 1, tzinfo=UTC)
OpenWindow = Callable[[Stack], Window]


@pytest.fixture
def week(browser: Browser) -> Iterator[ClockedStack]:
    """A practice in the UK on a Tuesday in March."""
    with ClockedStack(TUESDAY, region="uk", plan="essentials", dhi=False) as stack:
        yield stack
        stack.check()


def test_who_accepts_by_the_text_message_finds_the_e_mail_s_link_used(practice: Stack, ada: Window) -> None:
    ada.begin()
    for step, title in enumerate(["Client type", "Accounting software"], start=1):
        ada.expect_step(step, 6, title)
        ada.press("Next")
    ada.expect_step(3, 6, "Details")
    ada.fill("Business name", "Marigold Bakery Ltd")
    ada.press("Next")
    ada.expect_step(4, 6, "Colleague access")
    ada.press("Next")
    ada.expect_step(5, 6, "Invite")
    ada.fill("Client's name", "Mary Gold")
    ada.fill("Client's e-mail", MARY)
    ada.fill("Client's mobile", "020 7946 0000")
    ada.press("Next")
    ada.expect_error("Client's mobile", "This is a landline's number")
    ada.fill("Client's mobile", "07700 900123")
    ada.press("Next")
    ada.expect_step(6, 6, "Review")
    ada.press("Create")
    ada.expect_text(f"Invitation: by e-mail to Mary Gold <{MARY}> and by text message to +44 7700 ••• 123, on its way")
    ada.press("Close")
    ada.open_app_messages()

    practice.sandbox.sms.wait_message(MOBILE, status="delivered")
    phone = ada.new_page("/sms")
    phone.get_by_role("link").filter(has_text=MOBILE).click()
    expect(phone.get_by_text("Birch & Co invites you to Clientdesk")).to_be_visible()
    expect(phone.get_by_role("link", name="https://apps.example/clientdesk")).to_be_visible()
    page = ada.follow(phone.get_by_role("link", name="http://127.0.0.1"))
    accept(page)
    expect(ada.newest_message).to_contain_text(f"Mary Gold ({MARY}) accepted the invitation to Marigold Bakery Ltd")

    mailbox = ada.new_page("/mail")
    mailbox.get_by_role("link").filter(has_text=MARY).click()
    other = ada.follow(mailbox.frame_locator("iframe").get_by_role("link", name="Accept the invitation"))
    expect(other.get_by_role("heading", name="This link has been used already")).to_be_visible()
    assert other.url != page.url


def test_a_reminder_comes_on_the_inviter_s_morning_and_resend_from_it_replaces_the_link(
    week: ClockedStack, open_window: OpenWindow
) -> None:
    week.add_client("Marigold Bakery Ltd", contact=("Mary Gold", MARY))
    week.add_client("Harbour Lights Café", contact=("Harriet Lowe", HARRIET))
    old = week.invitation_link(MARY)
    window = open_window(week).act_as("U_ADA")
    window.open_app_messages()

    # Two days before the end is a Sunday, so the Friday before; Ada's working day begins at nine.
    week.set_clock(FRIDAY_BEFORE_NINE)
    assert week.reminder_count() == 0
    week.set_clock(FRIDAY_AT_NINE)
    week.set_clock(A_LITTLE_LATER)
    reminders = window.messages.get_by_role("article").filter(has_text="need a look")
    expect(reminders).to_have_count(1)
    expect(reminders).to_contain_text("2 invitations need a look")
    expect(reminders).to_contain_text(f"Marigold Bakery Ltd · Mary Gold ({MARY})")
    expect(reminders.get_by_text("Not accepted yet; it expires on 10 Mar 2026 at 10:00.")).to_have_count(2)
    reminders.get_by_role("button", name="Resend").first.click()
    expect(reminders).to_contain_text(f"A new invitation of Mary Gold is on its way to {MARY}. It works for 7 days.")
    expect(reminders.get_by_role("button", name="Resend")).to_have_count(1)
    reminders.get_by_role("button", name="Stop reminders").click()
    expect(reminders).to_contain_text("No more reminders of this invitation.")
    expect(reminders.get_by_role("button", name="Resend")).to_have_count(0)

    page = window.new_page(old)
    expect(page.get_by_role("heading", name="This link was replaced by a newer one")).to_be_visible()
    accept(window.new_page(week.invitation_link(MARY, after=old)))
    expect(window.newest_message).to_contain_text(f"Mary Gold ({MARY}) accepted the invitation")


def test_the_list_of_invitations_shows_what_waits_and_sends_all_of_it_anew(practice: Stack, ada: Window) -> None:
    people = {"Wharf Rowing Club": "tom@rowing.example", "Wharf Dental": "olive@dental.example"}
    old = {}
    for name, email in people.items():
        practice.add_client(name, contact=(f"Owner of {name}", email))
        old[name] = practice.invitation_link(email)
        practice.expire_invitation(email)
    practice.add_client("Wharf Carpentry")
    ada.open_app_messages()

    ada.command("/clients invitations")
    ada.expect_title("Invitations")
    ada.field("Search").fill("wharf")
    ada.field("Search").press("Enter")
    ada.expect_text("Nothing here with “wharf”.")
    show(ada, "Never invited")
    ada.expect_text("Never invited: 1 client with “wharf”")
    expect(line(ada, "Wharf Carpentry")).to_contain_text("Nobody to invite yet")
    show(ada, "Expired")
    ada.expect_text("Expired: 2 invitations with “wharf”")
    expect(line(ada, "Wharf Dental")).to_contain_text("Owner of Wharf Dental <olive@dental.example>")
    ada.press("Resend all listed")
    sure = ada.page.get_by_role("alertdialog", name="Send 2 invitations again?")
    sure.get_by_role("button", name="Resend").click()
    ada.expect_text("2 invitations are being sent.")
    ada.press("Close")
    expect(ada.newest_message).to_contain_text("2 invitations are on the way.")
    for name, email in people.items():
        page = ada.new_page(practice.invitation_link(email, after=old[name]))
        expect(page.get_by_text(f"Hello Owner of {name}")).to_be_visible()


def test_an_address_is_corrected_on_the_client_s_card(practice: Stack, ada: Window) -> None:
    practice.add_client("Lantern Books", contact=("Lou Lantern", "lou@latnern.example"))
    old = practice.invitation_link("lou@latnern.example")
    ada.open_card("Lantern Books")
    ada.expect_text("Status: sent")
    ada.press("Change e-mail")
    ada.expect_title("Change e-mail")
    ada.fill("E-mail", "lou@lantern")
    ada.press("Save and send")
    expect(ada.field("E-mail")).to_have_attribute("aria-invalid", "true")
    ada.fill("E-mail", "lou@lantern.example")
    ada.press("Save and send")
    ada.expect_title("Client")
    ada.expect_text("Lou Lantern <lou@lantern.example>")
    page = ada.new_page(old)
    expect(page.get_by_role("heading", name="This link was replaced by a newer one")).to_be_visible()
    accept(ada.new_page(practice.invitation_link("lou@lantern.example")))


# What the stories share


def show(window: Window, standing: str) -> None:
    """In the list of invitations."""
    window.field("Show").click()
    window.dialog.get_by_role("option", name=re.compile(rf"^{standing} \(\d+\)$")).click()


def line(window: Window, name: str) -> Locator:
    return window.dialog.locator(".block-section", has_text=re.compile(f"^{re.escape(name)}\n"))


def accept(page: Page) -> None:
    expect(page.get_by_role("heading", name="Set your password")).to_be_visible()
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Type it again").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name=re.compile("^You.re in"))).to_be_visible()
