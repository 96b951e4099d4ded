"""Teams: who is in them, what they are called, and what goes with them."""

import threading
import uuid
from typing import Any

import pytest
from sqlalchemy import func, select, update

from db.models import AuditEntry, Client, ClientAccess, Colleague, Plan, Role, Team, TeamMember
from db.session import Database
from services.actor import Actor
from services.clients.visibility import seen_by
from services.colleagues.records import Member, TeamCard, TeamLine, TeamPage
from services.colleagues.teams import MOST_MEMBERS, MOST_TEAMS, NAME_LENGTH, TeamService
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError, ServiceError
from services.operator import OperatorService
from tests.builders import Office, add_client, created, joined, office


@pytest.fixture
def people(database: Database) -> Office:
    return office(database, plan=Plan.ADVANCED)


@pytest.fixture
def service(database: Database) -> TeamService:
    return TeamService(database)


def _member(actor: Actor, name: str, role: Role = Role.STANDARD) -> Member:
    return Member(actor.colleague_id, name, role)


def _give(database: Database, people: Office, team: TeamCard, *names: str) -> None:
    for name in names:
        client_id = created(add_client(database), people.ada, name).client_id
        with database.begin() as session:
            session.add(ClientAccess(client_id=client_id, team_id=team.team_id))


def _sees(database: Database, actor: Actor) -> int:
    with database.read() as session:
        colleague = session.get_one(Colleague, actor.colleague_id)
        return session.scalar(select(func.count()).select_from(Client).where(seen_by(colleague))) or 0


def _entries(database: Database, action: str) -> list[tuple[uuid.UUID | None, Any, Any]]:
    with database.read() as session:
        found = session.scalars(select(AuditEntry).where(AuditEntry.action == action))
        return [(each.colleague_id, each.before, each.after) for each in found]


def test_a_team_is_created_with_its_members(database: Database, people: Office, service: TeamService) -> None:
    team = service.create(people.clem, "  Payroll   team ", [people.sam.colleague_id, people.jo.colleague_id])
    assert team == TeamCard(
        team_id=team.team_id,
        name="Payroll team",
        members=(_member(people.jo, "Jo Lind"), _member(people.sam, "Sam Price")),
        clients=0,
        stamp=team.stamp,
        on_plan=True,
    )
    assert service.team(people.ada, team.team_id) == team
    assert service.page(people.ada) == TeamPage(
        page=0, pages=1, found=1, lines=(TeamLine(team.team_id, "Payroll team", 2, 0),), on_plan=True
    )
    assert _entries(database, "team.created") == [
        (people.clem.colleague_id, None, {"name": "Payroll team", "members": ["Jo Lind", "Sam Price"]})
    ]


def test_a_team_is_renamed_and_its_members_come_and_go(
    database: Database, people: Office, service: TeamService
) -> None:
    team = service.create(people.ada, "Payroll", [people.sam.colleague_id])
    saved = service.save(people.ada, team.team_id, "Pay", [people.jo.colleague_id], seen=team.stamp)
    assert (saved.name, saved.members) == ("Pay", (_member(people.jo, "Jo Lind"),))
    assert saved.stamp != team.stamp
    assert _entries(database, "team.changed") == [
        (
            people.ada.colleague_id,
            {"name": "Payroll", "members": ["Sam Price"]},
            {"name": "Pay", "members": ["Jo Lind"]},
        )
    ]


def test_a_team_form_sent_twice_changes_once(database: Database, people: Office, service: TeamService) -> None:
    team = service.create(people.ada, "Payroll", [])
    for _ in range(2):
        service.save(people.ada, team.team_id, "Pay", [people.jo.colleague_id], seen=team.stamp)
    assert len(_entries(database, "team.changed")) == 1


def test_a_team_form_filled_before_somebody_else_s_change_is_refused(people: Office, service: TeamService) -> None:
    team = service.create(people.ada, "Payroll", [])
    service.save(people.clem, team.team_id, "Payroll", [people.sam.colleague_id], seen=team.stamp)
    with pytest.raises(ConflictError, match="Payroll was changed by somebody else meanwhile"):
        service.save(people.ada, team.team_id, "Payroll", [people.jo.colleague_id], seen=team.stamp)
    assert service.team(people.ada, team.team_id).members == (_member(people.sam, "Sam Price"),)


