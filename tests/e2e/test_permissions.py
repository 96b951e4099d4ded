"""A permission in the browser: asked for where it is missing, decided by one of two admins, over after 30 days."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.stack import ClockedStack, Stack
from tests.e2e.window import Window, click_at_once

pytestmark = pytest.mark.browser

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
LAST_HOUR = MONDAY + timedelta(days=30, hours=-1)
DAY_31 = MONDAY + timedelta(days=30, hours=1)
PERMISSION = "the permission “Add client accounts”"
WHY = "Clem is away in March, and two clients start then."
OpenWindow = Callable[[Stack], Window]


@pytest.fixture
def month(browser: Browser) -> Iterator[ClockedStack]:
    """A practice in the UK on a Monday in March."""
    with ClockedStack(MONDAY, region="uk", plan="essentials", dhi=False) as stack:
        yield stack
        stack.check()


def test_who_is_stopped_half_way_asks_goes_on_once_one_of_two_admins_approved_and_is_stopped_again_on_day_31(
    month: ClockedStack, open_window: OpenWindow
) -> None:
    sam, ada, clem = (open_window(month).act_as(user) for user in ("U_SAM", "U_ADA", "U_CLEM"))

    # A draft of the time before the permission was taken away.
    month.change("--colleague", "U_SAM", "--may-add-clients", "on")
    sam.leave_a_draft("Kestrel Optics")
    month.change("--colleague", "U_SAM", "--may-add-clients", "off")
    sam.command("/add-client")
    sam.expect_text("You need the permission “Add client accounts”")
    sam.press("Request access")
    sam.expect_title("Request access")
    sam.choose("For some days")
    sam.fill("Days", "400")
    sam.fill("Why do you need it?", WHY)
    sam.press("Send the request")
    sam.expect_error("Days", "Enter a number of days from 1 to 365.")
    expect(sam.field("Why do you need it?")).to_have_value(WHY)
    sam.fill("Days", "30")
    sam.press("Send the request")
    sam.expect_text("@Ada Marsh, @Clem Okafor are told")
    sam.press("Close")

    # The same card for both, who press at the same moment.
    for window in (sam, ada, clem):
        window.open_app_messages()
    for admin in (ada, clem):
        card = admin.newest_message
        expect(card).to_contain_text(f"Sam Price asks for {PERMISSION}")
        expect(card).to_contain_text(f"Why: {WHY}")
        expect(card).to_contain_text("For how long: 30 days")
    cards = [admin.messages.get_by_role("article").filter(has_text="Sam Price asks for") for admin in (ada, clem)]
    click_at_once(*(card.get_by_role("button", name="Approve", exact=True) for card in cards))
    for card in cards:
        expect(card).to_contain_text("Until 1 Apr 2026 at 11:00")
        expect(card.get_by_role("button")).to_have_count(0)
    first, other = (re.findall(r"Approved by (Ada Marsh|Clem Okafor)", card.inner_text()) for card in cards)
    assert first == other
    [decider] = first

    # On from where they stopped.
    expect(sam.newest_message).to_contain_text(f"{decider} approved your request for {PERMISSION}")
    sam.newest_message.get_by_role("button", name="Continue adding your client").click()
    sam.expect_step(4, 6, "Colleague access")
    sam.press("Next")
    sam.expect_step(5, 6, "Invite")
    sam.choose("Skip invitation")
    sam.press("Next")
    sam.expect_step(6, 6, "Review")
    sam.expect_text("Business name: Kestrel Optics")
    sam.press("Create")
    sam.expect_title("Client created")
    sam.press("Close")

    # The last hour, and then day 31.
    month.set_clock(LAST_HOUR)
    sam.begin()
    sam.press("Close")
    sam.expect_closed()
    month.set_clock(DAY_31)
    over = "it was given for a time, which is over"
    expect(sam.newest_message).to_contain_text(f"You no longer have {PERMISSION}: {over}")
    window = {"Ada Marsh": ada, "Clem Okafor": clem}[decider]
    expect(window.newest_message).to_contain_text(f"Sam Price no longer has {PERMISSION}: {over}")
    sam.command("/add-client")
    sam.expect_text("You need the permission “Add client accounts”")
    sam.press("Close")
    sam.newest_message.get_by_role("button", name="Ask again…").click()
    expect(sam.field("Days")).to_have_value("30")
    expect(sam.field("Why do you need it?")).to_have_value(WHY)
