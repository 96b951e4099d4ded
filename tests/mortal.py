"""What is outside, for processes that die while they send: before it, after it, or with the answer lost."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl

import urllib3
from typing_extensions import override

from bot.slack_api import SlackTransport
from services.delivery.email import Email
from services.delivery.sms import SentSms, Sms, SmsStatus
from tests.invited import Outbox

FATES = ["well", "well", "unsent", "sent", "unanswered"]
"""How sending goes first: well, or the process dies before or after it, or the answer is lost."""


class Killed(BaseException):
    """The process dies: nobody catches this."""


class Wrong(BaseException):
    """Something went out that should not have. A worker would catch an AssertionError, and try again."""


class Doom:
    """What becomes of the next thing that is sent, if anything."""

    def __init__(self) -> None:
        self.now = "well"

    def strike(self, site: str) -> None:
        if self.now == site:
            self.now = "well"
            raise urllib3.exceptions.ProtocolError if site == "unanswered" else Killed


@contextmanager
def _loudly() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise Wrong from error


class Watcher(Protocol):
    """Hears of what goes out, at that moment."""

    doom: Doom

    def told(self, invitations: list[str]) -> None: ...

    def nudged(self, email: Email) -> None: ...


class Phone:
    """Takes every text message."""

    def __init__(self) -> None:
        self.taken: list[Sms] = []

    def send(self, sms: Sms) -> SentSms:
        self.taken.append(sms)
        return SentSms(sid=f"SM{len(self.taken)}", status=SmsStatus.SENT)

    def find(self, sms: Sms, *, since: datetime) -> SentSms | None:
        return None


class Letterbox(Outbox):
    """Only what is alive is reminded of, and as often as processes died there is an e-mail twice."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__()
        self._watcher = watcher

    @override
    def send(self, email: Email) -> None:
        self._watcher.doom.strike("unsent")
        if email.subject.startswith("Reminder:"):
            with _loudly():
                self._watcher.nudged(email)
        super().send(email)
        self._watcher.doom.strike("sent")


class Conversation(SlackTransport):
    """The inviter's conversation with the app."""

    def __init__(self, watcher: Watcher) -> None:
        super().__init__("https://slack.example/api/")
        self._watcher = watcher
        self._messages: list[dict[str, Any]] = []

    @override
    def request(self, url: str, body: Any, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        text = body.decode() if isinstance(body, bytes) else str(body)
        given = json.loads(text) if text.startswith("{") else dict(parse_qsl(text))
        answer: dict[str, Any] = {"conversations.open": self._open, "conversations.history": self._history}.get(
            url.rpartition("/")[2], self._post
        )(given)
        return urllib3.HTTPResponse(json.dumps({"ok": True, **answer}).encode(), status=200)

    def _open(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"channel": {"id": "D-GRACE"}}

    def _history(self, _: dict[str, Any]) -> dict[str, Any]:
        return {"messages": self._messages[::-1]}

    def _post(self, given: dict[str, Any]) -> dict[str, Any]:
        self._watcher.doom.strike("unsent")
        keys = [each["metadata"]["event_payload"]["key"] for each in self._messages]
        with _loudly():
            assert given["metadata"]["event_payload"]["key"] not in keys
            self._watcher.told(re.findall(r'"reminder\.([0-9a-f-]{36})"', json.dumps(given["blocks"])))
        self._messages.append(given | {"ts": str(len(self._messages))})
        self._watcher.doom.strike("sent")
        self._watcher.doom.strike("unanswered")
        return {"channel": "D-GRACE", "ts": str(len(self._messages))}
