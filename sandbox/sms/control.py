"""The sandbox's own API over the stand-in Twilio, for tests and the driver."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.accounting.control import refusals
from sandbox.sms.world import SmsFault, SmsWorld


class Control:
    def __init__(self, world: SmsWorld) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        base = "/sandbox/sms"
        return [
            Route(base, refusals(self._messages), methods=["GET"]),
            Route(f"{base}/callbacks", refusals(self._callbacks), methods=["GET"]),
            Route(f"{base}/faults", refusals(self._faults), methods=["GET", "POST", "DELETE"]),
            Route(f"{base}/settings", refusals(self._settings), methods=["GET", "POST"]),
        ]

    async def _messages(self, request: Request) -> Response:
        return JSONResponse([each.wire() for each in self._world.newest_first(request.query_params.get("to"))])

    async def _callbacks(self, request: Request) -> Response:
        return JSONResponse([asdict(each) for each in self._world.callbacks(request.query_params.get("sid"))])

    async def _faults(self, request: Request) -> Response:
        match request.method:
            case "POST":
                self._world.fault(SmsFault(**await request.json()))
            case "DELETE":
                self._world.clear_faults()
            case _:
                pass
        return JSONResponse({"ok": True, "faults": self._world.faults()})

    async def _settings(self, request: Request) -> Response:
        if request.method == "POST":
            self._world.change_settings(await request.json())
        return JSONResponse({"ok": True, "settings": asdict(self._world.settings)})
