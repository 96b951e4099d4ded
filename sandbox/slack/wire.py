"""The shapes in which Slack shows users, conversations and messages to an app."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sandbox.slack.records import Conversation, Message, Team, User
from sandbox.slack.world import World

Json = dict[str, Any]


def user_object(user: User, team: Team, *, with_email: bool, now: float) -> Json:
    """A user as the given team sees them: outsiders are strangers without an e-mail address."""
    stranger = user.team_id != team.id
    local = datetime.fromtimestamp(now, ZoneInfo(user.tz))
    found: Json = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": local.tzname() or user.tz,
        "tz_offset": int((local.utcoffset() or local - local).total_seconds()),
        "profile": profile_object(user, team, with_email=with_email),
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": user.updated,
    }
    if not user.deleted:
        found |= {
            "is_admin": user.is_admin,
            "is_owner": user.is_owner,
            "is_primary_owner": user.is_owner,
            "is_restricted": user.is_restricted,
            "is_ultra_restricted": user.is_ultra_restricted,
        }
    if stranger:
        found["is_stranger"] = True
    return found


def profile_object(user: User, team: Team, *, with_email: bool) -> Json:
    first, _, last = user.real_name.partition(" ")
    profile: Json = {
        "title": user.title,
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "first_name": first,
        "last_name": last,
        "status_text": "",
        "status_emoji": "",
        "team": user.team_id,
    }
    if with_email and user.email and user.team_id == team.id:
        profile["email"] = user.email
    return profile


def conversation_object(conversation: Conversation, team: Team) -> Json:
    dm = conversation.kind == "app_dm"
    found: Json = {
        "id": conversation.id,
        "created": conversation.created,
        "is_archived": conversation.is_archived,
        "is_im": dm,
        "is_mpim": conversation.kind == "dm",
        "is_channel": conversation.kind == "channel" and not conversation.is_private,
        "is_group": conversation.kind == "channel" and conversation.is_private,
        "is_private": conversation.is_private or conversation.kind != "channel",
        "is_ext_shared": conversation.is_ext_shared,
        "is_shared": conversation.is_ext_shared,
        "is_org_shared": False,
        "context_team_id": team.id,
    }
    if dm:
        found["user"] = next(iter(conversation.members - {team.bot_user_id}), "")
    else:
        found |= {
            "name": conversation.name,
            "name_normalized": conversation.name,
            "is_general": conversation.name == "general",
            "is_member": team.bot_user_id in conversation.members,
            "num_members": len(conversation.members),
            "creator": "",
        }
    return found


def message_object(message: Message, world: World, *, with_metadata: bool = False) -> Json:
    """A message as the API and interaction payloads show it."""
    found: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
    found["team"] = message.team_id
    if message.bot_id is not None:
        found |= {"bot_id": message.bot_id, "app_id": world.app_id}
    if message.blocks:
        found["blocks"] = message.blocks
    if message.attachments:
        found["attachments"] = message.attachments
    if message.files:
        found |= {"files": [file.wire() for file in message.files], "upload": False}
    if message.thread_ts is not None:
        found["thread_ts"] = message.thread_ts
    if message.edited is not None:
        found["edited"] = message.edited
    if with_metadata and message.metadata is not None:
        found["metadata"] = message.metadata
    return found
