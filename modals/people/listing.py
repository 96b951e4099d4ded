"""The list of colleagues; for those who manage nobody, how they themselves stand."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from db.models import Role
from modals import blocks as b
from modals import form
from modals.people import ids
from modals.people.metadata import PeoplePlace
from modals.people.taking_over import take_over_notice
from modals.people.words import ROLES, day, names, note, permissions, yours
from modals.text import clip, count
from services.colleagues.records import QUERY_LENGTH, ColleagueLine, ColleaguePage, OwnStanding, Wish
from services.errors import InvalidError

TITLE = "Colleagues"
_HERE, _LEFT = "here", "left"
_NAME = 200


def listing(shown: ColleaguePage | OwnStanding, said: str | None = None) -> b.View:
    """`said` is what was just done."""
    if isinstance(shown, OwnStanding):
        return _own(shown)
    wish = shown.wish
    typed = b.text_input(wish.query, placeholder="Part of a name or e-mail address")
    search = typed | {"action_id": ids.SEARCH, "max_length": QUERY_LENGTH}
    places = [
        b.option(f"At the practice ({shown.here:,})", _HERE),
        b.option(f"Left ({shown.gone:,})", _LEFT),
    ]
    which = b.select(places, _LEFT if wish.left else _HERE) | {"action_id": ids.FILTER}
    blocks = [
        b.field("query", "Find a colleague", search, optional=True, acts=True),
        b.actions(
            which, b.button("Add colleagues", ids.ADD, style="primary"), b.button("Teams", ids.TEAMS), block_id="which"
        ),
        *note(said),
        b.section(_count(shown)),
    ]
    blocks += [
        b.section(_line(line), accessory=b.button("Open", ids.OPEN, value=str(line.colleague_id)))
        for line in shown.lines
    ]
    turning = _turning(shown)
    if turning:
        blocks.append(b.actions(*turning, block_id="pages"))
    return b.modal(TITLE, blocks, callback_id=ids.FIND, submit="Search", private_metadata=PeoplePlace.at(wish).dump())


def is_own(shown: ColleaguePage | OwnStanding) -> TypeGuard[OwnStanding]:
    return isinstance(shown, OwnStanding)


def read_wish(view: Mapping[str, Any]) -> Wish:
    """The first page of what the form asks for."""
    values = form.read(view)
    which = values.get("which") or (_LEFT if PeoplePlace.of(view).left else _HERE)
    if which not in {_HERE, _LEFT}:
        raise InvalidError({"query": "Choose from the list."})
    return Wish(values.get("query") or "", left=which == _LEFT)


def _own(shown: OwnStanding) -> b.View:
    blocks = [
        b.header("How you stand"),
        b.facts(
            [
                ("Your role", ROLES[shown.rights.role]),
                ("Permissions", permissions(shown.rights)),
                ("Teams", names(shown.teams, nobody="None")),
            ]
        ),
        b.section(yours(shown.rights)),
        b.divider(),
    ]
    if shown.may_take_over:
        blocks += take_over_notice()
    elif shown.admins:
        blocks.append(b.rich([b.bold("Your admins: "), *b.mentions(shown.admins)]))
        blocks.append(b.section("Ask one of them to change what you can do."))
    else:
        blocks.append(
            b.section("There is no admin at the moment. An owner or admin of this Slack workspace can take over.")
        )
    return b.modal(TITLE, blocks)


def _count(shown: ColleaguePage) -> str:
    wish = shown.wish
    if not shown.found:
        if wish.query:
            return f"Nobody here with “{wish.query}” in their name or e-mail address."
        return "Nobody has left."
    what = count(shown.found, "colleague", "colleagues")
    said = f"{what} who left" if wish.left else what
    said = f"{said} with “{wish.query}”" if wish.query else said
    return f"{said} · page {wish.page + 1:,} of {shown.pages:,}" if shown.pages > 1 else said


def _line(line: ColleagueLine) -> str:
    who = f"{clip(line.name, _NAME)} · {ROLES[line.rights.role]}"
    if line.left_at is not None:
        return f"{who}\nLeft on {day(line.left_at)}"
    lines = [who, permissions(line.rights)] if line.rights.role is Role.STANDARD else [who]
    if line.teams:
        lines.append(f"Teams: {names(line.teams, nobody='')}")
    return "\n".join(lines)


def _turning(shown: ColleaguePage) -> list[b.Element]:
    page = shown.wish.page
    buttons = []
    if page > 0:
        buttons.append(b.button("Previous", ids.PREVIOUS, value=str(page - 1)))
    if page < shown.pages - 1:
        buttons.append(b.button("Next", ids.NEXT, value=str(page + 1)))
    return buttons
