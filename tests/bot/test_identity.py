"""From Slack's ids to a practice and a colleague."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from sqlalchemy import func, select
from typing_extensions import override

from bot.errors import ErrorMapper
from bot.identity import Identity
from bot.slack_api import SlackTransport
from db.models import Colleague, Practice, Role
from db.session import Database
from handlers.ports import Caller
from services.errors import NotPermittedError
from services.operator import OperatorService
from services.people import PeopleService, Standing
from services.workspaces import WorkspaceService
from tests.builders import KEYS, office, profile
from tests.canned import CannedSlack

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ADA = Caller(slack_key="T_BIRCH", team_id="T_BIRCH", user_id="U_ADA", is_outsider=False, trigger_id=None)
SAM = replace(ADA, user_id="U_SAM")
IN_GRID = replace(SAM, slack_key="E_ORG", team_id="T_NORTH")
MINUTE = 60.0


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Counting:
    """Counts how often the database is asked who somebody is, or for a token."""

    def __init__(self, database: Database) -> None:
        self.asked = 0
        counting = self

        class People(PeopleService):
            @override
            def find(self, slack_key: str, slack_user_id: str) -> Standing | None:
                counting.asked += 1
                return super().find(slack_key, slack_user_id)

        class Workspaces(WorkspaceService):
            @override
            def bot_token(self, slack_key: str) -> str | None:
                counting.asked += 1
                return super().bot_token(slack_key)

        self.people = People(database)
        self.workspaces = Workspaces(database, KEYS)


@pytest.fixture
def slack() -> Iterator[CannedSlack]:
    with CannedSlack(
        auth_test={"team": "Birch & Co", "team_id": "T_BIRCH", "enterprise_id": None, "user": "clientdesk"},
        team_info={"team": {"id": "T_BIRCH", "name": "Birch & Co"}},
        users_info={"user": person()},
    ) as slack:
        yield slack


def person(**changes: Any) -> dict[str, Any]:
    return {
        "id": "U_SAM",
        "team_id": "T_BIRCH",
        "name": "sam",
        "tz": "Europe/London",
        "profile": {"real_name": "Sam Price", "email": "sam@birch.example"},
        **changes,
    }


@pytest.fixture
def counting(database: Database) -> Counting:
    return Counting(database)


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def make(counting: Counting, slack: CannedSlack, watch: Watch) -> Iterator[Callable[[str | None], Identity]]:
    transport = SlackTransport(slack.api_url)
    yield lambda token: Identity(
        counting.people, counting.workspaces, transport, ErrorMapper(), single_token=token, monotonic=watch
    )
    transport.close()


@pytest.fixture
def single(make: Callable[[str | None], Identity]) -> Identity:
    return make("xoxb-1")


@pytest.fixture
def many(make: Callable[[str | None], Identity]) -> Identity:
    return make(None)


def count(database: Database) -> tuple[int, int]:
    with database.read() as session:
        counts = [session.scalar(select(func.count()).select_from(model)) or 0 for model in (Practice, Colleague)]
    return counts[0], counts[1]


def installed(counting: Counting, slack_key: str = "T_BIRCH", token: str = "xoxb-1") -> None:
    counting.workspaces.installed(
        slack_key, "Birch & Co", bot_token=token, bot_user_id="U_B", scopes="", installer=profile("U_ADA", "Ada")
    )


# Newcomers


def test_a_newcomer_is_met_with_what_slack_says_of_them(database: Database, single: Identity) -> None:
    assert single.standing(SAM) is None
    standing = single.admit(SAM)
    with database.read() as session:
        sam = session.get_one(Colleague, standing.actor.colleague_id)
        practice = session.get_one(Practice, standing.actor.practice_id)
    assert (practice.slack_key, practice.name) == ("T_BIRCH", "Birch & Co")
    assert (sam.name, sam.email, sam.timezone, sam.runs_workspace) == (
        "Sam Price",
        "sam@birch.example",
        "Europe/London",
        False,
    )


@pytest.mark.parametrize(
    "user",
    [
        person(is_restricted=True),
        person(is_ultra_restricted=True),
        person(is_bot=True),
        person(is_stranger=True),
        person(team_id="T_OTHER"),
    ],
    ids=["guest", "single-channel guest", "bot", "stranger", "of another company"],
)
def test_who_is_not_of_the_practice_is_refused_and_leaves_no_trace(
    database: Database, slack: CannedSlack, single: Identity, user: dict[str, Any]
) -> None:
    slack.answers["users.info"] = {"user": user}
    with pytest.raises(NotPermittedError):
        single.admit(SAM)
    assert count(database) == (0, 0)


def test_an_outsider_is_refused_whatever_slack_says(database: Database, single: Identity) -> None:
    with pytest.raises(NotPermittedError):
        single.admit(replace(SAM, is_outsider=True))
    assert count(database) == (0, 0)


def test_an_outsider_never_stands_for_a_colleague_with_the_same_id(database: Database, single: Identity) -> None:
    office(database)
    assert single.standing(ADA) is not None
    assert single.standing(replace(ADA, is_outsider=True)) is None


def test_one_token_makes_no_practice_of_another_workspace(database: Database, single: Identity) -> None:
    with pytest.raises(NotPermittedError, match="not installed in your workspace"):
        single.admit(replace(SAM, slack_key="T_OTHER", team_id="T_OTHER"))
    assert count(database) == (0, 0)


def test_a_person_of_which_slack_knows_little_is_met_all_the_same(
    database: Database, slack: CannedSlack, single: Identity
) -> None:
    slack.answers["users.info"] = {"user": {"id": "U_SAM"}}
    standing = single.admit(SAM)
    with database.read() as session:
        sam = session.get_one(Colleague, standing.actor.colleague_id)
    assert (sam.name, sam.email, sam.timezone) == ("U_SAM", None, "UTC")


@pytest.mark.parametrize(
    ("user", "admitted"),
    [
        ({"team_id": "T_NORTH"}, True),
        ({"team_id": "T_SOUTH", "enterprise_user": {"enterprise_id": "E_ORG", "teams": ["T_SOUTH"]}}, True),
        ({"team_id": "E_ORG"}, True),
        ({"team_id": "T_ELSE", "enterprise_user": {"enterprise_id": "E_ELSE", "teams": ["T_ELSE"]}}, False),
        ({"team_id": "T_ELSE"}, False),
    ],
    ids=[
        "same workspace",
        "another workspace of the organisation",
        "the organisation's",
        "other organisation",
        "other",
    ],
)
def test_an_organisations_people_are_of_the_practice_whatever_their_workspace(
    slack: CannedSlack, counting: Counting, many: Identity, user: dict[str, Any], *, admitted: bool
) -> None:
    installed(counting, "E_ORG")
    slack.answers["users.info"] = {"user": person(**user)}
    if admitted:
        assert (
            many.admit(IN_GRID).actor.practice_id == many.admit(replace(IN_GRID, team_id="T_SOUTH")).actor.practice_id
        )
    else:
        with pytest.raises(NotPermittedError):
            many.admit(IN_GRID)


# What is kept


def test_a_known_colleague_costs_no_network_and_one_look(
    database: Database, slack: CannedSlack, counting: Counting, single: Identity, watch: Watch
) -> None:
    birch = office(database)
    for _ in range(5):
        standing = single.admit(ADA)
        assert standing.actor == birch.ada
    assert (counting.asked, slack.calls) == (1, [])
    watch.now += MINUTE
    single.standing(ADA)
    assert counting.asked == 2


def test_somebody_of_a_practice_that_is_not_set_up_is_looked_up_each_time(counting: Counting, single: Identity) -> None:
    standing = counting.people.first_contact("T_BIRCH", "Birch & Co", profile("U_ADA", "Ada", owner=True))
    assert standing.may_set_up
    for _ in range(3):
        single.standing(ADA)
    assert counting.asked == 3


def test_a_role_is_never_kept(database: Database, single: Identity) -> None:
    birch = office(database)
    standing = single.standing(replace(ADA, user_id="U_SAM"))
    OperatorService(database).change_colleague("T_BIRCH", "U_SAM", role=Role.CLIENT_ADMIN)
    assert standing is not None
    assert standing.actor == birch.sam
    assert not hasattr(standing, "role")


def test_a_workspaces_token_is_kept_for_a_minute(counting: Counting, many: Identity, watch: Watch) -> None:
    installed(counting)
    assert [many.token("T_BIRCH") for _ in range(3)] == ["xoxb-1"] * 3
    assert counting.asked == 1
    installed(counting, token="xoxb-2")
    watch.now += MINUTE
    assert many.token("T_BIRCH") == "xoxb-2"


def test_that_there_is_no_token_is_not_kept(counting: Counting, many: Identity) -> None:
    assert many.token("T_BIRCH") is None
    installed(counting)
    assert many.token("T_BIRCH") == "xoxb-1"


def test_each_workspace_has_its_own_token(counting: Counting, many: Identity) -> None:
    installed(counting, "T_BIRCH", "xoxb-birch")
    installed(counting, "T_OTHER", "xoxb-other")
    assert (many.token("T_BIRCH"), many.token("T_OTHER")) == ("xoxb-birch", "xoxb-other")


def test_what_is_forgotten_is_asked_again_and_nothing_else(
    database: Database, counting: Counting, many: Identity
) -> None:
    office(database)
    office(database, slack_key="T_OTHER")
    installed(counting)
    installed(counting, "T_OTHER", "xoxb-other")
    other = replace(ADA, slack_key="T_OTHER", team_id="T_OTHER")
    for caller in (ADA, other):
        many.standing(caller)
        many.token(caller.slack_key)
    asked = counting.asked
    installed(counting, token="xoxb-2")
    many.forget("T_BIRCH")
    assert many.token("T_BIRCH") == "xoxb-2"
    many.standing(ADA)
    many.standing(other)
    many.token("T_OTHER")
    assert counting.asked == asked + 2


def test_a_colleague_of_an_uninstalled_practice_is_nobody_until_slack_answers(
    database: Database, slack: CannedSlack, counting: Counting, single: Identity
) -> None:
    birch = office(database)
    single.standing(ADA)
    counting.workspaces.uninstalled("T_BIRCH")
    single.forget("T_BIRCH")
    assert single.standing(ADA) is None
    slack.answers["users.info"] = {"ok": False, "error": "account_inactive"}
    with pytest.raises(SlackApiError):
        single.admit(ADA)
    assert single.standing(ADA) is None
    slack.answers["users.info"] = {"user": person(id="U_ADA")}
    assert single.admit(ADA).actor == birch.ada
    assert single.standing(ADA) is not None
