"""The Slack part of the sandbox, put together."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from sandbox.slack.acting import Acting
from sandbox.slack.control import Control
from sandbox.slack.dispatch import Dispatcher
from sandbox.slack.oauth import ConsentPage
from sandbox.slack.socket_mode import SocketHub
from sandbox.slack.web_api import WebApi
from sandbox.slack.world import World


class SlackPart:
    """A stand-in for Slack: state, Web API, dispatch to the app, and the sandbox's own API over them."""

    def __init__(
        self,
        world: World,
        *,
        bot_url: str,
        signing_secret: str,
        ack_seconds: float,
        event_retries: int,
        client_id: str,
        client_secret: str,
    ) -> None:
        self.world = world
        self.sockets = SocketHub(world.app_id)
        self.dispatcher = Dispatcher(
            bot_url, signing_secret, self.sockets, ack_seconds=ack_seconds, event_retries=event_retries
        )
        self.control = Control(world, Acting(world, self.dispatcher), self.sockets)
        self._web_api = WebApi(world, self.sockets, client_id=client_id, client_secret=client_secret)
        self._consent = ConsentPage(world, client_id)

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/api/{method}", self._web_api, methods=["GET", "POST"]),
            WebSocketRoute("/socket/{ticket}", self.sockets.serve),
            Route("/files/upload/{file_id}", self._receive_file, methods=["POST"]),
            Route("/files/{file_id}/{name}", self._send_file, methods=["GET"]),
            *self.control.routes(),
            *self._consent.routes(),
        ]

    def start(self) -> None:
        self.dispatcher.start()

    async def stop(self) -> None:
        await self.close_connections()
        await self.dispatcher.stop()

    def reset(self) -> None:
        self.world.reset()

    async def close_connections(self) -> None:
        """End what would otherwise never end: event streams and sockets."""
        self.control.close()
        await self.sockets.close()

    async def _receive_file(self, request: Request) -> Response:
        file = self.world.files.get(request.path_params["file_id"])
        if file is None:
            return PlainTextResponse("no such upload", 404)
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                parts = [value for _, value in form.multi_items() if not isinstance(value, str)]
                file.content = await parts[0].read() if parts else b""
        else:
            file.content = await request.body()
        return PlainTextResponse(f"OK - {len(file.content)}")

    async def _send_file(self, request: Request) -> Response:
        """A file's content, for its app only, as at Slack."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        team = self.world.team_of_token(token)
        file = self.world.files.get(request.path_params["file_id"])
        if team is None or not team.installed:
            return JSONResponse({"ok": False, "error": "invalid_auth"}, 403)
        if file is None:
            return JSONResponse({"ok": False, "error": "file_not_found"}, 404)
        return Response(file.content, media_type=file.mimetype)
