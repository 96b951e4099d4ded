"""Clients from a CSV file: the form, files sent as a message, the preview, the import."""

import uuid
from typing import Any

from handlers.forms import message_place, show
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from handlers.workspaces import enter
from modals import form
from modals.blocks import View
from modals.uploads import ids, opening, pages
from services.actor import Actor
from services.container import Services
from services.uploads.shown import RunView

_MOST_FILES = 5
"""Of one message."""


def register(router: Registry) -> None:
    router.action(ids.OPEN, open_upload)
    router.action(ids.TEMPLATE, send_template)
    router.view(ids.SUBMIT, submit_file)
    router.action(ids.SHOW, show_run)
    router.action(ids.IMPORT, start_import)
    router.action(ids.ERRORS, send_errors)
    router.action(ids.CANCEL, cancel)
    router.event("message", message_sent)


def show_upload(
    caller: Caller, body: dict[str, Any], admit: Admission, services: Services, slack: Slack, after: After
) -> None:
    def build(actor: Actor) -> View:
        return opening.opening(services.uploads.open(actor))

    show(after, slack, caller, body, opening.TITLE, lambda: enter(caller, admit, services, slack, build))


def open_upload(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()
    show_upload(caller, body, admit, services, slack, after)


def send_template(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    services.uploads.send_template(actor)
    shown = services.uploads.open(actor)
    ack()
    after(slack.update, view, opening.opening(shown, template_sent=True))


def submit_file(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    file = opening.read(view)
    run = services.uploads.begin(actor, file.id, file.name, view_id=view["id"])
    ack(response_action="update", view=pages.window(run))


def show_run(
    ack: Ack,
    actor: Actor,
    caller: Caller,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    run = services.uploads.view(actor, uuid.UUID(action["value"]))
    ack()
    show(after, slack, caller, body, opening.TITLE, lambda: pages.window(run))


def start_import(
    ack: Ack,
    actor: Actor,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    run = services.uploads.confirm(actor, uuid.UUID(action["value"]))
    ack()
    after(_show_where_pressed, slack, body, run)


def cancel(
    ack: Ack,
    actor: Actor,
    body: dict[str, Any],
    action: dict[str, Any],
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    run = services.uploads.cancel(actor, uuid.UUID(action["value"]))
    ack()
    after(_show_where_pressed, slack, body, run)


def send_errors(ack: Ack, actor: Actor, action: dict[str, Any], services: Services) -> None:
    services.uploads.send_errors(actor, uuid.UUID(action["value"]))
    ack()


def _show_where_pressed(slack: Slack, body: dict[str, Any], run: RunView) -> None:
    if "view" in body:
        slack.update(body["view"], pages.window(run))
    else:
        slack.update_message(*message_place(body), pages.message(run))


def message_sent(
    ack: Ack, caller: Caller, event: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    """Files that a person sends to the app are taken for uploads, before the answer: Slack tells of them again if they
    can't be kept. Other messages are answered with what the app can do. Its own messages come by here, too."""
    given = form.files(event.get("files"))[:_MOST_FILES]
    is_own = event.get("bot_id") is not None or event.get("subtype") not in {None, "file_share"}
    if is_own or event.get("channel_type") != "im" or caller.is_outsider:
        ack()
        return
    standing = services.people.find(caller.slack_key, caller.user_id)
    if standing is not None and standing.set_up:
        for file in given:
            services.uploads.begin(standing.actor, file.id, file.name)
    ack()
    if not given or standing is None or not standing.set_up:
        after(_answer, slack, caller)


def _answer(slack: Slack, caller: Caller) -> None:
    slack.say(caller.user_id, pages.not_read())
