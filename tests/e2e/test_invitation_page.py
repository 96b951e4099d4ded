"""Invitations that come later or go wrong: what the client sees, and what the inviter hears."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser


def test_a_client_whose_invitation_was_skipped_is_invited_from_the_message(practice: Stack, ada: Window) -> None:
    practice.add_client("Slow Starters Ltd")
    ada.open_app_messages()
    expect(ada.newest_message).to_contain_text("Slow Starters Ltd was created")
    ada.newest_message.get_by_role("button", name="Invite the client").click()

    ada.expect_title("Invite the client")
    ada.fill("Client's name", "Sid Slow")
    ada.fill("Client's e-mail", "sid@")
    ada.press("Invite")
    ada.expect_error("Client's e-mail", "Enter a whole e-mail address")
    expect(ada.field("Client's name")).to_have_value("Sid Slow")
    ada.fill("Client's e-mail", "sid@slow.example")
    ada.press("Invite")
    ada.expect_text("Sid Slow is being invited to Slow Starters Ltd")

    page = ada.new_page(practice.invitation_link("sid@slow.example"))
    expect(page.get_by_role("heading", name="Set your password")).to_be_visible()


def test_who_opens_an_expired_invitation_asks_for_a_new_one_and_the_inviter_hears_it(
    practice: Stack, ada: Window
) -> None:
    email = "late@slowcoach.example"
    practice.add_client("Slowcoach Ltd", contact=("Lady Late", email))
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

    expect(page.get_by_role("heading", name=re.compile("This link doesn.t work"))).to_be_visible()


def test_an_address_that_the_mail_server_refuses_is_told_to_the_inviter(practice: Stack, ada: Window) -> None:
    practice.sandbox.mail_fault("*@bounce.example", 550)
    practice.add_client("Bounce Castles", contact=("Bob Bounce", "bob@bounce.example"))

    ada.open_app_messages()
    expect(ada.newest_message).to_contain_text("could not be delivered to bob@bounce.example")
    ada.open_home()
    expect(ada.home).to_contain_text("Bounce Castles · could not be delivered")