def test_names_of_teams_differ_in_more_than_how_they_are_written(
    database: Database, people: Office, service: TeamService
) -> None:
    service.create(people.ada, "Café Run", [])
    other = service.create(people.ada, "Audit", [])
    for name in ("CAFE  run", "café run"):
        with pytest.raises(InvalidError, match="There is a team called Café Run") as refusal:
            service.create(people.ada, name, [])
        assert set(refusal.value.fields) == {"name"}
        with pytest.raises(InvalidError, match="There is a team called Café Run"):
            service.save(people.ada, other.team_id, name, [], seen=other.stamp)
    assert service.save(people.ada, other.team_id, "AUDIT", [], seen=other.stamp).name == "AUDIT"
    OperatorService(database).change_practice("T_BIRCH", new_teams=["cafe run", "Tax", "TAX"])
    assert [line.name for line in service.page(people.ada).lines] == ["AUDIT", "Café Run", "Tax"]


@pytest.mark.parametrize("name", ["", "   ", "x" * (NAME_LENGTH + 1), "x" * 100_000])
def test_a_name_that_is_none_or_too_long_is_refused_at_its_field(
    people: Office, service: TeamService, name: str
) -> None:
    with pytest.raises(InvalidError) as refusal:
        service.create(people.ada, name, [])
    assert set(refusal.value.fields) == {"name"}


def test_of_two_teams_of_one_name_made_at_once_there_is_one(
    database: Database, people: Office, service: TeamService
) -> None:
    refused, barrier = list[ServiceError](), threading.Barrier(2)

    def create(name: str) -> None:
        barrier.wait()
        try:
            service.create(people.ada, name, [])
        except ServiceError as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=create, args=(name,)) for name in ("Payroll", "PAYROLL")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(each) for each in refused] == [InvalidError]
    assert service.page(people.ada).found == 1


def test_deleting_a_team_takes_what_it_gave_and_nothing_else(
    database: Database, people: Office, service: TeamService
) -> None:
    team = service.create(people.ada, "Payroll", [people.sam.colleague_id, people.jo.colleague_id])
    other = service.create(people.ada, "Audit", [people.jo.colleague_id])
    _give(database, people, team, "Acme", "Bolt")
    _give(database, people, other, "Cask")
    assert service.team(people.ada, team.team_id).clients == 2
    assert (_sees(database, people.sam), _sees(database, people.jo)) == (2, 3)
    assert service.delete(people.ada, team.team_id).clients == 2
    assert (_sees(database, people.sam), _sees(database, people.jo)) == (0, 1)
    assert _entries(database, "team.deleted") == [
        (
            people.ada.colleague_id,
            {"name": "Payroll", "members": ["Jo Lind", "Sam Price"], "clients": 2},
            None,
        )
    ]
    with pytest.raises(NotFoundError):
        service.delete(people.ada, team.team_id)


def test_members_who_left_are_not_shown_and_stay_until_they_are_handed_over(
    database: Database, people: Office, service: TeamService
) -> None:
    team = service.create(people.ada, "Payroll", [people.sam.colleague_id, people.jo.colleague_id])
    with database.begin() as session:
        session.execute(update(Colleague).where(Colleague.id == people.jo.colleague_id).values(active=False))
    shown = service.team(people.ada, team.team_id)
    assert shown.members == (_member(people.sam, "Sam Price"),)
    assert service.page(people.ada).lines[0].members == 1
    with pytest.raises(InvalidError, match="no longer a colleague"):
        service.save(people.ada, team.team_id, "Payroll", [people.jo.colleague_id], seen=shown.stamp)
    service.save(people.ada, team.team_id, "Payroll", [], seen=shown.stamp)
    with database.read() as session:
        assert session.scalars(select(TeamMember.colleague_id)).all() == [people.jo.colleague_id]


def test_members_are_found_by_any_part_of_their_names(people: Office, service: TeamService) -> None:
    assert [each.name for each in service.search_members(people.clem, "")] == [
        "Ada Marsh",
        "Clem Okafor",
        "Jo Lind",
        "Sam Price",
    ]
    assert service.search_members(people.ada, " OKA ") == (_member(people.clem, "Clem Okafor", Role.CLIENT_ADMIN),)
    assert service.search_members(people.ada, "x" * 5000) == ()


