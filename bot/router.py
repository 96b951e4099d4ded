"""Which handler serves which id. Bolt has one listener per kind; the dictionary below it is what the tests read."""

import inspect
import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

Handler = Callable[..., None]

ARGUMENTS = frozenset(
    {
        "ack", "body", "command", "action", "view", "event", "options",
        "caller", "actor", "admit", "services", "slack", "after", "forget",
    }
)  # fmt: skip
"""The names a handler may ask for; each is given by name."""

_log = logging.getLogger(__name__)


class Kind(StrEnum):
    COMMAND = "command"
    ACTION = "action"
    VIEW = "view"
    VIEW_CLOSED = "view_closed"
    OPTIONS = "options"
    SHORTCUT = "shortcut"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Route:
    handler: Handler
    arguments: tuple[str, ...]


class Router:
    def __init__(self) -> None:
        self.routes: dict[Kind, dict[str, Route]] = {kind: {} for kind in Kind}

    def add(self, kind: Kind, name: str, handler: Handler) -> None:
        """Raises ValueError for an id registered twice or a handler asking for an argument that nobody gives."""
        if name in self.routes[kind]:
            raise ValueError(f"{kind} {name} has a handler already")
        arguments = tuple(inspect.signature(handler).parameters)
        unknown = set(arguments) - ARGUMENTS
        if unknown:
            raise ValueError(f"{handler.__qualname__} asks for unknown arguments: {', '.join(sorted(unknown))}")
        self.routes[kind][name] = Route(handler, arguments)

    def command(self, name: str, handler: Handler) -> None:
        self.add(Kind.COMMAND, name, handler)

    def action(self, name: str, handler: Handler) -> None:
        self.add(Kind.ACTION, name, handler)

    def view(self, name: str, handler: Handler) -> None:
        self.add(Kind.VIEW, name, handler)

    def options(self, name: str, handler: Handler) -> None:
        self.add(Kind.OPTIONS, name, handler)

    def shortcut(self, name: str, handler: Handler) -> None:
        self.add(Kind.SHORTCUT, name, handler)

    def event(self, name: str, handler: Handler) -> None:
        self.add(Kind.EVENT, name, handler)

    def find(self, kind: Kind, name: str) -> Route | None:
        route = self.routes[kind].get(name)
        if route is None and kind not in {Kind.EVENT, Kind.VIEW_CLOSED}:
            _log.warning("No handler for %s %s", kind, name)
        return route
