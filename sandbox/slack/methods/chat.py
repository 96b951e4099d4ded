"""Methods that post, change and delete messages."""

from sandbox.slack.limits import check_message
from sandbox.slack.methods.conversations import conversation_of, visible
from sandbox.slack.methods.request import Json, Request, refuse
from sandbox.slack.records import Conversation, SlackError
from sandbox.slack.wire import message_object


def _checked_message(request: Request) -> Json:
    """The text, blocks, attachments and metadata of a message, within Slack's limits."""
    payload: Json = {}
    if request.args.get("text") is not None:
        payload["text"] = request.args["text"]
    for name in ("blocks", "attachments", "metadata"):
        value = request.parsed(name)
        if value is not None:
            payload[name] = value
    refuse(check_message(payload))
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
    if found is None or not visible(request, found):
        raise SlackError("channel_not_found")
    if found.is_archived:
        raise SlackError("is_archived")
    return found


def may_post(request: Request, conversation: Conversation) -> None:
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
    may_post(request, conversation)
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
    may_post(request, conversation)
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
    conversation = conversation_of(request)
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
    conversation = conversation_of(request)
    message = request.world.message(conversation.id, request.text("ts"))
    if message.seen_by is not None:
        raise SlackError("message_not_found")
    if message.bot_id != request.team.bot_id:
        raise SlackError("cant_delete_message")
    request.world.delete(message)
    return {"channel": conversation.id, "ts": message.ts}


def chat_get_permalink(request: Request) -> Json:
    conversation = conversation_of(request)
    message = request.world.message(conversation.id, request.text("message_ts"))
    place = f"{conversation.id}/p{message.ts.replace('.', '')}"
    return {
        "channel": conversation.id,
        "permalink": f"https://{request.team.domain}.slack.com/archives/{place}",
    }
