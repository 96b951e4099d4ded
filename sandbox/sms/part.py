"""The text messages' part of the sandbox, put together."""

from collections.abc import Awaitable, Sequence

from starlette.routing import BaseRoute

from sandbox.sms.api import Api
from sandbox.sms.control import Control
from sandbox.sms.delivery import Deliveries
from sandbox.sms.pages import Phones
from sandbox.sms.world import Clock, SmsSettings, SmsWorld


class SmsPart:
    """A stand-in for Twilio under `/2010-04-01`, phones under `/sms`, its control under `/sandbox/sms`."""

    def __init__(self, settings: SmsSettings, clock: Clock) -> None:
        self.world = SmsWorld(settings, clock)
        self._deliveries = Deliveries(self.world)

    def routes(self) -> Sequence[BaseRoute]:
        parts = (Api(self.world, self._deliveries.begin), Phones(self.world), Control(self.world))
        return [route for part in parts for route in part.routes()]

    def start(self) -> None:
        self._deliveries.start()

    def stop(self) -> Awaitable[None]:
        return self._deliveries.stop()

    def reset(self) -> None:
        self.world.reset()
