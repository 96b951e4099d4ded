"""The people in a client account."""

import uuid
from typing import Any

from handlers.ports import Ack, After, Slack
from handlers.registry import Registry
from modals import form
from modals.blocks import View
from modals.clients import ids, users
from modals.clients.metadata import ClientMetadata
from services.actor import Actor
from services.clients.user_records import AddressTaken
from services.container import Services


def register(router: Registry) -> None:
    router.action(ids.USERS, open_users)
    router.action(ids.USERS_PREVIOUS, turn_page)
    router.action(ids.USERS_NEXT, turn_page)
    router.action(ids.USER, open_user)
    router.action(ids.ADD_USER, open_form)
    router.view(ids.SAVE_NEW_USER, add)
    router.action(ids.EDIT_USER, open_change)
    router.view(ids.SAVE_USER, save)
    router.action(ids.MAKE_OWNER, make_owner)
    router.action(ids.DEACTIVATE_USER, deactivate)
    router.action(ids.REACTIVATE_USER, reactivate)


def open_users(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = users.users(services.client_users.users(actor, at.client, at.part), at)
    ack()
    after(slack.update, view, shown)


def turn_page(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = ClientMetadata.of(view)
    shown = users.users(services.client_users.users(actor, at.client, int(action["value"])), at)
    ack()
    after(slack.update, view, shown)


def open_user(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    shown = users.user(services.client_users.user(actor, uuid.UUID(action["value"])), ClientMetadata.of(view))
    ack()
    after(slack.update, view, shown)


def open_form(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = users.adding(services.client_users.adding(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def add(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at, typed = ClientMetadata.of(view), form.read(view)
    outcome = services.client_users.add(actor, at.client, typed, seen=at.seen)
    if isinstance(outcome, AddressTaken):
        ack(response_action="update", view=users.adding(outcome.form, at, typed, outcome.key))
    else:
        shown = users.users(services.client_users.users(actor, at.client), at, users.added(outcome))
        ack(response_action="update", view=shown)


def open_change(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    shown = users.editing(services.client_users.user(actor, uuid.UUID(action["value"])), ClientMetadata.of(view))
    ack()
    after(slack.update, view, shown)


def save(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = ClientMetadata.of(view)
    changed = services.client_users.change(actor, users.chosen(at), form.read(view))
    ack(response_action="update", view=users.user(changed, at, users.SAVED))


def make_owner(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    changed = services.client_users.hand_over(actor, uuid.UUID(action["value"]))
    _show(ack, view, slack, after, users.user(changed, ClientMetadata.of(view), users.OWNS))


def deactivate(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    changed = services.client_users.deactivate(actor, uuid.UUID(action["value"]))
    _show(ack, view, slack, after, users.user(changed, ClientMetadata.of(view), users.DEACTIVATED))


def reactivate(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    changed = services.client_users.reactivate(actor, uuid.UUID(action["value"]))
    _show(ack, view, slack, after, users.user(changed, ClientMetadata.of(view), users.REACTIVATED))


def _show(ack: Ack, view: dict[str, Any], slack: Slack, after: After, shown: View) -> None:
    ack()
    after(slack.update, view, shown)
