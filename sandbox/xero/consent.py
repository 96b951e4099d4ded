"""Xero's pages for people: log in, choose organisations, allow or cancel; and who is connected."""

import secrets
import uuid
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.accounting import pages
from sandbox.accounting.control import ControlError
from sandbox.accounting.grants import Asked
from sandbox.xero.world import SCOPES, Connection, XeroWorld

PROVIDER = "Xero"
_SHOWN = 200


class ConsentPages:
    def __init__(self, world: XeroWorld) -> None:
        self._world = world
        self._visits = pages.Visits()

    def routes(self) -> list[BaseRoute]:
        base = "/xero/identity/connect"
        return [
            Route(f"{base}/authorize", self._authorise, methods=["GET"]),
            Route(f"{base}/login", self._log_in, methods=["POST"]),
            Route(f"{base}/consent", self._choose, methods=["GET"]),
            Route(f"{base}/consent", self._decide, methods=["POST"]),
            Route("/xero", self._overview, methods=["GET"]),
            Route("/xero/disconnect", self._disconnect, methods=["POST"]),
        ]

    async def _authorise(self, request: Request) -> Response:
        given = request.query_params
        settings = self._world.settings
        target = given.get("redirect_uri", "")
        scopes = tuple(given.get("scope", "").split())
        if given.get("client_id") != settings.client_id:
            return pages.refused(PROVIDER, "No app has this client id.", "unauthorized_client")
        if urlsplit(target).scheme not in {"http", "https"} or (
            settings.redirect_uris and target not in settings.redirect_uris
        ):
            return pages.refused(
                PROVIDER, "The app has not registered this address to return to.", "invalid redirect_uri"
            )
        if given.get("response_type") != "code":
            return pages.refused(PROVIDER, "Only response_type=code is possible.", "unsupported_response_type")
        if not scopes or not set(scopes) <= SCOPES:
            return pages.refused(PROVIDER, "The app asks for a scope that there isn't.", "invalid_scope")
        challenge = given.get("code_challenge", "")
        if challenge and given.get("code_challenge_method") != "S256":
            return pages.refused(PROVIDER, "A code challenge must use S256.", "invalid_request")
        visit = secrets.token_urlsafe(16)
        self._visits.add(visit, Asked(settings.client_id, target, given.get("state", ""), scopes, challenge))
        users = list(self._world.users.values())
        return pages.page(pages.LOG_IN, PROVIDER, request=visit, users=users, action="/xero/identity/connect/login")

    async def _log_in(self, request: Request) -> Response:
        form = await pages.form_of(request)
        visit = self._visits.find(pages.one(form, "request"))
        if visit is None:
            return pages.over(PROVIDER)
        if pages.one(form, "action") == "cancel":
            return self._cancel(pages.one(form, "request"), visit)
        user = pages.one(form, "user")
        if user not in self._world.users:
            return pages.refused(PROVIDER, "Nobody has this login.", "unknown user")
        visit.user = user
        query = urlencode({"request": pages.one(form, "request")})
        return RedirectResponse(f"/xero/identity/connect/consent?{query}", 303)

    async def _choose(self, request: Request) -> Response:
        name = request.query_params.get("request", "")
        visit = self._visits.find(name)
        if visit is None or visit.user is None:
            return pages.over(PROVIDER)
        return self._consent(name, visit, visit.user, self._world.refusal())

    def _consent(self, name: str, visit: pages.Visit, user: str, refusal: str | None) -> Response:
        world = self._world
        several = world.settings.bulk
        held = {each.tenant for each in world.held_by(user)}
        choices = [
            {
                "id": tenant,
                "name": world.organisation(tenant).name,
                "note": "Already connected" if tenant in held else "",
            }
            for tenant in ([] if refusal else world.seen_by(user))
        ]
        return pages.page(
            pages.CONSENT,
            PROVIDER,
            user=world.users[user],
            scopes=visit.asked.scopes,
            refusal=refusal,
            choices=choices,
            several=several,
            legend="Organisations" if several else "Choose one organisation",
            nothing="You have no organisation in Xero.",
            button=_button(several, len(choices)),
            request=name,
            action="/xero/identity/connect/consent",
        )

    async def _decide(self, request: Request) -> Response:
        form = await pages.form_of(request)
        name = pages.one(form, "request")
        visit = self._visits.find(name)
        if visit is None or visit.user is None:
            return pages.over(PROVIDER)
        if pages.one(form, "action") == "cancel":
            return self._cancel(name, visit)
        chosen = form.get("organisation", [])
        event = str(uuid.uuid4())
        try:
            self._world.connect(visit.user, chosen if self._world.settings.bulk else chosen[:1], event)
        except ControlError as refusal:
            return self._consent(name, visit, visit.user, str(refusal))
        self._visits.end(name)
        code = self._world.grants.new_code(visit.asked, visit.user, event)
        return pages.back(visit.asked, code=code, scope=" ".join(visit.asked.scopes))

    def _cancel(self, name: str, visit: pages.Visit) -> Response:
        self._visits.end(name)
        return pages.back(visit.asked, error="access_denied")

    async def _overview(self, _: Request) -> Response:
        world = self._world
        held = list(world.connections.values())
        settings = world.settings
        many = "" if len(held) == 1 else "s"
        bulk = "on" if settings.bulk else "off"
        return pages.page(
            pages.OVERVIEW,
            PROVIDER,
            summary=f"{len(held)} connection{many} of at most {settings.connection_cap}; "
            f"{settings.organisations} organisations in all. Bulk Connections is {bulk}.",
            connections=[self._row(each) for each in held[:_SHOWN]],
            more=len(held) - _SHOWN if len(held) > _SHOWN else 0,
            action="/xero/disconnect",
        )

    def _row(self, connection: Connection) -> dict[str, str]:
        user = self._world.users[connection.user].name
        return {"id": connection.id, "name": self._world.name_of(connection), "note": f"connected by {user}"}

    async def _disconnect(self, request: Request) -> Response:
        self._world.disconnect(pages.one(await pages.form_of(request), "connection"))
        return RedirectResponse("/xero", 303)


def _button(several: bool, count: int) -> str:
    if not count:
        return "Continue without an organisation"
    if several:
        return f"Continue with {count} organisation{'' if count == 1 else 's'}"
    return "Allow access"
