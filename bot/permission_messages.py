"""Permission requests in Slack: cards to each decider or to the approvals channel, and what people hear after."""

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from modals.blocks import Message
from modals.permissions import cards
from services.container import Services
from services.jobs import Claim, GiveUp
from services.permissions.cards import CHANNEL_FAILED
from services.permissions.ending import ENDED
from services.permissions.records import Card, Place
from services.permissions.rows import ASKED, CLOSED, DECIDED, NUDGED

_CLOSED_TO_US = frozenset(
    {
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_only_channel",
    }
)
"""Slack's answers for a channel in which the app can't post, until somebody changes that."""


class Send(Protocol):
    def __call__(
        self, claim: Claim, practice_id: uuid.UUID, user_id: str, message: Message | None, /
    ) -> Place | None: ...


Asking = Callable[[uuid.UUID], AbstractContextManager[WebClient]]


class PermissionMessages:
    """`send` gives a person a direct message once, `asking` a practice's Slack."""

    def __init__(self, services: Services, send: Send, asking: Asking) -> None:
        self._services = services
        self._send = send
        self._asking = asking

    def runs(self) -> Mapping[str, Callable[[Claim], None]]:
        """What each kind of job does."""
        return {
            ASKED: self._asked,
            NUDGED: self._nudged,
            CLOSED: self._closed,
            DECIDED: self._decided,
            ENDED: self._ended,
            CHANNEL_FAILED: self._channel_failed,
        }

    def _asked(self, claim: Claim) -> None:
        card = self._card(claim)
        message = cards.card(card.request, billing_url=card.billing_url) if card.wanted else None
        self._post(claim, card, message)

    def _nudged(self, claim: Claim) -> None:
        """Posts the card once more. The earlier one loses its buttons first: the newest is the one that is edited."""
        card = self._card(claim)
        if card.wanted and card.place is not None:
            self._edit(claim, card.place, cards.moved_on(card.request))
        message = cards.card(card.request, reminds=True, billing_url=card.billing_url) if card.wanted else None
        self._post(claim, card, message)

    def _closed(self, claim: Claim) -> None:
        card = self._card(claim)
        if card.place is not None:
            self._edit(claim, card.place, cards.card(card.request, decides=card.wanted, billing_url=card.billing_url))

    def _decided(self, claim: Claim) -> None:
        practice_id = _practice(claim)
        request = self._services.permissions.find(practice_id, uuid.UUID(claim.args["request_id"]))
        self._send(claim, practice_id, request.requester_slack_user_id, cards.decided(request))

    def _ended(self, claim: Claim) -> None:
        ended = self._services.permission_ending.ended(claim)
        self._send(claim, _practice(claim), ended.slack_user_id, cards.ended(ended))

    def _channel_failed(self, claim: Claim) -> None:
        user = self._services.people.slack_user_id(uuid.UUID(claim.args["colleague_id"]))
        self._send(claim, _practice(claim), user, cards.channel_failed(claim.args["channel"]))

    def _post(self, claim: Claim, card: Card, message: Message | None) -> None:
        practice_id, card_id = _practice(claim), uuid.UUID(claim.args["card_id"])
        place = None
        if not card.in_channel:
            place = self._send(claim, practice_id, card.to or "", message)
        elif message is not None:
            place = self._post_in_channel(practice_id, card.to, message)
            if place is None:
                self._services.permission_cards.fall_back(claim, practice_id, card_id)
        if place is not None:
            self._services.permission_cards.keep_place(claim, practice_id, card_id, place)

    def _post_in_channel(self, practice_id: uuid.UUID, channel: str | None, message: Message) -> Place | None:
        """None when the app can't post there. It does not read channels either, so a try whose answer was lost is not
        found again."""
        if channel is None:
            return None
        with self._asking(practice_id) as client:
            try:
                posted = client.chat_postMessage(channel=channel, **message)
            except SlackApiError as error:
                if error.response["error"] in _CLOSED_TO_US:
                    return None
                raise
            return Place(channel=str(posted["channel"]), ts=str(posted["ts"]))

    def _edit(self, claim: Claim, place: Place, message: Message) -> None:
        """A message that can't be edited any more is left as it is: what it offers is refused anyway."""
        try:
            with self._asking(_practice(claim)) as client:
                client.chat_update(channel=place.channel, ts=place.ts, **message)
        except GiveUp:
            return

    def _card(self, claim: Claim) -> Card:
        return self._services.permission_cards.card(_practice(claim), uuid.UUID(claim.args["card_id"]))


def _practice(claim: Claim) -> uuid.UUID:
    if claim.practice_id is None:
        raise GiveUp("The job names no practice")
    return claim.practice_id
