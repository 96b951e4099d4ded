"""The practice's settings: the page of all, and a form for each area."""

import uuid
from functools import partial
from typing import Any

from handlers.forms import show
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from handlers.workspaces import enter
from modals import form
from modals.blocks import View
from modals.settings import forms, ids, overview
from modals.settings.forms import SettingsMetadata
from services.actor import Actor
from services.container import Services
from services.practice_settings import Area


def register(router: Registry) -> None:
    router.action(ids.OPEN, open_settings)
    router.action(ids.EDIT, edit_settings)
    router.action(ids.BILLING, leave_for_billing)
    router.view(ids.SAVE_DETAILS, save_details)
    router.view(ids.SAVE_SUBSCRIPTION, save_subscription)
    router.view(ids.SAVE_CLIENT_DEFAULTS, save_client_defaults)
    router.view(ids.SAVE_APPROVALS, save_approvals)


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
    show_settings(caller, body, admit, services, slack, after)


def show_settings(
    caller: Caller, body: dict[str, Any], admit: Admission, services: Services, slack: Slack, after: After
) -> None:
    build = partial(enter, caller, admit, services, slack, partial(page, services))
    show(after, slack, caller, body, overview.TITLE, build)


def page(services: Services, actor: Actor, *, saved: bool = False) -> View:
    return overview.page(services.practice_settings.shown(actor), saved=saved)


def edit_settings(
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
    area = Area(action["value"])

    def build() -> View:
        return forms.page(area, services.practice_settings.shown(actor, to_change=area))

    show(after, slack, caller, body, overview.TITLE, build)


def leave_for_billing(ack: Ack) -> None:
    ack()


def save_details(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    wanted, version = forms.read_details(form.read(view)), SettingsMetadata.of(view).version
    services.practice_settings.change_details(actor, wanted, version=version)
    ack(response_action="update", view=page(services, actor, saved=True))


def save_subscription(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    wanted, version = forms.read_subscription(form.read(view)), SettingsMetadata.of(view).version
    services.practice_settings.change_subscription(actor, wanted, version=version)
    ack(response_action="update", view=page(services, actor, saved=True))


def save_client_defaults(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    wanted, version = forms.read_client_defaults(form.read(view)), SettingsMetadata.of(view).version
    services.practice_settings.change_client_defaults(actor, wanted, version=version)
    ack(response_action="update", view=page(services, actor, saved=True))


def save_approvals(
    ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After
) -> None:
    """A channel is kept once Slack has taken a message of the app there."""
    channel = forms.read_approvals(form.read(view))
    if channel is None or not services.practice_settings.is_new_channel(actor, channel):
        services.practice_settings.change_approvals_channel(actor, channel)
        ack(response_action="update", view=page(services, actor, saved=True))
        return
    external_id = uuid.uuid4().hex
    ack(response_action="update", view=forms.trying(external_id))
    after(slack.fill, external_id, partial(_try_channel, actor, channel, services, slack))


def _try_channel(actor: Actor, channel: str, services: Services, slack: Slack) -> View:
    refusal = slack.post(channel, forms.first_message())
    if refusal is not None:
        return forms.approvals(channel, problem=forms.refused(refusal))
    services.practice_settings.change_approvals_channel(actor, channel)
    return page(services, actor, saved=True)
