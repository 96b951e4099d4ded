"""The Xero part of the sandbox, put together."""

from collections.abc import Sequence

from starlette.routing import BaseRoute

from sandbox.accounting.grants import Clock
from sandbox.xero.api import Api
from sandbox.xero.consent import ConsentPages
from sandbox.xero.control import Control
from sandbox.xero.identity import Identity
from sandbox.xero.world import XeroSettings, XeroWorld


class XeroPart:
    """A stand-in for Xero under `/xero`, with its control under `/sandbox/xero`."""

    def __init__(self, settings: XeroSettings, clock: Clock) -> None:
        self.world = XeroWorld(settings, clock)

    def routes(self) -> Sequence[BaseRoute]:
        parts = (Api(self.world), Identity(self.world), ConsentPages(self.world), Control(self.world))
        return [route for part in parts for route in part.routes()]

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def reset(self) -> None:
        self.world.reset()
