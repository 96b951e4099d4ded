"""Teams: the list, one of them, and the form that makes or changes it."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from modals import blocks as b
from modals import form
from modals.people import giving, ids
from modals.people.metadata import TeamMetadata
from modals.people.words import ROLES, names, note
from modals.text import clip, count
from services.colleagues.records import Member, TeamCard, TeamLine, TeamPage
from services.colleagues.teams import MOST_MEMBERS, NAME_LENGTH
from services.errors import InvalidError

TITLE = "Teams"
_NOT_ON_PLAN = (
    "Teams are part of the plan Advanced, and this practice has Essentials. "
    "A Practice Admin can change the plan in the practice's settings."
)


def listing(shown: TeamPage, said: str | None = None) -> b.View:
    blocks = [*note(said), b.section(_count(shown))]
    blocks += [
        b.section(_line(line), accessory=b.button("Open", ids.TEAM_OPEN, value=str(line.team_id)))
        for line in shown.lines
    ]
    turning = _turning(shown)
    if turning:
        blocks.append(b.actions(*turning, block_id="pages"))
    buttons = [b.button("Create a team", ids.TEAM_NEW, style="primary")] if shown.on_plan else []
    blocks.append(b.actions(*buttons, b.button("All colleagues", ids.TEAM), block_id="teams"))
    return b.modal(TITLE, blocks, private_metadata=TeamMetadata(page=shown.page).dump())


def card(shown: TeamCard, at: TeamMetadata, said: str | None = None) -> b.View:
    members = tuple(each.name for each in shown.members)
    blocks = [
        b.header(shown.name),
        *note(said),
        b.facts(
            [(f"Members ({len(members):,})", names(members, nobody="Nobody yet")), ("Clients", f"{shown.clients:,}")],
        ),
    ]
    value = str(shown.team_id)
    buttons = list[b.Element]()
    if shown.on_plan:
        buttons += [b.button("Change…", ids.TEAM_EDIT, value=value, style="primary"), giving.team_button(shown.team_id)]
    if not shown.on_plan:
        blocks.append(b.section(_NOT_ON_PLAN))
    lost = f"Its members lose access to {count(shown.clients, 'client', 'clients')}, unless they have it otherwise."
    sure = b.confirm("Delete this team?", lost if shown.clients else "It has no clients.", "Delete", "Keep it")
    buttons.append(b.button("Delete…", ids.TEAM_DELETE, value=value, style="danger") | {"confirm": sure})
    blocks.append(b.actions(*buttons, b.button("All teams", ids.TEAMS), block_id="team"))
    metadata = TeamMetadata(team=shown.team_id, page=at.page)
    return b.modal("Team", blocks, private_metadata=metadata.dump())


def team_form(shown: TeamCard | None, at: TeamMetadata) -> b.View:
    """For a new team where none is `shown`."""
    chosen = options(shown.members) if shown else []
    name = b.text_input(shown.name if shown else None) | {"max_length": NAME_LENGTH}
    search = b.multi_search(ids.TEAM_MEMBERS, chosen) | {"max_selected_items": MOST_MEMBERS}
    back = b.button("Back", ids.TEAM_OPEN, value=str(shown.team_id)) if shown else b.button("Back", ids.TEAMS)
    metadata = TeamMetadata(team=shown.team_id if shown else None, page=at.page, seen=shown.stamp if shown else "")
    return b.modal(
        "Change a team" if shown else "Create a team",
        [
            b.field("name", "Name", name),
            b.field(
                "members",
                "Members",
                search,
                optional=True,
                hint=f"At most {MOST_MEMBERS}. Each can open the clients that the team is given.",
            ),
            b.actions(back, block_id="navigation"),
        ],
        callback_id=ids.TEAM_SAVE if shown else ids.TEAM_CREATE,
        submit="Save" if shown else "Create",
        close="Cancel",
        private_metadata=metadata.dump(),
    )


def member_options(found: Iterable[Member]) -> dict[str, Any]:
    return {"options": options(found)}


def options(found: Iterable[Member]) -> list[b.Element]:
    return [b.option(f"{clip(each.name, 55)} · {ROLES[each.role]}", str(each.colleague_id)) for each in found]


def read_team(view: Mapping[str, Any]) -> tuple[str, tuple[uuid.UUID, ...]]:
    """Name and members. Raises InvalidError at `members`."""
    raw = form.read(view)
    try:
        members = tuple(uuid.UUID(str(each)) for each in raw.get("members") or ())
    except ValueError:
        raise InvalidError({"members": "Choose from the list."}) from None
    return str(raw.get("name") or ""), members


def deleted(team: TeamCard) -> str:
    return f"The team {clip(team.name, 100)} is deleted."


def _count(shown: TeamPage) -> str:
    if not shown.on_plan:
        return f"{_NOT_ON_PLAN}\nThe teams of before can be opened and deleted." if shown.found else _NOT_ON_PLAN
    if not shown.found:
        return "There are no teams yet. A team's members can open the clients that the team is given."
    said = count(shown.found, "team", "teams")
    return f"{said} · page {shown.page + 1:,} of {shown.pages:,}" if shown.pages > 1 else said


def _line(line: TeamLine) -> str:
    return f"{line.name}\n{count(line.members, 'member', 'members')} · {count(line.clients, 'client', 'clients')}"


def _turning(shown: TeamPage) -> list[b.Element]:
    buttons = []
    if shown.page > 0:
        buttons.append(b.button("Previous", ids.TEAM_PREVIOUS, value=str(shown.page - 1)))
    if shown.page < shown.pages - 1:
        buttons.append(b.button("Next", ids.TEAM_NEXT, value=str(shown.page + 1)))
    return buttons
