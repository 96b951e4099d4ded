"""Who can open a client, and who manages its account."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from db.models import AuditEntry, ClientAccess, Plan
from db.session import Database
from services.clients.access_of import ClientAccessService, Grant
from services.clients.search import ClientSearchService, Wish
from services.errors import ConflictError, InvalidError, NotFoundError
from tests.builders import add_client, created, joined, office


class World:
    """A client of a practice with a team, Payroll, that Jo is in."""

    def __init__(self, database: Database, *, plan: Plan = Plan.ADVANCED) -> None:
        self.database = database
        self.people = office(database, plan=plan, teams=("Payroll",))
        self.service = ClientAccessService(database)
        self.client_id = created(add_client(database), self.people.ada).client_id
        self.team = self.people.teams["Payroll"]
        joined(database, self.team, self.people.jo)
        self.sam = str(self.people.sam.colleague_id)

    def grants(self) -> list[tuple[str, bool, tuple[str, ...], datetime | None]]:
        page = self.service.access(self.people.ada, self.client_id)
        return [(each.name, each.is_team, each.members, each.until) for each in page.grants]

    def give(self, **raw: Any) -> int:
        return self.service.give(self.people.ada, self.client_id, raw)

    def sees(self) -> list[int]:
        search = ClientSearchService(self.database)
        return [search.find(actor, Wish()).total for actor in (self.people.sam, self.people.jo)]

    def entries(self, action: str) -> list[tuple[Any, Any]]:
        with self.database.read() as session:
            rows = session.execute(
                select(AuditEntry.before, AuditEntry.after).where(AuditEntry.action == action).order_by(AuditEntry.id)
            )
            return [(row.before, row.after) for row in rows]


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_access_is_given_to_colleagues_and_teams_and_taken_back(world: World) -> None:
    assert world.sees() == [0, 0]
    assert world.give(colleagues=[world.sam], teams=[str(world.team)]) == 2
    assert world.give(colleagues=[world.sam], teams=[str(world.team)]) == 0
    assert world.grants() == [("Sam Price", False, (), None), ("Payroll", True, ("Jo Lind",), None)]
    assert world.sees() == [1, 1]
    assert world.entries("client.access_given") == [(None, {"colleague": "Sam Price"}), (None, {"team": "Payroll"})]
    for grant in world.service.access(world.people.ada, world.client_id).grants:
        assert world.service.take(world.people.clem, world.client_id, grant.access_id) == grant.name
        assert world.service.take(world.people.clem, world.client_id, grant.access_id) is None
    assert world.sees() == [0, 0]
    assert world.entries("client.access_taken") == [({"colleague": "Sam Price"}, None), ({"team": "Payroll"}, None)]


def test_access_for_a_time_ends_with_the_day_and_is_lengthened(world: World) -> None:
    world.give(colleagues=[world.sam], until="2026-04-10")
    april = datetime(2026, 4, 10, 23, tzinfo=UTC)  # midnight in London's summer
    assert world.grants() == [("Sam Price", False, (), april)]
    assert world.give(colleagues=[world.sam], until="2026-04-12") == 1
    assert world.give(colleagues=[world.sam]) == 1
    assert world.give(colleagues=[world.sam], until="2026-04-10") == 0
    assert world.grants() == [("Sam Price", False, (), None)]
    assert world.entries("client.access_given")[0] == (
        None,
        {"colleague": "Sam Price", "until": "2026-04-10T23:00:00+00:00"},
    )


def test_admins_have_access_anyway(world: World) -> None:
    assert world.give(colleagues=[str(world.people.clem.colleague_id)]) == 0
    assert world.grants() == []


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        ({"colleagues": [], "teams": []}, {"colleagues"}),
        ({"colleagues": [str(uuid.uuid4())]}, {"colleagues"}),
        ({"teams": [str(uuid.uuid4())]}, {"teams"}),
        ({"colleagues": ["nobody"]}, {"colleagues"}),
        ({"colleagues": ["SAM"], "until": "2026-03-01"}, {"until"}),
        ({"colleagues": ["SAM"], "until": "9999-12-31"}, {"until"}),
        ({"colleagues": ["SAM"], "until": "soon"}, {"until"}),
    ],
)
def test_what_can_not_be_given_is_refused_at_the_field(world: World, raw: dict[str, Any], fields: set[str]) -> None:
    named = [world.sam if each == "SAM" else each for each in raw.get("colleagues", [])]
    with pytest.raises(InvalidError) as refusal:
        world.give(**{**raw, "colleagues": named} if "colleagues" in raw else raw)
    assert set(refusal.value.fields) == fields
    assert world.grants() == []


def test_somebody_of_another_practice_is_nobody_here(world: World) -> None:
    elm = office(world.database, slack_key="T_ELM", plan=Plan.ADVANCED, teams=("Elm",))
    for raw in ({"colleagues": [str(elm.sam.colleague_id)]}, {"teams": [str(elm.teams["Elm"])]}):
        with pytest.raises(InvalidError):
            world.give(**raw)
    with pytest.raises(InvalidError):
        world.service.set_manager(world.people.ada, world.client_id, {"account_manager": str(elm.ada.colleague_id)})


def test_the_same_given_by_many_at_once_is_one_grant(world: World) -> None:
    with ThreadPoolExecutor(6) as pool:
        given = list(pool.map(lambda _: world.give(colleagues=[world.sam]), range(6)))
    assert sorted(given) == [0, 0, 0, 0, 0, 1]
    assert len(world.grants()) == 1


def test_one_s_own_access_is_kept(world: World) -> None:
    world.give(colleagues=[world.sam])
    with world.database.read() as session:
        access_id = session.scalars(select(ClientAccess.id)).one()
    grants = world.service.access(world.people.sam, world.client_id).grants
    assert grants == (Grant(access_id=access_id, name="Sam Price", is_team=False, members=(), is_own=True, until=None),)
    with pytest.raises(ConflictError, match="your own access"):
        world.service.take(world.people.sam, world.client_id, access_id)
    assert world.service.take(world.people.ada, world.client_id, access_id) == "Sam Price"


def test_the_account_manager_is_named_can_open_the_client_and_is_taken_off(world: World) -> None:
    world.service.set_manager(world.people.ada, world.client_id, {"account_manager": world.sam})
    world.service.set_manager(world.people.ada, world.client_id, {"account_manager": world.sam})
    page = world.service.access(world.people.ada, world.client_id)
    assert page.manager is not None
    assert (page.manager.name, page.has_managers, world.sees()) == ("Sam Price", True, [1, 0])
    world.service.set_manager(world.people.ada, world.client_id, {"account_manager": None})
    assert world.service.managing(world.people.ada, world.client_id).chosen is None
    assert world.entries("client.manager_changed") == [
        ({"account_manager": None}, {"account_manager": "Sam Price"}),
        ({"account_manager": "Sam Price"}, {"account_manager": None}),
    ]


def test_without_the_advanced_plan_there_are_neither_teams_nor_managers(database: Database) -> None:
    world = World(database, plan=Plan.ESSENTIALS)
    page = world.service.access(world.people.ada, world.client_id)
    assert (page.has_managers, page.manager, world.service.giving(world.people.ada, world.client_id).teams) == (
        False,
        None,
        (),
    )
    with pytest.raises(ConflictError):
        world.service.managing(world.people.ada, world.client_id)
    with pytest.raises(ConflictError):
        world.service.set_manager(world.people.ada, world.client_id, {"account_manager": world.sam})
    with pytest.raises(InvalidError):
        world.give(teams=[str(world.team)])


def test_a_client_that_the_colleague_does_not_see_is_not_there(world: World) -> None:
    elm = office(world.database, slack_key="T_ELM")
    service = world.service
    for actor in (world.people.sam, elm.ada):
        for ask in (
            lambda by: service.access(by, world.client_id),
            lambda by: service.giving(by, world.client_id),
            lambda by: service.give(by, world.client_id, {"colleagues": [world.sam]}),
            lambda by: service.take(by, world.client_id, uuid.uuid4()),
            lambda by: service.managing(by, world.client_id),
            lambda by: service.set_manager(by, world.client_id, {}),
        ):
            with pytest.raises(NotFoundError):
                ask(actor)
