"""The Sage part of the sandbox, put together."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from sandbox.accounting.grants import Clock
from sandbox.sage.api import Api
from sandbox.sage.consent import ConsentPages
from sandbox.sage.control import Control
from sandbox.sage.world import SageSettings, SageWorld


class SagePart:
    """A stand-in for Sage under `/sage`, with its control under `/sandbox/sage`."""

    def __init__(self, settings: SageSettings, clock: Clock) -> None:
        self.world = SageWorld(settings, clock)

    def routes(self) -> Sequence[BaseRoute]:
        parts = (Api(self.world), ConsentPages(self.world), Control(self.world))
        return [route for part in parts for route in part.routes()]

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def reset(self) -> None:
        self.world.reset()
