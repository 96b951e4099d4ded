"""Connecting a new client to its organisation, in two tabs of a browser."""

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser


def test_the_window_moves_on_when_the_person_comes_back_from_xero(practice: Stack, ada: Window) -> None:
    ada.begin()
    ada.press("Next")
    ada.choose("Connect Xero")
    ada.press("Next")
    ada.expect_text("This window moves on by itself when you are back.")
    with ada.page.expect_popup() as opening:
        ada.dialog.get_by_role("link", name="Connect Xero").click()
    tab = opening.value
    tab.get_by_role("button", name="Log in").click()
    tab.get_by_role("radio", name="Whitfield & Daughters").check()
    tab.get_by_role("button", name="Allow access").click()
    expect(tab.get_by_role("heading", name="Xero is connected")).to_be_visible()
    expect(tab.get_by_role("link", name="Back to Slack")).to_be_visible()
    tab.close()
    ada.expect_step(3, 6, "Details")
    expect(ada.field("Business name")).to_have_value("Whitfield & Daughters")
    ada.dialog.get_by_role("button", name="Back").click()
    ada.expect_text("Xero is connected: Whitfield & Daughters")
