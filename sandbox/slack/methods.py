"""The Web API's methods: what each needs, does and answers."""

import base64
import binascii
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from sandbox.slack.limits import Problem, check_message, check_view
from sandbox.slack.socket_mode import SocketHub
from sandbox.slack.wire import conversation_object, message_object, profile_object, user_object
from sandbox.slack.world import Conversation, File, SlackError, Team, User, View, World

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


def _page(request: Request, items: Sequence[_T], default: int = 100) -> tuple[list[_T], Json]:
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


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise SlackError(problems[0].code, problems)


# Who and where


def api_test(request: Request) -> Json:
    if "error" in request.args:
        raise SlackError(str(request.args["error"]), args=dict(request.args))
    return {"args": dict(request.args)}


def auth_test(request: Request) -> Json:
    team = request.team
    return {
        "url": f"https://{team.domain}.slack.com/",
        "team": team.name,
        "user": request.world.app_name.lower(),
        "team_id": team.id,
        "user_id": team.bot_user_id,
        "bot_id": team.bot_id,
        "is_enterprise_install": False,
    }


def team_info(request: Request) -> Json:
    wanted = request.args.get("team") or request.team.id
    if wanted != request.team.id:
        raise SlackError("team_not_found")
    team = request.team
    url = f"https://{team.domain}.slack.com/"
    return {
        "team": {"id": team.id, "name": team.name, "domain": team.domain, "url": url, "email_domain": "", "icon": {}}
    }


def _user_wire(request: Request, user: User) -> Json:
    return user_object(user, request.team, with_email=request.allowed("users:read.email"), now=request.world.clock())


def users_info(request: Request) -> Json:
    return {"user": _user_wire(request, request.user("user"))}


def users_list(request: Request) -> Json:
    page, metadata = _page(request, request.world.visible_to(request.team), 1000)
    return {
        "members": [_user_wire(request, user) for user in page],
        "cache_ts": int(request.world.clock()),
        "response_metadata": metadata,
    }


def users_profile_get(request: Request) -> Json:
    user = request.user("user")
    return {"profile": profile_object(user, request.team, with_email=request.allowed("users:read.email"))}


def users_lookup_by_email(request: Request) -> Json:
    email = request.text("email").lower()
    for user in request.world.users.values():
        if user.team_id == request.team.id and user.email.lower() == email and not user.deleted:
            return {"user": _user_wire(request, user)}
    raise SlackError("users_not_found")


# Conversations


def _visible(request: Request, conversation: Conversation) -> bool:
    bot = request.team.bot_user_id
    return bot in conversation.members or (conversation.team_id == request.team.id and not conversation.is_private)


def _conversation(request: Request, reach: Literal["read", "history", ""] = "") -> Conversation:
    """The conversation asked for, if the team may know of it and the app has the scope to reach it."""
    found = request.world.conversation(request.text("channel"))
    if not _visible(request, found):
        raise SlackError("channel_not_found")
    if reach:
        request.must_have(f"{_SCOPE_OF[_kind(found)]}:{reach}")
    return found


def _kind(conversation: Conversation) -> str:
    """The conversation's type, in the words of conversations.list."""
    channel = "private_channel" if conversation.is_private else "public_channel"
    return {"app_dm": "im", "dm": "mpim"}.get(conversation.kind, channel)


_SCOPE_OF = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


def conversations_open(request: Request) -> Json:
    world, team = request.world, request.team
    if request.args.get("channel"):
        conversation, before = _conversation(request), True
    else:
        given = request.need("users")
        user_ids = [each.strip() for each in given.split(",")] if isinstance(given, str) else list(given)
        request.must_have("im:write" if len(user_ids) == 1 else "mpim:write")
        for user_id in user_ids:
            user = world.users.get(user_id)
            if user is None or user not in world.visible_to(team):
                raise SlackError("user_not_found")
            if user.deleted:
                raise SlackError("user_disabled")
            if user_id == team.bot_user_id:
                raise SlackError("cannot_dm_bot")
        count = len(world.conversations)
        conversation = world.open_dm(team, user_ids[0]) if len(user_ids) == 1 else world.open_group(team, user_ids)
        before = len(world.conversations) == count
    channel = conversation_object(conversation, team) if request.flag("return_im") else {"id": conversation.id}
    return {"no_op": before, "already_open": before, "channel": channel}


