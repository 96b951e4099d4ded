"""The last page before a client account is made, and the way from one client to the next."""

import pytest
from playwright.sync_api import expect

from tests.e2e.window import Window

pytestmark = pytest.mark.browser


def test_an_answer_changed_from_the_review_leads_straight_back_to_it(ada: Window) -> None:
    to_review(ada, "Second Thoughts Ltd")
    ada.expect_text("Accounting software: To be connected later")

    ada.change_answer("Accounting software")
    ada.expect_step(2, 6, "Accounting software")
    expect(ada.choice("Skip for now")).to_be_checked()
    ada.choose("Without integration")
    ada.press("Next")
    ada.expect_step(6, 6, "Review")
    ada.expect_text("Accounting software: Without integration")

    # A page that is refused is mended first.
    ada.change_answer("Details")
    ada.expect_step(3, 6, "Details")
    expect(ada.field("Business name")).to_have_value("Second Thoughts Ltd")
    ada.fill("Business name", "Third Thoughts Ltd")
    ada.fill("Practice code", "T" * 256)
    ada.press("Next")
    expect(ada.field("Practice code")).to_have_attribute("aria-invalid", "true")
    ada.fill("Practice code", "TT-3")
    ada.press("Next")
    ada.expect_step(6, 6, "Review")
    ada.expect_text("Business name: Third Thoughts Ltd")
    ada.expect_text("Practice code: TT-3")
    ada.expect_text("Accounting software: Without integration")


def test_adding_another_client_leaves_no_form_behind(ada: Window) -> None:
    to_review(ada, "One Of Two Ltd")
    ada.press("Create")
    ada.expect_title("Client created")
    ada.press("Add another client")
    ada.expect_step(1, 6, "Client type")
    expect(ada.dialog).not_to_contain_text("One Of Two Ltd")

    ada.press("Close")
    ada.expect_closed()


def to_review(window: Window, name: str) -> None:
    """With a name and no invitation."""
    window.begin()
    window.press("Next")
    window.expect_step(2, 6, "Accounting software")
    window.press("Next")
    window.expect_step(3, 6, "Details")
    window.fill("Business name", name)
    window.press("Next")
    window.expect_step(4, 6, "Colleague access")
    window.press("Next")
    window.expect_step(5, 6, "Invite")
    window.choose("Skip invitation")
    expect(window.field("Client's e-mail")).to_be_hidden()
    window.press("Next")
    window.expect_step(6, 6, "Review")
    window.expect_text("Invitation: skipped")
