"""Accounts that clients offer to the practice, accepted or declined on a card."""

from typing import Any

from handlers.forms import message_place
from handlers.ports import Ack, After, Slack
from handlers.registry import Registry
from modals import offers
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    router.action(offers.ACCEPT, accept)
    router.action(offers.DECLINE, decline)


def accept(
    ack: Ack, actor: Actor, body: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    offer = services.offers.accept(actor, offers.read_id(action))
    ack()
    after(slack.update_message, *message_place(body), offers.card(offer))


def decline(
    ack: Ack, actor: Actor, body: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    offer = services.offers.decline(actor, offers.read_id(action))
    ack()
    after(slack.update_message, *message_place(body), offers.card(offer))
