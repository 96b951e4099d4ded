"""Installing the app: to Slack's consent page, and back from it with a token."""

import re
import secrets
from collections.abc import Callable
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from handlers.pages.rendering import Renderer
from handlers.ports import Consent, ConsentRefusedError, Forget, Grant
from services.errors import ServiceError
from services.installs import LIFETIME, InstallService
from services.workspaces import WorkspaceService

RETURN_PATH = "/slack/oauth_redirect"
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


def routes(
    installs: InstallService,
    workspaces: WorkspaceService,
    consent: Consent,
    forget: Forget,
    explain: Callable[[Exception], tuple[str, str | None]],
    *,
    public_url: str,
) -> list[Route]:
    """`explain` gives the words for an unexpected failure and the reference under which it is logged."""
    pages = _InstallPages(installs, workspaces, consent, forget, explain, public_url)
    return [
        Route("/slack/install", pages.begin, methods=["GET"]),
        Route(RETURN_PATH, pages.finish, methods=["GET"]),
    ]


class _InstallPages:
    def __init__(
        self,
        installs: InstallService,
        workspaces: WorkspaceService,
        consent: Consent,
        forget: Forget,
        explain: Callable[[Exception], tuple[str, str | None]],
        public_url: str,
    ) -> None:
        self._installs = installs
        self._workspaces = workspaces
        self._consent = consent
        self._forget = forget
        self._explain = explain
        self._return_to = f"{public_url}{RETURN_PATH}"
        self._is_https = public_url.startswith("https://")
        self._cookie = "__Host-clientdesk-install" if self._is_https else "clientdesk-install"
        self._renderer = Renderer()

    async def begin(self, request: Request) -> Response:
        # One secret serves all tabs of a browser.
        browser = self._browser(request) or secrets.token_urlsafe(32)
        try:
            state = await run_in_threadpool(self._installs.begin, browser)
        except Exception as error:  # noqa: BLE001 - the boundary: the person gets a reference
            return self._failed(error)
        answer = RedirectResponse(self._consent.address(state, self._return_to), 302, {"Cache-Control": "no-store"})
        answer.set_cookie(
            self._cookie,
            browser,
            max_age=int(LIFETIME.total_seconds()),
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def finish(self, request: Request) -> Response:
        asked = request.query_params
        try:
            await run_in_threadpool(self._installs.use, self._browser(request) or "", asked.get("state", ""))
            if "code" in asked:
                return await run_in_threadpool(self._install, asked["code"])
        except ServiceError as refusal:
            return self._stopped(400, "That didn't work", f"{refusal.message} Nothing was changed.")
        except ConsentRefusedError as refusal:
            words = f"Slack did not complete the installation ({refusal.code}). Nothing was changed."
            return self._stopped(502, "That didn't work", words)
        except Exception as error:  # noqa: BLE001 - the boundary: the person gets a reference
            return self._failed(error)
        if asked.get("error") == "access_denied":
            return self._stopped(200, "Clientdesk was not installed", "You cancelled. Nothing was changed.")
        words = f"Slack answered: {asked.get('error', 'nothing')[:100]}. Nothing was changed."
        return self._stopped(400, "That didn't work", words)

    def _install(self, code: str) -> Response:
        grant = self._consent.exchange(code, self._return_to)
        standing = self._workspaces.installed(
            grant.slack_key,
            grant.practice_name,
            bot_token=grant.bot_token,
            bot_user_id=grant.bot_user_id,
            scopes=grant.scopes,
            installer=grant.installer,
        )
        self._forget(grant.slack_key)
        return self._renderer.page("installed.html", grant=grant, standing=standing, back=self._back(grant))

    def _back(self, grant: Grant) -> str:
        where = {"app": grant.app_id, "team": grant.team_id}
        return f"{self._consent.site}/app_redirect?{urlencode({name: to for name, to in where.items() if to})}"

    def _browser(self, request: Request) -> str | None:
        found = request.cookies.get(self._cookie, "")
        return found if _SECRET.fullmatch(found) else None

    def _stopped(self, status: int, heading: str, words: str) -> Response:
        return self._renderer.page("not_installed.html", status=status, heading=heading, words=words)

    def _failed(self, error: Exception) -> Response:
        words, reference = self._explain(error)
        shown = words if reference is None else f"{words} Reference {reference}"
        return self._stopped(500, "That didn't work", shown)
