"""Connecting accounting software: to the provider's consent page, and back from it."""

import logging
import re
import secrets
import uuid
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from db.models import Provider
from handlers.pages.rendering import Renderer
from handlers.ports import Slack
from modals.add_client import pages as wizard
from services.accounting.consent import (
    STATE_LIFETIME,
    Consent,
    ConsentCancelledError,
    ConsentService,
    PurposeKind,
)
from services.accounting.port import NAMES, ProviderError
from services.add_client.records import Arrival
from services.add_client.service import AddClientService
from services.errors import ConflictError, GoneError, NotPermittedError, ServiceError

_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_log = logging.getLogger(__name__)


def routes(
    consents: ConsentService,
    add_client: AddClientService,
    slack_of: Callable[[uuid.UUID], Slack | None],
    after: Callable[[Callable[[], None]], None],
    explain: Callable[[Exception], tuple[str, str | None]],
    *,
    public_url: str,
    slack_site: str,
) -> list[Route]:
    """`slack_of` gives a practice's Slack, `after` does something once the page is out, `explain` the words for an
    unexpected failure and the reference under which it is logged."""
    pages = _ConsentPages(consents, add_client, slack_of, after, explain, public_url, slack_site)
    return [
        Route("/connect/{provider}/start", pages.start, methods=["GET"]),
        Route("/connect/{provider}/callback", pages.finish, methods=["GET"]),
    ]


class _ConsentPages:
    def __init__(
        self,
        consents: ConsentService,
        add_client: AddClientService,
        slack_of: Callable[[uuid.UUID], Slack | None],
        after: Callable[[Callable[[], None]], None],
        explain: Callable[[Exception], tuple[str, str | None]],
        public_url: str,
        slack_site: str,
    ) -> None:
        self._consents = consents
        self._add_client = add_client
        self._slack_of = slack_of
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
        if consent.purpose.kind is PurposeKind.DRAFT:
            arrival = self._add_client.arrived(consent)
            self._after(lambda: self._lead_back(arrival))
        heading, words = _outcome(consent)
        return self._page(200, heading, words)

    def _lead_back(self, arrival: Arrival) -> None:
        """The window that waits moves on; where there is none, a message leads back."""
        if not self._moves_on(arrival):
            self._add_client.tell_arrived(arrival)

    def _moves_on(self, arrival: Arrival) -> bool:
        if arrival.view_id is None or arrival.page is None:
            return False
        try:
            slack = self._slack_of(arrival.practice_id)
            return slack is not None and slack.replace(arrival.view_id, wizard.page(arrival.page))
        except Exception:  # noqa: BLE001 - the message says the same
            _log.warning("A window could not be moved on after a consent", exc_info=True)
            return False

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
    name = NAMES[consent.provider]
    if consent.chosen is not None and consent.chosen.chosen is not None:
        words = f"Organisation: {consent.chosen.chosen.name}. You can close this page and go on in Slack."
        if consent.purpose.kind is PurposeKind.DRAFT:
            words += " The window there moves on by itself; if you closed it, a message leads on."
        return f"{name} is connected", words
    if not consent.organisations:
        words = f"You signed in at {name}, but it gave us no organisation. Go back to Slack and connect {name} again, "
        return "No organisation was connected", f"{words}as somebody who can see this client's."
    count = f"{len(consent.organisations):,} organisations"
    return "Choose the organisation in Slack", f"{name} gave us {count}. Go back to Slack and choose this client's."


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
