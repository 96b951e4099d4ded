"""The page behind an invitation's link: set a password, or read in plain words why the link doesn't work."""

from limits import parse
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from handlers.pages.guard import Endpoint, Guard, RefusedError, network
from handlers.pages.rendering import Renderer
from services.errors import InvalidError, ServiceError
from services.invitations.records import InvitationClosedError, InvitationPage, LinkState
from services.invitations.service import InvitationService
from services.keys import hash_token
from services.logins import BusyError

_UNKNOWN_LINKS = parse("30 per minute")  # from one address
_TRIES = parse("10 per 15 minutes")  # with one link
_TOO_LARGE = "Go back, and type or paste only a password."


def routes(invitations: InvitationService, *, public_url: str) -> list[Route]:
    """Behind a proxy, the server has to be told to take the caller's address from it: limits are kept by address."""
    pages = _InvitationPages(invitations, public_url)
    return [
        Route("/i/{token}", pages.guarded(pages.show), methods=["GET"]),
        Route("/i/{token}", pages.guarded(pages.accept), methods=["POST"]),
        Route("/i/{token}/ask", pages.guarded(pages.ask_for_new), methods=["POST"]),
    ]


class _InvitationPages:
    def __init__(self, invitations: InvitationService, public_url: str) -> None:
        self._invitations = invitations
        self._renderer = Renderer()
        # The link's token is what lets a request act, and no other site knows it: no cookie is sent, so none can be
        # ridden on. Refusing other sites only adds to that.
        self._guard = Guard(public_url, way_back="Open the link that you were sent, and use the page that it opens.")

    def guarded(self, endpoint: Endpoint) -> Endpoint:
        """`endpoint`, with a page for each failure that a person can cause or meet."""

        async def answer(request: Request) -> Response:
            self._guard.refuse_other_sites(request)
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
            except RefusedError as refused:
                return self._message(refused.status, refused.heading, refused.words, refused.retry_after)

        return respond

    async def show(self, request: Request) -> Response:
        page = await self._guard.call(self._invitations.open, request.path_params["token"], seen=_is_seen(request))
        return self._page(request, page)

    async def accept(self, request: Request) -> Response:
        form = await self._guard.read_form(request, too_large=_TOO_LARGE)
        token = request.path_params["token"]
        page = await self._known(token)
        if page.state != LinkState.OPEN:
            return self._page(request, page)
        self._guard.count(_TRIES, "password", hash_token(token).hex())
        password, repeat = form.get("password", ""), form.get("repeat", "")
        try:
            accepted = await self._guard.call(self._invitations.accept, token, password, repeat=repeat)
        except InvalidError as error:
            return self._page(request, await self._known(token), error.fields)
        return self._renderer.page("accepted.html", accepted=accepted)

    async def ask_for_new(self, request: Request) -> Response:
        await self._guard.read_form(request, too_large=_TOO_LARGE)
        token = request.path_params["token"]
        await self._known(token)
        self._guard.count(_TRIES, "ask", hash_token(token).hex())
        await self._guard.call(self._invitations.ask_for_new, token)
        return RedirectResponse(f"/i/{token}", 303, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})

    async def _known(self, token: str) -> InvitationPage:
        page = await self._guard.call(self._invitations.open, token, seen=False)
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
        self._guard.count(_UNKNOWN_LINKS, "unknown", network(request))
        return self._renderer.page("unknown.html", status=404)

    def _message(self, status: int, heading: str, words: str, retry_after: int | None = None) -> Response:
        return self._renderer.page("message.html", status=status, retry_after=retry_after, heading=heading, words=words)


def _is_seen(request: Request) -> bool:
    purposes = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    return request.method == "GET" and "prefetch" not in purposes
