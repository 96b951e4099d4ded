"""The page behind an invitation's link: set a password, or read in plain words why the link doesn't work."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from typing import ParamSpec, TypeVar
from urllib.parse import parse_qs, urlsplit

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from handlers.pages.bodies import read_body
from handlers.pages.rendering import Renderer
from services.errors import InvalidError, ServiceError
from services.invitations.records import InvitationClosedError, InvitationPage, LinkState
from services.invitations.service import InvitationService
from services.keys import hash_token
from services.logins import BusyError

_LARGEST_FORM = 16 * 1024
_AT_ONCE = 16  # of the thread pool that all routes share
_UNKNOWN_LINKS = parse("30 per minute")  # from one address
_TRIES = parse("10 per 15 minutes")  # with one link

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Endpoint = Callable[[Request], Awaitable[Response]]


def routes(invitations: InvitationService, *, public_url: str) -> list[Route]:
    """Behind a proxy, the server has to be told to take the caller's address from it: limits are kept by address."""
    pages = _InvitationPages(invitations, public_url)
    return [
        Route("/i/{token}", pages.guarded(pages.show), methods=["GET"]),
        Route("/i/{token}", pages.guarded(pages.accept), methods=["POST"]),
        Route("/i/{token}/ask", pages.guarded(pages.ask_for_new), methods=["POST"]),
    ]


@dataclass
class _RefusedError(Exception):
    status: int
    heading: str
    words: str
    retry_after: int | None = None


class _InvitationPages:
    def __init__(self, invitations: InvitationService, public_url: str) -> None:
        self._invitations = invitations
        public = urlsplit(public_url)
        self._origin = f"{public.scheme}://{public.netloc}"
        self._renderer = Renderer()
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def guarded(self, endpoint: _Endpoint) -> _Endpoint:
        """`endpoint`, with a page for each failure that a person can cause or meet."""

        async def answer(request: Request) -> Response:
            self._refuse_other_sites(request)
            try:
                return await endpoint(request)
            except InvitationClosedError as closed:
                return self._page(request, closed.page)

        async def respond(request: Request) -> Response:
            try:
                return await answer(request)
            except BusyError as busy:
                return self._message(503, "Please try again in a minute", busy.message, 60)
            except ServiceError as error:
                return self._message(409, "That didn't work", error.message)
            except _RefusedError as refused:
                return self._message(refused.status, refused.heading, refused.words, refused.retry_after)

        return respond

    async def show(self, request: Request) -> Response:
        page = await self._call(self._invitations.open, request.path_params["token"], seen=_is_seen(request))
        return self._page(request, page)

    async def accept(self, request: Request) -> Response:
        form = await _read_form(request)
        token = request.path_params["token"]
        page = await self._known(token)
        if page.state != LinkState.OPEN:
            return self._page(request, page)
        self._count(_TRIES, "password", hash_token(token).hex())
        password, repeat = form.get("password", ""), form.get("repeat", "")
        try:
            accepted = await self._call(self._invitations.accept, token, password, repeat=repeat)
        except InvalidError as error:
            return self._page(request, await self._known(token), error.fields)
        return self._renderer.page("accepted.html", accepted=accepted)

    async def ask_for_new(self, request: Request) -> Response:
        await _read_form(request)
        token = request.path_params["token"]
        await self._known(token)
        self._count(_TRIES, "ask", hash_token(token).hex())
        await self._call(self._invitations.ask_for_new, token)
        return RedirectResponse(f"/i/{token}", 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    async def _known(self, token: str) -> InvitationPage:
        page = await self._call(self._invitations.open, token, seen=False)
        if page.state == LinkState.UNKNOWN:
            raise InvitationClosedError(page)
        return page

    def _page(self, request: Request, page: InvitationPage, errors: dict[str, str] | None = None) -> Response:
        if page.state == LinkState.OPEN:
            return self._renderer.page("open.html", status=422 if errors else 200, page=page, errors=errors or {})
        if page.state != LinkState.UNKNOWN:
            token = request.path_params["token"]
            return self._renderer.page(f"{page.state}.html", status=410, page=page, token=token)
        # Only misses count, and after the look-up: nobody can lock others out of links that work.
        self._count(_UNKNOWN_LINKS, "unknown", _network(request))
        return self._renderer.page("unknown.html", status=404)

    def _message(self, status: int, heading: str, words: str, retry_after: int | None = None) -> Response:
        return self._renderer.page("message.html", status=status, retry_after=retry_after, heading=heading, words=words)

    def _count(self, limit: RateLimitItem, *key: str) -> None:
        if self._limiter.hit(limit, *key):
            return
        wait = max(1, round(self._limiter.get_window_stats(limit, *key).reset_time - time.time()))
        minutes = -(-wait // 60)
        words = f"That was tried many times. Wait {minutes} minute{'s' if minutes > 1 else ''}, then try again."
        raise _RefusedError(429, "Too many tries", words, wait)

    def _refuse_other_sites(self, request: Request) -> None:
        # The link's token is what lets a request act, and no other site knows it: no cookie is sent, so none can be
        # ridden on. This check only adds to that. Browsers send Origin "null" under our Referrer-Policy.
        if request.method in {"GET", "HEAD"}:
            return
        site, origin = request.headers.get("sec-fetch-site", "none"), request.headers.get("origin", "null")
        own = origin in {"null", self._origin} or origin.partition("://")[2] == request.headers.get("host")
        if not own or site not in {"same-origin", "none"}:
            words = "This came from another website. Open the link that you were sent, and use the page that it opens."
            raise _RefusedError(403, "That didn't work", words)

    async def _call(self, function: Callable[_P, _R], *args: _P.args, **kwargs: _P.kwargs) -> _R:
        async with self._slots:
            return await run_in_threadpool(function, *args, **kwargs)


async def _read_form(request: Request) -> dict[str, str]:
    """The form's fields. Refuses what is too large without holding it in memory or reading it as a form."""
    too_large = _RefusedError(413, "That was too much", "Go back, and type or paste only a password.")
    unreadable = _RefusedError(400, "That didn't work", "Open the link that you were sent, and use the form there.")
    body = await read_body(request, _LARGEST_FORM)
    if body is None:
        raise too_large
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and content_type != "application/x-www-form-urlencoded":
        raise unreadable
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10, errors="strict")
    except ValueError:
        raise unreadable from None
    return {name: values[-1] for name, values in fields.items()}


def _is_seen(request: Request) -> bool:
    purposes = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    return request.method == "GET" and "prefetch" not in purposes


def _network(request: Request) -> str:
    """The caller's address; of IPv6 the /64, since one household has as many addresses as it likes."""
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host
