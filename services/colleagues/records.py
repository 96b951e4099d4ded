"""What is said of colleagues and teams."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from db.models import Role
from services.colleagues.rights import Rights

PAGE = 10
QUERY_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """Which part of the colleagues is listed: `page` counts from 0, `left` lists those who are gone."""

    query: str = ""
    page: int = 0
    left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueLine:
    colleague_id: uuid.UUID
    name: str
    email: str | None
    rights: Rights
    teams: tuple[str, ...]
    left_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleaguePage:
    """`found` counts those who fit; `here` and `gone` all that there are."""

    wish: Wish
    pages: int
    found: int
    here: int
    gone: int
    lines: tuple[ColleagueLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnStanding:
    """What a colleague who manages nobody sees of it all. `admins` are Slack ids."""

    rights: Rights
    teams: tuple[str, ...]
    admins: tuple[str, ...]
    may_take_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ColleagueCard:
    """`may_edit`: the actor may change them. `left_at` is unknown for those who left before it was kept."""

    colleague_id: uuid.UUID
    slack_user_id: str
    name: str
    email: str | None
    rights: Rights
    teams: tuple[str, ...]
    active: bool
    left_at: datetime | None
    may_edit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EditForm:
    """`roles` are those that the actor may give."""

    card: ColleagueCard
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AddForm:
    """`again` is the Slack id of somebody who left and is to be added again."""

    roles: tuple[Role, ...]
    again: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What came of adding people: their names, and in words why somebody was not added."""

    rights: Rights
    added: tuple[str, ...]
    back: tuple[str, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsNotice:
    """For the colleague whose standing was changed, by whom, and what it is now."""

    practice_id: uuid.UUID
    practice_name: str
    slack_user_id: str
    by: str
    rights: Rights


@dataclass(frozen=True, slots=True)
class TeamLine:
    team_id: uuid.UUID
    name: str
    members: int
    clients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPage:
    """`on_plan`: the practice's plan has teams. Without it, those of before can be looked at and deleted."""

    page: int
    pages: int
    found: int
    lines: tuple[TeamLine, ...]
    on_plan: bool


@dataclass(frozen=True, slots=True)
class Member:
    colleague_id: uuid.UUID
    name: str
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamCard:
    """`clients` counts those that the team may open; `stamp` differs when name or members do."""

    team_id: uuid.UUID
    name: str
    members: tuple[Member, ...]
    clients: int
    stamp: str
    on_plan: bool
