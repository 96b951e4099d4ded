"""What the stand-in Slack keeps of teams, people, conversations, views and calls."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from sandbox.slack.arguments import EncodedArguments
from sandbox.slack.limits import Problem

Json = dict[str, Any]
FaultKind = Literal["ratelimited", "http500", "slow", "drop"]
_SECRETS = frozenset({"token", "client_secret"})


class SlackError(Exception):
    """A refusal, by Slack's error code."""

    def __init__(self, code: str, problems: Iterable[Problem] = (), **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.problems = list(problems)
        self.details = details


@dataclass
class Team:
    id: str
    name: str
    domain: str
    token: str
    bot_user_id: str
    bot_id: str
    installed: bool = True


@dataclass
class User:
    id: str
    team_id: str
    name: str
    real_name: str
    email: str
    tz: str = "Europe/London"
    locale: str = "en-GB"
    title: str = ""
    is_admin: bool = False
    is_owner: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    updated: int = 0


@dataclass
class File:
    id: str
    name: str
    content: bytes
    mimetype: str
    user: str
    created: int
    base_url: str
    title: str = ""
    complete: bool = False
    alt_txt: str = ""
    """What a picture says to those who do not see it."""

    @property
    def size(self) -> int:
        return len(self.content)

    @property
    def is_picture(self) -> bool:
        return self.mimetype.startswith("image/")

    def wire(self) -> Json:
        """The file object of API answers and of file inputs."""
        address = f"{self.base_url}/files/{self.id}/{quote(self.name, safe='')}"
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": self.name.rpartition(".")[2].lower(),
            "size": self.size,
            "user": self.user,
            "created": self.created,
            "timestamp": self.created,
            "mode": "hosted",
            "is_external": False,
            "url_private": address,
            "url_private_download": address,
            **({"alt_txt": self.alt_txt} if self.alt_txt else {}),
        }


@dataclass
class Message:
    ts: str
    channel: str
    text: str
    user: str
    team_id: str
    bot_id: str | None = None
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    edited: Json | None = None
    seen_by: str | None = None
    """The one person who sees it, for an ephemeral message."""


@dataclass
class Conversation:
    id: str
    kind: Literal["channel", "dm", "app_dm"]
    name: str
    team_id: str
    members: set[str]
    is_private: bool = False
    is_ext_shared: bool = False
    is_archived: bool = False
    created: int = 0
    messages: dict[str, Message] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    """The newest ts each member has read."""


@dataclass
class View:
    id: str
    team_id: str
    user_id: str
    bot_id: str
    app_id: str
    owner_team_id: str
    hash: str
    content: Json
    root_view_id: str
    previous_view_id: str | None = None
    state: Json = field(default_factory=dict)
    """What the person has entered, as last sent by their client."""

    def wire(self, values: Json | None = None) -> Json:
        """The view object of API answers and interaction payloads."""
        content = self.content
        wire = {
            "id": self.id,
            "team_id": self.owner_team_id,
            "type": content["type"],
            "blocks": content["blocks"],
            "private_metadata": content.get("private_metadata", ""),
            "callback_id": content.get("callback_id", ""),
            "state": {"values": {} if values is None else values},
            "hash": self.hash,
            "title": content.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
            "clear_on_close": content.get("clear_on_close", False),
            "notify_on_close": content.get("notify_on_close", False),
            "close": content.get("close"),
            "submit": content.get("submit"),
            "previous_view_id": self.previous_view_id,
            "root_view_id": self.root_view_id,
            "app_id": self.app_id,
            "external_id": content.get("external_id", ""),
            "app_installed_team_id": self.team_id,
            "bot_id": self.bot_id,
        }
        if "submit_disabled" in content:
            wire["submit_disabled"] = content["submit_disabled"]
        return wire


@dataclass
class Trigger:
    team_id: str
    user_id: str
    expires: float
    from_modal: bool
    used: bool = False


@dataclass
class ResponseUrl:
    """Where an app may answer a command or a click: a few uses in half an hour."""

    id: str
    team_id: str
    user_id: str
    channel: str
    expires: float
    message_ts: str | None = None
    uses: int = 0


@dataclass
class Fault:
    method: str
    kind: FaultKind
    times: int
    retry_after: int = 1
    delay: float = 1.0


@dataclass(frozen=True)
class Call:
    """One logged call of the Web API. Its arguments stay encoded until they are asked for: the log is long."""

    method: str
    at: float
    team_id: str | None
    encoded: EncodedArguments
    ok: bool
    error: str | None

    @property
    def args(self) -> Json:
        """The arguments, without secrets."""
        return {key: value for key, value in self.encoded.decode().items() if key not in _SECRETS}

    def wire(self) -> Json:
        return {
            "method": self.method,
            "at": self.at,
            "team_id": self.team_id,
            "args": self.args,
            "ok": self.ok,
            "error": self.error,
        }
