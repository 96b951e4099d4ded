"""The `/sandbox` API: what the page and the driver see and do."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.slack.acting import Acting, Outcome
from sandbox.slack.form import state_values
from sandbox.slack.records import Conversation, Fault, File, Message, SlackError, User, View
from sandbox.slack.socket_mode import SocketHub
from sandbox.slack.world import World

Json = dict[str, Any]
KEEP_ALIVE_SECONDS = 15.0
LONGEST_WAIT_SECONDS = 30.0
SHOWN_MESSAGES = 300


class Control:
    """Routes of the sandbox's own API. Lives on the server's event loop."""

    def __init__(self, world: World, acting: Acting, sockets: SocketHub) -> None:
        self._world = world
        self._acting = acting
        self._sockets = sockets
        self._closing = asyncio.Event()
        self._streams: set[Callable[[], None]] = set()

    def routes(self) -> list[BaseRoute]:
        def get(path: str, answer: Callable[[Request], Awaitable[Response]], *methods: str) -> Route:
            return Route(f"/sandbox/{path}", _refusals(answer), methods=list(methods) or ["GET"])

        def act(path: str, run: Callable[[Json, str], Awaitable[Outcome]]) -> Route:
            async def answer(request: Request) -> Response:
                body = await request.json()
                return JSONResponse((await run(body, _base(request))).wire())

            return get(path, answer, "POST")

        acting = self._acting
        return [
            get("people", self._people),
            get("state", self._state),
            get("events", self._events),
            get("read", self._read, "POST"),
            get("files", self._files, "POST"),
            get("channels", self._channels, "POST"),
            get("faults", self._faults, "POST", "DELETE"),
            get("calls", self._calls),
            get("socket", self._socket, "POST"),
            act("command", lambda body, base: acting.command(body["user"], body["channel"], body["text"], base)),
            act(
                "shortcut",
                lambda body, base: acting.shortcut(
                    body["user"], body["callback_id"], base, body.get("channel"), body.get("ts")
                ),
            ),
            act(
                "click",
                lambda body, base: acting.click(
                    body["user"],
                    body["container"],
                    body["block_id"],
                    body["action_id"],
                    body.get("value"),
                    body.get("state"),
                    base,
                ),
            ),
            act(
                "options",
                lambda body, base: acting.options(
                    body["user"], body["container"], body["block_id"], body["action_id"], body.get("value", ""), base
                ),
            ),
            act("submit", lambda body, base: acting.submit(body["user"], body["view_id"], body.get("state", {}), base)),
            act("close", lambda body, _: acting.close(body["user"], body["view_id"])),
            act("clear", lambda body, _: acting.clear(body["user"])),
            act(
                "message",
                lambda body, _: acting.message(body["user"], body["channel"], body["text"], body.get("files", ())),
            ),
            act("home", lambda body, _: acting.home(body["user"])),
            act("event", lambda body, _: acting.event(body["team_id"], body["event"], body.get("event_id"))),
            act("user", lambda body, _: acting.change_user(body.pop("user"), body)),
            Route("/response/{id}", self._respond, methods=["POST"]),
        ]

    def close(self) -> None:
        """End the event streams, so that the server can stop."""
        self._closing.set()
        for wake in list(self._streams):
            wake()

    # Seeing

    async def _people(self, _: Request) -> Response:
        people = [
            {"id": user.id, "name": user.real_name, "title": self._title(user), "team_id": user.team_id}
            for user in self._world.users.values()
            if not user.is_bot and not user.deleted
        ]
        return JSONResponse({"people": people})

    async def _state(self, request: Request) -> Response:
        """What a person sees; with `since` (a version) and `wait` (seconds) only once it is another version."""
        user_id = request.query_params["user"]
        self._world.person(user_id)
        since = request.query_params.get("since")
        if since is not None:
            wait = min(float(request.query_params.get("wait", "0")), LONGEST_WAIT_SECONDS)
            await self._changed(user_id, int(since), wait)
        return JSONResponse(self.state_of(user_id))

    async def _changed(self, user_id: str, since: int, seconds: float) -> None:
        wake, undo = self._watch(user_id)
        try:
            async with asyncio.timeout(seconds):
                while self._world.version(user_id) == since and not self._closing.is_set():
                    await wake.wait()
                    wake.clear()
        except TimeoutError:
            pass
        finally:
            undo()

    def _watch(self, user_id: str) -> tuple[asyncio.Event, Callable[[], None]]:
        wake = asyncio.Event()
        loop = asyncio.get_running_loop()

        def changed() -> None:
            loop.call_soon_threadsafe(wake.set)

        unsubscribe = self._world.subscribe(user_id, changed)
        self._streams.add(wake.set)

        def undo() -> None:
            self._streams.discard(wake.set)
            unsubscribe()

        return wake, undo

    async def _events(self, request: Request) -> Response:
        user_id = request.query_params["user"]
        self._world.person(user_id)
        return StreamingResponse(
            self._stream(user_id), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _stream(self, user_id: str) -> AsyncIterator[str]:
        wake, undo = self._watch(user_id)
        version = -1
        toasted = max((toast["id"] for toast in self._world.toasts_of(user_id)), default=0)
        try:
            while not self._closing.is_set():
                if self._world.version(user_id) != version:
                    version = self._world.version(user_id)
                    for toast in self._world.toasts_of(user_id):
                        if toast["id"] > toasted:
                            toasted = toast["id"]
                            yield f"event: toast\ndata: {json.dumps(toast)}\n\n"
                    yield f'event: changed\ndata: {{"version":{version}}}\n\n'
                try:
                    async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                        await wake.wait()
                        wake.clear()
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            undo()

    def state_of(self, user_id: str) -> Json:
        """Everything this person sees."""
        world = self._world
        with world.lock:
            user = world.person(user_id)
            conversations = world.conversations_of(user_id)
            home = world.home_of(user_id)
            return {
                "version": world.version(user_id),
                "user": self._user_wire(user),
                "people": {each.id: self._user_wire(each) for each in world.users.values()},
                "conversations": [self._conversation_wire(each, user_id) for each in conversations],
                "messages": {
                    each.id: [
                        _message_wire(message)
                        for message in list(each.messages.values())[-SHOWN_MESSAGES:]
                        if message.seen_by in {None, user_id}
                    ]
                    for each in conversations
                },
                "home": _view_wire(home) if home is not None else None,
                "views": [_view_wire(view) for view in world.stack(user_id)],
                "commands": [
                    {
                        "command": each["command"],
                        "description": each.get("description", ""),
                        "usage_hint": each.get("usage_hint", ""),
                    }
                    for each in world.commands
                ],
                "shortcuts": [
                    {
                        "callback_id": each["callback_id"],
                        "name": each.get("name", ""),
                        "description": each.get("description", ""),
                        "type": each.get("type", "global"),
                    }
                    for each in world.shortcuts
                ],
                "app": {
                    "name": world.app_name,
                    "id": world.app_id,
                    "bot_user_id": self._bot_of(user),
                },
                "team": {"id": user.team_id, "name": self._team_name(user.team_id)},
                "toasts": world.toasts_of(user_id),
            }

    def _bot_of(self, user: User) -> str:
        team = self._world.teams.get(user.team_id) or next(iter(self._world.teams.values()))
        return team.bot_user_id

    def _team_name(self, team_id: str) -> str:
        team = self._world.teams.get(team_id)
        return team.name if team is not None else team_id

    def _title(self, user: User) -> str:
        home = next(iter(self._world.teams))
        if user.title:
            return user.title
        if user.team_id != home:
            return "From another company"
        if user.is_owner:
            return "Workspace owner"
        if user.is_admin:
            return "Workspace admin"
        if user.is_restricted or user.is_ultra_restricted:
            return "Guest"
        return "Member"

    def _user_wire(self, user: User) -> Json:
        return {
            "id": user.id,
            "name": user.real_name,
            "username": user.name,
            "title": "" if user.is_bot else self._title(user),
            "team_id": user.team_id,
            "tz": user.tz,
            "is_bot": user.is_bot,
            "deleted": user.deleted,
        }

    def _conversation_wire(self, conversation: Conversation, user_id: str) -> Json:
        name = conversation.name
        if conversation.kind == "app_dm" and conversation.team_id != self._world.person(user_id).team_id:
            name = f"{name} ({self._team_name(conversation.team_id)})"
        return {
            "id": conversation.id,
            "name": name,
            "kind": conversation.kind,
            "unread": self._world.unread(conversation, user_id),
            "is_ext_shared": conversation.is_ext_shared,
            "is_private": conversation.is_private,
            "read_only": conversation.kind == "app_dm" and self._world.messages_tab_read_only,
            "members": sorted(conversation.members),
        }

    # Doing what isn't an app's business

    async def _read(self, request: Request) -> Response:
        body = await request.json()
        self._world.mark_read(body["channel"], body["user"])
        return JSONResponse({"ok": True})

    async def _channels(self, request: Request) -> Response:
        """A new channel of the first workspace: name, members, and what else there is to say of it."""
        body = await request.json()
        channel = self._world.make_channel(body.pop("name"), set(body.pop("members")), **body)
        return JSONResponse({"ok": True, "id": channel.id})

    async def _files(self, request: Request) -> Response:
        """A file that a person chose to enter or to send (multipart: user, file); answers with its file object."""
        async with request.form() as form:
            given, user = form["file"], form["user"]
            if isinstance(given, str) or not isinstance(user, str):
                raise SlackError("invalid_arguments")
            content = await given.read()
            kind = given.content_type or ""
            file = self._world.add_file(
                given.filename or "file", self._world.person(user).id, _base(request), content, kind
            )
        file.complete = True
        return JSONResponse({"ok": True, "file": file.wire()})

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._world.clear_faults()
        else:
            body = await request.json()
            if body.get("kind") not in {"ratelimited", "http500", "slow", "drop"}:
                raise SlackError("invalid_arguments")
            self._world.add_fault(
                Fault(
                    method=body.get("method", "*"),
                    kind=body["kind"],
                    times=int(body.get("times", 1)),
                    retry_after=int(body.get("retry_after", 1)),
                    delay=float(body.get("delay", 1.0)),
                )
            )
        return JSONResponse({"ok": True})

    async def _calls(self, request: Request) -> Response:
        calls = self._world.calls(request.query_params.get("method"))
        return Response(json.dumps([call.wire() for call in calls], default=repr), media_type="application/json")

    async def _socket(self, request: Request) -> Response:
        """Ask Socket Mode clients to reconnect."""
        body = await request.json()
        await self._sockets.ask_to_leave(body.get("reason", "refresh_requested"))
        return JSONResponse({"ok": True, "connected": self._sockets.connected})

    async def _respond(self, request: Request) -> Response:
        """A response_url."""
        try:
            payload = await request.json()
        except ValueError:
            payload = None
        if not isinstance(payload, Mapping):
            return JSONResponse({"ok": False, "error": "invalid_payload"}, 400)
        try:
            self._acting.respond(request.path_params["id"], dict(payload))
        except SlackError as refusal:
            answer: Json = {"ok": False, "error": refusal.code}
            if refusal.problems:
                answer["response_metadata"] = {"messages": [f"[ERROR] {each}" for each in refusal.problems]}
            return JSONResponse(answer, 404 if refusal.code in {"invalid_url", "expired_url", "used_url"} else 400)
        return Response("ok", media_type="text/plain")


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _refusals(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Refusals of the stand-in and missing fields as JSON with a status, not as a failure of the server."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except SlackError as refusal:
            return JSONResponse(Outcome(False, error=refusal.code).wire(), 404)
        except (KeyError, ValueError, TypeError) as missing:
            return JSONResponse({**Outcome(False, error="invalid_arguments").wire(), "detail": repr(missing)}, 400)

    return answered


def _message_wire(message: Message) -> Json:
    author = {"bot_id": message.bot_id} if message.bot_id is not None else {"user": message.user}
    return {
        "ts": message.ts,
        **author,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "files": [_file_wire(each) for each in message.files],
        "ephemeral": message.seen_by is not None,
        "edited": message.edited is not None,
        "thread_ts": message.thread_ts,
        "time": datetime.fromtimestamp(float(message.ts), UTC).isoformat(),
    }


def _file_wire(file: File) -> Json:
    """With `alt`, which may be empty, for a picture only: these are shown."""
    wire = {"id": file.id, "name": file.name, "title": file.title, "size": file.size}
    return wire | ({"alt": file.alt_txt} if file.is_picture else {})


def _view_wire(view: View) -> Json:
    return view.wire(state_values(view.content["blocks"], view.state))
