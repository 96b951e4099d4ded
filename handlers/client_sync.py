"""Client Sync: the command, choosing among organisations, the sync's message, reconnecting and reassigning."""

import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from db.models import ItemState
from handlers.forms import message_place, show
from handlers.ports import Ack, Admission, After, Caller, Slack, SlackOf
from handlers.registry import Registry
from handlers.workspaces import enter
from modals import notices
from modals.blocks import View
from modals.client_sync import chooser, ids, inviting, opening, progress, results
from modals.client_sync.chooser import ChooserMetadata
from modals.client_sync.inviting import InvitingMetadata
from modals.client_sync.results import ConfirmationMetadata, OutcomesMetadata
from services.accounting.consent import Consent, PurposeKind
from services.actor import Actor
from services.client_sync.records import Filter, Goal, RunView, Wish
from services.container import Services
from services.errors import GoneError, ServiceError

COMMAND = "/client-sync"
_GOALS = {PurposeKind.SYNC: Goal.ADD, PurposeKind.RECONNECT: Goal.RECONNECT, PurposeKind.REASSIGN: Goal.REASSIGN}
_log = logging.getLogger(__name__)


def register(router: Registry) -> None:
    router.command(COMMAND, open_client_sync)
    router.shortcut(ids.OPEN, open_client_sync)
    router.action(ids.OPEN, open_client_sync)
    router.action(ids.ADD, add_from_provider)
    router.action(ids.RECONNECT, reconnect_all)
    router.action(ids.REASSIGN, reassign_clients)
    router.action(ids.LEAVE, leave_for_consent)
    router.action(ids.USE_SIGN_IN, use_sign_in)
    router.action(ids.GO_ON, go_on_choosing)
    router.action(ids.CHOOSE_AGAIN, choose_again)
    router.action(ids.SEARCH, search_list)
    router.action(ids.FILTER, filter_list)
    router.action(ids.PREVIOUS, turn_list)
    router.action(ids.NEXT, turn_list)
    router.action(ids.SELECT_ALL, select_all)
    router.action(ids.SELECT_NONE, select_none)
    router.action(ids.CONNECT_ANOTHER, leave_list_for_consent)
    router.view(ids.START, start)
    router.view(ids.CONFIRM_REASSIGN, confirm_reassign)
    router.view(ids.REASSIGN_NOW, reassign_now)
    router.action(ids.SHOW, show_run)
    router.action(ids.CANCEL, cancel)
    router.action(ids.RETRY_FAILED, retry_failed)
    router.action(ids.OUTCOMES, show_outcomes)
    router.action(ids.OUTCOME, choose_outcome)
    router.action(ids.OUTCOMES_PREVIOUS, turn_outcomes)
    router.action(ids.OUTCOMES_NEXT, turn_outcomes)
    router.action(ids.INVITE, invite_clients)
    router.view(ids.SUBMIT_INVITES, submit_invites)


