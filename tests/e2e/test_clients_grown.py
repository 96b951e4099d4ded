"""The clients list and a client's card in the browser: its users, its Extract address, and its leaving for a time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.stack import ClockedStack, Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

OpenWindow = Callable[[Stack], Window]

MARCH = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
JULY = datetime(2026, 7, 3, 11, 0, tzinfo=UTC)


@pytest.fixture
def spring(browser: Browser) -> Iterator[ClockedStack]:
    """A practice in the UK with places for two clients, in March."""
    with ClockedStack(MARCH, plan="essentials", dhi=False, bundle=2) as stack:
        yield stack
        stack.check()


def test_a_client_s_users_its_address_and_four_months_without_it(spring: ClockedStack, open_window: OpenWindow) -> None:
    spring.add_client("Marigold Bakery Ltd", code="MB-01", contact=("Mary Gold", "mary@marigold.example"))
    spring.add_client("Harbour Lights Café", by="U_CLEM", code="HL-01")
    window = open_window(spring).act_as("U_ADA")
    window.open_app_messages()

    window.open_card("Marigold Bakery Ltd")
    window.press("Users (1)")
    expect(user(window, "Mary Gold (owner)")).to_contain_text("Business Admin · invitation sent")
    window.press("Add a user")
    window.fill("Name", "Ben Baker")
    window.fill("E-mail", "mary@marigold.example")
    window.press("Add")
    window.expect_error("E-mail", "is a user of this client already")
    window.fill("E-mail", "ben@marigold.example")
    window.press("Add")
    window.expect_text("Ben Baker is added. The invitation is on its way to ben@marigold.example.")
    user(window, "Ben Baker").get_by_role("button", name="Open").click()
    window.expect_text("May: see their own items")
    window.press("Change role and privileges")
    window.choose("Manage all documents", "Expense claims only")
    window.press("Save")
    window.expect_text("May: see their own items, manage all documents, publish expense claims only")
    window.press("Deactivate")
    sure = window.page.get_by_role("alertdialog", name="Deactivate this user?")
    sure.get_by_role("button", name="Deactivate").click()
    window.expect_text("They can't sign in to this client any more.")
    page = window.new_page(spring.invitation_link("ben@marigold.example"))
    expect(page.get_by_role("heading", name="This invitation was withdrawn")).to_be_visible()
    page.close()  # a window behind another one is slow

    window.press("Back to the client")
    window.press("Extract address")
    window.fill("The part before @extract.localhost", "harbour-lights-cafe")
    window.press("Save")
    window.expect_error("The part before @extract.localhost", "is already in use")
    window.fill("The part before @extract.localhost", "bakery.orders")
    window.press("Save")
    window.expect_text("Extract address: bakery.orders@extract.localhost")

    window.press("Deactivate")
    window.expect_title("Deactivate the client")
    window.press("Deactivate")
    window.expect_text("The client is deactivated. Its place in the bundle is free.")
    spring.add_client("Tidewater Rowing Club", by="U_CLEM")
    window.press("Reactivate")
    window.expect_text("Marigold Bakery Ltd can be reactivated from 3 Jul 2026 at 11:00.")
    spring.set_clock(JULY)
    window.press("Back")
    window.press("Reactivate")
    window.expect_text("There is no place for Marigold Bakery Ltd.")
    spring.change("--bundle", "3")
    window.press("Back")
    window.press("Reactivate")
    window.expect_text("It takes a place in the bundle.")
    window.press("Reactivate")
    window.expect_text("The client is active again. Nobody was invited anew.")
    window.press("History")
    window.expect_text("Client reactivated: Marigold Bakery Ltd")


def test_the_list_is_filtered_and_leaves_as_a_file(firm: Stack, open_window: OpenWindow) -> None:
    firm.add_client("Quay Street Crèche", code="QS-01", contact=("Rosa Quay", "rosa@quay.example"))
    firm.add_client("Quay Street Dental", code="QS-02")
    firm.add_client("Quayside Records", contact=("Remy Side", "remy@side.example"))
    firm.expire_invitation("remy@side.example")
    ada = open_window(firm).act_as("U_ADA")
    ada.open_app_messages()
    ada.command("/clients find quay")
    ada.expect_text("3 clients with “quay”")
    ada.press("Filter")
    ada.select("Invitation of the owner", "Not invited")
    ada.press("Show")
    ada.expect_text("1 client with “quay” · invitation: not invited")
    expect(ada.client_line("Quay Street Dental")).to_be_visible()
    ada.press("Clear the filter")
    ada.expect_text("3 clients with “quay”")
    ada.fill("Find a client", "reche STREET")
    ada.field("Find a client").press("Enter")
    ada.expect_text("1 client with “reche STREET”")
    expect(ada.client_line("Quay Street Crèche")).to_contain_text("Not connected · Invitation sent")
    ada.press("Export to CSV")
    ada.expect_text("The file is on its way")
    ada.press("Upload practice codes")
    ada.expect_title("Practice codes")
    ada.fill("Or paste the cells here", "Name,Practice code\nQuayside Records,QS-03\nQuay Street Dental,QS-01\n")
    ada.press("Check")
    ada.expect_text("QS-01")
    ada.expect_text("Quay Street Crèche")
    ada.press("Close")
    file = ada.newest_message.get_by_role("link", name="Download")
    with ada.page.expect_download() as downloaded:
        file.click()
    lines = downloaded.value.path().read_text("utf-8-sig").splitlines()
    assert [line.split(",")[1:3] for line in lines] == [["Name", "Practice code"], ["Quay Street Crèche", "QS-01"]]


# What the stories repeat


def user(window: Window, name: str) -> Locator:
    return window.dialog.locator(".block-section", has_text=name)
