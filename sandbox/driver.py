"""A person's hands for tests, the tour and benchmarks: acts in the sandbox as somebody and sees what they see.

>>> sandbox = Sandbox("http://127.0.0.1:9000")
>>> ada = sandbox.person("U_ADA")
>>> ada.command("/add-client")
>>> ada.wait_view(title="Add client")
>>> ada.fill("Name", "Birch Bakery")
>>> ada.submit()
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from datetime import time as time_of_day
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

import httpx
from typing_extensions import override

from sandbox.driver_accounting import Sage, Xero
from sandbox.driver_sms import Sms
from sandbox.errors import SandboxError
from sandbox.plain import plain, text_of

__all__ = ["Answer", "Message", "Person", "Sandbox", "SandboxError", "View", "plain"]

Json = dict[str, Any]
_T = TypeVar("_T")
WAIT_SECONDS = 5.0
_TEXT_INPUTS = frozenset({"plain_text_input", "email_text_input", "url_text_input", "number_input"})
_WORKSPACE = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
}


@dataclass(frozen=True)
class Answer:
    """What came of an action: whether the app acknowledged, how fast, and what the person was told."""

    ok: bool
    ack_ms: float
    error: str | None
    response: Any
    errors: dict[str, str] = field(default_factory=dict)
    raw: Json = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class View:
    """A modal or App Home as the person sees it."""

    raw: Json = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.raw["id"])

    @property
    def title(self) -> str:
        return text_of(self.raw.get("title"))

    @property
    def callback_id(self) -> str:
        return str(self.raw["callback_id"])

    @property
    def hash(self) -> str:
        return str(self.raw["hash"])

    @property
    def blocks(self) -> list[Json]:
        return list(self.raw["blocks"])

    @property
    def values(self) -> Json:
        """`state.values` with what has been entered or preselected."""
        return dict(self.raw["state"]["values"])

    @property
    def text(self) -> str:
        return plain(self.raw)

    @override
    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Message:
    """A message as the person sees it."""

    raw: Json = field(repr=False)
    conversation: str

    @property
    def ts(self) -> str:
        return str(self.raw["ts"])

    @property
    def ephemeral(self) -> bool:
        return bool(self.raw["ephemeral"])

    @property
    def blocks(self) -> list[Json]:
        return list(self.raw["blocks"])

    @property
    def files(self) -> list[Json]:
        """Id, name, title and size of each, and of a picture `alt`, what it says to those who do not see it."""
        return list(self.raw["files"])

    @property
    def text(self) -> str:
        """The fallback text and what the blocks say."""
        fallback = str(self.raw["text"])
        return f"{fallback}\n{plain(self.raw)}" if self.raw["blocks"] else fallback

    @override
    def __str__(self) -> str:
        return self.text


class Sandbox:
    """A running sandbox."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)
        self.xero = Xero(self._http, self.url)
        self.sage = Sage(self._http, self.url)
        self.sms = Sms(self._http)
        self._people: dict[str, Person] = {}

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def person(self, user_id: str) -> "Person":
        """The one driver of this person: what they have typed so far is kept in it."""
        if user_id not in self._people:
            self._people[user_id] = Person(self, user_id)
        return self._people[user_id]

    def people(self) -> list[Json]:
        return list(self.get("people")["people"])

    def event(self, team_id: str, event: Json, event_id: str | None = None) -> Answer:
        """Send any event to the app, again with the same event_id if one is given twice."""
        return _answer(self.post("event", {"team_id": team_id, "event": event, "event_id": event_id}))

    def change_user(self, user_id: str, **changes: Any) -> Answer:
        """Change a profile (`is_admin=True`, `deleted=True`, `tz=…`) and send user_change."""
        return _answer(self.post("user", {"user": user_id, **changes}))

    def make_channel(self, name: str, *members: str, **more: Any) -> str:
        """A channel, without the app unless it is among the members (`is_private=True`, `is_ext_shared=True`, …)."""
        return str(self.post("channels", {"name": name, "members": members, **more})["id"])

    def fault(
        self,
        method: str = "*",
        kind: Literal["ratelimited", "http500", "slow", "drop"] = "http500",
        *,
        times: int = 1,
        retry_after: int = 1,
        delay: float = 1.0,
    ) -> None:
        """Let the next calls of a Web API method fail."""
        wish = {"method": method, "kind": kind, "times": times, "retry_after": retry_after, "delay": delay}
        self.post("faults", wish)

    def clear_faults(self) -> None:
        self._http.delete("/sandbox/faults").raise_for_status()

    def calls(self, method: str | None = None) -> list[Json]:
        """The log of Web API calls, oldest first."""
        return list(self.get("calls", **({"method": method} if method else {})))

    def reset(self) -> None:
        """Back to the seeded world."""
        self.post("reset", {})
        self._people.clear()

    def mail(self, to: str | None = None) -> list[Json]:
        """Received mail, newest first."""
        return list(self.get("mail", **({"to": to} if to else {})))

    def wait_mail(self, to: str, *, subject: str = "", timeout: float = WAIT_SECONDS) -> Json:
        """The newest mail to this address whose subject contains the given words."""
        until = time.monotonic() + timeout
        while True:
            for mail in self.mail(to):
                if subject in mail["subject"]:
                    return mail
            if time.monotonic() > until:
                seen = [(mail["to"], mail["subject"]) for mail in self.mail()]
                raise SandboxError(f"no mail to {to} with {subject!r}; there is {seen}")
            time.sleep(0.02)

    def mail_fault(self, address_pattern: str, code: int, times: int = 1) -> None:
        """Refuse the next mails to addresses that match (`*@bounce.example`)."""
        self.post("mail/faults", {"address_pattern": address_pattern, "code": code, "times": times})

    def get(self, path: str, **query: str) -> Any:
        """A GET of the sandbox's own API."""
        return self._http.get(f"/sandbox/{path}", params=query).raise_for_status().json()

    def post(self, path: str, body: Json) -> Json:
        """A POST to the sandbox's own API; its refusals (404, 400) are answers too."""
        answer = self._http.post(f"/sandbox/{path}", json=body)
        if answer.status_code not in {200, 400, 404}:
            answer.raise_for_status()
        found: Json = answer.json()
        return found

    def upload(self, user_id: str, name: str, content: bytes) -> Json:
        """A file for a file input; returns its file object."""
        answer = self._http.post("/sandbox/files", data={"user": user_id}, files={"file": (name, content)})
        file: Json = answer.raise_for_status().json()["file"]
        return file

    def download(self, user_id: str, file_id: str) -> bytes:
        return self._http.get(f"/sandbox/files/{file_id}", params={"user": user_id}).raise_for_status().content


