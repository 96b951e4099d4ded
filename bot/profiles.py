"""From Slack's record of a person: who can be a colleague, and as whom."""

from typing import Any

from handlers.ports import Caller
from services.people import Profile

_SLACKBOT = "USLACKBOT"
"""Slack does not call it a bot."""


def profile_of(user_id: str, user: dict[str, Any]) -> Profile:
    profile = user.get("profile") or {}
    return Profile(
        slack_user_id=user_id,
        name=profile.get("real_name") or user.get("real_name") or user.get("name") or user_id,
        email=profile.get("email") or None,
        timezone=user.get("tz") or "UTC",
        runs_workspace=bool(user.get("is_admin") or user.get("is_owner")),
    )


def is_from_elsewhere(user: dict[str, Any], caller: Caller) -> bool:
    """Not of the caller's workspace. In an Enterprise Grid organisation a person belongs to several."""
    grid = user.get("enterprise_user") or {}
    homes = {user.get("team_id"), grid.get("enterprise_id"), *(grid.get("teams") or ())} - {None}
    return bool(user.get("is_stranger")) or (bool(homes) and homes.isdisjoint({caller.team_id, caller.slack_key}))


def is_bot(user: dict[str, Any]) -> bool:
    return bool(user.get("is_bot")) or user.get("id") == _SLACKBOT


def is_guest(user: dict[str, Any]) -> bool:
    return bool(user.get("is_restricted") or user.get("is_ultra_restricted"))


def why_not(user: dict[str, Any], caller: Caller) -> str | None:
    """Why a person can't be made a colleague, said to somebody else; None for whoever can."""
    name = profile_of(str(user["id"]), user).name
    if is_bot(user):
        return f"{name} is an app."
    if is_from_elsewhere(user, caller):
        return f"{name} belongs to another company's workspace."
    if user.get("deleted"):
        return f"{name} is deactivated in Slack."
    if is_guest(user):
        return f"{name} is a guest in this workspace. Only full members can use Clientdesk."
    return None
