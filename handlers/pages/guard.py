"""What guards every page that a person fills in: limits, other websites, and forms that are none of ours."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import ParamSpec, TypeVar
from urllib.parse import parse_qs, urlsplit

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from handlers.pages.bodies import read_body

_LARGEST_FORM = 16 * 1024
_AT_ONCE = 16  # of the thread pool that all routes share

_P = ParamSpec("_P")
_R = TypeVar("_R")
Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass
class RefusedError(Exception):
    """A page says so, and nothing was done."""

    status: int
    heading: str
    words: str
    retry_after: int | None = None


class Guard:
    def __init__(self, public_url: str, *, way_back: str) -> None:
        """`way_back` says in a sentence how to come to the page in the right way."""
        public = urlsplit(public_url)
        self._origin = f"{public.scheme}://{public.netloc}"
        self._way_back = way_back
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def count(self, limit: RateLimitItem, *key: str) -> None:
        """Raises RefusedError, which says how long to wait, once there are too many."""
        if self._limiter.hit(limit, *key):
            return
        wait = max(1, round(self._limiter.get_window_stats(limit, *key).reset_time - time.time()))
        minutes = -(-wait // 60)
        words = f"That was tried many times. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."
        raise RefusedError(429, "Too many tries", words, wait)

    def forget(self, limit: RateLimitItem, *key: str) -> None:
        """What was counted so far was well meant."""
        self._limiter.clear(limit, *key)

    def refuse_other_sites(self, request: Request) -> None:
        """Browsers send Origin "null" under our Referrer-Policy."""
        if request.method in {"GET", "HEAD"}:
            return
        site, origin = request.headers.get("sec-fetch-site", "none"), request.headers.get("origin", "null")
        own = origin in {"null", self._origin} or origin.partition("://")[2] == request.headers.get("host")
        if not own or site not in {"same-origin", "none"}:
            words = f"This came from another website. {self._way_back}"
            raise RefusedError(403, "That didn't work", words)

    async def read_form(self, request: Request, *, too_large: str) -> dict[str, str]:
        """The form's fields. Refuses what is too large without holding it in memory or reading it as a form."""
        body = await read_body(request, _LARGEST_FORM)
        if body is None:
            raise RefusedError(413, "That was too much", too_large)
        unreadable = RefusedError(400, "That didn't work", self._way_back)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if body and content_type != "application/x-www-form-urlencoded":
            raise unreadable
        try:
            fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10, errors="strict")
        except ValueError:
            raise unreadable from None
        return {name: values[-1] for name, values in fields.items()}

    async def call(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        async with self._slots:
            return await run_in_threadpool(function, *args, **kwargs)


def network(request: Request) -> str:
    """The caller's address; of IPv6 the /64, since one household has as many addresses as it likes."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host
