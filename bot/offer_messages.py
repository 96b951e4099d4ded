"""Accounts that clients offer, in Slack: a card to each admin, and what those hear who had the account."""

import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from slack_sdk import WebClient

from modals import offers
from modals.blocks import Message
from services.accounts.moving import CARD_GONE, MOVED_AWAY
from services.accounts.records import OfferCard
from services.accounts.rows import ASKED, CLOSED
from services.container import Services
from services.jobs import Claim, GiveUp


class _Place(Protocol):
    @property
    def channel(self) -> str: ...
    @property
    def ts(self) -> str: ...


class _Send(Protocol):
    def __call__(
        self, claim: Claim, practice_id: uuid.UUID, user_id: str, message: Message | None, /
    ) -> _Place | None: ...


class OfferMessages:
    """`send` gives a person a direct message once, `asking` a practice's Slack."""

    def __init__(
        self, services: Services, send: _Send, asking: Callable[[uuid.UUID], AbstractContextManager[WebClient]]
    ) -> None:
        self._services = services
        self._send = send
        self._asking = asking

    def runs(self) -> Mapping[str, Callable[[Claim], None]]:
        """What each kind of job does."""
        return {ASKED: self._asked, CLOSED: self._closed, MOVED_AWAY: self._moved_away, CARD_GONE: self._card_gone}

    def _asked(self, claim: Claim) -> None:
        practice_id, card = _practice(claim), self._card(claim)
        place = self._send(claim, practice_id, card.to, offers.card(card.offer) if card.decides else None)
        if place is not None:
            self._services.offers.keep_place(
                claim, practice_id, uuid.UUID(claim.args["card_id"]), place.channel, place.ts
            )

    def _closed(self, claim: Claim) -> None:
        card = self._card(claim)
        if card.channel is not None and card.ts is not None:
            self._edit(claim, card.channel, card.ts, offers.card(card.offer, decides=card.decides))

    def _moved_away(self, claim: Claim) -> None:
        practice_id = _practice(claim)
        told = self._services.offers.moved_away(
            practice_id, uuid.UUID(claim.args["colleague_id"]), uuid.UUID(claim.args["client_id"])
        )
        self._send(claim, practice_id, told.slack_user_id, offers.moved_away(told))

    def _card_gone(self, claim: Claim) -> None:
        self._edit(claim, claim.args["channel"], claim.args["ts"], offers.request_gone())

    def _edit(self, claim: Claim, channel: str, ts: str, message: Message) -> None:
        """A message that can't be edited any more is left as it is: what it offers is refused anyway."""
        try:
            with self._asking(_practice(claim)) as client:
                client.chat_update(channel=channel, ts=ts, **message)
        except GiveUp:
            return

    def _card(self, claim: Claim) -> OfferCard:
        return self._services.offers.card(_practice(claim), uuid.UUID(claim.args["card_id"]))


def _practice(claim: Claim) -> uuid.UUID:
    if claim.practice_id is None:
        raise GiveUp("The job names no practice")
    return claim.practice_id
