"""One call of the Web API, and what methods share."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sandbox.slack.limits import Problem
from sandbox.slack.records import SlackError, Team, User
from sandbox.slack.socket_mode import SocketHub
from sandbox.slack.world import World

Json = dict[str, Any]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the team whose token it carries, and its arguments."""

    world: World
    team: Team
    args: Mapping[str, Any]
    base_url: str
    sockets: SocketHub

    def need(self, name: str) -> Any:
        value = self.args.get(name)
        if value is None or value == "":
            raise SlackError(
                "invalid_arguments", [Problem("invalid_arguments", f"/{name}", f"missing required field: {name}")]
            )
        return value

    def text(self, name: str) -> str:
        value = self.need(name)
        return value if isinstance(value, str) else str(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.args.get(name)
        return default if value is None else value in {True, "true", "1"}

    def parsed(self, name: str) -> Any:
        """An argument that is JSON, whether it came as such or as a string."""
        value = self.args.get(name)
        if isinstance(value, str) and value:
            try:
                return json.loads(value)
            except ValueError:
                raise SlackError(
                    "invalid_arguments", [Problem("invalid_arguments", f"/{name}", "must be valid JSON")]
                ) from None
        return value

    def allowed(self, scope: str) -> bool:
        return self.world.scopes is None or scope in self.world.scopes

    def must_have(self, scope: str) -> None:
        if not self.allowed(scope):
            raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(self.world.scopes or ())))

    def user(self, name: str) -> User:
        """A person the team may know of."""
        found = self.world.person(self.text(name))
        if found.team_id != self.team.id and found not in self.world.visible_to(self.team):
            raise SlackError("user_not_found")
        return found


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the Web API, and the scope it needs whatever its arguments are."""

    run: Callable[[Request], Json]
    scope: str = ""
    token: Literal["bot", "app", "none"] = "bot"


def page(request: Request, items: Sequence[_T], default: int = 100) -> tuple[list[_T], Json]:
    """One page of a list, and the response_metadata that leads on."""
    try:
        limit = int(request.args.get("limit") or default)
        cursor = request.args.get("cursor")
        start = int(base64.b64decode(cursor, validate=True)) if cursor else 0
    except (ValueError, binascii.Error):
        raise SlackError("invalid_cursor") from None
    if not 1 <= limit <= 1000:
        raise SlackError("invalid_limit")
    end = start + limit
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else ""
    return list(items[start:end]), {"next_cursor": following}


def refuse(problems: list[Problem]) -> None:
    if problems:
        raise SlackError(problems[0].code, problems)
