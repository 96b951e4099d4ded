"""Links that no longer let anybody in, as the client sees them, and what the inviter hears."""

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack, add_client
from tests.e2e.window import Window

pytestmark = pytest.mark.browser


def test_who_opens_an_expired_invitation_asks_for_a_new_one_and_the_inviter_hears_it(
    practice: Stack, ada: Window
) -> None:
    email = "late@slowcoach.example"
    add_client(practice.sandbox.person("U_ADA"), "Slowcoach Ltd", contact=("Lady Late", email))
    link = practice.invitation_link(email)
    practice.expire_invitation(email)
    ada.open_app_messages()

    page = ada.new_page(link)
    expect(page.get_by_role("heading", name="This link has expired")).to_be_visible()
    expect(page.get_by_role("textbox")).to_have_count(0)
    page.get_by_role("button", name="Ask for a new one").click()
    expect(page.get_by_role("heading", name="Birch & Co has been told")).to_be_visible()
    expect(page.get_by_role("button")).to_have_count(0)

    expect(ada.newest_message).to_contain_text(f"Lady Late ({email})")
    expect(ada.newest_message).to_contain_text("Slowcoach Ltd that has expired")


def test_a_link_that_was_mistyped_says_so(practice: Stack, ada: Window) -> None:
    page = ada.new_page(f"{practice.bot_url}/i/{'x' * 43}")

    expect(
        page.get_by_role("heading", name="doesn’t work").or_(page.get_by_role("heading", name="doesn't work"))
    ).to_be_visible()


def test_an_address_that_the_mail_server_refuses_is_told_to_the_inviter(practice: Stack, ada: Window) -> None:
    practice.sandbox.mail_fault("*@bounce.example", 550)
    add_client(practice.sandbox.person("U_ADA"), "Bounce Castles", contact=("Bob Bounce", "bob@bounce.example"))

    ada.open_app_messages()
    expect(ada.newest_message).to_contain_text("could not be delivered to bob@bounce.example")
    ada.open_home()
    expect(ada.home).to_contain_text("Bounce Castles · could not be delivered")
