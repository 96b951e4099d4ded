"""Showing a form, wherever the person is."""

from collections.abc import Callable
from typing import Any

from handlers.ports import After, Caller, Slack
from modals import notices
from modals.blocks import View


def show(
    after: After, slack: Slack, caller: Caller, body: dict[str, Any], title: str, build: Callable[[], View]
) -> None:
    """In place of the form that a button was pressed in; else as a new one, opened at once and filled when it is built.

    A form opened over another would leave that one behind when it is closed.
    """
    view = body.get("view")
    if isinstance(view, dict) and view.get("type") == "modal":
        after(lambda: slack.update(view, build()))
    else:
        after(slack.open, caller.trigger_id, notices.loading(title), build)


def message_place(body: dict[str, Any]) -> tuple[str, str]:
    """Channel and time of the message in which a button was pressed."""
    return body["container"]["channel_id"], body["container"]["message_ts"]
