"""Colleagues who leave, what is handed over, and giving many clients at once."""

import uuid
from typing import Any

from handlers.forms import show
from handlers.ports import Ack, After, Caller, Forget, Slack
from handlers.registry import Registry
from modals.clients import choosing
from modals.people import giving, handover, handover_ids, ids
from modals.people.handover import HandOverMetadata
from modals.people.metadata import ColleagueMetadata
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    router.action(ids.REMOVE, ask_to_remove)
    router.view(handover_ids.REMOVE_NOW, remove)
    router.action(handover_ids.HAND_OVER, open_hand_over)
    router.view(handover_ids.HAND_OVER_NOW, hand_over)
    router.options(handover_ids.SEARCH_RECEIVERS, search_receivers)
    router.action(ids.GIVE, open_giving)
    router.view(handover_ids.GIVE_NOW, give)
    router.options(handover_ids.SEARCH_CLIENTS, search_clients)
    router.event("user_change", follow_person)


def ask_to_remove(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    leaver = services.handover.leaver(actor, uuid.UUID(action["value"]))
    ack()
    after(slack.update, view, handover.confirm(leaver, ColleagueMetadata.of(view)))


def remove(ack: Ack, actor: Actor, caller: Caller, view: dict[str, Any], services: Services, forget: Forget) -> None:
    at = ColleagueMetadata.of(view)
    leaver = services.handover.remove(actor, at.colleague)
    forget(caller.slack_key)
    ack(response_action="update", view=handover.removed(leaver, at))


def open_hand_over(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    leaver, earlier = services.handover.handing_over(actor, uuid.UUID(action["value"]))
    ack()
    show(after, slack, caller, body, handover.TITLE, lambda: handover.hand_over(leaver, earlier))


def hand_over(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    to, parts = handover.read(view)
    done = services.handover.hand_over(actor, HandOverMetadata.of(view).leaver, to, parts)
    ack(response_action="update", view=handover.handed_over(done))


def search_receivers(ack: Ack, actor: Actor, options: dict[str, Any], services: Services) -> None:
    ack(**handover.options(services.handover.search_receivers(actor, options.get("value") or "")))


def open_giving(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    grantee = giving.read_grantee(action["value"])
    shown = services.access.form(actor, grantee)
    ack()
    after(slack.update, view, giving.page(shown, giving.at(view, grantee), uuid.uuid4().hex[:8]))


def give(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    grantee, at = giving.grantee_of(view)
    what, chosen = giving.read(view)
    ack(response_action="update", view=giving.report(services.access.change(actor, grantee, what, chosen), at))


def search_clients(ack: Ack, actor: Actor, options: dict[str, Any], services: Services) -> None:
    ack(**choosing.options(services.client_search.options(actor, options.get("value") or "", active=True)))


def follow_person(ack: Ack, caller: Caller, event: dict[str, Any], services: Services, forget: Forget) -> None:
    """Slack tells of every change of anybody's profile. Whoever is deactivated there has left; whoever is taken back
    there has not come back here."""
    user = event.get("user")
    if isinstance(user, dict) and isinstance(user.get("id"), str):
        if isinstance(user.get("tz"), str):
            services.reminders.zone_changed(caller.slack_key, user["id"], user["tz"])
        if user.get("deleted") is True and services.handover.deactivated(caller.slack_key, user["id"]):
            forget(caller.slack_key)
    ack()
