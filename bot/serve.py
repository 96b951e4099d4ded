"""Running the web process."""

import os

import uvicorn
from starlette.applications import Starlette

from bot.composition import Composition
from bot.logging import set_up as set_up_logging
from bot.settings import Settings


def serve(composition: Composition) -> None:
    """Serves until SIGTERM or SIGINT."""
    settings = composition.settings
    uvicorn.run(
        composition.asgi(),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def serve_many(settings: Settings, workers: int) -> None:
    """The same with several processes on one port, each with everything of its own."""
    uvicorn.run(
        "bot.serve:create",
        factory=True,
        workers=workers,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
    )


def create() -> Starlette:
    """What each process of `serve_many` runs."""
    settings = Settings.from_environment(os.environ)
    set_up_logging(settings.log_level, settings.log_format)
    return Composition(settings).asgi()
