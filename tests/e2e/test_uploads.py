"""A practice brings its clients as a file: what is wrong comes back, is mended and sent again; nothing comes twice."""

import contextlib
import csv
import io
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from db.models import Plan, Region
from services.uploads.template import columns
from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

ROWS, BAD = 500, 20
OpenWindow = Callable[[Stack], Window]


@pytest.fixture
def partner(browser: Browser) -> Iterator[Stack]:
    """A practice in the UK with room for its clients, in no partner programme yet."""
    with Stack(region="uk", plan="essentials", dhi=False, bundle=600) as stack:
        yield stack
        stack.check()


def clients() -> bytes:
    """Every 25th has an e-mail that is none."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [each.name for each in columns(Region.UNITED_KINGDOM, Plan.ESSENTIALS)], restval="")
    writer.writeheader()
    for number in range(ROWS):
        email = f"pat{number}@example.com" if number % (ROWS // BAD) else "nobody"
        writer.writerow(
            {
                "Business name": f"Birch Client {number:03} Ltd",
                "Practice code": f"B{number:03}",
                "Contact first name": "Pat",
                "Contact last name": "Doe",
                "Contact email": email,
            }
        )
    return text.getvalue().encode("utf-8-sig")


def mended(path: Path) -> bytes:
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    at = rows[0].index("Contact email")
    assert [row[at] for row in rows[1:]] == ["nobody"] * BAD
    for row in rows[1:]:
        row[at] = f"{row[rows[0].index('Practice code')].lower()}@example.com"
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def test_of_500_clients_480_come_at_once_and_20_once_they_are_mended(
    partner: Stack, open_window: OpenWindow, tmp_path: Path
) -> None:
    file = tmp_path / "our clients.csv"
    file.write_bytes(clients())
    window = open_window(partner).act_as("U_ADA")
    window.open_app_messages()
    window.command("/clients upload")
    window.expect_text("for practices in the Bookkeeper or Accountant programme. It is set in /clients settings")
    window.press("Close")
    window.command("/clients settings")
    window.press("Edit practice")
    window.select("Partner programme", "Accountant partner")
    window.press("Save")
    window.expect_text("Partner programme: Accountant partner")
    window.press("Close")
    window.command("/clients upload")
    window.expect_title("Upload clients")
    window.choose_file("Your clients", file)
    window.press("Check the file")

    window.expect_text("480 new clients · 20 rows with a problem.")
    window.expect_text("Row 2, Contact email: ")
    window.press("Import 480 rows")
    window.expect_text("480 created · 20 not imported.")
    window.press("Close")
    result = window.newest_message
    expect(result).to_contain_text("our clients.csv is imported")
    expect(result).to_contain_text("480 created · 20 not imported.")

    result.get_by_role("button", name="Get the error file").click()
    link = window.messages.get_by_role("link", name="Download Errors in our clients.csv")
    expect(link).to_be_visible()
    with window.page.expect_download() as download:
        link.click()
    errors = tmp_path / "our clients errors.csv"
    errors.write_bytes(mended(download.value.path()))

    with window.page.expect_file_chooser() as chooser:
        window.page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(errors)
    expect(window.page.get_by_role("list", name="Files to send").get_by_role("listitem")).to_have_count(1)
    window.command("Mended")
    expect(window.newest_message).to_contain_text("20 new clients.")
    window.newest_message.get_by_role("button", name="Import 20 rows").click()
    expect(window.newest_message).to_contain_text("20 created.")
    assert count(partner) == ROWS

    with window.page.expect_file_chooser() as chooser:
        window.page.get_by_role("button", name="Attach files").click()
    chooser.value.set_files(errors)
    expect(window.page.get_by_role("list", name="Files to send").get_by_role("listitem")).to_have_count(1)
    window.command("Once more")
    expect(window.newest_message).to_contain_text("20 unchanged.")
    expect(window.newest_message).to_contain_text("All rows are there already.")
    assert count(partner) == ROWS


def count(stack: Stack) -> int:
    with contextlib.closing(sqlite3.connect(stack.database_url.removeprefix("sqlite:///"))) as database:
        found: int = database.execute("SELECT count(*) FROM client WHERE name LIKE 'Birch Client%'").fetchone()[0]
        return found
