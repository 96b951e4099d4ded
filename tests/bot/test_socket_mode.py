"""The product without an address that Slack could reach."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from db.models import Practice
from modals import set_up
from sandbox.running import RunningSandbox
from tests.stack import SOON, Stack

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def socket_stack(database_url: str, running_sandbox: RunningSandbox) -> Iterator[Stack]:
    """Reached by its sockets only: nobody listens where Slack would send requests."""
    with Stack(database_url, running_sandbox, settings={"SLACK_APP_TOKEN": "xapp-1"}) as stack:
        running_sandbox.bot_url = "http://127.0.0.1:9"
        yield stack


def wait_for_sockets(stack: Stack, count: int) -> None:
    sockets, end = stack.running.parts.slack.sockets, time.monotonic() + SOON
    while sockets.connected != count:
        assert time.monotonic() < end, f"{sockets.connected} sockets, not {count}"
        time.sleep(0.01)


def test_a_command_a_form_and_an_event_arrive_by_socket(socket_stack: Stack) -> None:
    wait_for_sockets(socket_stack, 2)
    ada = socket_stack.person("U_ADA")
    assert ada.command("/add-client").ok
    ada.wait_view(callback_id=set_up.SUBMIT)
    ada.fill("region", "Canada")
    ada.fill("bundle", "none")
    assert set(ada.submit().errors) == {"bundle"}
    ada.fill("bundle", "25")
    assert ada.submit().errors == {}
    ada.wait_view(containing="Clientdesk is ready")
    ada.open_home()
    ada.wait_home("25")
    ada.close_all()
    assert ada.command("/clients payload").ok
    ada.wait_message("is not something /clients knows")
    socket_stack.sandbox.event("T_BIRCH", {"type": "app_uninstalled"})
    socket_stack.settle()
    with socket_stack.composition.database.read() as session:
        assert session.scalars(select(Practice.uninstalled_at)).one() is not None


def test_the_sockets_come_back_when_slack_closes_them(socket_stack: Stack) -> None:
    wait_for_sockets(socket_stack, 2)
    socket_stack.sandbox.post("socket", {"reason": "refresh_requested"})
    wait_for_sockets(socket_stack, 2)
    assert socket_stack.person("U_SAM").command("/clients help").ok


def test_without_an_app_token_there_is_no_socket(stack: Stack) -> None:
    assert stack.running.parts.slack.sockets.connected == 0
    assert stack.person("U_SAM").command("/clients help").ok
