"""First contact and set-up, as people of a fresh workspace meet it."""

import pytest

from modals import set_up
from modals.add_client import ids
from tests.stack import Stack


def _set_up(stack: Stack, user: str = "U_ADA") -> None:
    person = stack.person(user)
    person.command("/add-client")
    person.wait_view(callback_id=set_up.SUBMIT)
    person.fill("region", "Canada")
    person.fill("bundle", "25")
    person.submit()
    person.wait_view(containing="Clientdesk is ready")


@pytest.mark.reaches(set_up.SUBMIT)
def test_the_owner_sets_the_practice_up_and_is_welcomed(stack: Stack) -> None:
    _set_up(stack)
    stack.run_due()
    ada = stack.person("U_ADA")
    ada.wait_message("Welcome to Clientdesk", "app_dm")
    ada.close_all()
    ada.command("/add-client")
    ada.wait_view(callback_id=ids.SUBMIT)


def test_others_are_told_who_can_set_it_up(stack: Stack) -> None:
    sam = stack.person("U_SAM")
    sam.command("/add-client")
    assert "U_ADA" in sam.wait_view(title=set_up.TITLE, containing="not set up here yet").text


@pytest.mark.reaches(set_up.OPEN, "app_home_opened")
def test_app_home_leads_into_the_set_up(stack: Stack) -> None:
    ada = stack.person("U_ADA")
    ada.open_home()
    ada.wait_home("Welcome to Clientdesk")
    ada.click("Set up Clientdesk", home=True)
    ada.wait_view(callback_id=set_up.SUBMIT)
    sam = stack.person("U_SAM")
    sam.open_home()
    sam.wait_home("An owner or admin of this workspace sets it up")


def test_wrong_answers_are_refused_at_their_fields_and_kept(stack: Stack) -> None:
    ada = stack.person("U_ADA")
    ada.command("/add-client")
    ada.wait_view(callback_id=set_up.SUBMIT)
    ada.fill("region", "Canada")
    ada.fill("bundle", "a few")
    ada.fill("name", "x" * 101)
    assert set(ada.submit().errors) == {"bundle"}
    ada.fill("bundle", "25")
    assert set(ada.submit().errors) == {"name"}
    ada.fill("name", "Birch & Co")
    assert ada.submit().errors == {}


@pytest.mark.reaches("app_uninstalled", "tokens_revoked")
def test_after_an_uninstall_nothing_is_sent(stack: Stack) -> None:
    _set_up(stack)
    for _ in range(2):
        assert stack.sandbox.event("T_BIRCH", {"type": "tokens_revoked", "tokens": {"bot": ["U_BOT"]}}).ok
        assert stack.sandbox.event("T_BIRCH", {"type": "app_uninstalled"}).ok
    stack.run_due()
    assert stack.sandbox.calls("chat.postMessage") == []
