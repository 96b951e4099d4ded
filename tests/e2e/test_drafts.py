"""A client half added: what was typed is kept until the person goes on with it or throws it away."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser


def test_a_draft_is_resumed_from_the_command_with_what_was_kept(ada: Window) -> None:
    ada.leave_a_draft("Half Done Ltd", "HD")

    ada.command("/add-client")
    ada.expect_text(re.compile("You have a draft: Half Done Ltd, step 4 of 6"))
    ada.press("Resume")
    ada.expect_step(4, 6, "Colleague access")
    ada.press("Back")
    ada.expect_step(3, 6, "Details")
    expect(ada.field("Business name")).to_have_value("Half Done Ltd")
    expect(ada.field("Practice code")).to_have_value("HD")


def test_a_draft_is_started_over_only_after_a_second_thought(ada: Window) -> None:
    ada.leave_a_draft("To Be Forgotten", "HD")

    ada.command("/add-client")
    ada.expect_text("You have a draft")
    ada.press("Start over")
    sure = ada.page.get_by_role("alertdialog", name="Start over?")
    sure.get_by_role("button", name="Keep the draft").click()
    expect(sure).to_be_hidden()
    ada.expect_text("You have a draft: To Be Forgotten")
    ada.press("Start over")
    sure.get_by_role("button", name="Start over").click()
    ada.expect_step(1, 6, "Client type")
    ada.press("Next")
    ada.expect_step(2, 6, "Accounting software")
    ada.press("Next")
    ada.expect_step(3, 6, "Details")
    expect(ada.field("Business name")).to_have_value("")


def test_a_draft_is_resumed_from_app_home(ada: Window) -> None:
    ada.leave_a_draft("Homeward Ltd", "HD")

    ada.open_home()
    expect(ada.home).to_contain_text("Your draft: Homeward Ltd")
    ada.home.get_by_role("button", name="Resume").click()
    ada.expect_step(4, 6, "Colleague access")


def test_a_draft_is_discarded_on_app_home(ada: Window) -> None:
    ada.leave_a_draft("Not To Be Ltd", "HD")

    ada.open_home()
    ada.home.get_by_role("button", name="Discard").click()
    ada.page.get_by_role("alertdialog", name="Discard the draft?").get_by_role("button", name="Discard").click()
    expect(ada.home.get_by_role("button", name="Resume")).to_be_hidden()
    expect(ada.home).not_to_contain_text("Not To Be Ltd")
    ada.page.get_by_role("link", name="general").click()
    ada.begin()


def test_a_draft_in_which_nothing_was_typed_is_not_offered(ada: Window) -> None:
    ada.begin()
    ada.press("Close")
    ada.expect_closed()

    ada.begin()
    ada.expect_step(1, 6, "Client type")
    expect(ada.dialog).not_to_contain_text("You have a draft")


def test_a_form_whose_draft_was_discarded_elsewhere_says_so_when_it_is_sent(practice: Stack, ada: Window) -> None:
    ada.begin()
    ada.press("Next")
    ada.expect_step(2, 6, "Accounting software")

    practice.discard_draft("U_ADA")  # on her phone, as it were

    ada.press("Next")
    ada.expect_text(re.compile("draft", re.IGNORECASE))
    expect(ada.dialog.get_by_role("button", name="Next")).to_be_hidden()
    ada.press("Close")
    ada.expect_closed()
    ada.begin()