def conversations_info(request: Request) -> Json:
    return {"channel": conversation_object(_conversation(request, "read"), request.team)}


def conversations_list(request: Request) -> Json:
    kinds = {each.strip() for each in str(request.args.get("types") or "public_channel").split(",")}
    if not kinds <= set(_SCOPE_OF):
        raise SlackError("invalid_types")
    for kind in sorted(kinds):
        request.must_have(f"{_SCOPE_OF[kind]}:read")
    found = []
    for conversation in request.world.conversations.values():
        if _kind(conversation) not in kinds or not _visible(request, conversation):
            continue
        if conversation.is_archived and request.flag("exclude_archived"):
            continue
        found.append(conversation_object(conversation, request.team))
    page, metadata = _page(request, found)
    return {"channels": page, "response_metadata": metadata}


def conversations_members(request: Request) -> Json:
    page, metadata = _page(request, sorted(_conversation(request, "read").members))
    return {"members": page, "response_metadata": metadata}


def _messages(request: Request, thread_ts: str | None) -> Json:
    conversation = _conversation(request, "history")
    if request.team.bot_user_id not in conversation.members:
        raise SlackError("not_in_channel")
    oldest, latest = str(request.args.get("oldest") or "0"), str(request.args.get("latest") or "9999999999.999999")
    inclusive = request.flag("inclusive")

    def within(ts: str) -> bool:
        low, high, here = float(oldest), float(latest), float(ts)
        return low <= here <= high if inclusive else low < here < high

    found = [
        message_object(message, request.world, with_metadata=request.flag("include_all_metadata"))
        for message in conversation.messages.values()
        if message.seen_by is None
        and within(message.ts)
        and (thread_ts in {message.ts, message.thread_ts} if thread_ts else message.thread_ts in {None, message.ts})
    ]
    if thread_ts and thread_ts not in conversation.messages:
        raise SlackError("thread_not_found")
    if not thread_ts:
        found.reverse()
    page, metadata = _page(request, found)
    return {
        "messages": page,
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": 0,
        "response_metadata": metadata,
    }


def conversations_history(request: Request) -> Json:
    return _messages(request, None)


def conversations_replies(request: Request) -> Json:
    return _messages(request, request.text("ts"))


# Messages


def _checked_message(request: Request) -> Json:
    """The text, blocks, attachments and metadata of a message, within Slack's limits."""
    payload: Json = {}
    if request.args.get("text") is not None:
        payload["text"] = request.args["text"]
    for name in ("blocks", "attachments", "metadata"):
        value = request.parsed(name)
        if value is not None:
            payload[name] = value
    _refuse(check_message(payload))
    return payload


def _addressed(request: Request) -> Conversation:
    """The conversation a message goes to; a person's id means the app's conversation with them."""
    world, team = request.world, request.team
    channel = request.text("channel").removeprefix("#")
    if channel in world.users:
        user = world.users[channel]
        if user not in world.visible_to(team):
            raise SlackError("channel_not_found")
        if user.deleted:
            raise SlackError("user_disabled")
        return world.open_dm(team, channel)
    found = world.conversations.get(channel) or next(
        (each for each in world.conversations.values() if each.kind == "channel" and each.name == channel), None
    )
    if found is None or not _visible(request, found):
        raise SlackError("channel_not_found")
    if found.is_archived:
        raise SlackError("is_archived")
    return found


def _may_post(request: Request, conversation: Conversation) -> None:
    if conversation.kind == "app_dm" and not request.world.messages_tab_enabled:
        raise SlackError("messages_tab_disabled")
    if request.team.bot_user_id not in conversation.members:
        scopes = request.world.scopes
        if scopes is None or "chat:write.public" not in scopes:
            raise SlackError("not_in_channel")
    if conversation.kind == "app_dm":
        for member in conversation.members:
            if request.world.users[member].deleted:
                raise SlackError("user_disabled")


def chat_post_message(request: Request) -> Json:
    conversation = _addressed(request)
    _may_post(request, conversation)
    payload = _checked_message(request)
    team = request.team
    message = request.world.post(
        conversation,
        user=team.bot_user_id,
        team_id=team.id,
        bot_id=team.bot_id,
        text=payload.get("text", ""),
        blocks=payload.get("blocks"),
        attachments=payload.get("attachments"),
        metadata=payload.get("metadata"),
        thread_ts=request.args.get("thread_ts"),
    )
    wire = message_object(message, request.world, with_metadata=True)
    return {"channel": conversation.id, "ts": message.ts, "message": wire}


