"""A client's card, and connecting from it."""

import logging
import uuid
from typing import Any

from db.models import Provider
from handlers.forms import show
from handlers.ports import Ack, After, Caller, Slack, SlackOf
from handlers.registry import Registry
from modals import form, notices
from modals.blocks import View
from modals.clients import card, connecting, ids
from modals.clients.metadata import ClientMetadata, ListMetadata
from services.accounting.consent import Consent
from services.actor import Actor
from services.container import Services
from services.errors import InvalidError, NotFoundError

_log = logging.getLogger(__name__)


def register(router: Registry) -> None:
    router.action(ids.OPEN, open_card)
    router.action(ids.BACK, back_to_card)
    router.action(ids.REFRESH, refresh)
    for provider in Provider:
        router.action(ids.CONNECT[provider], connect)
        router.action(ids.LEAVE[provider], leave_for_provider)
    router.action(ids.RECONNECT, connect)
    router.action(ids.CHANGE, connect)
    router.action(ids.SEARCH_ORGANISATIONS, search_organisations)
    router.action(ids.CHOOSE, choose_organisation)
    router.view(ids.USE, use_organisation)
    router.action(ids.DISCONNECT, disconnect)
    router.action(ids.EXPORT, export)
    router.action(ids.SETTINGS, open_settings)
    router.view(ids.SAVE_SETTINGS, save_settings)


def open_card(
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
    view = body.get("view") or {}
    at = ListMetadata.of(view) if view.get("callback_id") == ids.FIND else None
    client_id = uuid.UUID(action["value"])
    show(after, slack, caller, body, card.TITLE, lambda: card.card(services.client_cards.card(actor, client_id), at))


def back_to_card(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = services.client_cards.card(actor, at.client)
    ack()
    after(slack.update, view, card.card(shown, at))


def refresh(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    ack()
    at = ClientMetadata.of(view)
    after(lambda: slack.update(view, card.card(services.client_cards.refresh(actor, at.client), at)))


def disconnect(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    ack()
    at = ClientMetadata.of(view)
    after(lambda: slack.update(view, card.card(services.client_cards.disconnect(actor, at.client), at)))


def export(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    client_id = uuid.UUID(action["value"])
    services.exports.request(actor, client_id)
    shown = services.client_cards.card(actor, client_id)
    ack()
    after(slack.update, view, card.card(shown, ClientMetadata.of(view), note=card.EXPORTED))


def open_settings(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    shown = card.settings(services.client_cards.card(actor, at.client), at)
    ack()
    after(slack.update, view, shown)


def save_settings(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at, chosen = ClientMetadata.of(view), form.read(view)
    daily, name = card.DAILY in chosen["refresh"], card.read_name(chosen.get("name"))
    shown = services.client_cards.change_settings(actor, at.client, refreshes_daily=daily, name=name)
    ack(response_action="update", view=card.card(shown, at))


def connect(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at, changing = ClientMetadata.of(view), action["action_id"] == ids.CHANGE
    shown = services.client_connecting.begin(actor, at.client, Provider(action["value"]), changing=changing)
    ack()
    after(slack.update, view, connecting.connecting(shown, at))


def leave_for_provider(ack: Ack) -> None:
    """The browser opens the link by itself."""
    ack()


def arrived(consent: Consent, services: Services, slack_of: SlackOf) -> None:
    """The window that waits for a consent moves on; where there is none, a message leads back."""
    if not _moves_on(consent, services, slack_of):
        services.client_connecting.tell_arrived(consent)


def _moves_on(consent: Consent, services: Services, slack_of: SlackOf) -> bool:
    if consent.purpose.view is None:
        return False
    try:
        slack = slack_of(consent.actor.practice_id)
        shown = connecting.window(services.client_connecting.arrived(consent))
        return slack is not None and slack.move_on(consent.purpose.view, shown)
    except Exception:  # noqa: BLE001 - the message says the same
        _log.warning("A window could not be moved on after a consent", exc_info=True)
        return False


def choose_organisation(
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
    client_id, authorisation_id = (uuid.UUID(each) for each in action["value"].split())

    def build() -> View:
        return connecting.choices(services.client_connecting.choices(actor, client_id, authorisation_id))

    show(after, slack, caller, body, connecting.TITLE, build)


def search_organisations(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    ack()
    at, sign_in = _choosing(view)
    query = form.read(view).get("query") or ""

    def update() -> None:
        found = services.client_connecting.choices(actor, at.client, sign_in, query)
        slack.update(view, connecting.choices(found, at))

    after(update)


def use_organisation(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at, sign_in = _choosing(view)
    chosen = form.read(view).get("organisation")
    if not chosen:
        raise InvalidError({"organisation": "Choose one."})
    external_id = str(uuid.uuid4())
    ack(response_action="update", view={**notices.loading(connecting.TITLE), "external_id": external_id})
    after(
        slack.fill,
        external_id,
        lambda: connecting.window(services.client_connecting.choose(actor, at.client, sign_in, chosen), at),
    )


def _choosing(view: dict[str, Any]) -> tuple[ClientMetadata, uuid.UUID]:
    at = ClientMetadata.of(view)
    if at.authorisation is None:
        raise NotFoundError("Connect the accounting software first.")
    return at, at.authorisation
