"""Sage's token endpoint and its API, as far as standard information goes."""

import asyncio
import math
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.accounting.answers import drop, json_of
from sandbox.accounting.faults import Call
from sandbox.accounting.grants import GrantError, Issued, client_of, is_client
from sandbox.sage import data
from sandbox.sage.world import LIFETIMES, Business, SageWorld

LARGEST_PAGE = 200
_USUAL_PAGE = 20
_HTML = "<!doctype html><html><head><title>Sage</title></head><body><h1>Down for maintenance</h1></body></html>"


class Api:
    def __init__(self, world: SageWorld) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/sage/token", self._token, methods=["POST"]),
            Route("/sage/v3.1/businesses", self._businesses, methods=["GET"]),
            Route("/sage/v3.1/{resource}", self._serve, methods=["GET"]),
            Route("/sage/v3.1/{resource}/{id}", self._serve, methods=["GET"]),
        ]

    async def _token(self, request: Request) -> Response:
        world = self._world
        form = dict(parse_qsl((await request.body()).decode()))
        grant = form.get("grant_type", "")
        known = world.grants.find_refresh(form.get("refresh_token", ""))
        user, token = (known.user, known.id) if known is not None else ("", "")
        await self._delay(user, "", grant)
        if world.faults.take("http500", user=user, path=grant):
            return self._said(grant, user, token, JSONResponse({"error": "server_error"}, 500), "server_error")
        try:
            issued = self._grant(request.headers.get("authorization", ""), form)
        except GrantError as refusal:
            status = 401 if refusal.code == "invalid_client" else 400
            return self._said(grant, user, token, JSONResponse({"error": refusal.code}, status), refusal.code)
        user = issued.access.user
        answer = JSONResponse(self._issued(issued), headers={"Cache-Control": "no-store"})
        lost = grant == "refresh_token" and world.faults.take("lost_refresh", user=user) is not None
        self._said(grant, user, token, answer, "lost" if lost else "ok")
        return drop(request) if lost else answer

    def _grant(self, authorization: str, form: dict[str, str]) -> Issued:
        settings, grants = self._world.settings, self._world.grants
        client = client_of(authorization, form)
        fault = self._world.faults.take("invalid_client")
        if not is_client(client, settings.client_id, settings.client_secret) or fault is not None:
            raise GrantError("invalid_client")
        match form.get("grant_type"):
            case "authorization_code":
                verifier = form.get("code_verifier", "")
                return grants.exchange(form.get("code", ""), client[0], form.get("redirect_uri", ""), verifier)
            case "refresh_token":
                return grants.refresh(form.get("refresh_token", ""))
            case _:
                raise GrantError("unsupported_grant_type")

    def _issued(self, issued: Issued) -> dict[str, Any]:
        found = {
            "access_token": issued.access.token,
            "expires_in": LIFETIMES.access,
            "token_type": "bearer",
            "refresh_token": issued.refresh.token,
            "refresh_token_expires_in": LIFETIMES.refresh,
            "scope": " ".join(issued.access.scopes),
            "requested_by_id": self._world.users[issued.access.user].guid,
        }
        new = self._world.faults.take("new_token_field", user=issued.access.user) is not None
        return {**found, "token_binding": {"kind": "none"}} if new else found

    def _said(self, grant: str, user: str, token: str, answer: Response, outcome: str) -> Response:
        at = self._world.clock()
        self._world.calls.add(Call(at, "token", "POST", grant, user, "", answer.status_code, outcome, token))
        return answer

    async def _businesses(self, request: Request) -> Response:
        user, refusal = self._enter(request)
        answer = refusal or await self._met(request, user, "", "businesses")
        if answer is None:
            found = [data.reference(each.id, each.name, "businesses") for each in self._world.seen_by(user)]
            body = {"$total": len(found), "$page": 1, "$next": None, "$back": None}
            answer = json_of(request, {**body, "$items_per_page": 2_147_483_647, "$items": found})
        return self._log("businesses", user, "", answer)

    async def _serve(self, request: Request) -> Response:
        world = self._world
        resource = request.path_params["resource"]
        user, refusal = self._enter(request)
        if refusal is not None:
            return self._log(resource, user, "", refusal)
        seen = world.seen_by(user)
        wanted = request.headers.get("x-business")
        if resource == "businesses":
            wanted = request.path_params["id"]
        chosen = next((each for each in seen if wanted in {None, each.id}), None)
        if chosen is None:
            missing = _problem(404, "RecordNotFound", "The requested resource could not be found.")
            return self._log(resource, user, wanted or "", missing)
        answer = await self._met(request, user, chosen.id, resource)
        return self._log(resource, user, chosen.id, answer or self._answer(request, resource, chosen))

    def _enter(self, request: Request) -> tuple[str, Response | None]:
        access = self._world.grants.find_access(request.headers.get("authorization", "").removeprefix("Bearer "))
        if access is None or self._world.clock() >= access.expires_at:
            user = access.user if access is not None else ""
            return user, _problem(401, "AuthenticationFailure", "The access token is invalid or has expired.")
        return access.user, None

    async def _met(self, request: Request, user: str, business: str, resource: str) -> Response | None:
        """The limit or fault that this call meets."""
        world = self._world
        fault = world.faults.take("limited", tenant=business, user=user, path=resource)
        wait = fault.retry_after if fault is not None else world.spend(business) if business else None
        if wait is not None:
            answer = _problem(429, "TooManyRequests", "Too many requests.")
            answer.headers["Retry-After"] = str(wait)
            return answer
        await self._delay(user, business, resource)
        kinds = ("no_subscription", "offline", "http500", "drop", "html")
        fault = world.faults.take(*kinds, tenant=business, user=user, path=resource)
        match fault.kind if fault is not None else "":
            case "no_subscription":
                return _problem(401, "AuthorizationFailure", "No active subscription. (MSE)")
            case "offline":
                return _problem(503, "ServiceUnavailable", "The service is unavailable.")
            case "http500":
                return _problem(500, "UnexpectedError", "An unexpected error occurred.")
            case "drop":
                return drop(request)
            case "html":
                return Response(_HTML, media_type="text/html")
            case _:
                return None

    async def _delay(self, user: str, business: str, path: str) -> None:
        slow = self._world.faults.take("slow", tenant=business, user=user, path=path)
        if delay := self._world.settings.latency + (slow.delay if slow is not None else 0):
            await asyncio.sleep(delay)

    def _answer(self, request: Request, resource: str, of: Business) -> Response:
        if resource == "businesses":
            return json_of(request, data.business_of(of))
        if resource == "financial_settings":
            return json_of(request, data.financial_settings(of))
        if resource not in data.LISTS or "id" in request.path_params:
            return _problem(404, "RecordNotFound", "The requested resource could not be found.")
        query = request.query_params
        size = min(_number(query.get("items_per_page"), _USUAL_PAGE), LARGEST_PAGE)
        page = _number(query.get("page"), 1)
        if size < 1 or page < 1:
            return _problem(422, "UnprocessableEntity", "page and items_per_page start at 1.")
        rows = data.rows(of, resource, _since(query.get("updated_or_created_since")))
        shown = rows[(page - 1) * size : page * size]
        whole = query.get("attributes") == "all"
        last = math.ceil(len(rows) / size)
        body = {
            "$total": len(rows),
            "$page": page,
            "$next": _address(resource, page + 1, size) if page < last else None,
            "$back": _address(resource, page - 1, size) if page > 1 else None,
            "$items_per_page": size,
            "$items": [data.entry(of, resource, key, number, whole=whole) for key, number in shown],
        }
        return json_of(request, body)

    def _log(self, resource: str, user: str, business: str, answer: Response) -> Response:
        at = self._world.clock()
        self._world.calls.add(Call(at, "api", "GET", resource, user, business, answer.status_code))
        return answer


def _problem(status: int, code: str, message: str) -> Response:
    return JSONResponse([{"$severity": "error", "$dataCode": code, "$message": message, "$source": ""}], status)


def _address(resource: str, page: int, size: int) -> str:
    return f"/{resource}?{urlencode({'page': page, 'items_per_page': size})}"


def _number(given: str | None, usual: int) -> int:
    if given is None:
        return usual
    return int(given) if given.isascii() and given.isdigit() else 0


def _since(given: str | None) -> float:
    try:
        return datetime.fromisoformat(given).timestamp() if given else 0.0
    except ValueError:
        return 0.0