def chat_post_ephemeral(request: Request) -> Json:
    conversation = _addressed(request)
    _may_post(request, conversation)
    user_id = request.text("user")
    if user_id not in conversation.members:
        raise SlackError("user_not_in_channel")
    payload = _checked_message(request)
    team = request.team
    message = request.world.post(
        conversation,
        user=team.bot_user_id,
        team_id=team.id,
        bot_id=team.bot_id,
        text=payload.get("text", ""),
        blocks=payload.get("blocks"),
        attachments=payload.get("attachments"),
        seen_by=user_id,
    )
    return {"message_ts": message.ts}


def chat_update(request: Request) -> Json:
    conversation = _conversation(request)
    message = request.world.message(conversation.id, request.text("ts"))
    if message.seen_by is not None:
        raise SlackError("message_not_found")
    if message.bot_id != request.team.bot_id:
        raise SlackError("cant_update_message")
    payload = _checked_message(request)
    request.world.edit(message, **payload)
    wire = message_object(message, request.world, with_metadata=True)
    return {"channel": conversation.id, "ts": message.ts, "text": message.text, "message": wire}


def chat_delete(request: Request) -> Json:
    conversation = _conversation(request)
    message = request.world.message(conversation.id, request.text("ts"))
    if message.seen_by is not None:
        raise SlackError("message_not_found")
    if message.bot_id != request.team.bot_id:
        raise SlackError("cant_delete_message")
    request.world.delete(message)
    return {"channel": conversation.id, "ts": message.ts}


def chat_get_permalink(request: Request) -> Json:
    conversation = _conversation(request)
    message = request.world.message(conversation.id, request.text("message_ts"))
    place = f"{conversation.id}/p{message.ts.replace('.', '')}"
    return {
        "channel": conversation.id,
        "permalink": f"https://{request.team.domain}.slack.com/archives/{place}",
    }


# Views


def _checked_view(request: Request, surface: Literal["modal", "home"]) -> Json:
    request.need("view")
    view = request.parsed("view")
    _refuse(check_view(view, surface))
    content: Json = view
    return content


def views_open(request: Request) -> Json:
    content = _checked_view(request, "modal")
    trigger = request.world.use_trigger(request.need("trigger_id"), request.team)
    view = request.world.show_view(request.team, trigger.user_id, content, on_top=trigger.from_modal)
    return {"view": view.wire()}


def views_push(request: Request) -> Json:
    content = _checked_view(request, "modal")
    trigger = request.world.use_trigger(request.need("trigger_id"), request.team)
    if not trigger.from_modal:
        raise SlackError("invalid_trigger_id")
    view = request.world.show_view(request.team, trigger.user_id, content, on_top=True)
    return {"view": view.wire()}


def _view(request: Request) -> View:
    if request.args.get("view_id"):
        found = request.world.view(request.text("view_id"))
    else:
        found = request.world.view_by_external_id(request.text("external_id"), request.team.id)
    if found.team_id != request.team.id:
        raise SlackError("not_found")
    return found


def views_update(request: Request) -> Json:
    if not request.args.get("view_id") and not request.args.get("external_id"):
        request.need("view_id")
    request.need("view")
    given = request.parsed("view")
    home = isinstance(given, Mapping) and given.get("type") == "home"
    content = _checked_view(request, "home" if home else "modal")
    view = _view(request)
    if view.content["type"] != content["type"]:
        raise SlackError(
            "invalid_arguments", [Problem("invalid_arguments", "/view/type", f"must be {view.content['type']}")]
        )
    request.world.change_view(view, content, request.args.get("hash"))
    return {"view": view.wire()}


def views_publish(request: Request) -> Json:
    if not request.world.home_tab_enabled:
        raise SlackError("not_enabled")
    content = _checked_view(request, "home")
    user = request.user("user_id")
    view = request.world.publish_home(request.team, user.id, content, request.args.get("hash"))
    return {"view": view.wire()}


# Files


