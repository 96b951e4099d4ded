"""App Home in the browser: what it shows to whom, and that it keeps itself up to date."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.e2e.stack import Stack
from tests.e2e.window import Window

pytestmark = pytest.mark.browser

OpenWindow = Callable[[Stack], Window]


def test_home_shows_an_admin_all_clients_and_others_theirs_and_follows_what_colleagues_do(
    practice: Stack, open_window: OpenWindow
) -> None:
    ada, sam = (open_window(practice).act_as(user) for user in ("U_ADA", "U_SAM"))
    for window in (ada, sam):
        window.open_home()
    expect(ada.home).to_contain_text("Your role: Practice Admin")
    expect(ada.home).to_contain_text("Client bundle:")
    expect(sam.home).to_contain_text("Your role: Standard")
    expect(sam.home).not_to_contain_text("Client bundle:")
    expect(sam.home.get_by_role("button", name="Insights")).to_be_hidden()

    # Nobody presses anything here from now on.
    practice.add_client("Self Evident Ltd", by="U_CLEM", contact=("Sue Self", "sue@evident.example"))
    expect(ada.home).to_contain_text("Self Evident Ltd · sent")
    expect(ada.home).to_contain_text(re.compile("invitations? waits? to be accepted"))
    expect(sam.home).not_to_contain_text("Self Evident Ltd")
