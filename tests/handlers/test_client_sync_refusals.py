"""Client Sync, where something is not allowed, not there any more, or done twice."""

import pytest
from sqlalchemy import delete, select

from db.models import (
    SyncRun,
)
from modals.client_sync import ids
from sandbox.driver import Person
from services.client_sync.records import Wish
from services.errors import GoneError, ServiceError
from services.operator import OperatorService
from tests.builders import Office, office
from tests.stack import Stack
from tests.syncing import (
    actor_of,
    added,
    buttons,
    clients,
    database_of,
    done,
    label,
    listed,
    open_sync,
    posts,
    scale,
    send,
    start,
    to_list,
)

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(database_of(stack))


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


def test_whoever_may_not_add_clients_can_ask_for_it_and_still_reconnect(stack: Stack, people: Office) -> None:
    sam = stack.person("U_SAM")
    view = open_sync(sam)
    assert "you need the permission “Add client accounts”" in view.text
    assert "Add clients" not in [label(each) for each in buttons(view)]
    sam.click("Reconnect all")
    sam.wait_view(containing="opens in your browser")
    sam.close_all()
    open_sync(sam)
    sam.click("Request access")
    sam.wait_view(title="Request access", containing="Why do you need it?")
    sam.fill("reason", "Month end")
    sam.submit()
    sam.wait_view(containing="Asked: ")
    sam.close_all()
    assert "You asked for it on" in open_sync(sam).text


def test_a_permission_that_was_taken_away_is_missed_when_it_counts(stack: Stack, people: Office) -> None:
    jo = stack.person("U_JO")
    scale(stack, 3)
    to_list(stack, jo)
    OperatorService(database_of(stack)).change_colleague("T_BIRCH", "U_JO", may_add_clients=False)
    jo.submit()
    jo.wait_view(containing="Add client accounts")
    assert clients(stack) == {}


def test_what_is_of_another_practice_or_colleague_is_refused(stack: Stack, ada: Person) -> None:
    added(stack, ada, 3)
    ada.close_all()
    open_sync(ada)
    ada.click("Add clients")
    ada.wait_view(callback_id=ids.START)
    with database_of(stack).read() as session:
        open_run, run = session.scalars(select(SyncRun.id).order_by(SyncRun.state)).all()
    elsewhere = office(database_of(stack), slack_key="T_CEDAR")
    sync = stack.composition.services.client_sync
    for actor in (elsewhere.ada, actor_of(stack, "U_JO")):
        for act in (sync.cancel, sync.retry_failed, sync.view, sync.invitable):
            with pytest.raises(ServiceError):
                act(actor, run)
        with pytest.raises(GoneError):
            sync.chooser(actor, open_run, Wish())
    for action_id in (ids.CANCEL, ids.RETRY_FAILED, ids.SHOW, ids.INVITE):
        _forge(stack, "U_JO", action_id, str(run))
    said = [message.text for message in stack.person("U_JO").messages("app_dm")]
    assert len([text for text in said if "Only the person who began this sync" in text]) == 4
    assert len(said) == 4


def _forge(stack: Stack, user: str, action_id: str, value: str) -> None:
    """A press of a button that this person was never shown."""
    payload = {
        "type": "block_actions",
        "trigger_id": "1.2",
        "container": {"type": "message", "channel_id": "D1", "message_ts": "1.2"},
        "actions": [{"type": "button", "action_id": action_id, "block_id": "b", "value": value, "action_ts": "1.2"}],
    }
    assert send(stack, user, payload).status_code == 200
    stack.settle()


def test_an_old_message_s_button_says_that_the_sync_is_gone(stack: Stack, ada: Person) -> None:
    added(stack, ada, 3)
    with database_of(stack).begin() as session:
        session.execute(delete(SyncRun))
    ada.click("Show all")
    ada.wait_message("This sync is no longer there")
    ada.click("Invite these clients")
    stack.settle()
    assert ada.view is None


def test_a_list_that_another_window_replaced_says_so(stack: Stack, ada: Person) -> None:
    scale(stack, 3)
    to_list(stack, ada)
    with database_of(stack).begin() as session:
        session.execute(delete(SyncRun))
    ada.click("Select none")
    ada.wait_view(containing="This list is no longer open")


def test_nothing_chosen_and_a_full_bundle_are_refused_at_the_list(stack: Stack, ada: Person) -> None:
    scale(stack, 60)
    view = to_list(stack, ada)
    assert "50 chosen" in view.text
    assert "10 over your bundle" in view.text
    ada.click(ids.SELECT_ALL)
    ada.wait_view(containing="10 of them find no room in your bundle. Raise the bundle, or choose fewer")
    [error] = ada.submit().errors.items()
    assert error[0].startswith("organisations.")
    assert "Your bundle has room for 50 more" in error[1]
    ada.click(ids.SELECT_NONE)
    ada.wait_view(containing="0 chosen")
    assert list(ada.submit().errors.values()) == ["Choose at least one organisation."]
    assert clients(stack) == {}


def test_pressing_create_twice_starts_one_sync(stack: Stack, ada: Person) -> None:
    scale(stack, 3)
    to_list(stack, ada)
    view = ada.view
    assert view is not None
    payload = {"type": "view_submission", "trigger_id": "1.2", "view": view.raw}
    answers = [send(stack, "U_ADA", payload).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert "Adding clients from Xero: 0 of 3" in str(answers[0])
    done(stack, ada)
    assert len(clients(stack)) == 3
    assert len(posts(stack)) == 1


def test_names_from_outside_stay_as_they_are(stack: Stack, ada: Person) -> None:
    stack.sandbox.xero.change_settings(bulk=True, organisations=11, odd=True, connection_cap=1000)
    view = to_list(stack, ada)
    hostile = "<b>Bold</b> *Claims* & Co <!channel>"
    assert hostile in listed(view)
    assert "1 demo company" in view.text
    start(stack, ada)
    message = done(stack, ada)
    assert "10 created" in message.text
    assert hostile in clients(stack)
