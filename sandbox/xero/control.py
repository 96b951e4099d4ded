"""The sandbox's own API over the stand-in Xero, for tests, the driver and the benchmarks."""

from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.accounting.control import refusals
from sandbox.accounting.faults import Fault
from sandbox.xero.world import XeroWorld


class Control:
    def __init__(self, world: XeroWorld) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        base = "/sandbox/xero"
        return [
            Route(base, refusals(self._state), methods=["GET"]),
            Route(f"{base}/settings", refusals(self._settings), methods=["POST"]),
            Route(f"{base}/faults", refusals(self._faults), methods=["POST", "DELETE"]),
            Route(f"{base}/calls", refusals(self._calls), methods=["GET", "DELETE"]),
            Route(f"{base}/organisations", refusals(self._organisations), methods=["GET"]),
            Route(f"{base}/organisations/{{id}}", refusals(self._change), methods=["POST"]),
            Route(f"{base}/revoke", refusals(self._revoke), methods=["POST"]),
            Route(f"{base}/kill", refusals(self._kill), methods=["POST"]),
            Route(f"{base}/expire", refusals(self._expire), methods=["POST"]),
        ]

    async def _state(self, _: Request) -> Response:
        world = self._world
        with world.lock:
            found = {
                "settings": asdict(world.settings),
                "users": [
                    {**asdict(user), "xero_userid": user.xero_userid, "connections": len(world.held_by(user.id))}
                    for user in world.users.values()
                ],
                "faults": world.faults.wire(),
                "connections": [{**asdict(each), "name": world.name_of(each)} for each in world.connections.values()],
                "peaks": dict(world.peaks),
            }
        return JSONResponse(found)

    async def _settings(self, request: Request) -> Response:
        self._world.change_settings(await request.json())
        return JSONResponse({"ok": True, "settings": asdict(self._world.settings)})

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._world.faults.clear()
        else:
            self._world.faults.add(Fault(**await request.json()))
        return JSONResponse({"ok": True})

    async def _calls(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._world.calls.clear()
            return JSONResponse({"ok": True})
        found = self._world.calls.find(**dict(request.query_params))
        return JSONResponse([call.wire() for call in found])

    async def _organisations(self, request: Request) -> Response:
        """In the order of their numbers; `offset` and `limit` cut."""
        world = self._world
        offset = int(request.query_params.get("offset", "0"))
        limit = int(request.query_params.get("limit", "10000"))
        found = [world.organisation(each) for each in world.directory.ids()[offset : offset + limit]]
        return JSONResponse(
            [
                {
                    "number": each.number,
                    "id": each.id,
                    "name": each.name,
                    "legal_name": each.legal_name,
                    "country": each.country,
                    "demo": each.demo,
                    "contacts": each.contacts + len(each.added),
                    "odd_values": each.odd_values,
                    "html_resource": each.html_resource,
                }
                for each in found
            ]
        )

    async def _change(self, request: Request) -> Response:
        wishes: dict[str, Any] = await request.json()
        self._world.change_organisation(request.path_params["id"], **wishes)
        return JSONResponse({"ok": True})

    async def _revoke(self, request: Request) -> Response:
        wish = await request.json()
        ended = self._world.revoke(wish["tenant"], wish.get("user"), bar=bool(wish.get("bar")))
        return JSONResponse({"ok": True, "ended": ended})

    async def _kill(self, request: Request) -> Response:
        """The authorisation is dead: its access tokens are expired, its refresh tokens refused."""
        user = (await request.json())["user"]
        self._world.grants.kill(self._world.users[user].id)
        self._world.grants.expire(user)
        return JSONResponse({"ok": True})

    async def _expire(self, request: Request) -> Response:
        self._world.grants.expire((await request.json()).get("user"))
        return JSONResponse({"ok": True})
