"""The messages, the faults, and what was told to the app."""

import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.accounting.control import changed
from sandbox.sms.segments import segments

KEPT_MESSAGES = 1_000
KEPT_CALLBACKS = 10_000
KINDS = ("refused", "undelivered", "failed", "ratelimited", "http500", "slow", "drop", "lost")
_USUAL_CODES = {"refused": 21211, "undelivered": 30003, "failed": 30002}
Clock = Callable[[], float]


@dataclass(frozen=True)
class SmsSettings:
    """`delay` is how many seconds a message takes from one status to the next."""

    account_sid: str = "AC" + "0123456789abcdef" * 2
    auth_token: str = "sandbox-auth-token"
    sender: str = "+447700900000"
    delay: float = 0.3


@dataclass
class SmsFault:
    """Meets the next `times` requests that fit (each of them without `times`).

    `refused`, `undelivered` and `failed` have a `code`; `drop` does nothing and breaks off, `lost` takes the message
    and breaks off. All but those of a message's fate also meet other methods than POST, if `method` says so.
    """

    kind: str
    number: str | None = None
    code: int | None = None
    times: int | None = 1
    method: str = "POST"
    retry_after: int = 1
    delay: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}")
        self.code = self.code or _USUAL_CODES.get(self.kind)


@dataclass
class TextMessage:
    sid: str
    to: str
    sender: str
    service: str | None
    body: str
    callback: str | None
    created: float
    fate: SmsFault | None = None
    status: str = "queued"
    error_code: int | None = None
    updated: float = 0
    sent: float | None = None
    history: list[str] = field(default_factory=list)

    def wire(self) -> dict[str, Any]:
        """For the sandbox's own API."""
        counted = segments(self.body)
        return {
            "sid": self.sid,
            "to": self.to,
            "from": self.sender,
            "body": self.body,
            "status": self.status,
            "error_code": self.error_code,
            "history": list(self.history),
            "encoding": counted.encoding,
            "segments": counted.count,
            "callback": self.callback,
            "created": moment(self.created).isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Callback:
    """A request to the app, and its answer: an HTTP status, or what went wrong."""

    sid: str
    status: str
    url: str
    answer: int | str


class SmsWorld:
    """Any thread may use it."""

    def __init__(self, settings: SmsSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self._usual = settings
        self._lock = threading.Lock()
        self._messages: dict[str, TextMessage] = {}
        self._faults: list[SmsFault] = []
        self._callbacks: deque[Callback] = deque(maxlen=KEPT_CALLBACKS)

    def change_settings(self, wishes: dict[str, Any]) -> None:
        self.settings = changed(self.settings, wishes)

    def add(self, *, to: str, sender: str, service: str | None, body: str, callback: str | None) -> TextMessage:
        now = self.clock()
        message = TextMessage(
            sid=f"SM{secrets.token_hex(16)}",
            to=to,
            sender=sender,
            service=service,
            body=body,
            callback=callback,
            created=now,
            fate=self.take("undelivered", "failed", number=to),
            updated=now,
        )
        with self._lock:
            self._messages[message.sid] = message
            while len(self._messages) > KEPT_MESSAGES:
                del self._messages[next(iter(self._messages))]
        return message

    def move(self, message: TextMessage, status: str, error_code: int | None = None) -> bool:
        """False once the message is no longer kept."""
        with self._lock:
            message.status, message.error_code, message.updated = status, error_code, self.clock()
            message.history.append(status)
            if status != "queued" and message.sent is None:
                message.sent = message.updated
            return message.sid in self._messages

    def newest_first(self, to: str | None = None) -> list[TextMessage]:
        with self._lock:
            return [each for each in reversed(self._messages.values()) if to in {None, each.to}]

    def find(self, sid: str) -> TextMessage | None:
        with self._lock:
            return self._messages.get(sid)

    def fault(self, fault: SmsFault) -> None:
        with self._lock:
            self._faults.append(fault)

    def faults(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(each) for each in self._faults]

    def clear_faults(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, *kinds: str, number: str, method: str = "POST") -> SmsFault | None:
        """The first fault of these kinds that this request meets, one use of it spent."""
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.number in {None, number} and fault.method == method:
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def told(self, callback: Callback) -> None:
        with self._lock:
            self._callbacks.append(callback)

    def callbacks(self, sid: str | None = None) -> list[Callback]:
        """Oldest first."""
        with self._lock:
            return [each for each in self._callbacks if sid in {None, each.sid}]

    def reset(self) -> None:
        with self._lock:
            self.settings = self._usual
            self._messages.clear()
            self._faults.clear()
            self._callbacks.clear()


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
