"""The practice's settings in the browser, what the audit trail says of a change, and the insights."""

import csv
import io
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

OpenWindow = Callable[[Stack], Window]


@pytest.fixture
def changed(practice: Stack) -> Iterator[Stack]:
    """Its settings are put back afterwards."""
    with practice.settings_put_back():
        yield practice


def test_an_admin_changes_settings_which_others_see_and_the_audit_trail_tells(
    changed: Stack, open_window: OpenWindow
) -> None:
    channel = changed.sandbox.make_channel("approvals", "U_ADA", "U_CLEM")
    ada = open_window(changed).act_as("U_ADA")
    ada.command("/clients settings")
    ada.expect_title("Settings")
    ada.press("Edit client defaults")
    ada.choose("Paid", "By rules")
    ada.fill("Due date", "366")
    ada.press("Save")
    ada.expect_error("Due date", "Enter a whole number from 0 to 365.")
    ada.fill("Due date", "14")
    ada.press("Save")
    ada.expect_text("Saved")
    ada.expect_text("Payment status: Paid")
    ada.expect_text("Due date: 14 days after the invoice")

    # A channel that the app is not in is not kept.
    ada.press("Edit approvals")
    ada.choose("In a channel")
    ada.select("Channel", "approvals")
    ada.press("Save")
    ada.expect_text("Clientdesk is not in this channel. Write /invite @Clientdesk there, then save again.")
    changed.sandbox.person("U_CLEM").command("/invite @Clientdesk", channel)
    ada.press("Save")
    ada.expect_text("Permission requests arrive: In #approvals")
    ada.press("Close")
    clem = open_window(changed).act_as("U_CLEM", channel)
    expect(clem.newest_message).to_contain_text("Permission requests arrive here from now on")

    sam = open_window(changed).act_as("U_SAM")
    sam.command("/clients settings")
    sam.expect_text("Payment status: Paid")
    sam.expect_text("A Practice Admin or Client Admin can change this: @Ada Marsh, @Clem Okafor.")
    expect(sam.dialog.get_by_role("button", name=re.compile("^Edit (?!reminders)"))).to_have_count(0)

    ada.command("/clients audit")
    ada.press("Filter")
    ada.search("Done by", "Ada", "Ada Marsh")
    ada.select("What was done", "Settings: all")
    ada.press("Show")
    ada.expect_text("Shown: by Ada Marsh · Settings")
    ada.expect_text("Approvals channel: none → #approvals")
    ada.expect_text("Payment status: unpaid → paid · Due date (days): 30 → 14 · Categorisation: by supplier → by rules")
    ada.press("Export as CSV")
    ada.expect_text("The file is on its way")
    ada.press("Close")
    ada.open_app_messages()
    link = ada.newest_message.get_by_role("link", name=re.compile("^Download Audit trail"))
    with ada.page.expect_download() as download:
        link.click()
    rows = list(csv.reader(io.StringIO(download.value.path().read_text(encoding="utf-8-sig"))))
    assert [(row[2], row[4], row[7]) for row in rows[:3]] == [
        ("Who", "What", "After"),
        ("Ada Marsh", "Approvals channel changed", f"Approvals channel: {channel}"),
        ("Ada Marsh", "Client defaults changed", "Payment status: paid; Due date (days): 14; Categorisation: by rules"),
    ]


def test_the_insights_come_as_a_picture_that_says_what_it_shows(practice: Stack, ada: Window) -> None:
    practice.add_client("Insightful Ltd", by="U_CLEM")
    ada.command("/clients insights")
    ada.expect_title("Insights")
    ada.expect_text(re.compile(r"\d+ clients? that you can open"))
    ada.press("Send picture")
    ada.expect_text("The picture is on its way")
    ada.press("Close")
    ada.open_app_messages()
    picture = ada.newest_message.get_by_role("img")
    expect(picture).to_be_visible()
    expect(picture).to_have_accessible_name(re.compile(r"^Insights of .* Connections: .*[1-9]\d* not connected"))
    assert picture.evaluate("each => each.complete && each.naturalWidth > 0")
