"""The Slack part of the sandbox, put together."""

from collections.abc import Sequence

from starlette.routing import BaseRoute, Route, WebSocketRoute

from sandbox.slack.acting import Acting
from sandbox.slack.control import Control
from sandbox.slack.dispatch import Dispatcher
from sandbox.slack.files import Files
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
        self._files = Files(world)

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/api/{method}", self._web_api, methods=["GET", "POST"]),
            WebSocketRoute("/socket/{ticket}", self.sockets.serve),
            *self._files.routes(),
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
