"""The practice's insights: the figures, and the picture that is sent."""

from typing import Any

from handlers.forms import show
from handlers.ports import Ack, Admission, After, Caller, Slack
from handlers.registry import Registry
from handlers.workspaces import enter
from modals import insights
from modals.blocks import View
from services.actor import Actor
from services.container import Services


def register(router: Registry) -> None:
    router.action(insights.OPEN, open_insights)
    router.action(insights.SEND, send_picture)


def open_insights(
    ack: Ack,
    caller: Caller,
    body: dict[str, Any],
    admit: Admission,
    services: Services,
    slack: Slack,
    after: After,
) -> None:
    ack()
    show_insights(caller, body, admit, services, slack, after)


def show_insights(
    caller: Caller, body: dict[str, Any], admit: Admission, services: Services, slack: Slack, after: After
) -> None:
    def build(actor: Actor) -> View:
        return insights.page(services.insights.figures(actor))

    show(after, slack, caller, body, insights.TITLE, lambda: enter(caller, admit, services, slack, build))


def send_picture(ack: Ack, actor: Actor, view: dict[str, Any], services: Services, slack: Slack, after: After) -> None:
    services.insights.request_picture(actor)
    ack()
    after(lambda: slack.update(view, insights.page(services.insights.figures(actor), sent=True)))
