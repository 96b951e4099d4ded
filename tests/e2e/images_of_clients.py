"""The pictures of clients: Solo, from a file, with costs and sales; and of their list, their users and their page."""

import csv
import io
from datetime import UTC, datetime

from playwright.sync_api import Browser, expect

from db.models import Plan, Region
from services.uploads.template import columns
from tests.e2e.camera import Camera
from tests.e2e.stack import ClockedStack, Stack
from tests.e2e.window import Window

OCTOBER = datetime(2026, 10, 20, 10, 0, tzinfo=UTC)
EMAIL = "mary@marigold.example"
PASSWORD = "correct horse battery staple"
NAMES = ("Marigold Bakery", "Harbour Café", "Tidewater Rowing Club", "Lantern Books", "Quayside Dental", "Wharf Timber")
ITEMS = """\
Date,Description,Category,Amount
2026-01-15,Posters,8,120.50
2026-02-02,Invoice 1001,1,"2,400.00"
2026-02-03,Lunch with a client,24b,48.20
2026-02-28,Fuel,9,60.00
2026-03-01,Chairs,18,75.00
2026-03-04,Stamps,18,12.30
2026-03-05,Invoice 1002,1,600.50
2026-03-06,Flyers,8,30.00
"""


def take(camera: Camera, browser: Browser) -> None:
    with ClockedStack(OCTOBER, plan="essentials", dhi=False) as stack:
        _take_solo(camera, browser, stack)
        _take_upload(camera, browser, stack)
        _take_list_and_users(camera, browser, stack)
    with ClockedStack(OCTOBER, region="us", plan="essentials", dhi=False) as stack:
        _take_tax(camera, browser, stack)


def _take_solo(camera: Camera, browser: Browser, stack: Stack) -> None:
    window = Window(browser, stack).act_as("U_ADA")
    window.begin()
    window.choose("Self-employed (Solo)")
    window.press("Next")
    window.fill("Client's name", "Jo Reed")
    window.fill("Practice code", "JR-01")
    window.fill("National Insurance number", "AB 12 34 56 C")
    window.fill("Unique Taxpayer Reference (UTR)", "1955839661")
    window.fill("Qualifying income, in pounds", "52,000")
    window.press("Next")
    window.expect_step(3, 6, "Income sources")
    _keep_source(window, "Reed Carpentry", "Self-employment", "Standard")
    window.press("Add income source")
    _keep_source(window, "Flat in Leith Walk", "UK property", "Calendar")
    window.expect_text("calendar quarters")
    camera.take(window.dialog, "solo-sources")
    window.press("Next")
    window.expect_step(4, 6, "Colleague access")
    window.press("Next")
    _create_without_invitation(window)
    window.open_card("Jo Reed")
    window.page.set_viewport_size({"width": 1280, "height": 900})
    camera.take(window.dialog, "solo-card")
    window.press("Close")
    window.close()


def _keep_source(window: Window, name: str, business_type: str, periods: str) -> None:
    window.fill("Name of the income source", name)
    window.choose(business_type, periods)
    window.press("Keep this source")


def _create_without_invitation(window: Window) -> None:
    """From the page that asks for it."""
    window.choose("Skip invitation")
    expect(window.field("Client's e-mail")).to_be_hidden()
    window.press("Next")
    window.press("Create")
    window.expect_title("Client created")
    window.press("Close")


def _take_upload(camera: Camera, browser: Browser, stack: Stack) -> None:
    window = Window(browser, stack).act_as("U_ADA")
    window.open_app_messages()
    window.command("/clients settings")
    window.press("Edit practice")
    window.select("Partner programme", "Accountant partner")
    window.press("Save")
    window.expect_text("Partner programme: Accountant partner")
    window.press("Close")
    window.command("/clients upload")
    window.expect_title("Upload clients")
    path = stack.directory / "our clients.csv"
    path.write_bytes(_file_of_clients())
    window.choose_file("Your clients", path)
    window.press("Check the file")
    window.expect_text("18 new clients · 3 rows with a problem.")
    camera.take(window.dialog, "upload-preview")
    window.press("Import 18 rows")
    window.expect_text("18 created · 3 not imported.")
    window.press("Close")
    window.newest_message.get_by_role("button", name="Get the error file").click()
    expect(window.newest_message.get_by_role("link", name="Download Errors")).to_be_visible()
    window.page.set_viewport_size({"width": 1000, "height": 550})
    camera.take(window.page, "upload-result")
    window.close()


def _file_of_clients() -> bytes:
    """Three of its 21 can't be imported."""
    places = enumerate(["Bristol", "Cardiff", "Leith"], start=1)
    rows = [
        {"Business name": f"{name} {place}", "Practice code": f"{name[:2].upper()}-{number}"}
        for number, place in places
        for name in NAMES
    ]
    rows[0] |= {
        "Contact first name": "Mary",
        "Contact last name": "Gold",
        "Contact email": EMAIL,
        "Send email invite": "Yes",
    }
    rows += [
        {"Business name": "Salt Works Ltd", "Practice code": "MA-1"},
        {"Business name": "Pier Theatre", "Practice code": "PI-1", "Contact email": "box.office@pier"},
        {"Business name": "Ned Holt", "Client type": "Self-employed", "NINO": "BG123456C", "Practice code": "NE-1"},
    ]
    text = io.StringIO()
    headers = [each.name for each in columns(Region.UNITED_KINGDOM, Plan.ESSENTIALS)]
    writer = csv.DictWriter(text, headers, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _take_list_and_users(camera: Camera, browser: Browser, stack: Stack) -> None:
    """Of the clients from the file."""
    window = Window(browser, stack).act_as("U_ADA")
    window.command("/clients find bristol")
    window.expect_text("6 clients with “bristol”")
    window.press("Filter")
    window.select("Invitation of the owner", "Not invited")
    window.press("Show")
    window.expect_text("5 clients with “bristol” · invitation: not invited")
    camera.take(window.dialog, "clients-filtered")
    window.press("Close")
    window.open_card("Marigold Bakery Bristol")
    window.press("Users (1)")
    for name, role in (("Ben Baker", "Standard"), ("Cat Crumb", "User Admin")):
        window.press("Add a user")
        window.fill("Name", name)
        window.fill("E-mail", f"{name.split()[0].lower()}@marigold.example")
        window.choose(role)
        window.press("Add")
        window.expect_text(f"{name} is added.")
    camera.take(window.dialog, "client-users")
    _take_account(camera, window, stack)
    window.close()


def _take_account(camera: Camera, window: Window, stack: Stack) -> None:
    page = window.new_page(stack.invitation_link(EMAIL))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Type it again").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    page.get_by_role("link", name="Go to your account page").click()
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    page.set_viewport_size({"width": 800, "height": 620})
    camera.take(page, "account")


def _take_tax(camera: Camera, browser: Browser, stack: Stack) -> None:
    window = Window(browser, stack).act_as("U_ADA")
    window.begin()
    window.choose("Without integration")
    window.press("Next")
    window.fill("Business name", "Ida Moss Design")
    window.choose("Sole proprietor or unincorporated")
    window.press("Next")
    window.expect_step(3, 5, "Colleague access")
    window.press("Next")
    _create_without_invitation(window)
    window.open_card("Ida Moss Design")
    window.press("Upload items")
    window.fill("Or paste the cells here", ITEMS)
    window.press("Check")
    window.press("Add 8 items")
    window.expect_text("8 items are added.")
    window.press("Tax summary")
    window.expect_text("Total costs")
    camera.take(window.dialog, "tax-summary")
    window.close()
