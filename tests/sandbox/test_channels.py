"""Channels: which ones a select offers, which ones the app may write in, and how it gets in."""

from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.driver import Sandbox, SandboxError
from sandbox.running import RunningSandbox
from tests.sandbox.apps import entry, modal

OWN = {"include": ["public", "private"], "exclude_external_shared_channels": True, "exclude_bot_users": True}


def asked(running: RunningSandbox, **more: Any) -> None:
    """A form that asks Ada for a conversation."""
    form = modal("Form", entry("where", "Where", {"type": "conversations_select", **more}))
    running.world.show_view(running.world.teams["T_BIRCH"], "U_ADA", form, on_top=True)


@pytest.mark.parametrize(
    ("only", "offered"),
    [
        (None, {"general", "shared-with-other", "partners", "Clientdesk"}),
        (OWN, {"general", "partners"}),
        ({"include": ["public"]}, {"general", "shared-with-other"}),
        ({"include": ["private"]}, {"partners"}),
        ({"include": ["im", "mpim"]}, {"Clientdesk"}),
        ({"exclude_bot_users": True}, {"general", "shared-with-other", "partners"}),
    ],
)
def test_a_filter_leaves_those_conversations_that_it_names(
    running: RunningSandbox, sandbox: Sandbox, only: dict[str, Any] | None, offered: set[str]
) -> None:
    sandbox.make_channel("partners", "U_ADA", is_private=True)
    asked(running, **({} if only is None else {"filter": only}))
    ada, found = sandbox.person("U_ADA"), set()
    for each in ada.state()["conversations"]:
        try:
            ada.fill("where", each["name"])
        except SandboxError:
            continue
        found.add(each["name"])
    assert found == offered


def test_the_app_writes_in_a_channel_once_somebody_has_invited_it(client: WebClient, sandbox: Sandbox) -> None:
    public = sandbox.make_channel("approvals", "U_ADA")
    private = sandbox.make_channel("partners", "U_ADA", is_private=True)
    ada = sandbox.person("U_ADA")
    for channel, refusal in ((public, "not_in_channel"), (private, "channel_not_found")):
        with pytest.raises(SlackApiError, match=refusal):
            client.chat_postMessage(channel=channel, text="Here")
        assert ada.command("/invite @Clientdesk", channel).ok
        client.chat_postMessage(channel=channel, text="Here")
        assert [message.text for message in ada.messages(channel)] == ["Here"]
    assert not ada.command("/invite @Nobody", public).ok
    assert not ada.command("/invite @Clientdesk", "app_dm").ok


def test_an_archived_channel_takes_nothing(client: WebClient, sandbox: Sandbox) -> None:
    channel = sandbox.make_channel("old", "U_ADA", "U_BOT", is_archived=True)
    with pytest.raises(SlackApiError, match="is_archived"):
        client.chat_postMessage(channel=channel, text="Here")
