"""Roles and permissions in words."""

from datetime import date

from db.models import Role
from modals import blocks as b
from modals.text import clip
from services.colleagues.rights import Given, Rights

ROLES = {Role.PRACTICE_ADMIN: "Practice Admin", Role.CLIENT_ADMIN: "Client Admin", Role.STANDARD: "Standard"}
MEANINGS = {
    Role.PRACTICE_ADMIN: "All clients, colleagues, settings and the subscription",
    Role.CLIENT_ADMIN: "All clients; manages teams and most colleagues",
    Role.STANDARD: "The clients that they are given access to",
}
ADD_CLIENTS = "Add client accounts"
INSIGHTS = "Practice insights"
_YOU = {
    Role.PRACTICE_ADMIN: "You see all clients, add clients, decide requests, and manage colleagues, teams, the "
    "subscription and all settings.",
    Role.CLIENT_ADMIN: "You see all clients, add clients, decide requests, and manage teams, client defaults and "
    "colleagues who are not Practice Admins.",
    Role.STANDARD: "You see the clients that you were given access to.",
}
LISTED = 20
"""As many names as a person will read."""


def permissions(rights: Rights) -> str:
    """The additional ones, which only Standard colleagues need."""
    if rights.role is not Role.STANDARD:
        return "All of them, by the role"
    held = [_adding(rights)] if rights.add_clients is not Given.NO else []
    if rights.insights:
        held.append(INSIGHTS)
    return " · ".join(held) or "No additional permissions"


def yours(rights: Rights) -> str:
    """What one can do with them, said to the person."""
    said = [_YOU[rights.role]]
    if rights.role is Role.STANDARD:
        if rights.add_clients is not Given.NO:
            said.append(f"You can add clients{_until(rights)}.")
        if rights.insights:
            said.append("You can see the practice's insights.")
    return " ".join(said)


def names(listed: tuple[str, ...], *, nobody: str) -> str:
    """`Ada, Ben and 12 more`."""
    said = ", ".join(clip(each, 80) for each in listed[:LISTED])
    more = len(listed) - LISTED
    return f"{said} and {more:,} more" if more > 0 else said or nobody


def note(said: str | None) -> list[b.Block]:
    return [b.rich([b.emoji("white_check_mark"), b.words(f" {said}")])] if said else []


def day(on: date) -> str:
    return f"{on.day} {on:%b %Y}"


def _adding(rights: Rights) -> str:
    return f"{ADD_CLIENTS}{_until(rights)}"


def _until(rights: Rights) -> str:
    return f" until {day(rights.last_day)}" if rights.last_day is not None else ""
