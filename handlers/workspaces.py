"""First contact, set-up, and the end of an installation."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from handlers.forms import show
from handlers.ports import Ack, Admission, After, Caller, Forget, Slack
from handlers.registry import Registry
from modals import form, set_up
from modals.blocks import View
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    router.action(set_up.OPEN, open_set_up)
    router.view(set_up.SUBMIT, submit_set_up)
    router.event("app_uninstalled", end_installation)
    router.event("tokens_revoked", end_installation_of_bot)


def enter(caller: Caller, admit: Admission, services: Services, slack: Slack, build: Callable[[Actor], View]) -> View:
    """`build`'s view for a colleague of a practice that is set up; else the set-up form, or who can fill it in."""
    standing = admit(caller)
    if standing.set_up:
        return build(standing.actor)
    if standing.may_set_up:
        return set_up.form(services.practices.name(standing.actor))
    return set_up.not_yours(services.practices.may_set_up(slack.owners))


def open_set_up(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()
    show(after, slack, caller, body, set_up.TITLE, lambda: enter(caller, admit, services, slack, _ready))


def _ready(_: Actor) -> View:
    return set_up.done()


def submit_set_up(ack: Ack, actor: Actor, view: dict[str, Any], services: Services) -> None:
    services.practices.set_up(actor, set_up.read(form.read(view)))
    ack(response_action="update", view=set_up.done())


def end_installation(ack: Ack, caller: Caller, body: dict[str, Any], services: Services, forget: Forget) -> None:
    services.workspaces.uninstalled(caller.slack_key, at=_event_time(body))
    forget(caller.slack_key)
    ack()


def end_installation_of_bot(
    ack: Ack, caller: Caller, body: dict[str, Any], event: dict[str, Any], services: Services, forget: Forget
) -> None:
    if (event.get("tokens") or {}).get("bot"):
        end_installation(ack, caller, body, services, forget)
    else:
        ack()


def _event_time(body: dict[str, Any]) -> datetime | None:
    seconds = body.get("event_time")
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
