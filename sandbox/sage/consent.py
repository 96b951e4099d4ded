"""Sage's pages for people: log in and allow, or cancel; and which businesses there are."""

import secrets
import uuid
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.accounting import pages
from sandbox.accounting.grants import Asked
from sandbox.sage.world import SCOPES, SageWorld

PROVIDER = "Sage Accounting"
_SHOWN = 200


class ConsentPages:
    """At Sage a consent covers every business that the user sees."""

    def __init__(self, world: SageWorld) -> None:
        self._world = world
        self._visits = pages.Visits()

    def routes(self) -> list[BaseRoute]:
        base = "/sage/oauth2/auth"
        return [
            Route(f"{base}/central", self._authorise, methods=["GET"]),
            Route(f"{base}/login", self._log_in, methods=["POST"]),
            Route(f"{base}/consent", self._consent, methods=["GET"]),
            Route(f"{base}/consent", self._decide, methods=["POST"]),
            Route("/sage", self._overview, methods=["GET"]),
        ]

    async def _authorise(self, request: Request) -> Response:
        given = request.query_params
        settings = self._world.settings
        target = given.get("redirect_uri", "")
        scopes = tuple(given.get("scope", "readonly").split())
        if given.get("client_id") != settings.client_id:
            return pages.refused(PROVIDER, "No app has this client id.", "invalid_client")
        if urlsplit(target).scheme not in {"http", "https"} or (
            settings.redirect_uris and target not in settings.redirect_uris
        ):
            return pages.refused(PROVIDER, "The app has not registered this address to return to.", "redirect_uri")
        if given.get("response_type") != "code" or "apiv3.1" not in given.get("filter", ""):
            why = "response_type=code and filter=apiv3.1 are needed."
            return pages.refused(PROVIDER, why, "invalid_request")
        if not set(scopes) <= SCOPES:
            return pages.refused(PROVIDER, "The app asks for a scope that there isn't.", "invalid_scope")
        challenge = given.get("code_challenge", "")
        visit = secrets.token_urlsafe(16)
        self._visits.add(visit, Asked(settings.client_id, target, given.get("state", ""), scopes, challenge))
        users = list(self._world.users.values())
        return pages.page(pages.LOG_IN, PROVIDER, request=visit, users=users, action="/sage/oauth2/auth/login")

    async def _log_in(self, request: Request) -> Response:
        form = await pages.form_of(request)
        name, user = pages.one(form, "request"), pages.one(form, "user")
        visit = self._visits.find(name)
        if visit is None:
            return pages.over(PROVIDER)
        if pages.one(form, "action") == "cancel":
            return self._cancel(name, visit)
        if user not in self._world.users:
            return pages.refused(PROVIDER, "Nobody has this login.", "unknown user")
        visit.user = user
        return RedirectResponse(f"/sage/oauth2/auth/consent?{urlencode({'request': name})}", 303)

    async def _consent(self, request: Request) -> Response:
        name = request.query_params.get("request", "")
        visit = self._visits.find(name)
        if visit is None or visit.user is None:
            return pages.over(PROVIDER)
        return pages.page(
            pages.CONSENT,
            PROVIDER,
            user=self._world.users[visit.user],
            scopes=visit.asked.scopes,
            choices=[],
            nothing="Access is to every business that you see in Sage Accounting.",
            button="Allow",
            request=name,
            action="/sage/oauth2/auth/consent",
        )

    async def _decide(self, request: Request) -> Response:
        form = await pages.form_of(request)
        name = pages.one(form, "request")
        visit = self._visits.find(name)
        if visit is None or visit.user is None:
            return pages.over(PROVIDER)
        if pages.one(form, "action") == "cancel":
            return self._cancel(name, visit)
        self._visits.end(name)
        code = self._world.grants.new_code(visit.asked, visit.user, str(uuid.uuid4()))
        return pages.back(visit.asked, code=code, country="GB")

    def _cancel(self, name: str, visit: pages.Visit) -> Response:
        self._visits.end(name)
        return pages.back(visit.asked, error="access_denied")

    async def _overview(self, _: Request) -> Response:
        world = self._world
        user = next(iter(world.users.values()))
        found = world.seen_by(user.id)
        return pages.page(
            pages.OVERVIEW,
            PROVIDER,
            summary=f"{len(found)} business{'' if len(found) == 1 else 'es'}, as {user.name} sees them.",
            connections=[{"id": "", "name": each.name, "note": each.country} for each in found[:_SHOWN]],
            more=max(0, len(found) - _SHOWN),
        )
