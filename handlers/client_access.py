"""Who can open a client, and its account manager."""

import uuid
from typing import Any

from handlers.ports import Ack, After, Slack
from handlers.registry import Registry
from modals import form
from modals.clients import access, ids
from modals.clients.metadata import ClientMetadata
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    router.action(ids.ACCESS, open_access)
    router.action(ids.ACCESS_PREVIOUS, turn_page)
    router.action(ids.ACCESS_NEXT, turn_page)
    router.action(ids.GIVE_ACCESS, open_giving)
    router.view(ids.SAVE_ACCESS, give)
    router.action(ids.TAKE_ACCESS, take)
    router.action(ids.MANAGER, open_manager)
    router.view(ids.SAVE_MANAGER, save_manager)


def open_access(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = access.access(services.client_access.access(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def turn_page(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = ClientMetadata.of(view)
    shown = access.access(services.client_access.access(actor, at.client, int(action["value"])), at)
    ack()
    after(slack.update, view, shown)


def open_giving(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = access.giving(services.client_access.giving(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def give(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = ClientMetadata.of(view)
    number = services.client_access.give(actor, at.client, form.read(view))
    shown = access.access(services.client_access.access(actor, at.client), at, access.given(number))
    ack(response_action="update", view=shown)


def take(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = ClientMetadata.of(view)
    name = services.client_access.take(actor, at.client, uuid.UUID(action["value"]))
    shown = access.access(services.client_access.access(actor, at.client, at.part), at, access.taken(name))
    ack()
    after(slack.update, view, shown)


def open_manager(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = access.managing(services.client_access.managing(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def save_manager(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = ClientMetadata.of(view)
    services.client_access.set_manager(actor, at.client, form.read(view))
    shown = access.access(services.client_access.access(actor, at.client), at, access.MANAGER_SAVED)
    ack(response_action="update", view=shown)
