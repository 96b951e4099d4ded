"""Connecting accounting software: to the provider's consent page, and back from it."""

import re
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from db.models import Provider
from handlers.pages.rendering import Renderer
from modals.text import count
from services.accounting.consent import (
    STATE_LIFETIME,
    Consent,
    ConsentCancelledError,
    ConsentService,
    PurposeKind,
)
from services.accounting.port import NAMES, ProviderError
from services.errors import ConflictError, GoneError, NotPermittedError, ServiceError

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_MOVES_ON = "The window there moves on by itself; if you closed it, a message leads on."
_OF_ONE = ("Choose the organisation in Slack", "Go back to Slack and choose this client's.")
_SIGNED_IN = "You signed in at {name}"
_THEN = {
    PurposeKind.DRAFT: _OF_ONE,
    PurposeKind.CLIENT: _OF_ONE,
    PurposeKind.SYNC: (_SIGNED_IN, "Go back to Slack to choose among them."),
    PurposeKind.RECONNECT: (_SIGNED_IN, "Go back to Slack to see what is connected again."),
    PurposeKind.REASSIGN: (_SIGNED_IN, "Go back to Slack to choose what you take over."),
}
"""What the page says when a consent left something to do, by what it was for."""
Landing = Callable[[Consent], None]
"""Goes on in Slack with what a consent brought."""


def routes(
    consents: ConsentService,
    landings: Mapping[PurposeKind, Landing],
    after: Callable[[Callable[[], None]], None],
    explain: Callable[[Exception], tuple[str, str | None]],
    *,
    public_url: str,
    slack_site: str,
) -> list[Route]:
    """`landings` go on in Slack once the page is out, `after` does something then, `explain` gives the words for an
    unexpected failure and the reference under which it is logged."""
    pages = _ConsentPages(consents, landings, after, explain, public_url, slack_site)
    return [
        Route("/connect/{provider}/start", pages.start, methods=["GET"]),
        Route("/connect/{provider}/callback", pages.finish, methods=["GET"]),
    ]


class _ConsentPages:
    def __init__(
        self,
        consents: ConsentService,
        landings: Mapping[PurposeKind, Landing],
        after: Callable[[Callable[[], None]], None],
        explain: Callable[[Exception], tuple[str, str | None]],
        public_url: str,
        slack_site: str,
    ) -> None:
        self._consents = consents
        self._landings = landings
        self._after = after
        self._explain = explain
        self._slack_site = slack_site
        self._is_https = public_url.startswith("https://")
        self._cookie = "__Host-clientdesk-connect" if self._is_https else "clientdesk-connect"
        self._renderer = Renderer()

    async def start(self, request: Request) -> Response:
        provider = _provider(request)
        if provider is None:
            return self._unknown()
        # One secret serves all tabs of a browser.
        browser = self._browser(request) or secrets.token_urlsafe(32)

        def begin() -> str:
            return self._consents.start(provider, request.query_params.get("ticket", ""), browser=browser)

        try:
            address = await run_in_threadpool(begin)
        except Exception as error:  # noqa: BLE001 - the boundary: the person gets words or a reference
            return self._stopped(error)
        answer = RedirectResponse(address, 302, {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"})
        answer.set_cookie(
            self._cookie,
            browser,
            max_age=int(STATE_LIFETIME.total_seconds()),
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def finish(self, request: Request) -> Response:
        provider = _provider(request)
        if provider is None:
            return self._unknown()
        try:
            return await run_in_threadpool(self._finish, provider, request)
        except Exception as error:  # noqa: BLE001 - the boundary: the person gets words or a reference
            return self._stopped(error)

    def _finish(self, provider: Provider, request: Request) -> Response:
        asked = request.query_params
        consent = self._consents.finish(
            provider,
            browser=self._browser(request) or "",
            state=asked.get("state", ""),
            code=asked.get("code"),
            error=asked.get("error"),
        )
        landing = self._landings.get(consent.purpose.kind)
        if landing is not None:
            self._after(lambda: landing(consent))
        heading, words = _outcome(consent)
        return self._page(200, heading, words)

    def _browser(self, request: Request) -> str | None:
        found = request.cookies.get(self._cookie, "")
        return found if _SECRET.fullmatch(found) else None

    def _stopped(self, error: Exception) -> Response:
        if isinstance(error, ConsentCancelledError):
            return self._page(200, "You cancelled", error.message)
        if isinstance(error, ServiceError):
            return self._page(_status(error), "That didn't work", error.message)
        words, reference = self._explain(error)
        return self._page(500, "That didn't work", words if reference is None else f"{words} Reference {reference}")

    def _unknown(self) -> Response:
        return self._page(404, "There is nothing here", "Go back to Slack and use the button again.")

    def _page(self, status: int, heading: str, words: str) -> Response:
        values: dict[str, Any] = {"heading": heading, "words": words, "back": f"{self._slack_site}/"}
        return self._renderer.page("consent.html", status=status, **values)


def _provider(request: Request) -> Provider | None:
    try:
        return Provider(request.path_params["provider"])
    except ValueError:
        return None


def _outcome(consent: Consent) -> tuple[str, str]:
    name, kind = NAMES[consent.provider], consent.purpose.kind
    if consent.chosen is not None and consent.chosen.chosen is not None:
        words = f"Organisation: {consent.chosen.chosen.name}. You can close this page and go on in Slack."
        return f"{name} is connected", f"{words} {_MOVES_ON}"
    if not consent.organisations:
        whose = "this client's" if _THEN[kind] is _OF_ONE else "your clients'"
        words = f"You signed in at {name}, but it gave us no organisation. Go back to Slack and connect {name} again, "
        return "No organisation was connected", f"{words}as somebody who can see {whose}."
    given = f"{name} gave us {count(len(consent.organisations), 'organisation', 'organisations')}."
    heading, then = _THEN[kind]
    return heading.format(name=name), f"{given} {then} {_MOVES_ON}"


def _status(refusal: ServiceError) -> int:
    match refusal:
        case NotPermittedError():
            return 403
        case ConflictError():
            return 409
        case GoneError():
            return 410
        case ProviderError():
            return 502
        case _:
            return 400
