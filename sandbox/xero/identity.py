"""Xero's token endpoint, revocation and the list of connections."""

import asyncio
from datetime import UTC, datetime
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.accounting.answers import drop
from sandbox.accounting.faults import Call
from sandbox.accounting.grants import GrantError, Issued, client_of, is_client
from sandbox.xero.answers import Json, problem, unauthorised
from sandbox.xero.tokens import write_identity
from sandbox.xero.world import LIFETIMES, Connection, XeroWorld


class Identity:
    def __init__(self, world: XeroWorld) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/xero/connect/token", self._token, methods=["POST"]),
            Route("/xero/connect/revocation", self._revocation, methods=["POST"]),
            # xero-python asks for /Connections, Xero's pages say /connections.
            *(
                route
                for name in ("connections", "Connections")
                for route in (
                    Route(f"/xero/{name}", self._connections, methods=["GET"]),
                    Route(f"/xero/{name}/{{id}}", self._disconnect, methods=["DELETE"]),
                )
            ),
        ]

    async def _token(self, request: Request) -> Response:
        world = self._world
        form = dict(parse_qsl((await request.body()).decode()))
        grant, given = form.get("grant_type", ""), form.get("refresh_token", "")
        known = world.grants.find_refresh(given)
        user, token = (known.user, known.id) if known is not None else ("", "")
        slow = world.faults.take("slow", user=user, path=grant)
        if delay := world.settings.latency + (slow.delay if slow is not None else 0):
            await asyncio.sleep(delay)
        if world.faults.take("http500", user=user, path=grant):
            return self._said(grant, user, token, JSONResponse({"error": "server_error"}, 500), "server_error")
        try:
            issued = self._grant(request.headers.get("authorization", ""), form)
        except GrantError as refusal:
            answer = JSONResponse({"error": refusal.code}, 400, {"Cache-Control": "no-store"})
            return self._said(grant, user, token, answer, refusal.code)
        user = issued.access.user
        answer = JSONResponse(self._issued(issued), headers={"Cache-Control": "no-store"})
        lost = grant == "refresh_token" and world.faults.take("lost_refresh", user=user) is not None
        self._said(grant, user, token, answer, "lost" if lost else "ok")
        return drop(request) if lost else answer

    def _grant(self, authorization: str, form: dict[str, str]) -> Issued:
        world = self._world
        settings, grants = world.settings, world.grants
        client = client_of(authorization, form)
        if not is_client(client, settings.client_id, settings.client_secret) or world.faults.take("invalid_client"):
            raise GrantError("invalid_client")
        match form.get("grant_type"):
            case "authorization_code":
                verifier = form.get("code_verifier", "")
                return grants.exchange(form.get("code", ""), client[0], form.get("redirect_uri", ""), verifier)
            case "refresh_token":
                return grants.refresh(form.get("refresh_token", ""))
            case _:
                raise GrantError("unsupported_grant_type")

    def _issued(self, issued: Issued) -> Json:
        world = self._world
        scopes = issued.access.scopes
        user = world.users[issued.access.user]
        found: Json = {
            "access_token": issued.access.token,
            "expires_in": LIFETIMES.access,
            "token_type": "Bearer",
            "scope": " ".join(scopes),
        }
        if "openid" in scopes:
            found["id_token"] = write_identity(
                user.xero_userid, world.settings.client_id, user.name, user.email, world.clock()
            )
        if "offline_access" in scopes:
            found["refresh_token"] = issued.refresh.token
        if world.faults.take("new_token_field", user=user.id):
            found["token_binding"] = {"kind": "none"}
        return found

    def _said(self, grant: str, user: str, token: str, answer: Response, outcome: str) -> Response:
        at = self._world.clock()
        self._world.calls.add(Call(at, "token", "POST", grant, user, "", answer.status_code, outcome, token))
        return answer

    async def _revocation(self, request: Request) -> Response:
        world = self._world
        form = dict(parse_qsl((await request.body()).decode()))
        client = client_of(request.headers.get("authorization", ""), form)
        if not is_client(client, world.settings.client_id, world.settings.client_secret):
            return self._said("revocation", "", "", JSONResponse({"error": "invalid_client"}, 400), "invalid_client")
        found = world.grants.find_refresh(form.get("token", ""))
        if found is not None:
            world.forget(found.user)
        user, token = (found.user, found.id) if found is not None else ("", "")
        return self._said("revocation", user, token, Response(), "ok")

    async def _connections(self, request: Request) -> Response:
        world = self._world
        user, refusal = await self._enter(request)
        if refusal is not None:
            return refusal
        event = request.query_params.get("authEventId")
        held = [each for each in world.held_by(user) if event in {None, each.event}]
        return self._answer(request, user, JSONResponse([self._wire(each) for each in held]))

    async def _disconnect(self, request: Request) -> Response:
        world = self._world
        user, refusal = await self._enter(request)
        if refusal is not None:
            return refusal
        found = world.connections.get(request.path_params["id"])
        if found is None:
            return self._answer(request, user, problem(404, "Not Found", "The connection does not exist."))
        if found.user != user:
            return self._answer(request, user, problem(403, "Forbidden", "AuthenticationUnsuccessful"))
        world.disconnect(found.id)
        return self._answer(request, user, Response(status_code=204))

    async def _enter(self, request: Request) -> tuple[str, Response | None]:
        """Whose token it is, or the refusal."""
        world = self._world
        access = world.grants.find_access(request.headers.get("authorization", "").removeprefix("Bearer "))
        user = access.user if access is not None else ""
        refusal = unauthorised(access, world.clock())
        slow = world.faults.take("slow", user=user, path="connections")
        if delay := world.settings.latency + (slow.delay if slow is not None else 0):
            await asyncio.sleep(delay)
        fault = world.faults.take("http500", "drop", "html", "limited", user=user, path="connections")
        if fault is not None and fault.kind == "drop":
            refusal = drop(request)
        elif fault is not None and fault.kind == "html":
            refusal = Response("<!doctype html><title>Xero</title><h1>Back soon</h1>", media_type="text/html")
        elif fault is not None and fault.kind == "http500":
            refusal = problem(500, "An error occurred", "An error occurred in Xero.")
        elif refusal is None and (fault is not None or world.spend("") is not None):
            refusal = Response(status_code=429, headers={"X-Rate-Limit-Problem": "appminute"})
        return user, None if refusal is None else self._answer(request, user, refusal)

    def _answer(self, request: Request, user: str, answer: Response) -> Response:
        world = self._world
        answer.headers.update(world.remaining(""))
        method = request.method
        world.calls.add(Call(world.clock(), "api", method, "connections", user, "", answer.status_code))
        return answer

    def _wire(self, connection: Connection) -> Json:
        return {
            "id": connection.id,
            "authEventId": connection.event,
            "tenantId": connection.tenant,
            "tenantType": connection.kind,
            "tenantName": self._world.name_of(connection),
            "createdDateUtc": _moment(connection.created),
            "updatedDateUtc": _moment(connection.updated),
        }


def _moment(seconds: float) -> str:
    """As /connections writes it: UTC without saying so, to seven places."""
    return f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}0"
