"""What people are told when a client can't be added, or not like this; nothing they typed is lost."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

HOSTILE = "<!channel> & *_~"
PASSWORD = "correct horse battery staple"
OpenWindow = Callable[[Stack], Window]


# People


def test_a_standard_colleague_without_the_permission_is_told_who_can_give_it(
    practice: Stack, open_window: OpenWindow
) -> None:
    window = open_window(practice).act_as("U_SAM")
    window.command("/add-client")

    window.expect_text("You need the permission “Add client accounts”")
    for admin in ("@Ada Marsh", "@Clem Okafor"):
        expect(window.dialog.get_by_text(admin)).to_be_visible()
    expect(window.dialog.get_by_role("button", name="Next")).to_be_hidden()
    window.press("Close")
    window.open_home()
    expect(window.home).to_contain_text("Your role: Standard")
    window.home.get_by_role("button", name="Add a client").click()
    window.expect_text("You need the permission “Add client accounts”")
    expect(window.dialog.get_by_role("button", name="Request access")).to_be_visible()
    window.press("Close")
    window.expect_closed()


def test_who_lacks_the_permission_asks_for_it_and_one_admin_declines(practice: Stack, open_window: OpenWindow) -> None:
    sam, clem, ada = (open_window(practice).act_as(user) for user in ("U_SAM", "U_CLEM", "U_ADA"))
    ask_for_the_permission(sam, clem, ada)

    clem.newest_message.get_by_role("button", name="Decline").click()
    clem.expect_title("Decline the request")
    clem.fill("Reason", "Clem adds them this week")
    clem.press("Decline")
    for admin in (clem, ada):
        expect(admin.newest_message).to_contain_text("Declined by Clem Okafor")
        expect(admin.newest_message.get_by_role("button")).to_have_count(0)
    expect(sam.newest_message).to_contain_text("Clem Okafor declined your request")
    expect(sam.newest_message).to_contain_text("Reason: Clem adds them this week")
    expect(sam.newest_message.get_by_role("button")).to_have_count(0)


def test_who_lacks_the_permission_adds_a_client_once_an_admin_approved(
    practice: Stack, open_window: OpenWindow
) -> None:
    sam, clem, ada = (open_window(practice).act_as(user) for user in ("U_SAM", "U_CLEM", "U_ADA"))
    try:
        ask_for_the_permission(sam, clem, ada)

        ada.newest_message.get_by_role("button", name="Approve").click()
        for admin in (clem, ada):
            expect(admin.newest_message).to_contain_text("Approved by Ada Marsh")
            expect(admin.newest_message.get_by_role("img", name="white check mark")).to_be_visible()
            expect(admin.newest_message.get_by_role("button")).to_have_count(0)
        expect(sam.newest_message).to_contain_text(
            "Ada Marsh approved your request for the permission “Add client accounts”"
        )
        sam.newest_message.get_by_role("button", name="Continue adding your client").click()
        sam.expect_step(1, 6, "Client type")
    finally:
        practice.change("--colleague", "U_SAM", "--may-add-clients", "off")
        practice.put_away("U_SAM")


@pytest.mark.parametrize("user_id", ["U_CLEM", "U_JO"], ids=["client-admin", "standard-with-permission"])
def test_who_has_the_permission_begins_at_the_first_step(
    practice: Stack, open_window: OpenWindow, user_id: str
) -> None:
    window = open_window(practice).act_as(user_id)
    window.begin()
    window.expect_step(1, 6, "Client type")
    practice.put_away(user_id)


def test_a_guest_is_told_that_guests_cannot_use_it(practice: Stack, open_window: OpenWindow) -> None:
    window = open_window(practice).act_as("U_OLLY")
    window.command("/add-client")

    window.expect_text("Guests can't use Clientdesk. Ask a member of this workspace to do it for you.")
    expect(window.dialog.get_by_role("textbox")).to_have_count(0)
    window.press("Close")
    window.open_home()
    expect(window.home).to_contain_text("Guests can't use Clientdesk. Ask a member of this workspace")


def test_somebody_from_another_company_is_refused_in_a_shared_channel(practice: Stack, open_window: OpenWindow) -> None:
    window = open_window(practice).act_as("U_EVE", "C_SHARED")
    window.command("/add-client")

    window.expect_text("belongs to another company")
    expect(window.dialog.get_by_role("textbox")).to_have_count(0)


def test_a_full_bundle_stops_at_the_first_step_until_a_practice_admin_raises_it(
    practice: Stack, open_window: OpenWindow
) -> None:
    practice.add_client("Last Place Ltd")
    practice.change("--bundle", "1")
    try:
        window = open_window(practice).act_as("U_CLEM")
        window.command("/add-client")
        window.expect_title("Bundle is full")
        window.expect_text(re.compile(r"\d+ of 1 client accounts? "))
        expect(window.dialog.get_by_role("button", name="Ask a Practice Admin")).to_be_visible()
        expect(window.dialog.get_by_text("@Ada Marsh")).to_be_visible()
        expect(window.field("Client bundle")).to_be_hidden()
        window.press("Close")

        window.act_as("U_ADA").command("/add-client")
        window.expect_title("Bundle is full")
        window.fill("Client bundle", "1")
        window.press("Raise the bundle")
        expect(window.field("Client bundle")).to_have_attribute("aria-invalid", "true")
        window.fill("Client bundle", "50")
        window.press("Raise the bundle")
        window.expect_text("Your bundle includes 50 client accounts now")
        window.press("Close")
        window.begin()
    finally:
        practice.change("--bundle", "50")
        practice.put_away("U_ADA")


# What is typed


def test_bad_details_are_told_at_the_field_and_stay_as_typed(practice: Stack, ada: Window) -> None:
    practice.add_client("Holder Of The Code", code="TAKEN-7")
    to_details(ada)

    ada.select("Industry", "Construction and trades")
    ada.press("Next")
    expect(ada.field("Business name")).to_have_attribute("aria-invalid", "true")
    ada.expect_step(3, 6, "Details")

    long = "Long " * 60
    ada.fill("Business name", long)
    ada.fill("Practice code", "X-1")
    ada.press("Next")
    expect(ada.field("Business name")).to_have_attribute("aria-invalid", "true")
    expect(ada.field("Business name")).to_have_accessible_description(re.compile("255"))
    expect(ada.field("Business name")).to_have_value(long)
    expect(ada.field("Industry")).to_have_value("Construction and trades")

    ada.fill("Business name", "Unlike Any Other")
    ada.fill("Practice code", "taken-7")
    ada.press("Next")
    ada.expect_error("Practice code", "Holder Of The Code")
    expect(ada.field("Practice code")).to_have_value("taken-7")
    ada.fill("Practice code", "X-1")
    ada.press("Next")
    ada.expect_step(4, 6, "Colleague access")


def test_a_name_much_like_an_existing_one_warns_and_lets_the_person_go_on(practice: Stack, ada: Window) -> None:
    practice.add_client("Quartz Plumbing Limited", code="QP")
    to_details(ada)

    ada.fill("Business name", "Quarz Plumbing Ltd")
    ada.press("Next")
    ada.expect_text("You may have this client already")
    ada.expect_text("Quartz Plumbing Limited · code QP")
    ada.expect_step(3, 6, "Details")
    expect(ada.field("Business name")).to_have_value("Quarz Plumbing Ltd")
    ada.press("Continue anyway")
    ada.expect_step(4, 6, "Colleague access")


def test_a_bad_e_mail_is_told_at_the_field_and_the_name_stays(ada: Window) -> None:
    to_invite(ada, "Badly Addressed")

    ada.press("Next")
    for label in ("Client's name", "Client's e-mail"):
        expect(ada.field(label)).to_have_attribute("aria-invalid", "true")
    ada.fill("Client's name", "Bea Address")
    for bad in ("bea", "bea@", "bea @example.com", "bea@example"):
        ada.fill("Client's e-mail", bad)
        expect(ada.field("Client's e-mail")).not_to_have_attribute("aria-invalid", "true")
        ada.press("Next")
        expect(ada.field("Client's e-mail")).to_have_attribute("aria-invalid", "true")
        expect(ada.field("Client's e-mail")).to_have_value(bad)
        expect(ada.field("Client's name")).to_have_value("Bea Address")
    ada.fill("Client's e-mail", "bea@example.com")
    ada.press("Next")
    ada.expect_step(6, 6, "Review")


def test_a_name_made_of_markup_is_shown_literally_everywhere(ada: Window) -> None:
    to_details(ada)
    ada.fill("Business name", HOSTILE)
    ada.press("Next")
    ada.expect_step(4, 6, "Colleague access")
    ada.press("Next")
    ada.expect_step(5, 6, "Invite")
    ada.fill("Client's name", HOSTILE)
    ada.fill("Client's e-mail", "markup@example.com")
    ada.press("Next")
    ada.expect_step(6, 6, "Review")
    ada.expect_text(f"Business name: {HOSTILE}")
    ada.expect_text(f"{HOSTILE} <markup@example.com>")
    ada.press("Create")
    expect(ada.dialog.get_by_role("heading", name=HOSTILE, exact=True)).to_be_visible()
    ada.press("Close")
    to_details(ada)
    ada.fill("Business name", HOSTILE)
    ada.press("Next")
    ada.expect_text("You may have this client already")
    expect(ada.dialog.get_by_text(HOSTILE, exact=True)).to_be_visible()
    ada.press("Close")
    ada.expect_closed()

    ada.open_app_messages()
    heading = ada.messages.get_by_role("heading", name=f"{HOSTILE} was created", exact=True)
    expect(heading).to_be_visible()
    assert heading.inner_text() == f"{HOSTILE} was created"
    ada.open_home()
    expect(ada.home.get_by_text(f"{HOSTILE} · ").first).to_be_visible()
    mailbox = ada.new_page("/mail")
    mailbox.get_by_role("link").filter(has_text="markup@example.com").click()
    expect(mailbox.frame_locator("iframe").get_by_text(f"the account of {HOSTILE} in Clientdesk")).to_be_visible()


# An e-mail that already belongs to a user


def test_a_user_who_is_there_already_can_be_asked_to_invite_the_practice(practice: Stack, ada: Window) -> None:
    email = "ida@there.example"
    with_login(practice, ada, "There Already Ltd", email)
    to_invite(ada, "Second Venture")
    ada.fill("Client's name", "Ida There")
    ada.fill("Client's e-mail", email.upper())
    ada.press("Next")
    ada.expect_text("already belongs to a user")
    expect(ada.field("Client's e-mail")).to_have_value(email.upper())
    ada.press("Next")
    ways = ada.dialog.get_by_role("group", name="How should this go on?")
    expect(ways.get_by_text(re.compile("Choose one|complete this required field"))).to_be_visible()

    ada.choose("They invite us from their existing account")
    ada.press("Next")
    ada.expect_step(6, 6, "Ask for an invitation")
    ada.expect_text("Hello Ida There")
    ada.expect_text("invite a practice: our Clientdesk address is birch-co.")
    expect(ada.dialog.get_by_role("button", name="Create")).to_be_hidden()
    ada.press("Done")
    ada.press("Close")
    ada.open_home()
    expect(ada.home).to_contain_text("There Already Ltd")
    expect(ada.home).not_to_contain_text("Second Venture")


def test_a_user_who_is_there_already_can_be_added_without_an_invitation(practice: Stack, ada: Window) -> None:
    email = "ned@there.example"
    with_login(practice, ada, "Ned's First", email)
    to_invite(ada, "Allotment Society")
    ada.fill("Client's name", "Ned There")
    ada.fill("Client's e-mail", email)
    ada.press("Next")
    ada.expect_text("already belongs to a user")
    ada.choose("Create the client without an invitation")
    ada.press("Next")
    ada.expect_step(6, 6, "Review")
    ada.expect_text(re.compile("Invitation: none.*existing login"))
    ada.press("Create")
    ada.expect_title("Client created")
    ada.expect_text(re.compile("Invitation: none needed; Ned There.*signs in as before"))
    assert len(practice.sandbox.mail(email)) == 1


# What the tests share


def ask_for_the_permission(who: Window, *admins: Window) -> None:
    """Until the admins have the request in front of them, and whoever asked waits for the answer."""
    for admin in admins:
        admin.open_app_messages()
    who.command("/add-client")
    who.press("Request access")
    who.expect_title("Request access")
    who.fill("Why do you need it?", "Month end")
    who.press("Send the request")
    expect(who.dialog.get_by_text("@Clem Okafor")).to_be_visible()
    who.press("Close")
    who.open_app_messages()
    for admin in admins:
        expect(admin.newest_message).to_contain_text("Sam Price asks for the permission “Add client accounts”")
        expect(admin.newest_message.get_by_role("button", name="Approve")).to_be_visible()


def to_details(window: Window) -> None:
    """From #general to the details of a UK practice on Essentials without the add-on."""
    window.begin()
    window.expect_step(1, 6, "Client type")
    window.press("Next")
    window.expect_step(2, 6, "Accounting software")
    window.press("Next")
    window.expect_step(3, 6, "Details")


def to_invite(window: Window, name: str) -> None:
    to_details(window)
    window.fill("Business name", name)
    window.press("Next")
    window.expect_step(4, 6, "Colleague access")
    window.press("Next")
    window.expect_step(5, 6, "Invite")


def with_login(practice: Stack, window: Window, client: str, email: str) -> None:
    """A client whose user has accepted."""
    practice.add_client(client, contact=("Ida There", email))
    page = window.new_page(practice.invitation_link(email))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Type it again").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name=re.compile("^You.re in"))).to_be_visible()
    page.close()
