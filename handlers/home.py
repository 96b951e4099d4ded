"""App Home."""

from typing import Any

from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from modals import home
from services.actor import Actor
from services.container import Services
from services.errors import ServiceError
from services.overview.records import Home


def register(router: Registry) -> None:
    router.event("app_home_opened", opened)


def opened(
    ack: Ack, caller: Caller, event: dict[str, Any], admit: Admission, services: Services, slack: Slack, after: After
) -> None:
    ack()
    if event.get("tab") == "home":
        after(_publish_opened, caller, admit, services, slack)


def _publish_opened(caller: Caller, admit: Admission, services: Services, slack: Slack) -> None:
    try:
        standing = admit(caller)
    except ServiceError as refusal:
        slack.publish_home(caller.user_id, home.refused(refusal.message))
        return
    page = services.home.opened(standing.actor)
    if page is None:
        slack.publish_home(caller.user_id, home.not_set_up(standing.may_set_up))
    else:
        _publish(page, services, slack)


def show_home(actor: Actor, services: Services, slack: Slack) -> None:
    """After something that the person did there."""
    _publish(services.home.changed(actor), services, slack)


def _publish(page: Home, services: Services, slack: Slack) -> None:
    view = home.page(page)
    slack.publish_home(page.slack_user_id, view)
    services.home.shown(page, home.digest(view))
