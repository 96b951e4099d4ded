"""A client's card in the browser: connecting it, names that differ, its lists as a file, disconnecting."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

OpenWindow = Callable[[Stack], Window]


def test_a_client_is_connected_from_its_card_and_takes_the_organisation_s_name(
    firm: Stack, open_window: OpenWindow
) -> None:
    first, second = firm.have_organisations(2)
    firm.add_client("Provisional Name 1", by="U_CLEM")
    window = open_window(firm).act_as("U_CLEM")
    window.open_card("Provisional Name 1")
    window.expect_text("Status: Not connected")
    window.press("Connect Xero")
    window.sign_in_at_xero(button="Connect Xero")
    expect(window.choice(first)).to_be_visible()
    window.choose(second)
    window.press("Use this organisation")

    window.expect_text("Status: Name mismatch")
    window.expect_text(f"The organisation is called {second}, the client Provisional Name 1.")
    window.press("Settings")
    expect(window.choice("Refresh the lists every day")).to_be_checked()
    window.choose("Use the organisation's name")
    window.press("Save")
    window.expect_text("Status: Connected")
    expect(window.dialog.get_by_role("heading", name=second)).to_be_visible()
    window.press("Refresh")
    window.expect_text(re.compile(r"Contacts: [1-9]\d* in use"))

    window.press("Change organisation")
    window.expect_text("the lists that were fetched from it are removed here")
    window.press("Back")
    window.press("All clients")
    window.expect_title("Clients")
    window.fill("Find a client", second)
    window.field("Find a client").press("Enter")
    expect(window.client_line(second)).to_contain_text("Xero: Connected")


def test_a_client_s_lists_come_as_a_file_and_stay_when_it_is_disconnected(firm: Stack, open_window: OpenWindow) -> None:
    (name,) = firm.sync(1)
    window = open_window(firm).act_as("U_ADA")
    window.open_app_messages()
    window.open_card(name)
    window.press("Export to Excel")
    window.expect_text("The file is on its way")
    window.press("Disconnect")
    sure = window.page.get_by_role("alertdialog", name="Disconnect this client?")
    sure.get_by_role("button", name="Keep it connected").click()
    window.expect_text("Status: Connected")
    window.press("Disconnect")
    sure.get_by_role("button", name="Disconnect").click()
    window.expect_text("Status: Not connected")
    window.expect_text(re.compile(r"Accounts: [1-9]\d* in use"))
    assert firm.sandbox.xero.connections() == []
    window.press("Close")
    expect(window.newest_message.get_by_role("link", name=f"Download {name}")).to_contain_text(".xlsx")


def test_a_message_leads_to_the_card_when_the_window_was_closed_before_the_return(
    firm: Stack, open_window: OpenWindow
) -> None:
    (organisation,) = firm.have_organisations(1)
    firm.add_client(organisation, by="U_CLEM")
    window = open_window(firm).act_as("U_CLEM")
    window.open_app_messages()
    window.open_card(organisation)
    window.press("Connect Xero")
    tab = window.log_in_at_xero(button="Connect Xero")
    window.press("Close")
    window.expect_closed()
    tab.get_by_role("button", name="Continue with 1 organisation").click()
    expect(tab.get_by_role("heading", name="Xero is connected")).to_be_visible()
    window.newest_message.get_by_role("button", name=f"Open {organisation}").click()
    window.expect_title("Client")
    window.expect_text("Status: Connected")