class Person:
    """Somebody at the keyboard."""

    def __init__(self, sandbox: Sandbox, user_id: str) -> None:
        self.id = user_id
        self.errors: dict[str, str] = {}
        """What the form said at the last submission, by block."""
        self._sandbox = sandbox
        self._typed: dict[str, Json] = {}

    # Seeing

    def state(self) -> Json:
        """Everything this person sees, as the page gets it."""
        return dict(self._sandbox.get("state", user=self.id))

    @property
    def view(self) -> View | None:
        """The top modal."""
        views = self.state()["views"]
        return View(self._with_typed(views[-1])) if views else None

    @property
    def views(self) -> list[View]:
        """All open modals, the lowest first."""
        return [View(self._with_typed(view)) for view in self.state()["views"]]

    @property
    def home(self) -> View | None:
        """The app's Home tab."""
        home = self.state()["home"]
        return View(home) if home is not None else None

    @property
    def toasts(self) -> list[str]:
        """What Slack itself told the person, such as a time-out."""
        return [toast["text"] for toast in self.state()["toasts"]]

    def messages(self, conversation: str | None = None) -> list[Message]:
        """The messages of a conversation (`app_dm`, an id or a channel's name) or of all, oldest first."""
        return _messages(self.state(), conversation)

    def download(self, file_id: str) -> bytes:
        """A file that was shared in one of the person's conversations."""
        return self._sandbox.download(self.id, file_id)

    def wait_view(
        self,
        *,
        callback_id: str | None = None,
        title: str | None = None,
        containing: str = "",
        timeout: float = WAIT_SECONDS,
    ) -> View:
        """The top modal once it is the one asked for."""

        def seen(state: Json) -> View | None:
            if not state["views"]:
                return None
            view = View(self._with_typed(state["views"][-1]))
            fits = callback_id in {None, view.callback_id} and title in {None, view.title} and containing in view.text
            return view if fits else None

        return self._wait(seen, f"a view with {callback_id=} {title=} {containing=}", timeout)

    def wait_no_view(self, timeout: float = WAIT_SECONDS) -> None:
        """Until every modal is closed."""
        self._wait(lambda state: not state["views"] or None, "no view", timeout)

    def wait_home(self, containing: str = "", timeout: float = WAIT_SECONDS) -> View:
        """The Home tab once it says this."""

        def seen(state: Json) -> View | None:
            home = View(state["home"]) if state["home"] is not None else None
            return home if home is not None and containing in home.text else None

        return self._wait(seen, f"a Home with {containing=}", timeout)

    def wait_message(
        self, containing: str = "", conversation: str | None = None, timeout: float = WAIT_SECONDS
    ) -> Message:
        """The newest message that says this, once there is one."""

        def seen(state: Json) -> Message | None:
            found = (each for each in reversed(_messages(state, conversation)) if containing in each.text)
            return next(found, None)

        return self._wait(seen, f"a message with {containing=} in {conversation or 'any conversation'}", timeout)

    def _wait(self, seen: Callable[[Json], _T | None], wanted: str, timeout: float) -> _T:
        until = time.monotonic() + timeout
        state = self.state()
        while True:
            found = seen(state)
            if found is not None:
                return found
            left = until - time.monotonic()
            if left <= 0:
                raise SandboxError(f"{self.id} waited {timeout} s for {wanted}, and saw:\n{_seen(state)}")
            state = dict(
                self._sandbox.get("state", user=self.id, since=str(state["version"]), wait=f"{min(left, 5):.3f}")
            )

    # Acting

    def command(self, text: str, channel: str | None = None) -> Answer:
        """Type a slash command, in the first channel unless another is given."""
        return self._act("command", {"channel": self._place(channel), "text": text})

    def say(self, text: str, channel: str = "app_dm") -> Answer:
        """Write a message, to the app unless another conversation is given."""
        return self._act("message", {"channel": self._place(channel), "text": text})

    def share(self, name: str, content: bytes, text: str = "", channel: str = "app_dm") -> Answer:
        """Send a file with a few words, to the app unless another conversation is given."""
        file = self._sandbox.upload(self.id, name, content)
        return self._act("message", {"channel": self._place(channel), "text": text, "files": [file["id"]]})

    def shortcut(self, callback_id: str, message: Message | None = None) -> Answer:
        """Run a shortcut: a global one, or one on a message."""
        place = {"channel": message.conversation, "ts": message.ts} if message is not None else {}
        return self._act("shortcut", {"callback_id": callback_id, **place})

    def open_home(self) -> Answer:
        return self._act("home", {})

    def fill(self, where: str, value: Any) -> None:
        """Enter a value in the top modal's input with this block_id (or its beginning) or label.

        Text; a date or time; True or False for a lone checkbox; an option by its text or value, or a list of them;
        a user or conversation by id or name; for files a list of (name, content).
        """
        view = self._top()
        block, element = _find_input(view, where)
        state = {"type": element["type"], **self._entry(view, block, element, value)}
        typed = self._typed.setdefault(view.id, {})
        typed.setdefault(block["block_id"], {})[element["action_id"]] = state
        if block["type"] != "input" or block.get("dispatch_action"):
            self._click({"type": "view", "view_id": view.id}, block, element, state, typed)

    def click(self, what: str, *, home: bool = False) -> Answer:
        """Press the button with this text, action_id or value: in the top modal or, if none is open, in the newest
        message that has it; `home=True` looks in the Home tab. The entries of a menu or select are buttons too."""
        state = self.state()
        for container, surface in self._surfaces(state, home=home):
            found = _find_button(surface.get("blocks") or [], what)
            if found is not None:
                block, element, value = found
                typed = self._typed.get(surface.get("id", ""))
                return self._click(container, block, element, value, typed)
        raise SandboxError(f"{self.id} sees no button {what!r} in:\n{_seen(state)}")

    def options(self, where: str, query: str) -> list[str]:
        """The texts that an external select offers for this query."""
        view = self._top()
        block, element = _find_input(view, where)
        return [text_of(option) for option in self._asked_options(view, block, element, query)]

    def submit(self) -> Answer:
        """Press the top modal's submit button; what the form objects to is in `errors`."""
        view = self._top()
        answer = self._act("submit", {"view_id": view.id, "state": self._typed.get(view.id, {})})
        self.errors = answer.errors
        return answer

    def back(self) -> Answer:
        return self.click("Back")

    def close(self) -> Answer:
        """Close the top modal."""
        return self._act("close", {"view_id": self._top().id})

    def close_all(self) -> Answer:
        return self._act("clear", {})

    # Inside

    def _act(self, path: str, body: Json) -> Answer:
        return _answer(self._sandbox.post(path, {"user": self.id, **body}))

    def _click(
        self, container: Json, block: Json, element: Json, value: Any, typed: Mapping[str, Any] | None
    ) -> Answer:
        body = {"container": container, "block_id": block["block_id"], "action_id": element["action_id"]}
        return self._act("click", {**body, "value": value, "state": typed})

    def _surfaces(self, state: Json, *, home: bool) -> list[tuple[Json, Json]]:
        if home:
            view = state["home"]
            return [({"type": "view", "view_id": view["id"]}, view)] if view is not None else []
        if state["views"]:
            view = state["views"][-1]
            return [({"type": "view", "view_id": view["id"]}, view)]
        return [
            ({"type": "message", "channel": each.conversation, "ts": each.ts}, each.raw)
            for each in reversed(_messages(state, None))
        ]

    def _top(self) -> View:
        view = self.view
        if view is None:
            raise SandboxError(f"{self.id} has no view open, and sees:\n{_seen(self.state())}")
        return view

    def _with_typed(self, view: Json) -> Json:
        values = {block_id: dict(actions) for block_id, actions in view["state"]["values"].items()}
        for block_id, actions in self._typed.get(view["id"], {}).items():
            for action_id, state in actions.items():
                shown = values.get(block_id, {}).get(action_id)
                if shown is not None and shown["type"] == state["type"]:
                    values[block_id][action_id] = state
        return {**view, "state": {"values": values}}

    def _place(self, channel: str | None) -> str:
        conversations = self.state()["conversations"]
        for each in conversations:
            if channel is None and each["kind"] == "channel":
                return str(each["id"])
            if channel is not None and channel.removeprefix("#") in {each["id"], each["name"], each["kind"]}:
                return str(each["id"])
        raise SandboxError(f"{self.id} sees no conversation {channel!r} among {conversations}")

    def _entry(self, view: View, block: Json, element: Json, value: Any) -> Json:
        kind = element["type"]
        if kind in _TEXT_INPUTS:
            return {"value": None if value is None else str(value)}
        if kind == "datepicker":
            return {"selected_date": value.isoformat() if isinstance(value, date) else value}
        if kind == "timepicker":
            return {"selected_time": f"{value:%H:%M}" if isinstance(value, time_of_day) else value}
        if kind == "datetimepicker":
            return {"selected_date_time": int(value.timestamp()) if isinstance(value, datetime) else value}
        if kind == "file_input":
            return {"files": [self._sandbox.upload(self.id, name, content) for name, content in value]}
        if kind == "rich_text_input":
            run = {"type": "rich_text_section", "elements": [{"type": "text", "text": value}]}
            return {"rich_text_value": {"type": "rich_text", "elements": [run]}}
        if kind == "checkboxes" and isinstance(value, bool):
            return {"selected_options": list(element["options"]) if value else []}
        if kind == "checkboxes" or kind.startswith("multi_"):
            wanted = [value] if isinstance(value, str) else list(value)
            single = kind.removeprefix("multi_")
            if single in _WORKSPACE:
                return {f"{_WORKSPACE[single]}s": [self._known(element, each) for each in wanted]}
            return {"selected_options": [self._option(view, block, element, each) for each in wanted]}
        if kind in _WORKSPACE:
            return {_WORKSPACE[kind]: None if value is None else self._known(element, value)}
        return {"selected_option": None if value is None else self._option(view, block, element, value)}

    def _known(self, element: Json, wanted: str) -> str:
        """A user's or conversation's id, given the id or the name, if the select offers it."""
        state = self.state()
        of_people = element["type"].endswith("users_select")
        found = list(state["people"].values()) if of_people else _offered(element, state["conversations"])
        for each in found:
            if wanted in {each["id"], each["name"]}:
                return str(each["id"])
        raise SandboxError(f"{self.id} knows no {wanted!r} among {[each['name'] for each in found]}")

    def _option(self, view: View, block: Json, element: Json, wanted: str) -> Json:
        external = element["type"].endswith("external_select")
        options = self._asked_options(view, block, element, wanted) if external else _options(element)
        exact = (each for each in options if wanted in {text_of(each), each.get("value")})
        found = next(exact, None) or next((each for each in options if wanted in text_of(each)), None)
        if found is not None:
            return found
        raise SandboxError(f"{element['action_id']} has no option {wanted!r} but {[text_of(each) for each in options]}")

    def _asked_options(self, view: View, block: Json, element: Json, query: str) -> list[Json]:
        container = {"type": "view", "view_id": view.id}
        place = {"container": container, "block_id": block["block_id"], "action_id": element["action_id"]}
        answer = self._sandbox.post("options", {"user": self.id, **place, "value": query})
        return _options(answer)


