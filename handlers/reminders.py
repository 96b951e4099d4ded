"""Reminders of invitations: what can be done about one, and the settings."""

import uuid
from functools import partial
from typing import Any

from handlers.forms import message_place, show
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from handlers.settings import page
from handlers.workspaces import enter
from modals import blocks as b
from modals import reminders
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    router.action(reminders.SNOOZE, snooze)
    router.action(reminders.STOP, stop)
    router.action(reminders.SETTINGS, open_settings)
    router.view(reminders.SAVE, save_settings)


def snooze(
    ack: Ack, actor: Actor, body: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    until, invitation_id = reminders.read_snooze(action["selected_option"]["value"])
    again = services.reminders.snooze(actor, invitation_id, until)
    ack()
    said = [b.words("Snoozed: you hear of it again on "), b.moment(again), b.words(".")]
    _settle(body, action, slack, after, said)


def stop(
    ack: Ack, actor: Actor, body: dict[str, Any], action: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    invitation_id = uuid.UUID(action["value"])
    services.reminders.stop(actor, invitation_id)
    ack()
    said = [b.words("No more reminders of this invitation.")]
    _settle(body, action, slack, after, said)


def open_settings(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()

    def build(actor: Actor) -> b.View:
        return reminders.settings(services.reminder_settings.shown(actor))

    show(after, slack, caller, body, reminders.TITLE, lambda: enter(caller, admit, services, slack, build))


def save_settings(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    mine, practice = reminders.read_settings(view)
    services.reminder_settings.change(actor, mine=mine, practice=practice)
    ack(response_action="update", view=page(services, actor, saved=True))


def _settle(body: dict[str, Any], action: dict[str, Any], slack: Slack, after: After, said: list[b.Element]) -> None:
    """In the message as it is by then: others of its invitations may have been settled meanwhile."""
    outcome = b.rich([b.emoji("white_check_mark"), b.words(" "), *said])
    after(slack.edit_message, *message_place(body), partial(b.settled, block_id=action["block_id"], outcome=outcome))
