"""The sandbox's own API over the stand-in Sage, for tests, the driver and the benchmarks."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.accounting.control import refusals
from sandbox.accounting.faults import Fault
from sandbox.sage.world import SageWorld


class Control:
    def __init__(self, world: SageWorld) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        base = "/sandbox/sage"
        return [
            Route(base, refusals(self._state), methods=["GET"]),
            Route(f"{base}/settings", refusals(self._settings), methods=["POST"]),
            Route(f"{base}/faults", refusals(self._faults), methods=["POST", "DELETE"]),
            Route(f"{base}/calls", refusals(self._calls), methods=["GET", "DELETE"]),
            Route(f"{base}/businesses", refusals(self._businesses), methods=["GET"]),
            Route(f"{base}/businesses/{{id}}", refusals(self._rename), methods=["POST"]),
            Route(f"{base}/revoke", refusals(self._revoke), methods=["POST"]),
            Route(f"{base}/kill", refusals(self._kill), methods=["POST"]),
            Route(f"{base}/expire", refusals(self._expire), methods=["POST"]),
        ]

    async def _state(self, _: Request) -> Response:
        world = self._world
        return JSONResponse(
            {
                "settings": asdict(world.settings),
                "users": [{**asdict(user), "guid": user.guid} for user in world.users.values()],
                "faults": world.faults.wire(),
            }
        )

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
        return JSONResponse([call.wire() for call in self._world.calls.find(**dict(request.query_params))])

    async def _businesses(self, _: Request) -> Response:
        return JSONResponse([asdict(each) for each in self._world.seen_by("harriet")])

    async def _rename(self, request: Request) -> Response:
        self._world.rename(request.path_params["id"], (await request.json())["name"])
        return JSONResponse({"ok": True})

    async def _revoke(self, request: Request) -> Response:
        """A business is out of reach, of one user or all."""
        wish = await request.json()
        self._world.bar(wish["business"], wish.get("user"))
        return JSONResponse({"ok": True})

    async def _kill(self, request: Request) -> Response:
        """The authorisation is dead: its access tokens are expired, its refresh tokens refused."""
        user = self._world.users[(await request.json())["user"]].id
        self._world.grants.kill(user)
        self._world.grants.expire(user)
        return JSONResponse({"ok": True})

    async def _expire(self, request: Request) -> Response:
        self._world.grants.expire((await request.json()).get("user"))
        return JSONResponse({"ok": True})
