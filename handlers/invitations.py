"""Invitations, from Slack."""

import uuid
from typing import Any

from handlers.forms import show
from handlers.ports import Ack, After, Caller, Slack
from handlers.registry import Registry
from modals import form, invitations
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    router.action(invitations.OPEN, open_form)
    router.view(invitations.SUBMIT, submit_form)


def open_form(
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
    client_id = uuid.UUID(action["value"])
    show(
        after,
        slack,
        caller,
        body,
        invitations.TITLE,
        lambda: invitations.form(services.first_users.invitable(actor, client_id)),
    )


def submit_form(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    client_id = invitations.ClientMetadata.of(view).client
    invited = services.first_users.invite(actor, client_id, form.read(view))
    ack(response_action="update", view=invitations.done(invited))
