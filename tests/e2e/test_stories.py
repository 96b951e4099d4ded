"""From the first `/add-client` in a new workspace to a client who accepted, as people in each region live it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

PASSWORD = "correct horse battery staple"
SOLE_PROPRIETOR = "Sole proprietor or unincorporated"
OpenWindow = Callable[[Stack], Window]


@dataclass(frozen=True)
class Client:
    """Whom a story adds."""

    name: str
    contact: str
    email: str
    extract: str


def test_a_practice_in_the_uk_on_advanced_adds_its_first_client(new_stack: Stack, open_window: OpenWindow) -> None:
    stack, window = new_stack, open_window(new_stack)
    client = Client("Marigold Bakery Ltd", "Mary Gold", "mary@marigold.example", "marigold-bakery-ltd")

    # Nobody but an owner or admin of the workspace can set it up.
    window.act_as("U_SAM").command("/add-client")
    window.expect_title("Set up Clientdesk")
    window.expect_text("Ask them to type /add-client")
    expect(window.dialog.get_by_text("@Ada Marsh")).to_be_visible()
    expect(window.dialog.get_by_role("button", name="Set up")).to_be_hidden()
    window.press("Close")
    stack.meet("U_CLEM", "U_JO")

    window.act_as("U_ADA")
    set_up(window, "United Kingdom", plan="Advanced", bundle="25", add_on=True)
    stack.change("--colleague", "U_CLEM", "--role", "client_admin", "--add-team", "Payroll", "--add-team", "Tax")
    stack.change("--colleague", "U_JO", "--join", "Tax")

    # Client type: the step that only the UK has.
    window.begin()
    window.expect_step(1, 7, "Client type")
    expect(window.dialog.get_by_role("button", name="Back")).to_be_hidden()
    expect(window.choice("Business")).to_be_checked()
    window.press("Next")

    # Solutions: with the add-on.
    window.expect_step(2, 7, "Solutions")
    window.choose("Bookkeeping + Data Health & Insights")
    window.press("Next")
    window.expect_step(3, 7, "Accounting software")
    window.choose("Skip for now")
    window.press("Next")

    # Details, and back again with everything kept both ways.
    window.expect_step(4, 7, "Details")
    expect(window.choice(SOLE_PROPRIETOR)).to_be_hidden()
    window.fill("Business name", client.name)
    window.fill("Practice code", "MB-01")
    window.select("Industry", "Retail and e-commerce")
    window.press("Back")
    window.expect_step(3, 7, "Accounting software")
    window.press("Back")
    window.expect_step(2, 7, "Solutions")
    expect(window.choice("Bookkeeping + Data Health & Insights")).to_be_checked()
    window.press("Next")
    window.expect_step(3, 7, "Accounting software")
    expect(window.choice("Skip for now")).to_be_checked()
    window.press("Next")
    window.expect_step(4, 7, "Details")
    expect(window.field("Business name")).to_have_value(client.name)
    expect(window.field("Practice code")).to_have_value("MB-01")
    expect(window.field("Industry")).to_have_value("Retail and e-commerce")
    window.press("Next")

    # Access: colleagues who are no admins; teams and an account manager, since the plan is Advanced.
    window.expect_step(5, 7, "Colleague access")
    expect(window.choice("Clem Okafor")).to_be_hidden()
    expect(window.choice("Ada Marsh")).to_be_hidden()
    window.choose("Sam Price")
    window.select("Teams", "Tax")
    window.select("Account manager", "Clem Okafor")
    window.press("Next")

    window.expect_step(6, 7, "Invite")
    expect(window.choice("Invite now")).to_be_checked()
    window.fill("Client's name", client.contact)
    window.fill("Client's e-mail", client.email)
    window.press("Back")
    window.expect_step(5, 7, "Colleague access")
    expect(window.choice("Sam Price")).to_be_checked()
    expect(window.choice("Jo Lind")).not_to_be_checked()
    expect(window.dialog.get_by_role("button", name="Remove Tax")).to_be_visible()
    expect(window.field("Account manager")).to_have_value("Clem Okafor")
    window.press("Next")
    window.expect_step(6, 7, "Invite")
    expect(window.field("Client's name")).to_have_value(client.contact)
    expect(window.field("Client's e-mail")).to_have_value(client.email)
    window.press("Next")

    window.expect_step(7, 7, "Review")
    for label, value in {
        "Business name": client.name,
        "Practice code": "MB-01",
        "Industry": "Retail and e-commerce",
        "Solutions": "Bookkeeping + Data Health & Insights",
        "Accounting software": "To be connected later",
        "Colleagues": "Sam Price",
        "Teams": "Tax",
        "Account manager": "Clem Okafor",
    }.items():
        window.expect_text(f"{label}: {value}")
    window.expect_text(re.compile(f"Invitation: .*{client.contact}.*{re.escape(client.email)}"))
    window.press("Create")

    expect_created(window, client, bundle="1 of 25")
    accept_and_hear_of_it(window, stack, client)


@pytest.mark.parametrize(
    ("region", "categories"),
    [("United States", "US Schedule C"), ("Canada", "Canada T2125")],
    ids=["united-states", "canada"],
)
def test_a_practice_in_north_america_adds_a_sole_proprietor(
    new_stack: Stack, open_window: OpenWindow, region: str, categories: str
) -> None:
    stack, window = new_stack, open_window(new_stack)
    client = Client("Prairie Carpentry", "Ray Prairie", "ray@prairie.example", "prairie-carpentry")
    stack.meet("U_SAM")
    window.act_as("U_ADA")
    set_up(window, region, plan="Essentials", bundle="10")

    # No client type outside the UK, no solutions without the add-on.
    window.begin()
    window.expect_step(1, 5, "Accounting software")
    window.choose("Skip for now")
    window.press("Next")
    window.expect_step(2, 5, "Details")
    expect(window.choice(SOLE_PROPRIETOR)).to_be_hidden()
    window.press("Back")

    # Without integration brings the switch for sole proprietors.
    window.expect_step(1, 5, "Accounting software")
    window.choose("Without integration")
    window.press("Next")
    window.expect_step(2, 5, "Details")
    window.fill("Business name", client.name)
    window.choose(SOLE_PROPRIETOR)
    window.press("Back")
    window.expect_step(1, 5, "Accounting software")
    expect(window.choice("Without integration")).to_be_checked()
    window.press("Next")
    window.expect_step(2, 5, "Details")
    expect(window.field("Business name")).to_have_value(client.name)
    expect(window.choice(SOLE_PROPRIETOR)).to_be_checked()
    window.press("Next")

    # Essentials: colleagues only.
    window.expect_step(3, 5, "Colleague access")
    expect(window.choice("Sam Price")).not_to_be_checked()
    expect(window.field("Teams")).to_be_hidden()
    expect(window.field("Account manager")).to_be_hidden()
    window.press("Next")
    window.expect_step(4, 5, "Invite")
    window.fill("Client's name", client.contact)
    window.fill("Client's e-mail", client.email)
    window.press("Next")
    window.expect_step(5, 5, "Review")
    window.expect_text("Accounting software: Without integration")
    window.expect_text(f"Self-employed: yes, with {categories} categories")
    window.press("Create")

    expect_created(window, client, bundle="1 of 10")
    expect(window.newest_message).to_contain_text(categories)
    accept_and_hear_of_it(window, stack, client)


def test_a_bookkeeper_in_ireland_who_works_alone_adds_a_client_in_four_steps(
    new_stack: Stack, open_window: OpenWindow
) -> None:
    stack, window = new_stack, open_window(new_stack)
    client = Client("Clare Coaches", "Clare Coyle", "clare@coaches.example", "clare-coaches")
    window.act_as("U_ADA")
    set_up(window, "Ireland", plan="Essentials", bundle="3")

    window.begin()
    window.expect_step(1, 4, "Accounting software")
    window.choose("Without integration")
    window.press("Next")
    window.expect_step(2, 4, "Details")
    expect(window.choice(SOLE_PROPRIETOR)).to_be_hidden()
    window.fill("Business name", client.name)
    window.press("Next")

    # Nobody to list: no access step. An invitation may be skipped, and made up for before Create.
    window.expect_step(3, 4, "Invite")
    window.choose("Skip invitation")
    expect(window.field("Client's e-mail")).to_be_hidden()
    window.press("Next")
    window.expect_step(4, 4, "Review")
    window.expect_text("Invitation: skipped")
    window.press("Back")
    window.expect_step(3, 4, "Invite")
    expect(window.choice("Skip invitation")).to_be_checked()
    window.choose("Invite now")
    window.fill("Client's name", client.contact)
    window.fill("Client's e-mail", client.email)
    window.press("Next")
    window.expect_step(4, 4, "Review")
    window.press("Create")

    expect_created(window, client, bundle="1 of 3")
    accept_and_hear_of_it(window, stack, client)


# What the stories share


def set_up(window: Window, region: str, *, plan: str, bundle: str, add_on: bool = False) -> None:
    window.command("/add-client")
    window.expect_title("Set up Clientdesk")
    expect(window.field("Practice's name")).to_have_value("Birch & Co")
    window.select("Region", region)
    window.choose(plan)
    window.fill("Client bundle", "many")
    window.press("Set up")
    window.expect_error("Client bundle", "Enter a whole number")
    expect(window.choice(plan)).to_be_checked()
    expect(window.field("Region")).to_have_value(region)
    window.fill("Client bundle", bundle)
    if add_on:
        window.choose("Data Health & Insights")
    window.press("Set up")
    window.expect_text("Clientdesk is ready, and you are its Practice Admin")
    expect(window.dialog.get_by_role("img", name="white check mark")).to_be_visible()
    window.press("Add a client")
    expect(window.dialog.get_by_text(re.compile(r"^Step 1 of \d"))).to_be_visible()
    window.press("Close")
    window.expect_closed()


def expect_created(window: Window, client: Client, *, bundle: str) -> None:
    """The result on the form, and the same in the app's direct message."""
    window.expect_title("Client created")
    expect(window.dialog.get_by_role("heading", level=3)).to_have_text(client.name)
    for label, address in {
        "Extract address for costs": f"{client.extract}@extract.localhost",
        "Extract address for sales": f"{client.extract}+sales@extract.localhost",
        "Several documents in one file": f"{client.extract}@multiple.extract.localhost",
    }.items():
        window.expect_text(f"{label}: {address}")
        expect(window.dialog.get_by_text(address, exact=True)).to_be_visible()
    window.expect_text(f"Invitation: by e-mail to {client.contact} <{client.email}>, on its way")
    window.expect_text(f"Client bundle: {bundle}")
    expect(window.dialog.get_by_role("button", name="Add another client")).to_be_visible()
    window.press("Close")
    window.expect_closed()

    window.open_app_messages()
    expect(window.messages.get_by_role("heading", name="Welcome to Clientdesk")).to_be_visible()
    expect(window.newest_message.get_by_role("heading", name=f"{client.name} was created", exact=True)).to_be_visible()
    expect(window.newest_message).to_contain_text(f"{client.extract}@extract.localhost")


