"""Self-employed clients in the browser: from a mistyped number to the reminder of a quarterly update."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.stack import ClockedStack, Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

OpenWindow = Callable[[Stack], Window]

TUESDAY = datetime(2026, 10, 20, 10, 0, tzinfo=UTC)
# The quarter's updates are due on Saturday, 7 November 2026.
FRIDAY_BEFORE_NINE = datetime(2026, 11, 6, 8, 58, tzinfo=UTC)
FRIDAY_AFTER_NINE = datetime(2026, 11, 6, 9, 1, tzinfo=UTC)


@pytest.fixture
def autumn(browser: Browser) -> Iterator[ClockedStack]:
    """A practice in the UK on a Tuesday in October; the clock can be set on."""
    with ClockedStack(TUESDAY, plan="essentials", dhi=False) as stack:
        yield stack
        stack.check()


def test_a_self_employed_client_with_two_income_sources(autumn: ClockedStack, open_window: OpenWindow) -> None:
    window = open_window(autumn).act_as("U_ADA")
    window.open_app_messages()
    window.begin()
    window.choose("Self-employed (Solo)")
    window.press("Next")

    window.expect_step(2, 6, "Details")
    window.fill("Client's name", "Mary Gold")
    window.fill("Practice code", "MG-01")
    window.fill("National Insurance number", "BG 12 34 56 C")
    window.fill("Unique Taxpayer Reference (UTR)", "2955839661")
    window.fill("Qualifying income, in pounds", "50,000")
    window.press("Check Making Tax Digital")
    window.expect_text("Making Tax Digital: Mandated from 6 April 2027: qualifying income over £30,000")
    window.fill("Qualifying income, in pounds", "52,000")
    window.press("Next")
    window.expect_error("National Insurance number", "No National Insurance number begins with BG")
    window.expect_error("Unique Taxpayer Reference (UTR)", "at least one digit is wrong")
    window.fill("National Insurance number", "AB 12 34 56 C")
    window.fill("Unique Taxpayer Reference (UTR)", "1955839661")
    window.press("Next")

    window.expect_step(3, 6, "Income sources")
    window.expect_text("Making Tax Digital: Mandated from 6 April 2026: qualifying income over £50,000")
    keep_source(window, "Gold Bakery", "Self-employment")
    window.press("Add income source")
    keep_source(window, "Flat in Leith Walk", "UK property")
    window.press("Add income source")
    keep_source(window, "Cottage in Fife", "UK property")
    window.expect_text("HMRC treats all UK property of a person as one business")
    window.press("Back")
    expect(source(window, "Gold Bakery")).to_contain_text("Self-employment · cash basis · standard quarters")
    expect(source(window, "Flat in Leith Walk")).to_contain_text("UK property · cash basis · standard quarters")
    expect(source(window, "Cottage in Fife")).to_have_count(0)
    window.press("Next")

    window.expect_step(4, 6, "Colleague access")
    window.press("Next")
    window.expect_step(5, 6, "Invite")
    expect(window.field("Client's name")).to_have_value("Mary Gold")
    window.choose("Skip invitation")
    expect(window.field("Client's e-mail")).to_be_hidden()
    window.press("Next")
    window.expect_step(6, 6, "Review")
    window.expect_text("National Insurance number: •• •• •• 56 C")
    window.expect_text("UTR: ••••• ••661")
    window.change_answer("Income sources")
    expect(source(window, "Flat in Leith Walk")).to_be_visible()
    window.press("Back to the review")
    window.expect_step(6, 6, "Review")
    window.press("Create")
    window.expect_title("Client created")
    window.expect_text("Gold Bakery · next quarterly update due 7 November 2026")
    window.press("Close")
    assert autumn.client_count() == 1

    window.open_card("Mary Gold")
    window.expect_text("Type: Self-employed (Solo)")
    window.expect_text("National Insurance number: •• •• •• 56 C")
    expect(window.dialog).not_to_contain_text("12 34 56")
    for name in ("Gold Bakery", "Flat in Leith Walk"):
        expect(source(window, name)).to_contain_text("Next quarterly update due 7 November 2026 (Q2)")
    source(window, "Gold Bakery").get_by_role("button", name="Edit").click()
    window.expect_title("Income source")
    window.expect_text("Business type: Self-employment")
    window.choose("Calendar")
    window.press("Save")
    window.expect_text("The first update of 2026-27 was due on 7 August 2026.")
    window.press("Save anyway")
    expect(source(window, "Gold Bakery")).to_contain_text("Self-employment · cash basis · calendar quarters")
    source(window, "Flat in Leith Walk").get_by_role("button", name="Edit").click()
    window.choice("Active").uncheck()
    window.press("Save")
    expect(source(window, "Flat in Leith Walk")).to_contain_text("Not active")
    window.press("Close")

    # The deadline is a Saturday, so the Friday before; Ada's working day begins at nine.
    autumn.set_clock(FRIDAY_BEFORE_NINE)
    autumn.set_clock(FRIDAY_AFTER_NINE)
    digests = window.messages.get_by_role("article").filter(has_text="Quarterly updates of")
    expect(digests).to_contain_text("Quarterly updates of 1 client are due")
    expect(digests).to_have_count(1)
    expect(digests).to_contain_text("Due Saturday 7 November 2026")
    expect(digests).to_contain_text("Gold Bakery")
    expect(digests).not_to_contain_text("Flat in Leith Walk")
    digests.get_by_role("button", name="Open").click()
    window.expect_title("Client")
    expect(window.dialog.get_by_role("heading", name="Mary Gold")).to_be_visible()


# What the story repeats


def keep_source(window: Window, name: str, business_type: str) -> None:
    window.fill("Name of the income source", name)
    window.choose(business_type)
    window.press("Keep this source")


def source(window: Window, name: str) -> Locator:
    return window.dialog.locator(".block-section", has_text=name)
