"""Xero's accounting API, as far as standard information goes."""

import asyncio
import json
import re
import uuid
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.accounting.answers import drop, json_of
from sandbox.accounting.faults import Call
from sandbox.xero import data
from sandbox.xero.answers import Json, problem, unauthorised
from sandbox.xero.organisations import Organisation
from sandbox.xero.world import Excess, XeroWorld

LARGEST_PAGE = 1000
_USUAL_PAGE = 100
_NAMES = {
    "organisation": "Organisations",
    "organisations": "Organisations",
    "accounts": "Accounts",
    "taxrates": "TaxRates",
    "trackingcategories": "TrackingCategories",
    "currencies": "Currencies",
    "contacts": "Contacts",
}
_SINCE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_HTML = "<!doctype html><html><head><title>Xero</title></head><body><h1>We’ll be back soon</h1></body></html>"
_OFFLINE = "The organisation for this access token is not available: organisation is offline"


class Api:
    def __init__(self, world: XeroWorld) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        return [Route("/xero/api.xro/2.0/{resource}", self._serve, methods=["GET"])]

    async def _serve(self, request: Request) -> Response:
        world = self._world
        resource = request.path_params["resource"].lower()
        asked = request.headers.get("xero-tenant-id", "").lower()
        access = world.grants.find_access(request.headers.get("authorization", "").removeprefix("Bearer "))
        user = access.user if access is not None else ""
        refusal = unauthorised(access, world.clock())
        if refusal is None and access is not None and not _may(access.scopes, resource):
            refusal = problem(401, "Unauthorized", "AuthorizationUnsuccessful")
            refusal.headers["WWW-Authenticate"] = 'Bearer error="insufficient_scope"'
        if refusal is None and not world.may_read(user, asked):
            refusal = problem(403, "Forbidden", "AuthenticationUnsuccessful")
        tenant = "" if refusal is not None else asked
        with world.under_way(tenant):
            answer = refusal or await self._limited(request, resource, user, tenant)
            answer.headers.update(world.remaining(tenant))
            world.calls.add(Call(world.clock(), "api", "GET", resource, user, asked, answer.status_code))
            return answer

    async def _limited(self, request: Request, resource: str, user: str, tenant: str) -> Response:
        world = self._world
        fault = world.faults.take("limited", tenant=tenant, user=user, path=resource)
        excess = world.spend(tenant) if fault is None else Excess(fault.problem, fault.retry_after)
        if excess is not None:
            headers = {"X-Rate-Limit-Problem": excess.problem}
            if excess.retry_after is not None and excess.problem in {"minute", "day"}:
                headers["Retry-After"] = str(excess.retry_after)
            return Response(status_code=429, headers=headers)
        slow = world.faults.take("slow", tenant=tenant, user=user, path=resource)
        if delay := world.settings.latency + (slow.delay if slow is not None else 0):
            await asyncio.sleep(delay)
        fault = world.faults.take("offline", "http500", "drop", "html", tenant=tenant, user=user, path=resource)
        organisation = world.organisation(tenant)
        kind = fault.kind if fault is not None else "html" if organisation.html_resource == resource else ""
        match kind:
            case "drop":
                return drop(request)
            case "offline":
                return problem(503, "Service Unavailable", _OFFLINE)
            case "http500":
                return problem(500, "An error occurred", "An error occurred in Xero. Check the API Status page.")
            case "html":
                return Response(_HTML, media_type="text/html")
            case _:
                return self._answer(request, resource, organisation, user)

    def _answer(self, request: Request, resource: str, of: Organisation, user: str) -> Response:
        name = _NAMES.get(resource)
        if name is None:
            return Response("The resource you're looking for cannot be found", 404, media_type="text/html")
        if "application/json" not in request.headers.get("accept", ""):
            return Response("<Response><Status>OK</Status></Response>", media_type="text/xml")
        world = self._world
        odd = of.odd_values or world.faults.take("unknown_enum", tenant=of.id, user=user, path=resource) is not None
        since = _since(request.headers.get("if-modified-since", ""))
        envelope: Json = {
            "Id": str(uuid.uuid4()),
            "Status": "OK",
            "ProviderName": "Clientdesk",
            "DateTimeUTC": data.date(world.clock()),
        }
        with world.lock:
            match name:
                case "Organisations":
                    rows = [data.organisation(of, odd_values=odd)]
                case "Accounts":
                    rows = data.accounts(of, since, odd_values=odd)
                case "TaxRates":
                    rows = data.tax_rates(of, odd_values=odd)
                case "TrackingCategories":
                    rows = data.tracking_categories(of)
                case "Currencies":
                    rows = data.currencies(of, odd_values=odd)
                case _:
                    query = request.query_params
                    chosen = data.contacts(of, since, archived=query.get("includeArchived", "").lower() == "true")
                    if "page" in query or "pageSize" in query:
                        page = _number(query.get("page"), 1)
                        size = _number(query.get("pageSize"), _USUAL_PAGE)
                        if page < 1 or not 1 <= size <= LARGEST_PAGE:
                            return _bad(f"page starts at 1, and pageSize is 1 to {LARGEST_PAGE}")
                        envelope["pagination"] = {
                            "page": page,
                            "pageSize": size,
                            "pageCount": -(-len(chosen) // size),
                            "itemCount": len(chosen),
                        }
                        chosen = chosen[(page - 1) * size : page * size]
                    rows = [data.contact(of, number, when, odd_values=odd) for number, when in chosen]
        envelope[name] = rows
        return json_of(request, envelope)


def _may(scopes: tuple[str, ...], resource: str) -> bool:
    needed = "accounting.contacts" if resource == "contacts" else "accounting.settings"
    return needed in scopes or f"{needed}.read" in scopes


def _since(header: str) -> float:
    """Only the documented form counts, a UTC time to the second without zone; with any other all is returned."""
    if not _SINCE.fullmatch(header):
        return 0.0
    try:
        return datetime.fromisoformat(header).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


def _number(given: str | None, usual: int) -> int:
    if given is None:
        return usual
    return int(given) if given.isascii() and given.isdigit() else 0


def _bad(why: str) -> Response:
    body = {"ErrorNumber": 16, "Type": "QueryParseException", "Message": why}
    return Response(json.dumps(body), 400, media_type="application/json")
