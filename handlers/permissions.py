"""Permission requests: asking for one, and deciding it on a card."""

import uuid
from typing import Any

from handlers.forms import message_place
from handlers.ports import Ack, After, Caller, Slack
from handlers.registry import Registry
from modals import permissions
from services.actor import Actor
from services.container import Services
from services.permissions.records import Stranger


def register(router: Registry) -> None:
    router.action(permissions.REQUEST, request_access)
    router.action(permissions.APPROVE, approve)
    router.action(permissions.DECLINE, decline)


def request_access(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    outcome = services.permissions.request_add_clients(actor)
    ack()
    after(slack.update, view, permissions.asked(outcome))


def approve(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    request = services.permissions.decide(_decider(caller, services), uuid.UUID(action["value"]), approve=True)
    ack()
    after(slack.update_message, *message_place(body), permissions.card(request))


def decline(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    request = services.permissions.decide(_decider(caller, services), uuid.UUID(action["value"]), approve=False)
    ack()
    after(slack.update_message, *message_place(body), permissions.card(request))


def _decider(caller: Caller, services: Services) -> Actor | Stranger:
    """Whoever clicked, colleague or not: the service decides, and keeps what it refuses."""
    standing = None if caller.is_outsider else services.people.find(caller.slack_key, caller.user_id)
    return Stranger(caller.slack_key, caller.user_id) if standing is None else standing.actor
