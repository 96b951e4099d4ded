"""A Slack of several workspaces in memory: what each was sent, and what its people look at."""

import io
import json
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import urllib3
from typing_extensions import override

from bot.slack_api import SlackTransport

Json = dict[str, Any]
TOKEN = "xoxb-of-"
CHANNEL = "C_DESK"
"""In every workspace."""


@dataclass(frozen=True)
class Sent:
    """Something that reached a workspace. `text` is all that can be read in it."""

    team: str
    what: str
    text: str


@dataclass
class Screen:
    """What one person looks at."""

    windows: list[Json] = field(default_factory=list)
    home: Json | None = None
    messages: list[Json] = field(default_factory=list)


class MemorySlack(SlackTransport):
    """A trigger, and the address at which a command is answered, name the team and the person."""

    def __init__(self) -> None:
        super().__init__("https://slack.example/api/")
        self.sent: list[Sent] = []
        self.screens: dict[tuple[str, str], Screen] = defaultdict(Screen)
        self._count = 0

    @override
    def request(self, url: str, body: Any, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        place = urlsplit(url)
        content = body if isinstance(body, bytes) else str(body or "").encode()
        if place.hostname == "answers.example":
            team, user = place.path.strip("/").split("/")
            self._keep(team, "response_url", content.decode())
            self.screens[team, user].messages.append(json.loads(content))
            return _answer({})
        if place.hostname == "files.example":
            self._keep(place.path.strip("/"), "file", readable(content))
            return _answer({})
        token = headers.get("Authorization", "").removeprefix("Bearer ")
        assert token.startswith(TOKEN), f"{place.path} is asked without a workspace's token"
        team, method = token.removeprefix(TOKEN), place.path.removeprefix("/api/")
        given = _arguments(content, headers)
        self._keep(team, method, json.dumps(given, ensure_ascii=False))
        return _answer(self._do(team, method, given))

    def answered(self, team: str, user: str, body: str) -> None:
        """What the app answers a request with."""
        if not body:
            return
        self._keep(team, "answer", body)
        answer = json.loads(body) if body.startswith("{") else {}
        screen = self.screens[team, user]
        match answer.get("response_action"):
            case "push":
                screen.windows.append(self._made(team, answer["view"]))
            case "update":
                screen.windows[-1:] = [self._made(team, answer["view"])]
            case "clear":
                screen.windows.clear()
            case _:
                pass

    def _keep(self, team: str, what: str, text: str) -> None:
        self.sent.append(Sent(team, what, text))

    def _made(self, team: str, view: Json, **kept: Any) -> Json:
        self._count += 1
        made = {"id": f"V{self._count}", "hash": f"{self._count}.h", "team_id": team, "state": {"values": {}}}
        return {"private_metadata": "", **made, **view, **kept}

    def _do(self, team: str, method: str, given: Json) -> Json:
        doers: dict[str, Callable[[str, Json], Json]] = {
            "views.open": self._open,
            "views.push": self._push,
            "views.update": self._update,
            "views.publish": self._publish,
            "chat.postMessage": self._post,
            "chat.update": lambda _team, _given: {},
            "conversations.open": lambda _team, given: {"channel": {"id": given["users"]}},
            "conversations.history": lambda _team, _given: {"messages": []},
            "users.info": lambda team, given: {"user": person(team, given["user"])},
            "users.list": lambda team, _given: {"members": [person(team, "U_ADA")]},
            "files.getUploadURLExternal": lambda team, _given: {
                "upload_url": f"https://files.example/{team}",
                "file_id": "F1",
            },
            "files.completeUploadExternal": lambda _team, _given: {"files": []},
        }
        return doers[method](team, given)

    def _open(self, team: str, given: Json) -> Json:
        screen = self._screen(given["trigger_id"])
        screen.windows[:] = [self._made(team, given["view"])]
        return {"view": screen.windows[-1]}

    def _push(self, team: str, given: Json) -> Json:
        screen = self._screen(given["trigger_id"])
        screen.windows.append(self._made(team, given["view"]))
        return {"view": screen.windows[-1]}

    def _update(self, team: str, given: Json) -> Json:
        for (of, _), screen in self.screens.items():
            for number, view in enumerate(screen.windows):
                named = view["id"] == given.get("view_id") or (
                    "external_id" in given and view.get("external_id") == given["external_id"]
                )
                if of == team and named:
                    screen.windows[number] = self._made(team, given["view"], id=view["id"])
                    return {"view": screen.windows[number]}
        return {"ok": False, "error": "not_found"}

    def _publish(self, team: str, given: Json) -> Json:
        self.screens[team, given["user_id"]].home = self._made(team, given["view"])
        return {}

    def _post(self, team: str, given: Json) -> Json:
        self._count += 1
        ts = f"{self._count}.0"
        message = {**given, "ts": ts}
        for (of, user), screen in list(self.screens.items()):
            if of == team and given["channel"] in {user, CHANNEL}:
                screen.messages.append(message)
        return {"channel": given["channel"], "ts": ts}

    def _screen(self, trigger: str) -> Screen:
        team, user = trigger.split("/")
        return self.screens[team, user]


def person(team: str, user: str) -> Json:
    return {
        "id": user,
        "team_id": team,
        "real_name": user.removeprefix("U_").title(),
        "tz": "Europe/London",
        "is_admin": user == "U_ADA",
        "profile": {"email": f"{user.lower()}@birch.example", "real_name": user.removeprefix("U_").title()},
    }


def readable(content: bytes) -> str:
    """The text in a file, also in one that is packed."""
    if not content.startswith(b"PK"):
        return content.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return "\n".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())


def elements(surface: Json) -> Iterator[tuple[Json, Json]]:
    """Blocks with what can be pressed or chosen in them."""
    for block in surface.get("blocks", ()):
        if block["type"] == "actions":
            yield from ((block, each) for each in block["elements"])
        elif block["type"] == "section" and "accessory" in block:
            yield block, block["accessory"]
        elif block["type"] == "input" and block.get("dispatch_action"):
            yield block, block["element"]


def is_form(surface: Json) -> bool:
    return surface.get("type") == "modal" and "submit" in surface


def _arguments(content: bytes, headers: dict[str, str]) -> Json:
    kind = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
    if "json" in kind:
        return dict(json.loads(content or b"{}"))
    return {name: _parsed(value) for name, value in parse_qsl(content.decode(), keep_blank_values=True)}


def _parsed(value: str) -> Any:
    return json.loads(value) if value[:1] in {"{", "["} else value


def _answer(body: Json) -> urllib3.BaseHTTPResponse:
    return urllib3.HTTPResponse(json.dumps({"ok": True, **body}).encode(), status=200, preload_content=True)
