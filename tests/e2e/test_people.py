"""Colleagues in the browser: added from Slack, made an admin, put in a team, given clients, and handed over."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

CLIENTS = ("Harbour Lights Café", "Lantern Books", "Marigold Bakery Ltd")
OpenWindow = Callable[[Stack], Window]


def test_colleagues_are_added_given_clients_and_what_one_leaves_behind_is_handed_over(
    new_stack: Stack, open_window: OpenWindow
) -> None:
    stack = new_stack
    stack.set_up()
    for number, name in enumerate(CLIENTS):
        stack.add_client(name, code=f"C-{number}")
    ada, sam, clem = (open_window(stack).act_as(user) for user in ("U_ADA", "U_SAM", "U_CLEM"))

    # From Slack's people; a guest and somebody from another company are refused by name.
    ada.command("/clients team")
    ada.expect_title("Colleagues")
    ada.press("Add colleagues")
    ada.select("People", "Clem Okafor", "Sam Price", "Jo Lind", "Olly Ray", "Eve Stone")
    ada.press("Add")
    ada.expect_text("3 colleagues were added: Clem Okafor, Sam Price, Jo Lind")
    ada.expect_text("Olly Ray is a guest in this workspace")
    ada.expect_text(re.compile("Eve Stone.* another company"))
    sam.open_app_messages()
    expect(sam.newest_message).to_contain_text("Ada Marsh has added you to Clientdesk at Birch & Co")
    ada.press("All colleagues")

    open_colleague(ada, "Sam Price")
    ada.press("Change…")
    ada.choose("Client Admin")
    ada.press("Save")
    ada.expect_text("Role: Client Admin")
    expect(sam.newest_message).to_contain_text("Ada Marsh has changed what you can do in Clientdesk")
    ada.press("All colleagues")
    ada.press("Teams")
    ada.press("Create a team")
    ada.fill("Name", "Payroll")
    ada.search("Members", "Jo", "Jo Lind · Standard")
    ada.press("Create")
    ada.expect_text("Members (1): Jo Lind")
    ada.press("All teams")
    ada.press("All colleagues")

    # Three clients at once, by a list in which one line fits none.
    open_colleague(ada, "Jo Lind")
    ada.expect_text("Teams: Payroll")
    ada.press("Give clients…")
    ada.search("Clients", "mari", "Marigold Bakery Ltd · C-2")
    ada.fill("Or paste names or practice codes", "C-0\nlantern books\nNo Such Client")
    ada.press("Go on")
    ada.expect_text("Jo Lind can open 3 clients more.")
    ada.expect_text("Left out: 1")
    ada.expect_text(re.compile("No client of yours has this name or practice code · 1.*No Such Client"))
    ada.press("Close")

    # Jo's Slack account is deactivated. Both admins hear of it, and the first of them hands over.
    stack.sandbox.change_user("U_JO", deleted=True)
    ada.open_app_messages()
    for admin in (ada, sam):
        expect(admin.newest_message).to_contain_text("Jo Lind has left")
        expect(admin.newest_message).to_contain_text(f"Access given: 3 · {', '.join(CLIENTS)}")
    sam.newest_message.get_by_role("button", name="Give clients to…").click()
    sam.expect_title("Hand over")
    expect(sam.choice("Access to 3 clients")).to_be_checked()
    sam.search("Who has it from now on", "cle", "Clem Okafor")
    sam.press("Hand over")
    sam.expect_text("Clem Okafor has from Jo Lind:")
    sam.expect_text(f"Access: 3 · {', '.join(CLIENTS)}")
    sam.press("Close")
    for admin in (ada, sam):
        expect(admin.newest_message).to_contain_text("Handed over by Sam Price to Clem Okafor")
        expect(admin.newest_message.get_by_role("button")).to_have_count(0)
    clem.command("/clients list")
    clem.expect_text("3 clients that you can open")


def open_colleague(window: Window, name: str) -> None:
    window.expect_title("Colleagues")
    line = window.dialog.locator(".block-section", has_text=re.compile(f"^{re.escape(name)} · "))
    line.get_by_role("button", name="Open").click()
    window.expect_title("Colleague")
    expect(window.dialog.get_by_role("heading", name=name)).to_be_visible()
