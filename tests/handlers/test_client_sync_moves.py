"""The sign-ins of Client Sync, and what moves to them: Reconnect all and Reassign clients."""

import pytest
from sqlalchemy import func, select, update

from db.models import (
    Authorisation,
    Connection,
    ConnectionStatus,
)
from modals.client_sync import ids
from sandbox.driver import Person
from sandbox.running import RunningSandbox
from tests.builders import Office, office
from tests.stack import Stack
from tests.syncing import added, database_of, link, listed, open_sync, scale, sign_in, ticked, to_list, to_sign_in

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(database_of(stack))


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


@pytest.mark.reaches(ids.RECONNECT, ids.USE_SIGN_IN)
def test_broken_connections_are_connected_again_and_the_others_named(stack: Stack, ada: Person) -> None:
    added(stack, ada, 3)
    first, second = stack.sandbox.xero.organisations()[:2]
    _break(stack)
    to_sign_in(ada, "Reconnect all")
    ada.click("Use my sign-in")
    view = ada.wait_view(containing="3 clients are connected to Xero again")
    assert first["name"] in view.text
    _break(stack)
    stack.sandbox.xero.revoke(first["id"], bar=True)
    ada.close_all()
    to_sign_in(ada, "Reconnect all")
    sign_in(stack, ada)
    view = ada.wait_view(containing="2 clients are connected to Xero again")
    assert "1 client is not within reach of your sign-in" in view.text
    assert f"{first['name']} · last held by" in view.text
    assert second["name"] in view.text
    ada.click("Sign in again")
    ada.wait_view(containing="opens in your browser")


def _break(stack: Stack) -> None:
    with database_of(stack).begin() as session:
        session.execute(update(Connection).values(status=ConnectionStatus.EXPIRED))


@pytest.mark.reaches(ids.REASSIGN, ids.CONFIRM_REASSIGN, ids.CHOOSE_AGAIN, ids.REASSIGN_NOW)
def test_connections_of_a_colleague_are_taken_over(stack: Stack, ada: Person) -> None:
    added(stack, ada, 3)
    ada.close_all()
    clem = stack.person("U_CLEM")
    to_sign_in(clem, "Reassign clients")
    sign_in(stack, clem, user="tom")
    view = clem.wait_view(containing="reaches 3 connections of colleagues")
    assert "Held by U_ADA" in view.text
    assert list(clem.submit().errors.values()) == ["Choose at least one client."]
    first, second = listed(view)[:2]
    clem.fill("organisations", [first, second])
    clem.submit()
    view = clem.wait_view(containing="2 connections will rest on your sign-in at Xero")
    assert first in view.text
    clem.click("Back")
    view = clem.wait_view(containing="2 chosen")
    assert ticked(view) == [first, second]
    clem.fill(ids.FILTER, "Chosen (2)")
    clem.wait_view(containing="1 to 2 of 2")
    clem.submit()
    clem.wait_view(containing="2 connections will rest")
    clem.submit()
    assert first in clem.wait_view(containing="2 connections rest on your sign-in at Xero now").text
    with database_of(stack).read() as session:
        held = session.execute(
            select(func.count()).select_from(Connection).join(Authorisation).group_by(Authorisation.colleague_id)
        )
        assert sorted(held.scalars()) == [1, 2]


def test_with_nothing_to_take_over_that_is_said(stack: Stack, ada: Person) -> None:
    added(stack, ada, 3)
    open_sync(ada)
    ada.click("Reassign clients")
    ada.wait_view(containing="there is nothing to take over")


def test_a_sign_in_that_reaches_nothing_leads_to_another(stack: Stack, ada: Person) -> None:
    stack.sandbox.xero.change_settings(bulk=True)
    view = to_sign_in(ada, "Add clients")
    assert "No organisation was connected" in stack.sandbox.xero.connect(link(view), "nora", ()).text
    stack.settle()
    ada.wait_view(containing="reaches no organisation")
    sign_in(stack, ada)
    ada.wait_view(callback_id=ids.START)


def test_a_sign_in_that_xero_no_longer_takes_leads_to_another(stack: Stack, ada: Person) -> None:
    scale(stack, 3)
    to_list(stack, ada)
    ada.close_all()
    stack.sandbox.xero.kill("priya")
    open_sync(ada)
    ada.click("Add clients")
    view = ada.wait_view(containing="opens in your browser")
    assert "The sign-in at Xero has ended" in view.text
    sign_in(stack, ada)
    ada.wait_view(callback_id=ids.START)


@pytest.mark.reaches(ids.USE_SIGN_IN)
def test_a_message_leads_on_when_the_window_was_closed(stack: Stack, ada: Person) -> None:
    scale(stack, 3)
    for button, then in (
        ("Add clients", "Choose organisations"),
        ("Reconnect all", "Reconnect all"),
    ):
        address = link(to_sign_in(ada, button))
        ada.close_all()
        stack.sandbox.xero.connect(address, "priya", "all")
        stack.run_due()
        ada.wait_message("You signed in at Xero", "app_dm")
        ada.click(then)
        ada.wait_view(containing="3 chosen" if button == "Add clients" else "nothing to connect again")
        ada.close_all()


def test_sage_is_connected_one_client_at_a_time(stack: Stack, ada: Person) -> None:
    view = open_sync(ada)
    assert "Sage Accounting is connected one client at a time" in view.text
    ada.click("Add a client")
    ada.wait_view(containing="Step 1 of")


def test_without_xero_it_is_said_who_can_help(database_url: str, running_sandbox: RunningSandbox) -> None:
    with Stack(database_url, running_sandbox, settings={"XERO_CLIENT_ID": ""}) as stack:
        office(database_of(stack))
        ada = stack.person("U_ADA")
        ada.command("/client-sync")
        view = ada.wait_view(containing="not set up for Xero. Ask whoever runs it")
        assert "Reconnect all" not in view.text