def _offered(element: Json, conversations: list[Json]) -> list[Json]:
    """The conversations that are left by the select's filter."""
    only = element.get("filter", {})
    return [
        each
        for each in conversations
        if _kind(each) in only.get("include", (_kind(each),))
        and not (only.get("exclude_external_shared_channels") and each["is_ext_shared"])
        and not (only.get("exclude_bot_users") and each["kind"] == "app_dm")
    ]


def _kind(conversation: Json) -> str:
    """In the words of a filter."""
    channel = "private" if conversation["is_private"] else "public"
    return {"app_dm": "im", "dm": "mpim"}.get(conversation["kind"], channel)


def _answer(raw: Json) -> Answer:
    return Answer(
        ok=raw.get("ok", False),
        ack_ms=raw.get("ack_ms", 0.0),
        error=raw.get("error"),
        response=raw.get("response"),
        errors=raw.get("errors") or {},
        raw=raw,
    )


def _messages(state: Json, conversation: str | None) -> list[Message]:
    wanted = None if conversation is None else conversation.removeprefix("#")
    found = [
        Message(message, each["id"])
        for each in state["conversations"]
        if wanted is None or wanted in {each["id"], each["kind"], each["name"]}
        for message in state["messages"][each["id"]]
    ]
    return sorted(found, key=lambda message: message.ts)