def open_client_sync(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()

    def build(actor: Actor) -> View:
        return opening.opening(services.client_sync.open(actor))

    show(after, slack, caller, body, opening.TITLE, lambda: enter(caller, admit, services, slack, build))


def add_from_provider(
    ack: Ack, actor: Actor, caller: Caller, body: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    ack()
    _show_slowly(after, slack, caller, body, lambda: _towards(actor, Goal.ADD, services))


def reconnect_all(
    ack: Ack, actor: Actor, caller: Caller, body: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    ack()
    sign_in = services.client_sync.sign_in(actor, Goal.RECONNECT)
    show(after, slack, caller, body, opening.TITLE, lambda: opening.sign_in(sign_in))


def reassign_clients(
    ack: Ack, actor: Actor, caller: Caller, body: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    ack()
    _show_slowly(after, slack, caller, body, lambda: _towards(actor, Goal.REASSIGN, services))


def leave_for_consent(ack: Ack) -> None:
    ack()


def use_sign_in(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()
    goal = Goal(action["value"])
    _show_slowly(after, slack, caller, body, lambda: _reached(actor, goal, services))


def arrived(consent: Consent, services: Services, slack_of: SlackOf) -> None:
    """The window that waits for a consent moves on to what is within reach; where there is none, a message leads on."""
    goal = _GOALS[consent.purpose.kind]
    if not _moves_on(consent, goal, services, slack_of):
        services.client_sync.tell_arrived(consent.actor, goal)


def _moves_on(consent: Consent, goal: Goal, services: Services, slack_of: SlackOf) -> bool:
    external_id = consent.purpose.view
    if external_id is None:
        return False
    try:
        slack = slack_of(consent.actor.practice_id)
        # First of all, so that nothing is done that nobody would see.
        waiting = notices.loading(opening.TITLE) | {"external_id": external_id}
        if slack is None or not slack.move_on(external_id, waiting):
            return False
        return slack.move_on(
            external_id, _reached(consent.actor, goal, services, authorisation_id=consent.authorisation_id)
        )
    except Exception:  # noqa: BLE001 - the message leads to the same
        _log.warning("A window could not be moved on after a consent", exc_info=True)
        return False


def _towards(actor: Actor, goal: Goal, services: Services) -> View:
    """What is within reach of the person's sign-in; without one, the way to the consent page."""
    sign_in = services.client_sync.sign_in(actor, goal)
    return _reached(actor, goal, services) if sign_in.signed_in else opening.sign_in(sign_in)


def _reached(actor: Actor, goal: Goal, services: Services, *, authorisation_id: uuid.UUID | None = None) -> View:
    """Asks the provider. A sign-in that does not do leads to another."""
    try:
        if goal is Goal.RECONNECT:
            return results.reconnected(services.client_sync.reconnect_all(actor, authorisation_id=authorisation_id))
        return chooser.page(services.client_sync.list_organisations(actor, goal, authorisation_id=authorisation_id))
    except ServiceError as problem:
        return opening.sign_in(services.client_sync.sign_in(actor, goal), problem=problem.message)


def _show_slowly(after: After, slack: Slack, caller: Caller, body: dict[str, Any], build: Callable[[], View]) -> None:
    """As `show`, where the provider is asked: a window that is open says meanwhile that something is coming."""
    view = body.get("view")
    if not (isinstance(view, dict) and view.get("type") == "modal"):
        show(after, slack, caller, body, opening.TITLE, build)
        return
    external_id = str(uuid.uuid4())

    def begin() -> Callable[[], None]:
        slack.update(view, notices.loading(opening.TITLE) | {"external_id": external_id})
        return lambda: slack.fill(external_id, build)

    after(begin)


def go_on_choosing(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()
    run_id = uuid.UUID(action["value"])
    show(
        after,
        slack,
        caller,
        body,
        opening.TITLE,
        lambda: chooser.page(services.client_sync.chooser(actor, run_id, Wish())),
    )


def choose_again(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    listed = services.client_sync.chooser(actor, ConfirmationMetadata.of(view).run, Wish())
    ack()
    after(slack.update, view, chooser.page(listed))


def search_list(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = _keep(actor, view, services)
    wish = Wish(filter=at.filter, query=chooser.query(view))
    _list(ack, actor, view, services, slack, after, at, wish)


def filter_list(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = _keep(actor, view, services)
    wish = Wish(filter=Filter(action["selected_option"]["value"]), query=at.query)
    _list(ack, actor, view, services, slack, after, at, wish)


def turn_list(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = _keep(actor, view, services)
    wish = Wish(page=int(action["value"]), filter=at.filter, query=at.query)
    _list(ack, actor, view, services, slack, after, at, wish)


def select_all(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = _keep(actor, view, services)
    services.client_sync.choose_all(actor, at.run, at.wish)
    _list(ack, actor, view, services, slack, after, at, at.wish)


def select_none(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = _keep(actor, view, services)
    services.client_sync.choose_none(actor, at.run, at.wish)
    _list(ack, actor, view, services, slack, after, at, at.wish)


def leave_list_for_consent(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    _keep(actor, view, services)
    ack()


def _keep(actor: Actor, view: dict[str, Any], services: Services) -> ChooserMetadata:
    """What is ticked on the page; where the page is."""
    at, entered = ChooserMetadata.of(view), chooser.read(view)
    services.client_sync.keep(actor, at.run, entered.choices, team_id=entered.team_id, solutions=entered.solutions)
    return at


def _list(
    ack: Ack,
    actor: Actor,
    view: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
    at: ChooserMetadata,
    wish: Wish,
) -> None:
    listed = services.client_sync.chooser(actor, at.run, wish)
    ack()
    after(slack.update, view, chooser.page(listed, revision=at.revision + 1))


def start(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    with suppress(GoneError):  # it has started: a second press shows the same
        _keep(actor, view, services)
    run = services.client_sync.start(actor, ChooserMetadata.of(view).run)
    ack(response_action="update", view=progress.window(run))


def confirm_reassign(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = _keep(actor, view, services)
    ack(response_action="update", view=results.confirmation(services.client_sync.confirm_reassign(actor, at.run)))


def reassign_now(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    done = services.client_sync.reassign(actor, ConfirmationMetadata.of(view).run)
    ack(response_action="update", view=results.reassigned(done))


def show_run(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    run = services.client_sync.view(actor, uuid.UUID(action["value"]))
    ack()
    show(after, slack, caller, body, opening.TITLE, lambda: progress.window(run))


def cancel(
    ack: Ack,
    actor: Actor,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    run = services.client_sync.cancel(actor, uuid.UUID(action["value"]))
    ack()
    after(_show_where_pressed, slack, body, run)


def retry_failed(
    ack: Ack,
    actor: Actor,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    run = services.client_sync.retry_failed(actor, uuid.UUID(action["value"]))
    ack()
    after(_show_where_pressed, slack, body, run)


def _show_where_pressed(slack: Slack, body: dict[str, Any], run: RunView) -> None:
    if "view" in body:
        slack.update(body["view"], progress.window(run))
    else:
        slack.update_message(*message_place(body), progress.message(run))


def show_outcomes(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    run_id, state = results.outcomes_asked(action["value"])
    found = services.client_sync.outcomes(actor, run_id, state, 0)
    ack()
    show(after, slack, caller, body, opening.TITLE, lambda: results.outcomes(found))


def choose_outcome(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    state = ItemState(action["selected_option"]["value"])
    found = services.client_sync.outcomes(actor, OutcomesMetadata.of(view).run, state, 0)
    ack()
    after(slack.update, view, results.outcomes(found))


def turn_outcomes(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = OutcomesMetadata.of(view)
    found = services.client_sync.outcomes(actor, at.run, at.state, int(action["value"]))
    ack()
    after(slack.update, view, results.outcomes(found))


def invite_clients(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    page = services.client_sync.invitable(actor, uuid.UUID(action["value"]))
    ack()
    show(after, slack, caller, body, inviting.TITLE, lambda: inviting.page(page))


def submit_invites(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at, entries = InvitingMetadata.of(view), inviting.read(view)
    passed = at.passed + len(at.clients) - len(entries)
    page = services.client_sync.invite(actor, at.run, entries, passed=passed)
    ack(response_action="update", view=inviting.page(page, passed=passed))
