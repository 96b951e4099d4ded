"""A sole proprietor in the US in the browser: costs and sales from a file, and a Tax summary that adds up."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.e2e.stack import ClockedStack, Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

OpenWindow = Callable[[Stack], Window]

TUESDAY = datetime(2026, 11, 17, 15, 0, tzinfo=UTC)
FILE = """\
Date,Description,Category,Amount
2026-01-15,Posters,8,120.50
2026-02-02,Invoice 1001,1,"2,400.00"
2026-02-03,Lunch with a client,24b,48.20
2026-02-30,Fuel,9,60.00
2026-03-01,Chairs,99,75.00
2026-03-04,Stamps,18,twelve
2026-03-05,Invoice 1002,Gross receipts or sales,600.50
2026-03-06,Flyers,Advertising,30.00
"""
MENDED = """\
Date,Description,Category,Amount
2026-01-15,Posters,8,120.50
2026-02-28,Fuel,9,60.00
2026-03-01,Chairs,18,75.00
2026-03-04,Stamps,18,12.30
"""
# By hand: advertising 120.50 + 30.00, office expense 75.00 + 12.30; costs 150.50 + 60.00 + 87.30 + 48.20 = 346.00;
# sales 2,400.00 + 600.50 = 3,000.50; 3,000.50 - 346.00 = 2,654.50.
COSTS = {"8": "150.50", "9": "60.00", "18": "87.30", "24b": "48.20"}


@pytest.fixture
def american(browser: Browser) -> Iterator[Stack]:
    with ClockedStack(TUESDAY, region="us", plan="essentials", dhi=False) as stack:
        yield stack
        stack.check()


def test_costs_and_sales_add_up_to_a_tax_summary(american: Stack, open_window: OpenWindow, tmp_path: Path) -> None:
    window = open_window(american).act_as("U_ADA")
    window.open_app_messages()
    add_sole_proprietor(window, "Ida Moss Design")
    window.open_card("Ida Moss Design")
    window.expect_text("Self-employed: US Schedule C categories")
    window.expect_text("2026: no items yet")
    window.press("Categories")
    window.expect_text("13 Depreciation")
    window.press("Back")

    file = tmp_path / "ida moss.csv"
    file.write_text(FILE)
    window.press("Upload items")
    window.choose_file("CSV file", file)
    window.press("Check")
    window.expect_text("5 items to add · costs $198.70 · sales $3,000.50 · 3 rows with a problem")
    window.expect_text("Row 5, Date: There is no day 2026-02-30.")
    window.expect_text("Row 6, Category: Schedule C has no category “99”.")
    window.expect_text("Row 7, Amount: Enter an amount in digits")
    window.press("Add 5 items")
    window.expect_text("5 items are added.")
    window.press("Upload more")
    window.fill("Or paste the cells here", MENDED)
    window.press("Check")
    window.expect_text("3 items to add · costs $147.30 · 1 there already")
    window.press("Add 3 items")
    window.expect_text("3 items are added. 1 row was there already.")

    window.press("Tax summary")
    window.expect_text("8 Advertising: $150.50 (2 items)")
    window.expect_text("18 Office expense: $87.30 (2 items)")
    window.expect_text("Total costs: $346.00")
    window.expect_text("Total sales: $3,000.50")
    window.expect_text("Profit: $2,654.50")
    window.press("Send as Excel and CSV")
    window.press("Back")
    window.expect_text("2026: 8 items · sales $3,000.50 · costs $346.00 · profit $2,654.50")
    window.press("Close")

    rows = csv.DictReader(download(window, ".csv").read_text("utf-8-sig").splitlines())
    lines = {(row["Side"], row["Line"]): row["Total"] for row in rows}
    assert {line: total for line, total in lines.items() if total != "0.00"} == {
        **{("Costs", line): total for line, total in COSTS.items()},
        ("Costs", ""): "346.00",
        ("Sales", "1"): "3000.50",
        ("Sales", ""): "3000.50",
        ("", ""): "2654.50",
    }
    book = openpyxl.load_workbook(BytesIO(download(window, ".xlsx").read_bytes()))
    assert book.sheetnames == ["Tax summary", "Costs", "Sales", "Items"]
    costs = {str(row[0]): row[3] for row in book["Costs"].iter_rows(min_row=2, values_only=True) if row[3]}
    assert costs == {**{line: float(total) for line, total in COSTS.items()}, "None": 346.00}
    assert len(list(book["Items"].iter_rows(min_row=2))) == 8


# What the story repeats


def add_sole_proprietor(window: Window, name: str) -> None:
    window.begin()
    window.choose("Without integration")
    window.press("Next")
    window.expect_step(2, 5, "Details")
    window.fill("Business name", name)
    window.choose("Sole proprietor or unincorporated")
    window.press("Next")
    window.expect_step(3, 5, "Colleague access")
    window.press("Next")
    window.expect_step(4, 5, "Invite")
    window.choose("Skip invitation")
    expect(window.field("Client's e-mail")).to_be_hidden()
    window.press("Next")
    window.expect_step(5, 5, "Review")
    window.press("Create")
    window.expect_title("Client created")
    window.press("Close")


def download(window: Window, ending: str) -> Path:
    """The newest file of this kind among the messages."""
    file: Locator = window.messages.get_by_role("link", name="Download").filter(has_text=ending).last
    with window.page.expect_download() as downloaded:
        file.click()
    return downloaded.value.path()
