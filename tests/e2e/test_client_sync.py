"""Client Sync as a practice lives it: clients from Xero, what ends there, and a colleague who takes over."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

COUNT = 25
OpenWindow = Callable[[Stack], Window]


def test_organisations_become_clients_that_are_connected_and_have_their_lists(
    firm: Stack, open_window: OpenWindow
) -> None:
    names = sorted(firm.have_organisations(COUNT, latency=0.4), key=str.casefold)
    left_out, added = names[3], names[5]
    window = open_window(firm).act_as("U_ADA")
    window.open_app_messages()
    window.begin_sync()
    window.press("Add clients")
    window.sign_in_at_xero()

    window.expect_text(f"{COUNT} organisations at Xero: {COUNT} new.")
    window.expect_text(f"{COUNT} chosen")
    window.press("Next (page 2 of 2)")
    expect(window.choice(names[-1])).to_be_checked()
    window.fill("Search", left_out.upper())
    window.field("Search").press("Enter")
    expect(window.choice(added)).to_be_hidden()
    window.choice(left_out).uncheck()
    window.press("Create accounts")

    window.expect_text(f"Adding clients from Xero: 0 of {COUNT - 1}")
    behind = window.page.get_by_role("article", include_hidden=True).last
    expect(behind).to_contain_text(f"Adding clients from Xero: 0 of {COUNT - 1}")
    window.press("Close")
    expect(window.newest_message).to_contain_text("Clients from Xero are added")
    expect(window.newest_message).to_contain_text(f"{COUNT - 1} created.")
    expect(window.newest_message).to_contain_text(f"lists from Xero: {COUNT - 1} of {COUNT - 1} clients")
    window.newest_message.get_by_role("button", name="Show all").click()
    window.expect_text(added)
    expect(window.dialog).not_to_contain_text(left_out)
    window.press("Close")

    window.command(f"/clients find {left_out}")
    window.expect_title("Clients")
    window.expect_text(re.compile(f"(with|has) “{re.escape(left_out)}”"))  # or others of nearly this name
    expect(window.client_line(left_out)).to_have_count(0)
    window.fill("Find a client", added)
    window.field("Find a client").press("Enter")
    expect(window.client_line(added)).to_contain_text(f"Xero: Connected, {added} · Not invited")
    window.client_line(added).get_by_role("button", name="Open").click()
    window.expect_title("Client")
    window.expect_text("Status: Connected")
    window.expect_text(re.compile(r"Accounts: [1-9]\d* in use"))
    window.expect_text(re.compile(r"Contacts: [1-9]\d* in use"))
    expect(window.dialog.get_by_text("@Ada Marsh")).to_be_visible()


def test_what_ended_at_xero_is_found_on_the_card_and_mended_by_reconnect_all(
    firm: Stack, open_window: OpenWindow
) -> None:
    ended, *_ = firm.sync(2)
    firm.sandbox.xero.revoke(firm.sandbox.xero.tenant(ended))
    window = open_window(firm).act_as("U_ADA")
    window.open_card(ended)
    window.expect_text("Status: Connected")
    window.press("Refresh")
    window.expect_text("Status: Disconnected")
    window.press("Close")
    window.open_home()
    expect(window.home).to_contain_text("1 client is no longer connected to the accounting software")
    window.home.get_by_role("button", name="Reconnect").click()

    window.press("Reconnect all")
    window.press("Use my sign-in")
    window.expect_text("1 client is not within reach of your sign-in")
    window.expect_text(ended)
    window.press("Sign in again")
    window.sign_in_at_xero(button="Sign in at Xero again")
    window.expect_text("1 client is connected to Xero again, by your sign-in")
    window.expect_text(ended)
    window.press("Close")
    window.page.get_by_role("link", name="general").click()
    window.open_card(ended)
    window.expect_text("Status: Connected")
    window.press("Refresh")
    window.expect_text("Status: Connected")
    expect(window.dialog).not_to_contain_text("no longer")


def test_a_colleague_takes_over_connections_after_seeing_which(firm: Stack, open_window: OpenWindow) -> None:
    first, second, third = sorted(firm.sync(3), key=str.casefold)
    window = open_window(firm).act_as("U_CLEM")
    window.begin_sync()
    window.press("Reassign clients")
    window.sign_in_at_xero(user="Tom Bell")
    window.expect_text("reaches 3 connections of colleagues. 0 chosen.")
    expect(window.dialog.get_by_text("@Ada Marsh")).to_be_visible()
    window.choose(first, third)
    window.press("Reassign…")
    window.expect_text("2 connections will rest on your sign-in at Xero")
    window.press("Back")
    expect(window.choice(second)).not_to_be_checked()
    window.press("Reassign…")
    window.press("Reassign")
    window.expect_text("2 connections rest on your sign-in at Xero now")
    window.press("Close")
    for name, holder in ((first, "@Clem Okafor"), (second, "@Ada Marsh"), (third, "@Clem Okafor")):
        window.open_card(name)
        window.expect_text(f"Rests on the sign-in of: {holder}")
        window.press("Close")


def test_a_cancelled_consent_leaves_the_window_waiting_for_another(firm: Stack, open_window: OpenWindow) -> None:
    firm.have_organisations(2)
    window = open_window(firm).act_as("U_JO")
    window.begin_sync()
    window.press("Add clients")
    tab = window.log_in_at_xero()
    tab.get_by_role("button", name="Cancel").click()
    expect(tab.get_by_role("heading", name="You cancelled")).to_be_visible()
    tab.close()
    window.expect_text("opens in your browser")
    window.sign_in_at_xero()
    window.expect_text("2 organisations at Xero: 2 new.")


def test_a_message_leads_on_when_the_window_was_closed_before_the_return(firm: Stack, open_window: OpenWindow) -> None:
    firm.have_organisations(2)
    window = open_window(firm).act_as("U_CLEM")
    window.begin_sync()
    window.press("Add clients")
    tab = window.log_in_at_xero()
    window.press("Close")
    window.expect_closed()
    tab.get_by_role("button", name="Continue with 2 organisations").click()
    expect(tab.get_by_role("heading", name="You signed in at Xero")).to_be_visible()
    window.open_app_messages()
    expect(window.newest_message).to_contain_text("Go on to choose the organisations that become clients.")
    window.newest_message.get_by_role("button", name="Choose organisations").click()
    window.expect_text("2 organisations at Xero:")


def test_an_organisation_with_the_name_of_a_client_is_linked_to_it(firm: Stack, open_window: OpenWindow) -> None:
    known, _ = firm.have_organisations(2)
    firm.add_client(known, by="U_CLEM", code="KEPT-1")
    window = open_window(firm).act_as("U_CLEM")
    window.open_app_messages()
    window.begin_sync()
    window.press("Add clients")
    window.sign_in_at_xero()
    window.expect_text("1 to create, 1 to link")
    window.expect_text(f"Same name as your client {known}: will be linked")
    window.press("Create accounts")
    window.press("Close")
    expect(window.newest_message).to_contain_text("1 created · 1 linked.")
    window.open_card(known)
    window.expect_text("Practice code: KEPT-1")
    window.expect_text("Status: Connected")


def test_a_bundle_that_is_too_small_is_said_at_the_list(firm: Stack, open_window: OpenWindow) -> None:
    names = sorted(firm.have_organisations(3), key=str.casefold)
    used = firm.client_count()
    firm.change("--bundle", str(used + 2))
    try:
        window = open_window(firm).act_as("U_CLEM")
        window.open_app_messages()
        window.begin_sync()
        window.press("Add clients")
        window.sign_in_at_xero()
        window.expect_text("2 chosen: 2 to create, 0 to link. Your bundle has room for 2 more clients.")
        window.expect_text("More than your bundle has room for")
        window.press("Select all 3")
        window.expect_text("1 of them finds no room in your bundle. Ask a Practice Admin to raise it, or choose fewer.")
        window.press("Create accounts")
        window.expect_text("Your bundle has room for 2 more and you chose 3 to create. Choose fewer")
        expect(window.choice(names[0])).to_have_attribute("aria-invalid", "true")
        window.choice(names[0]).uncheck()
        window.press("Create accounts")
        window.press("Close")
        expect(window.newest_message).to_contain_text("2 created.")
    finally:
        firm.change("--bundle", "500")


def test_without_bulk_connections_each_consent_adds_one_organisation(practice: Stack, ada: Window) -> None:
    first, second = practice.have_organisations(2, odd=False)
    try:
        ada.open_app_messages()
        ada.begin_sync()
        ada.press("Add clients")
        ada.expect_text("Xero connects one organisation each time")
        ada.sign_in_at_xero(first)
        ada.expect_text("1 organisation at Xero: 1 new.")
        ada.sign_in_at_xero(second, button="Connect another organisation")
        ada.expect_text("2 organisations at Xero: 2 new.")
        ada.press("Create accounts")
        ada.press("Close")
        expect(ada.newest_message).to_contain_text("2 created.")
    finally:
        practice.forget_organisations()


def test_who_may_not_add_clients_can_ask_for_it_and_still_reconnect(practice: Stack, open_window: OpenWindow) -> None:
    window = open_window(practice).act_as("U_SAM")
    window.begin_sync()
    window.expect_text("To add clients, you need the permission “Add client accounts”.")
    expect(window.dialog.get_by_role("button", name="Add clients")).to_be_hidden()
    expect(window.dialog.get_by_role("button", name="Request access")).to_be_visible()
    window.press("Reconnect all")
    window.expect_text("opens in your browser")
