"""All that the stand-in Slack knows: teams, people, conversations, views, triggers, faults. In memory, thread-safe."""

import base64
import mimetypes
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from typing_extensions import override

from sandbox.slack.limits import Problem
from sandbox.slack.records import (
    Call,
    Conversation,
    Fault,
    File,
    Message,
    ResponseUrl,
    SlackError,
    Team,
    Trigger,
    User,
    View,
)
from sandbox.slack.seed import DEFAULT_SEED

__all__ = ["Clock", "Conversation", "Fault", "Message", "SlackError", "Team", "User", "View", "World"]

Json = dict[str, Any]
Clock = Callable[[], float]

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5
KEPT_TRIGGER_SECONDS = 60.0
STACK = 3
KEPT_MESSAGES = 5000
KEPT_CALLS = 10_000
KEPT_TOASTS = 50


Listener = Callable[[], None]


def _drop_old(entries: OrderedDict[str, Any], before: float) -> None:
    """Forget what expired before this moment; entries are in the order of their expiry."""
    while entries and next(iter(entries.values())).expires < before:
        entries.popitem(last=False)


class World:
    """The state of the stand-in. Every public method takes the lock, so any thread may call it.

    A caller that needs several steps to be one holds `lock` around them.
    """

    def __init__(
        self,
        seed: Mapping[str, Any] | None = None,
        *,
        manifest: Mapping[str, Any] | None = None,
        clock: Clock = time.time,
    ) -> None:
        self.lock = threading.RLock()
        self.clock = clock
        self._seed = DEFAULT_SEED if seed is None else seed
        self._listeners: dict[str, list[Listener]] = {}
        self._versions: dict[str, int] = {}
        self.app_id: str = self._seed["app"]["id"]
        self.app_name: str = self._seed["app"]["name"]
        self._read_manifest(manifest)
        self.reset()

    @override
    def __repr__(self) -> str:
        return f"<World of {len(self.teams)} teams and {len(self.users)} people>"

    def reset(self) -> None:
        """Back to the seed: all that happened is forgotten."""
        with self.lock:
            seed = self._seed
            self.teams = {each["id"]: Team(**each) for each in seed["teams"]}
            self.users = {each["id"]: User(**each) for each in seed["users"]}
            for team in self.teams.values():
                self.users[team.bot_user_id] = User(
                    id=team.bot_user_id,
                    team_id=team.id,
                    name=self.app_name.lower(),
                    real_name=self.app_name,
                    email="",
                    is_bot=True,
                )
            self.conversations: dict[str, Conversation] = {}
            for each in seed["channels"]:
                self.conversations[each["id"]] = Conversation(
                    **{"kind": "channel", **each, "members": set(each["members"])}
                )
            self.views: dict[str, View] = {}
            self.stacks: dict[str, list[View]] = {}
            self.homes: dict[tuple[str, str], View] = {}
            self.triggers: OrderedDict[str, Trigger] = OrderedDict()
            self.response_urls: OrderedDict[str, ResponseUrl] = OrderedDict()
            self.files: dict[str, File] = {}
            self.faults: list[Fault] = []
            self.call_log: deque[Call] = deque(maxlen=KEPT_CALLS)
            self.toasts: dict[str, deque[Json]] = {}
            self.codes: dict[str, tuple[str, str]] = {}
            self._last_ts = 0
            self._count = 0
            for team in self.teams.values():
                for user in self.users.values():
                    if user.team_id == team.id and not user.is_bot:
                        self.open_dm(team, user.id)
            self._touch(self.users)

    def _read_manifest(self, manifest: Mapping[str, Any] | None) -> None:
        features = (manifest or {}).get("features", {})
        home = features.get("app_home", {})
        self.commands: list[Json] = features.get("slash_commands") or []
        self.shortcuts: list[Json] = features.get("shortcuts") or []
        self.any_command = manifest is None
        if manifest is None:
            self.commands = [
                {"command": "/add-client", "description": "Add a client", "usage_hint": ""},
                {"command": "/clients", "description": "Find a client", "usage_hint": ""},
            ]
        self.messages_tab_enabled: bool = home.get("messages_tab_enabled", True)
        self.messages_tab_read_only: bool = home.get("messages_tab_read_only_enabled", False)
        self.home_tab_enabled: bool = home.get("home_tab_enabled", True)
        self.scopes: frozenset[str] | None = None
        self.bot_events: frozenset[str] | None = None
        if manifest is not None:
            self.scopes = frozenset(manifest.get("oauth_config", {}).get("scopes", {}).get("bot", []))
            subscriptions = manifest.get("settings", {}).get("event_subscriptions", {})
            self.bot_events = frozenset(subscriptions.get("bot_events", []))

    # Watching

    def subscribe(self, user_id: str, listener: Listener) -> Callable[[], None]:
        """Call the listener, on whichever thread it happens, when what this person sees changes; returns the undo."""
        with self.lock:
            self._listeners.setdefault(user_id, []).append(listener)

        def undo() -> None:
            with self.lock:
                self._listeners[user_id].remove(listener)

        return undo

    def version(self, user_id: str) -> int:
        with self.lock:
            return self._versions.get(user_id, 0)

    def _touch(self, user_ids: Iterable[str]) -> None:
        for user_id in user_ids:
            self._versions[user_id] = self._versions.get(user_id, 0) + 1
            for listener in self._listeners.get(user_id, ()):
                listener()

    def toast(self, user_id: str, text: str, kind: Literal["error", "info"] = "error") -> None:
        with self.lock:
            self._count += 1
            kept = self.toasts.setdefault(user_id, deque(maxlen=KEPT_TOASTS))
            kept.append({"id": self._count, "text": text, "kind": kind})
            self._touch([user_id])

    def toasts_of(self, user_id: str) -> list[Json]:
        with self.lock:
            return list(self.toasts.get(user_id, ()))

    # Identifiers

    def new_id(self, prefix: str) -> str:
        with self.lock:
            self._count += 1
            return f"{prefix}{self._count:04X}{secrets.token_hex(3).upper()}"

    def new_ts(self) -> str:
        """A message's ts: the time in microseconds, never the same twice."""
        with self.lock:
            self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
            return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def _new_hash(self) -> str:
        return f"{int(self.clock())}.{secrets.token_urlsafe(6)}"

    # Teams and people

    def team_of_token(self, token: str) -> Team | None:
        with self.lock:
            return next((team for team in self.teams.values() if team.token == token), None)

    def person(self, user_id: str) -> User:
        with self.lock:
            user = self.users.get(user_id)
            if user is None:
                raise SlackError("user_not_found")
            return user

    def visible_to(self, team: Team) -> list[User]:
        """The people a team knows: its own, and those it shares a channel with."""
        with self.lock:
            shared = {
                member
                for channel in self.conversations.values()
                if channel.team_id == team.id and channel.is_ext_shared
                for member in channel.members
            }
            return [user for user in self.users.values() if user.team_id == team.id or user.id in shared]

    def change_user(self, user_id: str, **changes: Any) -> User:
        with self.lock:
            user = self.person(user_id)
            for name, value in changes.items():
                if name in {"id", "team_id"} or not hasattr(user, name):
                    raise SlackError("invalid_arguments")
                setattr(user, name, value)
            user.updated = int(self.clock())
            self._touch(self.users)
            return user

    def set_installed(self, team_id: str, *, installed: bool) -> None:
        with self.lock:
            self.teams[team_id].installed = installed

    # Conversations

    def open_dm(self, team: Team, user_id: str) -> Conversation:
        """The direct conversation between a team's app and a person; made when it is missing."""
        with self.lock:
            own = self.person(user_id).team_id == team.id
            dm_id = f"D{user_id[1:]}" if own else f"D{user_id[1:]}_{team.id}"
            dm = self.conversations.get(dm_id)
            if dm is None:
                dm = self.conversations[dm_id] = Conversation(
                    id=dm_id,
                    kind="app_dm",
                    name=self.app_name,
                    team_id=team.id,
                    members={user_id, team.bot_user_id},
                    created=int(self.clock()),
                )
                self._touch([user_id])
            return dm

    def open_group(self, team: Team, user_ids: list[str]) -> Conversation:
        """The conversation of a team's app with several people."""
        with self.lock:
            members = {*user_ids, team.bot_user_id}
            for each in self.conversations.values():
                if each.kind == "dm" and each.members == members:
                    return each
            made = Conversation(
                id=self.new_id("G"),
                kind="dm",
                name=", ".join(self.person(user_id).real_name for user_id in user_ids),
                team_id=team.id,
                members=members,
                is_private=True,
                created=int(self.clock()),
            )
            self.conversations[made.id] = made
            self._touch(user_ids)
            return made

    def make_channel(self, name: str, members: set[str], **more: Any) -> Conversation:
        with self.lock:
            made = Conversation(
                id=self.new_id("C"),
                kind="channel",
                name=name,
                team_id=next(iter(self.teams)),
                members=members,
                created=int(self.clock()),
                **more,
            )
            self.conversations[made.id] = made
            self._touch(members)
            return made

    def join(self, conversation: Conversation, user_id: str) -> None:
        with self.lock:
            conversation.members.add(user_id)
            self._touch(conversation.members)

    def conversation(self, channel: str) -> Conversation:
        with self.lock:
            found = self.conversations.get(channel)
            if found is None:
                raise SlackError("channel_not_found")
            return found

    def conversations_of(self, user_id: str) -> list[Conversation]:
        with self.lock:
            return [each for each in self.conversations.values() if user_id in each.members]

    def unread(self, conversation: Conversation, user_id: str) -> int:
        with self.lock:
            read = conversation.read.get(user_id, "")
            return sum(
                1
                for message in reversed(conversation.messages.values())
                if message.ts > read and message.user != user_id and message.seen_by in {None, user_id}
            )

    def mark_read(self, channel: str, user_id: str) -> None:
        with self.lock:
            conversation = self.conversation(channel)
            newest = next(reversed(conversation.messages), "")
            if newest and conversation.read.get(user_id, "") < newest:
                conversation.read[user_id] = newest
                self._touch([user_id])

    # Messages

    def post(
        self,
        conversation: Conversation,
        *,
        user: str,
        team_id: str,
        text: str,
        bot_id: str | None = None,
        blocks: list[Json] | None = None,
        attachments: list[Json] | None = None,
        files: list[File] | None = None,
        metadata: Json | None = None,
        thread_ts: str | None = None,
        seen_by: str | None = None,
    ) -> Message:
        with self.lock:
            message = Message(
                ts=self.new_ts(),
                channel=conversation.id,
                text=text,
                user=user,
                team_id=team_id,
                bot_id=bot_id,
                blocks=self.with_ids(blocks or []),
                attachments=attachments or [],
                files=files or [],
                metadata=metadata,
                thread_ts=thread_ts,
                seen_by=seen_by,
            )
            conversation.messages[message.ts] = message
            if len(conversation.messages) > 2 * KEPT_MESSAGES:
                conversation.messages = dict(list(conversation.messages.items())[-KEPT_MESSAGES:])
            if bot_id is None:
                conversation.read[user] = message.ts
            self._touch([seen_by] if seen_by else conversation.members)
            return message

    def message(self, channel: str, ts: str) -> Message:
        with self.lock:
            found = self.conversation(channel).messages.get(ts)
            if found is None:
                raise SlackError("message_not_found")
            return found

    def edit(self, message: Message, **changes: Any) -> None:
        """Change a message in place and mark it as edited."""
        with self.lock:
            if "blocks" in changes:
                changes["blocks"] = self.with_ids(changes["blocks"])
            for name, value in changes.items():
                setattr(message, name, value)
            message.edited = {"user": message.user, "ts": self.new_ts()}
            self._touch([message.seen_by] if message.seen_by else self.conversation(message.channel).members)

    def delete(self, message: Message) -> None:
        with self.lock:
            conversation = self.conversation(message.channel)
            conversation.messages.pop(message.ts, None)
            self._touch([message.seen_by] if message.seen_by else conversation.members)

    def messages(self, channel: str) -> list[Message]:
        """The messages of a conversation, oldest first."""
        with self.lock:
            return list(self.conversation(channel).messages.values())

    def with_ids(self, blocks: list[Json]) -> list[Json]:
        """Slack names what the app left nameless: blocks and what can be acted on."""
        for block in blocks:
            if "block_id" not in block:
                block["block_id"] = self._short_id()
            kind = block["type"]
            if kind == "actions":
                elements = block["elements"]
            elif kind == "input":
                elements = (block["element"],)
            elif kind == "section" and "accessory" in block:
                elements = (block["accessory"],)
            else:
                continue
            for element in elements:
                if "action_id" not in element and element["type"] != "image":
                    element["action_id"] = self._short_id()
        return blocks

    @staticmethod
    def _short_id() -> str:
        return base64.b64encode(secrets.token_bytes(4)).decode()[:5]

    # Triggers and response URLs

    def new_trigger(self, team_id: str, user_id: str, *, from_modal: bool = False) -> str:
        with self.lock:
            now = self.clock()
            _drop_old(self.triggers, now - KEPT_TRIGGER_SECONDS)
            trigger_id = f"{int(now * 1000)}.{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
            self.triggers[trigger_id] = Trigger(team_id, user_id, now + TRIGGER_SECONDS, from_modal)
            return trigger_id

    def use_trigger(self, trigger_id: object, team: Team) -> Trigger:
        """The trigger, spent; refused when it is unknown, late or spent before."""
        with self.lock:
            trigger = self.triggers.get(trigger_id) if isinstance(trigger_id, str) else None
            if trigger is None or trigger.team_id != team.id:
                raise SlackError(
                    "invalid_arguments", [Problem("invalid_arguments", "/trigger_id", "invalid `trigger_id`")]
                )
            if self.clock() > trigger.expires:
                raise SlackError("expired_trigger_id")
            if trigger.used:
                raise SlackError("exchanged_trigger_id")
            trigger.used = True
            return trigger

    def new_response_url(self, team_id: str, user_id: str, channel: str, message_ts: str | None = None) -> ResponseUrl:
        with self.lock:
            now = self.clock()
            _drop_old(self.response_urls, now - RESPONSE_URL_SECONDS)
            made = ResponseUrl(
                id=secrets.token_urlsafe(18),
                team_id=team_id,
                user_id=user_id,
                channel=channel,
                expires=now + RESPONSE_URL_SECONDS,
                message_ts=message_ts,
            )
            self.response_urls[made.id] = made
            return made

    def use_response_url(self, url_id: str) -> ResponseUrl:
        with self.lock:
            found = self.response_urls.get(url_id)
            if found is None:
                raise SlackError("invalid_url")
            if self.clock() > found.expires:
                raise SlackError("expired_url")
            if found.uses >= RESPONSE_URL_USES:
                raise SlackError("used_url")
            found.uses += 1
            return found

    # Views

    def stack(self, user_id: str) -> list[View]:
        """A person's open views, the lowest first."""
        with self.lock:
            return list(self.stacks.get(user_id, ()))

    def view(self, view_id: str) -> View:
        with self.lock:
            found = self.views.get(view_id)
            if found is None:
                raise SlackError("not_found")
            return found

    def view_by_external_id(self, external_id: str, team_id: str) -> View:
        with self.lock:
            for found in self.views.values():
                if found.team_id == team_id and found.content.get("external_id") == external_id:
                    return found
            raise SlackError("not_found")

    def _refuse_taken(self, external_id: str | None, team_id: str, but: View | None = None) -> None:
        if external_id and any(
            each is not but and each.team_id == team_id and each.content.get("external_id") == external_id
            for each in self.views.values()
        ):
            raise SlackError("duplicate_external_id")

    def _new_view(self, team: Team, user_id: str, content: Json, below: View | None) -> View:
        self._refuse_taken(content.get("external_id"), team.id)
        view_id = self.new_id("V")
        user = self.person(user_id)
        self.with_ids(content["blocks"])
        view = View(
            id=view_id,
            team_id=team.id,
            user_id=user_id,
            bot_id=team.bot_id,
            app_id=self.app_id,
            owner_team_id=user.team_id,
            hash=self._new_hash(),
            content=content,
            root_view_id=below.root_view_id if below else view_id,
            previous_view_id=below.id if below else None,
        )
        self.views[view_id] = view
        return view

    def show_view(self, team: Team, user_id: str, content: Json, *, on_top: bool) -> View:
        """Open a modal: on top of the person's open ones, or instead of them."""
        with self.lock:
            stack = self.stacks.setdefault(user_id, [])
            if on_top and len(stack) >= STACK:
                raise SlackError("push_limit_reached")
            replaced = [] if on_top else list(stack)
            below = stack[-1] if on_top and stack else None
            view = self._new_view(team, user_id, content, below)
            for each in replaced:
                self.views.pop(each.id, None)
                stack.remove(each)
            stack.append(view)
            self._touch([user_id])
            return view

    def change_view(self, view: View, content: Json, expected_hash: str | None = None) -> View:
        """Replace a view's content; refused when the given hash is not the present one."""
        with self.lock:
            if expected_hash and expected_hash != view.hash:
                raise SlackError("hash_conflict")
            self._refuse_taken(content.get("external_id"), view.team_id, but=view)
            self.with_ids(content["blocks"])
            view.content = content
            view.hash = self._new_hash()
            self._touch([view.user_id])
            return view

    def publish_home(self, team: Team, user_id: str, content: Json, expected_hash: str | None = None) -> View:
        with self.lock:
            self.person(user_id)
            home = self.homes.get((team.id, user_id))
            if home is None:
                home = self._new_view(team, user_id, content, None)
                self.homes[team.id, user_id] = home
                self._touch([user_id])
                return home
            return self.change_view(home, content, expected_hash)

    def home_of(self, user_id: str, team_id: str | None = None) -> View | None:
        """The person's App Home in their own team, or in the given one."""
        with self.lock:
            return self.homes.get((team_id or self.person(user_id).team_id, user_id))

    def pop_view(self, view: View) -> None:
        """Take one view off its person's stack."""
        with self.lock:
            stack = self.stacks.get(view.user_id, [])
            if view in stack:
                index = stack.index(view)
                stack.remove(view)
                if index < len(stack):
                    stack[index].previous_view_id = view.previous_view_id
            self.views.pop(view.id, None)
            self._touch([view.user_id])

    def clear_views(self, user_id: str) -> list[View]:
        """Close all of a person's views; returns those that were open, the top one first."""
        with self.lock:
            closed = list(reversed(self.stacks.pop(user_id, [])))
            for view in closed:
                self.views.pop(view.id, None)
            if closed:
                self._touch([user_id])
            return closed

    # Files

    def add_file(self, name: str, user_id: str, base_url: str, content: bytes = b"", mimetype: str = "") -> File:
        with self.lock:
            guessed = mimetype or mimetypes.guess_type(name)[0] or "application/octet-stream"
            file = File(self.new_id("F"), name, content, guessed, user_id, int(self.clock()), base_url)
            self.files[file.id] = file
            return file

    def own_file(self, user: User, file_id: str) -> File:
        """A file that this person uploaded."""
        with self.lock:
            file = self.files.get(file_id)
            if file is None or file.user != user.id:
                raise SlackError("file_not_found")
            return file

    # Faults and the log

    def add_fault(self, fault: Fault) -> None:
        with self.lock:
            self.faults.append(fault)

    def clear_faults(self) -> None:
        with self.lock:
            self.faults.clear()

    def take_fault(self, method: str) -> Fault | None:
        """The fault due for this call, counted off."""
        if not self.faults:
            return None
        with self.lock:
            for fault in self.faults:
                if fault.method in {method, "*"}:
                    fault.times -= 1
                    if fault.times <= 0:
                        self.faults.remove(fault)
                    return fault
            return None

    def log_call(self, call: Call) -> None:
        with self.lock:
            self.call_log.append(call)

    def calls(self, method: str | None = None) -> list[Call]:
        """The logged Web API calls, oldest first."""
        with self.lock:
            return [call for call in self.call_log if method is None or call.method == method]
