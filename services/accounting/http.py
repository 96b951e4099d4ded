"""One pool of connections for all calls to accounting providers: time-outs that hold, no retries, no sleeping."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import urllib3
from typing_extensions import override
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

TIMEOUT = urllib3.Timeout(connect=3, read=30)
CONNECTIONS = 64


class Meter:
    """The least that answers said in each of the headers `names`, such as the calls that are left."""

    def __init__(self, names: Collection[str]) -> None:
        self._names = names
        self.least: dict[str, int] = {}

    def read(self, headers: urllib3.HTTPHeaderDict) -> None:
        for name in self._names:
            given = headers.get(name, "").strip()
            if given.isascii() and given.isdigit():
                self.least[name] = min(int(given), self.least.get(name, int(given)))


_meter: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def metered(names: Collection[str]) -> Iterator[Meter]:
    """Reads all answers that a pool gets in the block, refusals too. A thread started there has to be given the
    context."""
    meter = Meter(names)
    previous = _meter.set(meter)
    try:
        yield meter
    finally:
        _meter.reset(previous)


class Refused(Exception):  # noqa: N818 -- says what happened
    """The other side answered, but not with success."""

    def __init__(self, status: int, headers: urllib3.HTTPHeaderDict, body: bytes) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.headers = headers
        self.text = body.decode("utf-8", "replace")

    @property
    def data(self) -> dict[str, Any]:
        """The body where it is a JSON object, else nothing."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


class NoAnswer(Exception):  # noqa: N818 -- the same
    """`sent`: the request may have arrived."""

    def __init__(self, reason: HTTPError, *, sent: bool) -> None:
        super().__init__(type(reason).__name__)
        self.sent = sent


class ProviderPool(urllib3.PoolManager):
    """The body is read here, under the time-outs, whatever the caller asks for. Raises Refused, NoAnswer.

    A client library that is given this pool can neither retry, nor sleep on `Retry-After`, nor wait for ever.
    """

    def __init__(self, *, timeout: urllib3.Timeout = TIMEOUT, connections: int = CONNECTIONS) -> None:
        super().__init__(maxsize=connections)
        self._timeout = timeout

    @override
    def request(self, method: str, url: str, *args: Any, **options: Any) -> urllib3.BaseHTTPResponse:
        forced = {"retries": False, "redirect": False, "timeout": self._timeout, "preload_content": True}
        try:
            answer = super().request(method, url, *args, **{**options, **forced})
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise NoAnswer(error, sent=False) from None
        except HTTPError as error:
            raise NoAnswer(error, sent=True) from None
        if (meter := _meter.get()) is not None:
            meter.read(answer.headers)
        if not 200 <= answer.status <= 299:
            raise Refused(answer.status, answer.headers, answer.data)
        return answer
