"""Self-employed clients: their pages in Add client, and their numbers and income sources from the client card."""

import uuid
from typing import Any

from handlers.ports import Ack, After, Slack
from handlers.registry import Registry
from modals import form
from modals.add_client import ids as wizard
from modals.add_client import pages
from modals.add_client.pages import WizardMetadata
from modals.add_client.solo import REMOVE
from modals.clients import card as client_card
from modals.clients.metadata import ClientMetadata
from modals.solo import card, ids
from modals.solo.card import NumbersMetadata, SourceMetadata
from services.actor import Actor
from services.add_client.records import WizardPage
from services.container import Services
from services.errors import NotFoundError


def register(router: Registry) -> None:
    router.action(wizard.CHANGE_NUMBER, change_draft_number)
    router.action(wizard.CHECK_MANDATE, check_mandate)
    router.action(wizard.ADD_SOURCE, add_draft_source)
    router.action(wizard.EDIT_SOURCE, edit_draft_source)
    router.action(wizard.SOURCE_MENU, choose_from_menu)
    router.view(wizard.KEEP_SOURCE, keep_draft_source)
    router.action(ids.EDIT_NUMBERS, edit_numbers)
    router.action(ids.CHANGE_NUMBER, change_number)
    router.view(ids.SAVE_NUMBERS, save_numbers)
    router.action(ids.ADD_SOURCE, add_source)
    router.action(ids.EDIT_SOURCE, edit_source)
    router.view(ids.SAVE_SOURCE, save_source)


def change_draft_number(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = WizardMetadata.of(view)
    page = services.add_client.solo.change_number(
        actor, at.draft, action["value"], form.read(view), changing=at.changing
    )
    ack()
    after(slack.update, view, pages.page(page))


def check_mandate(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = WizardMetadata.of(view)
    page = services.add_client.keep(actor, at.draft, at.step, form.read(view), changing=at.changing)
    ack()
    after(slack.update, view, pages.page(page))


def add_draft_source(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = WizardMetadata.of(view)
    page = services.add_client.solo.edit_source(actor, at.draft, None, changing=at.changing)
    ack()
    after(slack.update, view, pages.page(page))


def edit_draft_source(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = WizardMetadata.of(view)
    page = services.add_client.solo.edit_source(actor, at.draft, uuid.UUID(action["value"]), changing=at.changing)
    ack()
    after(slack.update, view, pages.page(page))


def choose_from_menu(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = WizardMetadata.of(view)
    verb, source = action["selected_option"]["value"].split()
    act = services.add_client.solo.remove_source if verb == REMOVE else services.add_client.solo.edit_source
    page: WizardPage = act(actor, at.draft, uuid.UUID(source), changing=at.changing)
    ack()
    after(slack.update, view, pages.page(page))


def keep_draft_source(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = WizardMetadata.of(view)
    if at.source is None:
        raise NotFoundError("This form is of no income source. Close it and open it again.")
    page = services.add_client.solo.keep_source(
        actor, at.draft, at.source, form.read(view), anyway=at.warned, changing=at.changing
    )
    ack(response_action="update", view=pages.page(page))


def edit_numbers(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    page = services.solo.numbers(actor, at.client)
    ack()
    after(slack.update, view, card.numbers(page, at))


def change_number(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = NumbersMetadata.of(view)
    changing = {*at.changing, action["value"]}
    page = services.solo.numbers(actor, at.client, typed=form.read(view), changing=changing)
    ack()
    after(slack.update, view, card.numbers(page, at))


def save_numbers(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = NumbersMetadata.of(view)
    services.solo.change_numbers(actor, at.client, form.read(view))
    shown = services.client_cards.card(actor, at.client)
    ack(response_action="update", view=client_card.card(shown, at.place))


def add_source(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    at = ClientMetadata.of(view)
    page = services.solo.source(actor, at.client, None)
    ack()
    after(slack.update, view, card.source(page, at))


def edit_source(
    ack: Ack, actor: Actor, view: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    at = ClientMetadata.of(view)
    page = services.solo.source(actor, at.client, uuid.UUID(action["value"]))
    ack()
    after(slack.update, view, card.source(page, at))


def save_source(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    at = SourceMetadata.of(view)
    warned = services.solo.keep_source(actor, at.client, at.source, form.read(view), anyway=at.warned)
    if warned is not None:
        shown = card.source(warned, at)
    else:
        shown = client_card.card(services.client_cards.card(actor, at.client), at.place)
    ack(response_action="update", view=shown)