def test_teams_of_essentials_can_be_deleted_and_no_more(
    database: Database, people: Office, service: TeamService
) -> None:
    team = service.create(people.ada, "Payroll", [])
    OperatorService(database).change_practice("T_BIRCH", plan=Plan.ESSENTIALS)
    assert not service.page(people.ada).on_plan
    attempts: list[Any] = [
        lambda: service.require_available(people.ada),
        lambda: service.create(people.ada, "Audit", []),
        lambda: service.save(people.ada, team.team_id, "Pay", [], seen=team.stamp),
    ]
    for attempt in attempts:
        with pytest.raises(NotPermittedError, match="part of the plan Advanced"):
            attempt()
    service.delete(people.ada, team.team_id)
    assert service.page(people.ada) == TeamPage(page=0, pages=1, found=0, lines=(), on_plan=False)


def test_a_standard_colleague_and_another_practice_reach_no_team(database: Database, service: TeamService) -> None:
    ours = office(database, plan=Plan.ADVANCED)
    theirs = office(database, slack_key="T_OTHER", plan=Plan.ADVANCED)
    team = service.create(ours.ada, "Payroll", [ours.sam.colleague_id])
    for actor, kind in ((ours.sam, NotPermittedError), (theirs.ada, NotFoundError)):
        attempts: list[Any] = [
            lambda actor=actor: service.team(actor, team.team_id),
            lambda actor=actor: service.save(actor, team.team_id, "Mine", [], seen=team.stamp),
            lambda actor=actor: service.delete(actor, team.team_id),
        ]
        for attempt in attempts:
            with pytest.raises(kind):
                attempt()
    for attempt in (
        lambda: service.page(ours.sam),
        lambda: service.search_members(ours.sam, ""),
        lambda: service.create(ours.sam, "Mine", []),
        lambda: service.require_available(ours.sam),
    ):
        with pytest.raises(NotPermittedError):
            attempt()
    with pytest.raises(InvalidError, match="no longer a colleague"):
        service.create(theirs.ada, "Theirs", [ours.sam.colleague_id])
    with pytest.raises(InvalidError, match="no longer a colleague"):
        service.create(ours.ada, "Nobody", [uuid.uuid4()])
    assert service.create(theirs.ada, "Payroll", []).members == ()
    assert service.team(ours.ada, team.team_id) == team


def test_there_are_at_most_as_many_teams_and_members_as_a_select_can_show(
    database: Database, people: Office, service: TeamService
) -> None:
    with database.begin() as session:
        session.add_all(Team(practice_id=people.practice_id, name=f"Team {number:03}") for number in range(MOST_TEAMS))
        crowd = [
            Colleague(
                id=uuid.uuid4(),
                practice_id=people.practice_id,
                slack_user_id=f"U_{number}",
                name=f"Nan {number:03}",
                created_at=database.now(),
            )
            for number in range(MOST_MEMBERS + 1)
        ]
        session.add_all(crowd)
    with pytest.raises(InvalidError, match=f"There are {MOST_TEAMS} teams"):
        service.create(people.ada, "One more", [])
    last = service.page(people.ada, 99)
    assert (last.page, last.pages, len(last.lines)) == (9, 10, 10)
    team = service.team(people.ada, last.lines[0].team_id)
    with pytest.raises(InvalidError, match=f"at most {MOST_MEMBERS} members") as refusal:
        service.save(people.ada, team.team_id, team.name, [each.id for each in crowd], seen=team.stamp)
    assert set(refusal.value.fields) == {"members"}
    full = service.save(people.ada, team.team_id, team.name, [each.id for each in crowd[1:]], seen=team.stamp)
    assert len(full.members) == MOST_MEMBERS
    with pytest.raises(ConflictError, match=f"has {MOST_MEMBERS} members"):
        OperatorService(database).change_colleague("T_BIRCH", "U_0", join=team.name)
    joined(database, last.lines[1].team_id, people.sam)
    assert len(service.search_members(people.ada, "")) == MOST_MEMBERS
