"""Colleagues and teams as people handle them in Slack."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from db.models import Colleague, Plan, Role, Team
from db.session import Database
from modals.people import ids
from sandbox.driver import Person
from services.colleagues.rights import Given, Rights, rights_of
from services.colleagues.teams import TeamService
from services.operator import OperatorService
from services.people import PeopleService
from tests.builders import Office, joined, office, profile
from tests.stack import Stack


@pytest.fixture
def people(stack: Stack) -> Office:
    return office(_database(stack), plan=Plan.ADVANCED)


@pytest.fixture
def ada(stack: Stack, people: Office) -> Person:
    return stack.person("U_ADA")


def _database(stack: Stack) -> Database:
    return stack.composition.database


def _rights(stack: Stack, user: str) -> Rights:
    with _database(stack).read() as session:
        return rights_of(session.scalars(select(Colleague).where(Colleague.slack_user_id == user)).one())


def _open(person: Person, name: str) -> Any:
    person.command("/clients team")
    person.wait_view(title="Colleagues", containing=name)
    person.fill("query", name)
    person.wait_view(containing=f"1 colleague with “{name}”")
    assert person.submit().ok
    person.wait_view(title="Colleagues", containing=f"1 colleague with “{name}”")
    person.click("Open")
    return person.wait_view(title="Colleague", containing=name)


def _teams(person: Person) -> Any:
    person.command("/clients team")
    person.wait_view(title="Colleagues", containing="4 colleagues")
    person.click(ids.TEAMS)
    return person.wait_view(title="Teams")


@pytest.mark.reaches("/clients", ids.FIND, ids.OPEN, ids.EDIT, ids.SAVE, ids.BACK)
def test_an_admin_changes_a_colleague_who_is_told_by_whom(stack: Stack, people: Office, ada: Person) -> None:
    joined_team = TeamService(_database(stack)).create(people.ada, "<!channel> *Payroll*", [people.sam.colleague_id])
    shown = _open(ada, "Sam Price")
    assert "Role: Standard" in shown.text
    assert "Permissions: No additional permissions" in shown.text
    assert f"Teams: {joined_team.name}" in shown.text
    ada.click("Change…")
    ada.wait_view(title="Change a colleague")
    ada.fill("add_clients", "Until a day")
    assert ada.submit().errors == {"until": "Choose the last day, or another answer above."}
    last_day = datetime.now(UTC).date() + timedelta(days=30)
    ada.fill("until", last_day)
    ada.fill("insights", True)
    assert ada.submit().ok
    until = f"{last_day.day} {last_day:%b %Y}"
    ada.wait_view(title="Colleague", containing=f"Add client accounts until {until} · Practice insights")
    assert _rights(stack, "U_SAM") == Rights(
        role=Role.STANDARD, add_clients=Given.UNTIL, last_day=last_day, insights=True
    )
    stack.run_due()
    told = stack.person("U_SAM").wait_message("Ada Marsh has changed what you can do in Clientdesk.")
    assert f"You can add clients until {until}." in told.text
    ada.click("All colleagues")
    ada.wait_view(title="Colleagues", containing="1 colleague with “Sam Price”")


@pytest.mark.reaches(ids.SEARCH, ids.FILTER, ids.PREVIOUS, ids.NEXT, ids.ADD)
def test_the_list_is_searched_filtered_and_turned(stack: Stack, people: Office, ada: Person) -> None:
    for number in range(10):
        PeopleService(_database(stack)).first_contact("T_BIRCH", "Birch", profile(f"U_N{number}", f"Nan {number}"))
    with _database(stack).begin() as session:
        left = update(Colleague).where(Colleague.slack_user_id == "U_JO")
        session.execute(left.values(active=False, left_at=_database(stack).now()))
    ada.command("/clients team")
    ada.wait_view(title="Colleagues", containing="13 colleagues · page 1 of 2")
    ada.click("Next")
    assert "Sam Price" in ada.wait_view(containing="page 2 of 2").text
    ada.click("Previous")
    ada.wait_view(containing="page 1 of 2")
    ada.fill("query", "nan 3")
    ada.wait_view(containing="1 colleague with “nan 3”")
    ada.fill("query", "")
    ada.click("Left (1)")
    assert "Jo Lind · Standard\nLeft on" in ada.wait_view(containing="1 colleague who left").text
    ada.click("Open")
    ada.wait_view(title="Colleague", containing="Left on")
    ada.click("Add again…")
    ada.wait_view(title="Add colleagues")
    assert ada.submit().ok
    ada.wait_view(title="Add colleagues", containing="Jo Lind is back.")
    assert _rights(stack, "U_JO") == Rights(role=Role.STANDARD)


@pytest.mark.reaches(ids.ADD, ids.ADD_SUBMIT)
def test_people_of_the_workspace_are_added_and_guests_and_strangers_refused_by_name(
    stack: Stack, people: Office, ada: Person
) -> None:
    with _database(stack).begin() as session:
        session.execute(update(Colleague).where(Colleague.slack_user_id == "U_JO").values(slack_user_id="U_FORMER"))
    ada.command("/clients team")
    ada.wait_view(title="Colleagues", containing="4 colleagues")
    ada.click("Add colleagues")
    ada.wait_view(title="Add colleagues")
    assert "people" in ada.submit().errors
    ada.fill("people", ["U_JO", "U_OLLY", "U_EVE", "U_BOT", "U_SAM"])
    ada.fill("role", "Client Admin")
    assert ada.submit().ok
    shown = ada.wait_view(title="Add colleagues", containing="1 colleague was added: Jo Lind").text
    for said in (
        "Olly Ray is a guest in this workspace.",
        "Eve Stone belongs to another company's workspace.",
        "Clientdesk is an app.",
        "Sam Price is a colleague already.",
    ):
        assert said in shown
    assert _rights(stack, "U_JO") == Rights(role=Role.CLIENT_ADMIN)
    stack.run_due()
    told = stack.person("U_JO").wait_message("Ada Marsh has added you to Clientdesk at Birch & Co")
    assert "Your role: Client Admin" in told.text
    stack.person("U_JO").command("/clients team")
    stack.person("U_JO").wait_view(title="Colleagues", containing="5 colleagues")


@pytest.mark.reaches(ids.ADD_SUBMIT)
def test_forged_people_and_answers_add_nobody(stack: Stack, people: Office, ada: Person) -> None:
    ada.command("/clients team")
    ada.wait_view(title="Colleagues", containing="4 colleagues")
    ada.click("Add colleagues")
    view = ada.wait_view(title="Add colleagues")

    def sent(**values: Any) -> Any:
        state = {
            "people": {"value": {"type": "multi_users_select", "selected_users": values.get("people", ["U_JO"])}},
            "role": _radio(values.get("role", "standard")),
            "add_clients": _radio(values.get("add_clients", "no")),
            "until": {"value": {"type": "datepicker", "selected_date": values.get("until")}},
        }
        return stack.sandbox.post("submit", {"user": "U_ADA", "view_id": view.id, "state": state})["errors"]

    assert sent(role="owner") == {"role": "Choose a role."}
    assert sent(add_clients="always") == {"add_clients": "Choose one."}
    assert sent(add_clients="until", until="2026-99-99") == {"until": "Choose a day."}
    assert set(sent(people=[f"U_{number}" for number in range(21)])) == {"people"}
    assert not sent(people=["U_NOBODY"])
    ada.wait_view(containing="Somebody whom you chose is not in this workspace.")


def _radio(value: str) -> dict[str, Any]:
    return {
        "value": {
            "type": "radio_buttons",
            "selected_option": {"text": {"type": "plain_text", "text": "x"}, "value": value},
        }
    }


def test_a_standard_colleague_sees_their_own_standing_and_nothing_to_edit(stack: Stack, people: Office) -> None:
    sam = stack.person("U_SAM")
    sam.command("/clients team")
    shown = sam.wait_view(title="Colleagues", containing="How you stand")
    assert "Your role: Standard" in shown.text
    assert "Your admins: " in shown.text
    assert "Jo Lind" not in shown.text
    assert [block["type"] for block in shown.blocks if block["type"] in {"actions", "input"}] == []


@pytest.mark.reaches(ids.SAVE)
def test_an_admin_who_steps_down_is_left_with_their_own_standing(stack: Stack, people: Office) -> None:
    clem = stack.person("U_CLEM")
    _open(clem, "Clem Okafor")
    clem.click("Change…")
    clem.wait_view(title="Change a colleague")
    clem.fill("role", "Standard")
    assert clem.submit().ok
    clem.wait_view(title="Colleagues", containing="Your role: Standard")


@pytest.mark.reaches(ids.SAVE)
def test_the_last_practice_admin_is_told_why_not(stack: Stack, people: Office, ada: Person) -> None:
    _open(ada, "Ada Marsh")
    ada.click("Change…")
    ada.wait_view(title="Change a colleague")
    ada.fill("role", "Standard")
    assert ada.submit().ok
    ada.wait_view(containing="Ada Marsh is the last Practice Admin")
    assert _rights(stack, "U_ADA").role is Role.PRACTICE_ADMIN


@pytest.mark.reaches(ids.TAKE_OVER, ids.TEAM)
def test_whoever_runs_the_workspace_takes_over(stack: Stack, people: Office) -> None:
    OperatorService(_database(stack)).change_colleague("T_BIRCH", "U_CLEM", role=Role.STANDARD)
    with _database(stack).begin() as session:
        session.execute(update(Colleague).where(Colleague.slack_user_id == "U_ADA").values(active=False))
        session.execute(update(Colleague).where(Colleague.slack_user_id == "U_JO").values(runs_workspace=True))
    jo = stack.person("U_JO")
    jo.command("/clients team")
    jo.wait_view(title="Colleagues", containing="This practice has no Practice Admin.")
    jo.click("Become Practice Admin")
    jo.wait_view(containing="Only an owner or admin of this Slack workspace can take over.")
    stack.sandbox.change_user("U_JO", is_admin=True)
    jo.close()
    jo.click("Become Practice Admin")
    jo.wait_view(title="Take over", containing="You are Practice Admin now.")
    jo.click("Colleagues")
    jo.wait_view(title="Colleagues", containing="3 colleagues")
    assert _rights(stack, "U_JO").role is Role.PRACTICE_ADMIN


@pytest.mark.reaches(
    ids.TEAMS,
    ids.TEAM_NEW,
    ids.TEAM_CREATE,
    ids.TEAM_MEMBERS,
    ids.TEAM_OPEN,
    ids.TEAM_EDIT,
    ids.TEAM_SAVE,
    ids.TEAM_DELETE,
)
def test_a_team_is_made_changed_and_deleted(stack: Stack, people: Office, ada: Person) -> None:
    assert "There are no teams yet." in _teams(ada).text
    ada.click("Create a team")
    ada.wait_view(title="Create a team")
    ada.fill("name", "<!channel> *Pay*")
    ada.fill("members", ["Sam Price", "Jo Lind"])
    assert ada.submit().ok
    assert "Members (2): Jo Lind, Sam Price" in ada.wait_view(title="Team", containing="<!channel> *Pay*").text
    ada.click("Change…")
    ada.wait_view(title="Change a team")
    ada.fill("name", "x" * 61)
    assert "name" in ada.submit().errors
    ada.fill("name", "Payroll")
    ada.fill("members", ["Sam Price"])
    assert ada.submit().ok
    assert "Members (1): Sam Price" in ada.wait_view(title="Team", containing="Payroll").text
    ada.click("All teams")
    assert "Payroll\n1 member · 0 clients" in ada.wait_view(title="Teams", containing="1 team").text
    ada.click("Open")
    ada.wait_view(title="Team")
    ada.click("Delete…")
    ada.wait_view(title="Teams", containing="The team Payroll is deleted.")
    with _database(stack).read() as session:
        assert session.scalars(select(Team)).all() == []


@pytest.mark.reaches(ids.TEAM_PREVIOUS, ids.TEAM_NEXT)
def test_many_teams_have_pages(stack: Stack, people: Office, ada: Person) -> None:
    OperatorService(_database(stack)).change_practice("T_BIRCH", new_teams=[f"Team {each:02}" for each in range(11)])
    joined(_database(stack), office_team(stack, "Team 10"), people.sam)
    assert "11 teams · page 1 of 2" in _teams(ada).text
    ada.click("Next")
    assert "Team 10\n1 member · 0 clients" in ada.wait_view(containing="page 2 of 2").text
    ada.click("Open")
    ada.wait_view(title="Team", containing="Team 10")
    ada.click("All teams")
    ada.wait_view(title="Teams", containing="page 2 of 2")
    ada.click("Previous")
    ada.wait_view(containing="page 1 of 2")


def office_team(stack: Stack, name: str) -> Any:
    with _database(stack).read() as session:
        return session.scalars(select(Team.id).where(Team.name == name)).one()


@pytest.mark.reaches(ids.TEAMS)
def test_essentials_says_that_teams_are_part_of_advanced(stack: Stack, people: Office, ada: Person) -> None:
    OperatorService(_database(stack)).change_practice("T_BIRCH", plan=Plan.ESSENTIALS)
    shown = _teams(ada)
    assert "Teams are part of the plan Advanced" in shown.text
    assert "Create a team" not in shown.text
