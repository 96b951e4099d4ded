"""Permission requests: asking for something, deciding on a card or in the list, and taking a request back."""

from functools import partial
from typing import Any

from handlers.forms import message_place, show
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from handlers.workspaces import enter
from modals.blocks import View
from modals.permissions import asking, cards, ids, page
from modals.permissions.ids import DeclineMetadata, ListMetadata
from services.actor import Actor
from services.container import Services
from services.permissions.records import Request, Stranger


def register(router: Registry) -> None:
    router.action(ids.LIST, open_list)
    router.action(ids.PREVIOUS, turn_page)
    router.action(ids.NEXT, turn_page)
    router.action(ids.REQUEST, open_form)
    router.action(ids.KIND, choose_kind)
    router.view(ids.SUBMIT, submit)
    router.action(ids.WITHDRAW, withdraw)
    router.action(ids.APPROVE, approve)
    router.action(ids.APPROVE_FOR, approve_for)
    router.action(ids.DECLINE, decline)
    router.view(ids.SUBMIT_DECLINE, submit_decline)


def open_list(
    ack: Ack, caller: Caller, body: dict[str, Any], admit: Admission, services: Services, slack: Slack, after: After
) -> None:
    ack()
    show_list(caller, body, admit, services, slack, after)


def show_list(
    caller: Caller, body: dict[str, Any], admit: Admission, services: Services, slack: Slack, after: After
) -> None:
    build = partial(_listing, services)
    show(after, slack, caller, body, page.TITLE, lambda: enter(caller, admit, services, slack, build))


def turn_page(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    shown = _listing(services, actor, int(action["value"]))
    ack()
    after(slack.update, view, shown)


def open_form(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()
    kind, like = asking.read_opening(action.get("value"))

    def build(actor: Actor) -> View:
        return asking.request_form(services.permissions.form(actor, kind, like=like))

    show(after, slack, caller, body, asking.TITLE, lambda: enter(caller, admit, services, slack, build))


def choose_kind(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    shown = asking.request_form(services.permissions.form(actor, asking.read_kind(view)))
    ack()
    after(slack.update, view, shown)


def submit(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    outcome = services.permissions.request(actor, asking.read_wish(view))
    ack(response_action="update", view=asking.asked(outcome))


def withdraw(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    request_id, listed = asking.read_withdrawal(action)
    request = services.permissions.withdraw(actor, request_id)
    if listed is None:
        shown = asking.withdrawn(request)
    else:
        shown = _listing(services, actor, listed, page.withdrawn_note(request))
    ack()
    after(slack.update, view, shown)


def approve(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    who = _decider(caller, services)
    request = services.permissions.decide(who, cards.read_id(action), approve=True)
    ack()
    _show_decided(who, request, body, services, slack, after)


def approve_for(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    who = _decider(caller, services)
    request_id, term = cards.read_term(action)
    request = services.permissions.decide(who, request_id, approve=True, term=term)
    ack()
    _show_decided(who, request, body, services, slack, after)


def decline(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    request = services.permissions.deciding(_decider(caller, services), cards.read_id(action))
    ack()
    if view := body.get("view"):
        origin = DeclineMetadata(request=request.id, page=ListMetadata.of(view).page)
    else:
        channel, ts = message_place(body)
        origin = DeclineMetadata(request=request.id, channel=channel, ts=ts)
    show(after, slack, caller, body, page.DECLINE_TITLE, lambda: page.decline_form(request, origin))


def submit_decline(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    origin = DeclineMetadata.of(view)
    request = services.permissions.decide(actor, origin.request, approve=False, reason=page.read_reason(view))
    if origin.channel is None or origin.ts is None:
        shown = _listing(services, actor, origin.page, page.decided_note(request))
        ack(response_action="update", view=shown)
        return
    ack()
    after(slack.update_message, origin.channel, origin.ts, cards.card(request))


def _decider(caller: Caller, services: Services) -> Actor | Stranger:
    """Whoever clicked, colleague or not: the service decides, and keeps what it refuses."""
    standing = None if caller.is_outsider else services.people.find(caller.slack_key, caller.user_id)
    return Stranger(caller.slack_key, caller.user_id) if standing is None else standing.actor


def _show_decided(
    who: Actor | Stranger, request: Request, body: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    """On the card, or in the list; the other cards follow by themselves."""
    view = body.get("view")
    if view is None:
        after(slack.update_message, *message_place(body), cards.card(request))
    elif isinstance(who, Actor):
        shown = _listing(services, who, ListMetadata.of(view).page, page.decided_note(request))
        after(slack.update, view, shown)


def _listing(services: Services, actor: Actor, number: int = 0, note: str | None = None) -> View:
    return page.requests(services.permission_list.page(actor, number), note)
