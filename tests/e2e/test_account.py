"""The client user's page in the browser: signing in, and taking one's account to another practice."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

OpenWindow = Callable[[Stack], Window]

MARY = "mary@marigold.example"
PASSWORD = "correct horse battery staple"


@pytest.fixture
def two_practices(browser: Browser) -> Iterator[Stack]:
    """Birch & Co, and Cedar LLP, whose admin Olly is a guest in the workspace of the former."""
    with Stack(plan="essentials", dhi=False) as stack:
        yield stack
        stack.check()


def test_a_client_takes_their_account_to_another_practice(two_practices: Stack, open_window: OpenWindow) -> None:
    two_practices.invite_elsewhere("Marigold Bakery Ltd", ("Mary Gold", MARY))
    ada, olly = open_window(two_practices).act_as("U_ADA"), open_window(two_practices).act_as("U_OLLY")
    ada.command("/clients settings")
    ada.expect_text("Clientdesk address: birch-co")
    ada.press("Close")
    ada.open_app_messages()
    olly.open_app_messages()
    expect(olly.messages).to_contain_text("Marigold Bakery Ltd was created")
    page = ada.new_page(two_practices.invitation_link(MARY))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Type it again").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    page.get_by_role("link", name="Go to your account page").click()

    sign_in(page, "another password")
    expect(page.get_by_label("Password")).to_have_accessible_description(
        "Error: This e-mail and password don't belong together. Check both and try again."
    )
    sign_in(page, PASSWORD)
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.get_by_text("Practice: Cedar LLP")).to_be_visible()
    invite(page, "birch")
    expect(page.get_by_text("No practice has this Clientdesk address.")).to_be_visible()
    invite(page, "Birch-Co")
    expect(page.get_by_role("heading", name="Invite Birch & Co?")).to_be_visible()
    expect(page.get_by_text("Cedar LLP loses access")).to_be_visible()
    page.get_by_role("button", name="Invite Birch & Co").click()
    expect(page.get_by_text("You invited Birch & Co.")).to_be_visible()

    offer = ada.newest_message
    expect(offer).to_contain_text("Marigold Bakery Ltd invites your practice to their account.")
    expect(offer).to_contain_text("0 of 50 client accounts are in use; this takes one.")
    page.get_by_role("button", name="Withdraw the invitation").click()
    expect(offer).to_contain_text("Withdrawn")
    expect(offer.get_by_role("button")).to_have_count(0)
    invite(page, "birch-co")
    page.get_by_role("button", name="Invite Birch & Co").click()
    ada.newest_message.get_by_role("button", name="Accept").click()
    expect(ada.newest_message).to_contain_text("Accepted by Ada Marsh")
    expect(olly.newest_message).to_contain_text("Marigold Bakery Ltd has moved to another practice.")
    page.reload()
    expect(page.get_by_text("Practice: Birch & Co")).to_be_visible()
    expect(page.get_by_text("Birch & Co accepted your invitation on")).to_be_visible()

    ada.newest_message.get_by_role("button", name="Open the client").click()
    ada.expect_title("Client")
    ada.expect_text(f"Owner: Mary Gold <{MARY}>")
    ada.expect_text("Status: signs in already")
    ada.press("History")
    ada.expect_text("Client came from another practice")
    expect(ada.dialog).not_to_contain_text("Cedar LLP")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


# What the story repeats


def sign_in(page: Page, password: str) -> None:
    page.get_by_label("E-mail").fill(MARY)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def invite(page: Page, address: str) -> None:
    page.get_by_label("Invite another practice").fill(address)
    page.get_by_role("button", name="Invite a practice").click()
