"""Colleagues who left, in Slack: what each admin is told, kept up to date as it is handed over."""

import uuid
from collections.abc import Callable, Mapping

from slack_sdk import WebClient

from bot.permission_messages import Asking, Send
from modals.people import handover
from services.colleagues.leaving import HandOverCard
from services.colleagues.telling import LEFT, LEFT_CHANGED
from services.container import Services
from services.jobs import Claim, GiveUp
from services.permissions.records import Place

Find = Callable[[WebClient, str, str], Place | None]


class LeavingMessages:
    """`find` looks in a person's direct messages for the one that a job with this key has sent."""

    def __init__(self, services: Services, send: Send, asking: Asking, find: Find) -> None:
        self._services = services
        self._send = send
        self._asking = asking
        self._find = find

    def runs(self) -> Mapping[str, Callable[[Claim], None]]:
        """What each kind of job does."""
        return {LEFT: self._left, LEFT_CHANGED: self._changed}

    def _left(self, claim: Claim) -> None:
        card = self._card(claim)
        if card is not None:
            self._send(claim, card.practice_id, card.reader, handover.card(card))

    def _changed(self, claim: Claim) -> None:
        """Nothing for a reader who has not got the message, or got so many since that it is far above."""
        card = self._card(claim)
        if card is None:
            return
        with self._asking(card.practice_id) as client:
            place = self._find(client, card.reader, claim.args["of"])
            if place is not None:
                client.chat_update(channel=place.channel, ts=place.ts, **handover.card(card))

    def _card(self, claim: Claim) -> HandOverCard | None:
        if claim.practice_id is None:
            raise GiveUp("The job names no practice")
        leaver, reader = uuid.UUID(claim.args["leaver_id"]), uuid.UUID(claim.args["reader_id"])
        return self._services.handover.card(claim.practice_id, leaver, reader)
