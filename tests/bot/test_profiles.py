"""Who of a Slack workspace can be made a colleague."""

from dataclasses import replace
from typing import Any

import pytest

from bot.profiles import profile_of, why_not
from handlers.ports import Caller
from services.people import Profile

CALLER = Caller(slack_key="T_BIRCH", team_id="T_BIRCH", user_id="U_ADA", is_outsider=False, trigger_id=None)
MEMBER = {"id": "U_SAM", "team_id": "T_BIRCH", "name": "sam", "tz": "Europe/Paris", "profile": {"real_name": "Sam"}}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, None),
        ({"is_owner": True, "enterprise_user": {}}, None),
        ({"team_id": None}, None),
        ({"is_bot": True}, "Sam is an app."),
        ({"id": "USLACKBOT"}, "Sam is an app."),
        ({"team_id": "T_OTHER"}, "Sam belongs to another company's workspace."),
        ({"is_stranger": True}, "Sam belongs to another company's workspace."),
        ({"deleted": True}, "Sam is deactivated in Slack."),
        ({"is_restricted": True}, "Sam is a guest in this workspace. Only full members can use Clientdesk."),
        ({"is_ultra_restricted": True}, "Sam is a guest in this workspace. Only full members can use Clientdesk."),
    ],
)
def test_bots_guests_strangers_and_deactivated_people_are_refused_by_name(
    more: dict[str, Any], why: str | None
) -> None:
    assert why_not(MEMBER | more, CALLER) == why


def test_a_person_of_another_workspace_of_the_same_organisation_can_be_a_colleague() -> None:
    grid = replace(CALLER, slack_key="E_GRID")
    elsewhere = MEMBER | {"team_id": "T_LEEDS", "enterprise_user": {"enterprise_id": "E_GRID", "teams": ["T_LEEDS"]}}
    assert why_not(elsewhere, grid) is None
    assert why_not(elsewhere, CALLER) == "Sam belongs to another company's workspace."


def test_a_record_with_little_in_it_gives_a_profile_all_the_same() -> None:
    assert profile_of("U_X", {}) == Profile(
        slack_user_id="U_X", name="U_X", email=None, timezone="UTC", runs_workspace=False
    )