def files_get_upload_url(request: Request) -> Json:
    name = request.text("filename")
    try:
        length = int(request.text("length"))
    except ValueError:
        length = 0
    if length <= 0:
        raise SlackError("invalid_arguments", [Problem("invalid_arguments", "/length", "must be a positive integer")])
    file = request.world.add_file(name, request.team.bot_user_id)
    return {"upload_url": f"{request.base_url}/files/upload/{file.id}", "file_id": file.id}


def _file(request: Request, file_id: object) -> File:
    found = request.world.files.get(file_id) if isinstance(file_id, str) else None
    if found is None:
        raise SlackError("file_not_found")
    return found


def files_complete_upload(request: Request) -> Json:
    given = request.parsed("files")
    if not isinstance(given, list) or not given:
        request.need("files")
        raise SlackError("invalid_arguments", [Problem("invalid_arguments", "/files", "must provide an array")])
    found = []
    for each in given:
        file = _file(request, each.get("id") if isinstance(each, Mapping) else None)
        file.title = str(each.get("title") or file.name)
        file.complete = True
        found.append(file)
    shared = request.args.get("channel_id") or request.args.get("channels")
    if shared:
        for channel in str(shared).split(","):
            conversation = request.world.conversation(channel)
            _may_post(request, conversation)
            request.world.post(
                conversation,
                user=request.team.bot_user_id,
                team_id=request.team.id,
                bot_id=request.team.bot_id,
                text=str(request.args.get("initial_comment") or ""),
                attachments=[
                    {
                        "fallback": file.title,
                        "title": file.title,
                        "title_link": file.wire(request.base_url)["url_private"],
                    }
                    for file in found
                ],
                thread_ts=request.args.get("thread_ts"),
            )
    return {"files": [file.wire(request.base_url) for file in found]}


def files_info(request: Request) -> Json:
    return {"file": _file(request, request.need("file")).wire(request.base_url), "comments": []}


# Connections and installation


def apps_connections_open(request: Request) -> Json:
    address = request.base_url.replace("http", "ws", 1)
    return {"url": f"{address}/socket/{request.sockets.ticket()}"}


def oauth_v2_access(request: Request) -> Json:
    world = request.world
    with contextlib.suppress(KeyError):
        team_id, user_id = world.codes.pop(str(request.args.get("code")))
        team = world.teams[team_id]
        world.set_installed(team_id, installed=True)
        return {
            "access_token": team.token,
            "token_type": "bot",
            "scope": ",".join(sorted(world.scopes)) if world.scopes is not None else "",
            "bot_user_id": team.bot_user_id,
            "app_id": world.app_id,
            "team": {"id": team.id, "name": team.name},
            "enterprise": None,
            "authed_user": {"id": user_id},
            "is_enterprise_install": False,
        }
    raise SlackError("invalid_code")


METHODS: dict[str, Method] = {
    "api.test": Method(api_test, token="none"),
    "auth.test": Method(auth_test),
    "team.info": Method(team_info, "team:read"),
    "users.info": Method(users_info, "users:read"),
    "users.list": Method(users_list, "users:read"),
    "users.profile.get": Method(users_profile_get, "users.profile:read"),
    "users.lookupByEmail": Method(users_lookup_by_email, "users:read.email"),
    "conversations.open": Method(conversations_open),
    "conversations.info": Method(conversations_info),
    "conversations.list": Method(conversations_list),
    "conversations.members": Method(conversations_members),
    "conversations.history": Method(conversations_history),
    "conversations.replies": Method(conversations_replies),
    "chat.postMessage": Method(chat_post_message, "chat:write"),
    "chat.postEphemeral": Method(chat_post_ephemeral, "chat:write"),
    "chat.update": Method(chat_update, "chat:write"),
    "chat.delete": Method(chat_delete, "chat:write"),
    "chat.getPermalink": Method(chat_get_permalink),
    "views.open": Method(views_open),
    "views.push": Method(views_push),
    "views.update": Method(views_update),
    "views.publish": Method(views_publish),
    "files.getUploadURLExternal": Method(files_get_upload_url, "files:write"),
    "files.completeUploadExternal": Method(files_complete_upload, "files:write"),
    "files.info": Method(files_info, "files:read"),
    "apps.connections.open": Method(apps_connections_open, token="app"),
    "oauth.v2.access": Method(oauth_v2_access, token="none"),
}
