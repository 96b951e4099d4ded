"""What the Slack lane does: direct messages that follow from a commit, each sent once."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.slack_api import SlackTransport, retry_after
from db.models import Lane
from modals import cards
from modals.add_client import openings
from modals.blocks import Message
from services.container import Services
from services.errors import ServiceError
from services.invitations.service import InvitationNotice
from services.jobs import Claim, GiveUp, Kind, Retry

_UNREACHABLE = {
    "account_inactive",
    "channel_not_found",
    "invalid_auth",
    "is_archived",
    "messages_tab_disabled",
    "not_authed",
    "token_revoked",
    "user_disabled",
    "user_not_found",
}
"""Slack's answers that will not change by asking again."""

_LOST = frozenset({"account_inactive", "invalid_auth", "token_revoked"})
"""Of these, the ones that mean that the app is not installed any more."""

_METADATA = "clientdesk_job"
_LOOKED_BACK = 100


class SlackMessenger:
    def __init__(self, services: Services, transport: SlackTransport, *, single_token: str | None) -> None:
        self._services = services
        self._transport = transport
        self._single_token = single_token

    def kinds(self) -> list[Kind]:
        return [
            _kind("slack.installed", self._installed),
            _kind("slack.welcome", self._welcome),
            _kind("slack.client_created", self._client_created),
            self._about_invitation("slack.invitation_accepted", cards.invitation_accepted),
            self._about_invitation("slack.invitation_failed", cards.invitation_failed),
            self._about_invitation("slack.invitation_renewal_asked", cards.invitation_renewal_asked),
        ]

    def _installed(self, claim: Claim) -> None:
        notice = self._services.practices.install_notice(uuid.UUID(claim.args["colleague_id"]))
        self._send(claim, notice.practice_id, notice.slack_user_id, cards.installed(notice))

    def _welcome(self, claim: Claim) -> None:
        user = self._services.practices.slack_user_id(uuid.UUID(claim.args["colleague_id"]))
        self._send(claim, _practice(claim), user, cards.welcome())

    def _client_created(self, claim: Claim) -> None:
        created = self._services.add_client.created(_practice(claim), uuid.UUID(claim.args["client_id"]))
        self._send(claim, created.practice_id, created.created_by, openings.result_message(created))

    def _about_invitation(self, name: str, card: Callable[[InvitationNotice], Message]) -> Kind:
        def run(claim: Claim) -> None:
            notice = self._services.invitations.notice(uuid.UUID(claim.args["invitation_id"]))
            self._send(claim, notice.practice_id, notice.inviter_slack_user_id, card(notice))

        return _kind(name, run)

    def _send(self, claim: Claim, practice_id: uuid.UUID, user_id: str, message: Message) -> None:
        workspace = self._services.practices.workspace(practice_id)
        if workspace is None:
            raise GiveUp("The workspace has uninstalled the app")
        token = self._single_token or workspace.bot_token
        client = self._transport.client(token)
        metadata = {"event_type": _METADATA, "event_payload": {"key": claim.key}}
        try:
            # The answer to an earlier try may have been lost after Slack took the message.
            if claim.tries > 1 and _was_sent(client, user_id, claim.key):
                return
            client.chat_postMessage(channel=user_id, metadata=metadata, **message)
        except SlackApiError as error:
            if error.response["error"] in _LOST:
                self._services.practices.token_refused(practice_id, token)
            raise _what_now(error) from error


def _kind(name: str, run: Callable[[Claim], None]) -> Kind:
    def guarded(claim: Claim) -> None:
        try:
            run(claim)
        except ServiceError as refusal:
            raise GiveUp(refusal.message) from refusal

    return Kind(name=name, lane=Lane.SLACK, run=guarded)


def _practice(claim: Claim) -> uuid.UUID:
    if claim.practice_id is None:
        raise GiveUp("The job names no practice")
    return claim.practice_id


def _was_sent(client: WebClient, user_id: str, key: str) -> bool:
    channel: dict[str, Any] = client.conversations_open(users=user_id)["channel"]
    history = client.conversations_history(channel=channel["id"], limit=_LOOKED_BACK, include_all_metadata=True)
    messages: list[dict[str, Any]] = history["messages"]
    return any(message.get("metadata", {}).get("event_payload", {}).get("key") == key for message in messages)


def _what_now(error: SlackApiError) -> Exception:
    """Waits as long as Slack says; gives up where asking again can't help; else the usual back-off."""
    code = str(error.response["error"])
    if (seconds := retry_after(error)) is not None:
        return Retry("Slack's rate limit", after=timedelta(seconds=seconds))
    return GiveUp(f"Slack: {code}") if code in _UNREACHABLE else Retry(f"Slack: {code}")
