"""The subscription."""

from typing import Any

from handlers.ports import Ack
from handlers.registry import Registry
from modals import form, subscription
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    router.view(subscription.RAISE, raise_bundle)


def raise_bundle(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    bundle = services.practices.raise_bundle(actor, subscription.read_bundle(form.read(view)))
    ack(response_action="update", view=subscription.raised(bundle))
