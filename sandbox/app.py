"""The sandbox's composition: which stand-ins there are, and the one web application that serves them."""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from sandbox.mail import Mailroom
from sandbox.sage.part import SagePart
from sandbox.sage.world import SageSettings
from sandbox.slack.dispatch import ACK_SECONDS
from sandbox.slack.part import SlackPart
from sandbox.slack.world import Clock, World
from sandbox.sms.part import SmsPart
from sandbox.sms.world import SmsSettings
from sandbox.xero.part import XeroPart
from sandbox.xero.world import XeroSettings

PAGE = Path(__file__).parent / "page"


class Part(Protocol):
    """One stand-in of the outside world."""

    def routes(self) -> Sequence[BaseRoute]: ...

    def start(self) -> Awaitable[None] | None: ...

    def stop(self) -> Awaitable[None] | None: ...

    def reset(self) -> None: ...


@dataclass(frozen=True)
class SandboxConfig:
    """What the sandbox is started with. Without a manifest every scope, event and command is granted."""

    bot_url: str = "http://127.0.0.1:8000"
    signing_secret: str = "sandbox-signing-secret"
    smtp_port: int = 0
    seed: Mapping[str, Any] | None = None
    manifest: Mapping[str, Any] | None = None
    client_id: str = ""
    client_secret: str = ""
    ack_seconds: float = ACK_SECONDS
    event_retries: int = 0
    xero: XeroSettings = field(default_factory=XeroSettings)
    sage: SageSettings = field(default_factory=SageSettings)
    sms: SmsSettings = field(default_factory=SmsSettings)
    clock: Clock = field(default=time.time)


@dataclass(frozen=True)
class Parts:
    """The stand-ins of one sandbox, for those who share its process."""

    slack: SlackPart
    mail: Mailroom
    xero: XeroPart
    sage: SagePart
    sms: SmsPart

    def all(self) -> Sequence[Part]:
        return [self.slack, self.mail, self.xero, self.sage, self.sms]


def build(config: SandboxConfig) -> Starlette:
    """The web application; its stand-ins are at `state.parts`."""
    parts = Parts(
        slack=SlackPart(
            World(config.seed, manifest=config.manifest, clock=config.clock),
            bot_url=config.bot_url.rstrip("/"),
            signing_secret=config.signing_secret,
            ack_seconds=config.ack_seconds,
            event_retries=config.event_retries,
            client_id=config.client_id,
            client_secret=config.client_secret,
        ),
        mail=Mailroom(port=config.smtp_port),
        xero=XeroPart(config.xero, config.clock),
        sage=SagePart(config.sage, config.clock),
        sms=SmsPart(config.sms, config.clock),
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as started:
            for part in parts.all():
                starting = part.start()
                if starting is not None:
                    await starting
                started.push_async_callback(_stop, part)
            yield

    async def reset(_: Request) -> Response:
        for part in parts.all():
            part.reset()
        return JSONResponse({"ok": True})

    routes: list[BaseRoute] = [route for part in parts.all() for route in part.routes()]
    routes.append(Route("/sandbox/reset", reset, methods=["POST"]))
    routes.append(Mount("/", StaticFiles(directory=PAGE, html=True)))
    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.parts = parts
    return app


async def _stop(part: Part) -> None:
    stopping = part.stop()
    if stopping is not None:
        await stopping