def _find_input(view: View, where: str) -> tuple[Json, Json]:
    """The block and the element to enter something in, by block_id, its beginning, action_id, or label."""
    candidates: list[tuple[Json, Json]] = []
    for block in view.blocks:
        if block["type"] == "input":
            candidates.append((block, block["element"]))
        elif block["type"] == "section" and "accessory" in block:
            candidates.append((block, block["accessory"]))
        elif block["type"] == "actions":
            candidates += [(block, element) for element in block["elements"]]
    candidates = [each for each in candidates if each[1]["type"] not in {"button", "overflow", "image"}]
    ways: Sequence[Callable[[Json, Json], bool]] = (
        lambda block, element: where in {block["block_id"], element["action_id"]},
        lambda block, _: text_of(block.get("label") or block.get("text")).strip("*") == where,
        lambda block, _: block["block_id"].startswith(where),
    )
    for fits in ways:
        for block, element in candidates:
            if fits(block, element):
                return block, element
    raise SandboxError(f"no input {where!r} in the view:\n{view}")


_CLICKED = frozenset({"button", "overflow", "static_select"})


def _find_button(blocks: Sequence[Json], what: str) -> tuple[Json, Json, Any] | None:
    buttons: list[tuple[Json, Json]] = []
    for block in blocks:
        elements = block["elements"] if block["type"] == "actions" else [block.get("accessory") or {}]
        buttons += [(block, element) for element in elements if element.get("type") in _CLICKED]
    for block, element in buttons:
        if element["type"] == "button" and what in {text_of(element), element["action_id"], element.get("value")}:
            return block, element, None
        if element["type"] != "button":
            for option in element["options"]:
                if what in {text_of(option), option["value"]}:
                    return block, element, {"type": element["type"], "selected_option": option}
    return None


def _options(holder: Mapping[str, Any]) -> list[Json]:
    grouped = [option for group in holder.get("option_groups") or [] for option in group["options"]]
    return list(holder.get("options") or []) + grouped


def _seen(state: Json) -> str:
    """What a person sees, for failures."""
    parts = [plain(view) for view in state["views"]]
    parts += [f"({toast['kind']}) {toast['text']}" for toast in state["toasts"][-3:]]
    parts += [f"{message.conversation}: {message}" for message in _messages(state, None)[-5:]]
    return "\n\n".join(parts) or "(nothing)"
