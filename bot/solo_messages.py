"""The digest of deadlines of self-employed clients, in Slack."""

import uuid
from collections.abc import Callable, Mapping
from typing import Protocol

from modals.blocks import Message
from modals.solo.digest import digest
from services.container import Services
from services.jobs import Claim
from services.permissions.records import Place
from services.solo.deadlines import DIGEST


class Send(Protocol):
    def __call__(
        self, claim: Claim, practice_id: uuid.UUID, user_id: str, message: Message | None, /
    ) -> Place | None: ...


class SoloMessages:
    """`send` gives a person a direct message once."""

    def __init__(self, services: Services, send: Send) -> None:
        self._services = services
        self._send = send

    def runs(self) -> Mapping[str, Callable[[Claim], None]]:
        """What each kind of job does."""
        return {DIGEST: self._digest}

    def _digest(self, claim: Claim) -> None:
        shown = self._services.solo_deadlines.digest(claim)
        if shown is not None:
            self._send(claim, shown.practice_id, shown.slack_user_id, digest(shown))
