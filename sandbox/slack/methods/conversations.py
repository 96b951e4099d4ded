"""Methods about conversations."""

from typing import Literal

from sandbox.slack.methods.request import Json, Request, page
from sandbox.slack.records import Conversation, SlackError
from sandbox.slack.wire import conversation_object, message_object


def visible(request: Request, conversation: Conversation) -> bool:
    bot = request.team.bot_user_id
    return bot in conversation.members or (conversation.team_id == request.team.id and not conversation.is_private)


def conversation_of(request: Request, reach: Literal["read", "history", ""] = "") -> Conversation:
    """The conversation asked for, if the team may know of it and the app has the scope to reach it."""
    found = request.world.conversation(request.text("channel"))
    if not visible(request, found):
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
        conversation, before = conversation_of(request), True
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
    return {"channel": conversation_object(conversation_of(request, "read"), request.team)}


def conversations_list(request: Request) -> Json:
    kinds = {each.strip() for each in str(request.args.get("types") or "public_channel").split(",")}
    if not kinds <= set(_SCOPE_OF):
        raise SlackError("invalid_types")
    for kind in sorted(kinds):
        request.must_have(f"{_SCOPE_OF[kind]}:read")
    found = []
    for conversation in request.world.conversations.values():
        if _kind(conversation) not in kinds or not visible(request, conversation):
            continue
        if conversation.is_archived and request.flag("exclude_archived"):
            continue
        found.append(conversation_object(conversation, request.team))
    shown, metadata = page(request, found)
    return {"channels": shown, "response_metadata": metadata}


def conversations_members(request: Request) -> Json:
    shown, metadata = page(request, sorted(conversation_of(request, "read").members))
    return {"members": shown, "response_metadata": metadata}


def _messages(request: Request, thread_ts: str | None) -> Json:
    conversation = conversation_of(request, "history")
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
    shown, metadata = page(request, found)
    return {
        "messages": shown,
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": 0,
        "response_metadata": metadata,
    }


def conversations_history(request: Request) -> Json:
    return _messages(request, None)


def conversations_replies(request: Request) -> Json:
    return _messages(request, request.text("ts"))
