"""What goes wrong on demand, and the log of what was asked."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT_CALLS = 200_000


@dataclass
class Fault:
    """Meets the next `times` requests that fit (each of them without `times`). None fits everything."""

    kind: str
    tenant: str | None = None
    user: str | None = None
    path: str | None = None
    times: int | None = None
    retry_after: int = 30
    delay: float = 1.0
    problem: str = "minute"

    def fits(self, tenant: str, user: str, path: str) -> bool:
        return (
            self.tenant in {None, tenant}
            and self.user in {None, user}
            and (self.path is None or self.path.lower() == path.lower())
        )


class Faults:
    def __init__(self, kinds: Iterable[str]) -> None:
        self.kinds = frozenset(kinds)
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Raises ValueError for a kind that there isn't."""
        if fault.kind not in self.kinds:
            raise ValueError(f"kind is one of {', '.join(sorted(self.kinds))}")
        with self._lock:
            self._faults.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def take(self, *kinds: str, tenant: str = "", user: str = "", path: str = "") -> Fault | None:
        """The first fault of these kinds that fits, one use of it spent."""
        if not self._faults:
            return None
        with self._lock:
            for fault in self._faults:
                if fault.kind in kinds and fault.fits(tenant, user, path):
                    if fault.times is not None:
                        fault.times -= 1
                        if fault.times <= 0:
                            self._faults.remove(fault)
                    return fault
        return None

    def wire(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(fault) for fault in self._faults]


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `kind` is token or api, `path` the grant type or the resource, `user` whose token it came with."""

    at: float
    kind: str
    method: str
    path: str
    user: str
    tenant: str
    status: int
    outcome: str = ""
    token: str = ""
    """Of the token endpoint: which refresh token was given, by a short name."""

    def wire(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass
class CallLog:
    _calls: deque[Call] = field(default_factory=lambda: deque(maxlen=KEPT_CALLS))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def find(self, **wanted: str) -> list[Call]:
        """Oldest first; `wanted` are fields and their values."""
        with self._lock:
            calls = list(self._calls)
        return [call for call in calls if all(str(getattr(call, name)) == value for name, value in wanted.items())]

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
