"""App Home."""

from typing import Any

from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from modals import home
from services.actor import Actor
from services.container import Services
from services.errors import ServiceError


def register(router: Registry) -> None:
    router.event("app_home_opened", opened)


def opened(
    ack: Ack, caller: Caller, event: dict[str, Any], admit: Admission, services: Services, slack: Slack, after: After
) -> None:
    ack()
    if event.get("tab") == "home":
        after(_publish, caller, admit, services, slack)


def _publish(caller: Caller, admit: Admission, services: Services, slack: Slack) -> None:
    try:
        standing = admit(caller)
    except ServiceError as refusal:
        slack.publish_home(caller.user_id, home.refused(refusal.message))
        return
    if standing.set_up:
        show_home(standing.actor, caller, services, slack)
    else:
        slack.publish_home(caller.user_id, home.not_set_up(standing.may_set_up))


def show_home(actor: Actor, caller: Caller, services: Services, slack: Slack) -> None:
    slack.publish_home(caller.user_id, home.overview(services.overview.of(actor)))
