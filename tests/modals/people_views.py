"""The pages on colleagues and teams, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime

from db.models import Role
from modals import blocks
from modals.blocks import Message, View
from modals.people import adding, colleague, listing, taking_over, teams, told
from modals.people.metadata import PeoplePlace, TeamMetadata
from services.add_client.steps import NAME_LENGTH
from services.colleagues.records import (
    PAGE,
    QUERY_LENGTH,
    Added,
    AddForm,
    ColleagueCard,
    ColleagueLine,
    ColleaguePage,
    EditForm,
    Member,
    OwnStanding,
    RightsNotice,
    TeamCard,
    TeamLine,
    TeamPage,
    Wish,
)
from services.colleagues.rights import Given, Rights
from services.colleagues.service import MOST_AT_ONCE
from services.colleagues.teams import MOST_MEMBERS, MOST_TEAMS
from services.colleagues.teams import NAME_LENGTH as TEAM_NAME_LENGTH

LONG = "<!channel> & *_~" + "W" * (NAME_LENGTH * 3)
EMAIL = "e" * 64 + "@" + "d" * 180 + ".example"
QUERY = '"\\<!channel>' + "ü" * (QUERY_LENGTH - 12)
TEAM = "<!channel>" + "W" * (TEAM_NAME_LENGTH - 10)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
ALL = Rights(role=Role.STANDARD, add_clients=Given.UNTIL, last_day=date(2028, 11, 21), insights=True)
NONE = Rights(role=Role.STANDARD)
ADMIN = Rights(role=Role.PRACTICE_ADMIN)
PLACE = PeoplePlace(query=QUERY, page=99_999, left=True)
TEAMS = (TEAM,) * MOST_TEAMS
WISH = Wish(QUERY, 99)

LINE = ColleagueLine(colleague_id=uuid.uuid4(), name=LONG, email=EMAIL, rights=ALL, teams=TEAMS, left_at=None)
CARD = ColleagueCard(
    colleague_id=uuid.uuid4(),
    slack_user_id="U_SAM",
    name=LONG,
    email=EMAIL,
    rights=ALL,
    teams=TEAMS,
    active=True,
    left_at=None,
    may_edit=True,
)
GONE = replace(CARD, active=False, left_at=NOW)
HELD = [blocks.section("x" * 3000)]
NOTICE = RightsNotice(practice_id=uuid.uuid4(), practice_name="P" * 100, slack_user_id="U_SAM", by=LONG, rights=ALL)
MEMBERS = tuple(Member(uuid.uuid4(), LONG, Role.PRACTICE_ADMIN) for _ in range(MOST_MEMBERS))
TEAM_CARD = TeamCard(team_id=uuid.uuid4(), name=TEAM, members=MEMBERS, clients=100_000, stamp="f" * 16, on_plan=True)
TEAM_PAGE = TeamPage(
    page=5,
    pages=10,
    found=MOST_TEAMS,
    lines=tuple(TeamLine(uuid.uuid4(), TEAM, MOST_MEMBERS, 100_000) for _ in range(PAGE)),
    on_plan=True,
)
AT = TeamMetadata(page=9)
NAMES = (LONG,) * MOST_AT_ONCE


def page(*lines: ColleagueLine, wish: Wish = WISH) -> ColleaguePage:
    return ColleaguePage(wish=wish, pages=10_000, found=len(lines) * 9_999, here=99_999, gone=99_999, lines=lines)


VIEWS: dict[str, View] = {
    "colleagues": listing.listing(page(*[LINE] * PAGE), "x" * 300),
    "colleagues, left": listing.listing(page(*[replace(LINE, left_at=NOW)] * PAGE, wish=replace(WISH, left=True))),
    "colleagues, nobody found": listing.listing(page()),
    "colleagues, nobody left": listing.listing(page(wish=Wish(left=True))),
    "own standing": listing.listing(
        OwnStanding(
            rights=ALL, teams=TEAMS, admins=tuple(f"U{number:010}" for number in range(300)), may_take_over=False
        )
    ),
    "own standing, no admin": listing.listing(OwnStanding(rights=NONE, teams=(), admins=(), may_take_over=False)),
    "own standing, to take over": listing.listing(OwnStanding(rights=NONE, teams=(), admins=(), may_take_over=True)),
    "colleague": colleague.card(CARD, PLACE, held=HELD, said="x" * 300),
    "colleague, not to be touched": colleague.card(replace(CARD, rights=ADMIN, may_edit=False, email=None), PLACE),
    "colleague, left": colleague.card(GONE, PLACE, held=HELD),
    "colleague, left as admin": colleague.card(replace(GONE, left_at=None, may_edit=False), PLACE),
    "change a colleague": colleague.edit(EditForm(card=CARD, roles=tuple(Role)), PLACE),
    "change a colleague, new": colleague.edit(EditForm(card=replace(CARD, rights=NONE), roles=(Role.STANDARD,)), PLACE),
    "add colleagues": adding.add_form(AddForm(roles=tuple(Role))),
    "add a colleague again": adding.add_form(AddForm(roles=tuple(Role), again="U_SAM")),
    "added": adding.added(Added(rights=ALL, added=NAMES, back=NAMES, refused=NAMES)),
    "added, nobody": adding.added(Added(rights=ALL, added=(), back=(), refused=NAMES)),
    "added, one back": adding.added(Added(rights=NONE, added=(), back=NAMES[:1], refused=())),
    "taken over": taking_over.taken_over(),
    "teams": teams.listing(TEAM_PAGE, "x" * 300),
    "teams, none": teams.listing(replace(TEAM_PAGE, page=0, pages=1, found=0, lines=())),
    "teams, not on plan": teams.listing(replace(TEAM_PAGE, on_plan=False)),
    "teams, none and not on plan": teams.listing(replace(TEAM_PAGE, page=0, pages=1, found=0, lines=(), on_plan=False)),
    "team": teams.card(TEAM_CARD, AT, "x" * 300),
    "team, empty": teams.card(replace(TEAM_CARD, members=(), clients=0), AT),
    "team, not on plan": teams.card(replace(TEAM_CARD, on_plan=False), AT),
    "create a team": teams.team_form(None, AT),
    "change a team": teams.team_form(TEAM_CARD, AT),
}
MESSAGES: dict[str, Message] = {
    f"{name}, {rights.role}, adding {rights.add_clients}": card(replace(NOTICE, rights=rights))
    for name, card in (("rights changed", told.rights_changed), ("colleague added", told.colleague_added))
    for rights in (ALL, NONE, ADMIN, replace(ADMIN, role=Role.CLIENT_ADMIN))
}
