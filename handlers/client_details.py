"""Forms over a client's card: its details, its Extract address, what was applied, its history, and deactivating it."""

from typing import Any

from handlers.ports import Ack, After, Slack
from handlers.registry import Registry
from modals import form
from modals.blocks import View
from modals.clients import card, details, history, ids
from modals.clients.metadata import ClientMetadata
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    router.action(ids.DETAILS, open_details)
    router.view(ids.SAVE_DETAILS, save_details)
    router.action(ids.EXTRACT, open_extract)
    router.view(ids.SAVE_EXTRACT, save_extract)
    router.action(ids.APPLIED, open_applied)
    router.action(ids.HISTORY, open_history)
    router.action(ids.OLDER_HISTORY, older_history)
    router.action(ids.LIFECYCLE, open_lifecycle)
    router.view(ids.DEACTIVATE, deactivate)
    router.view(ids.REACTIVATE, reactivate)


def open_details(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = details.details(services.client_details.details(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def save_details(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at, typed = ClientMetadata.of(view), form.read(view)
    like = services.client_details.save(actor, at.client, typed, seen=at.seen)
    if like is None:
        ack(response_action="update", view=_card(actor, services, at, details.SAVED))
    else:
        shown = details.details(services.client_details.details(actor, at.client), at, typed, like)
        ack(response_action="update", view=shown)


def open_extract(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = details.extract(services.client_details.extract(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def save_extract(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = ClientMetadata.of(view)
    is_new = services.client_details.change_extract(actor, at.client, form.read(view).get("extract_name") or "")
    note = details.EXTRACT_SAVED if is_new else None
    ack(response_action="update", view=_card(actor, services, at, note))


def open_applied(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = history.applied(services.client_history.applied(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def open_history(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = history.history(services.client_history.history(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def older_history(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = ClientMetadata.of(view)
    shown = history.history(services.client_history.history(actor, at.client, history.read_mark(action["value"])), at)
    ack()
    after(slack.update, view, shown)


def open_lifecycle(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = ClientMetadata.of(view)
    shown = details.lifecycle(services.client_lifecycle.lifecycle(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def deactivate(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = ClientMetadata.of(view)
    services.client_lifecycle.deactivate(actor, at.client)
    ack(response_action="update", view=_card(actor, services, at, details.DEACTIVATED))


def reactivate(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = ClientMetadata.of(view)
    services.client_lifecycle.reactivate(actor, at.client)
    ack(response_action="update", view=_card(actor, services, at, details.REACTIVATED))


def _card(actor: Actor, services: Services, at: ClientMetadata, note: str | None) -> View:
    return card.card(services.client_cards.card(actor, at.client), at, note=note)