def accept_and_hear_of_it(window: Window, stack: Stack, client: Client) -> None:
    """From the mailbox over the link to a password; the inviter hears of it, and the link is used up."""
    mailbox = window.new_page("/mail")
    mailbox.get_by_role("link", name=re.compile("invites you to Clientdesk")).click()
    expect(mailbox.get_by_text(f"Ada Marsh of Birch & Co invites you to the account of {client.name}")).to_be_visible()
    body = mailbox.frame_locator("iframe").locator("body")
    expect(body).to_contain_text(re.compile(r"It works once, until \w+day \d+ \w+ \d{4}, \d\d:\d\d (GMT|BST):"))
    page = window.follow(mailbox.frame_locator("iframe").get_by_role("link", name="Accept the invitation"))

    expect(page.get_by_role("heading", name="Set your password")).to_be_visible()
    expect(page.get_by_text(f"Hello {client.contact}")).to_be_visible()
    set_password(page, "short")
    expect(page.get_by_label("Password")).to_have_accessible_description(
        re.compile("at least 10 characters", re.IGNORECASE)
    )
    expect(page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    set_password(page, PASSWORD)
    expect(page.get_by_role("heading", name=re.compile("^You.re in"))).to_be_visible()
    expect(page.get_by_text(client.email)).to_be_visible()

    again = window.new_page(stack.invitation_link(client.email))
    expect(again.get_by_role("heading", name="This link has been used already")).to_be_visible()

    expect(window.newest_message).to_contain_text(f"{client.contact} ({client.email}) accepted the invitation")
    window.open_home()
    expect(window.home).to_contain_text("Nothing waits for you")
    expect(window.home).to_contain_text(re.compile(f"{client.name}.* · accepted"))


def set_password(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_label("Type it again").fill(password)
    page.get_by_role("button", name="Set password").click()
