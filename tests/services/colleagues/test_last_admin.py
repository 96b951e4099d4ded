"""A practice always keeps a Practice Admin, and gets a new one when the last is gone from Slack."""

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from db.models import AuditEntry, Colleague, Practice, Role
from db.session import Database
from services.actor import Actor
from services.colleagues.records import OwnStanding, Wish
from services.colleagues.rights import Given, Rights, rights_of
from services.colleagues.service import ColleagueService
from services.colleagues.standing import may_take_over
from services.errors import ConflictError, NotPermittedError, ServiceError
from services.operator import OperatorService
from tests.builders import Office, office

ADMIN, STANDARD = Rights(role=Role.PRACTICE_ADMIN), Rights(role=Role.STANDARD)


@pytest.fixture
def people(database: Database) -> Office:
    return office(database)


@pytest.fixture
def service(database: Database) -> ColleagueService:
    return ColleagueService(database)


def _admins(database: Database) -> list[str]:
    with database.read() as session:
        found = select(Colleague.slack_user_id).where(Colleague.active, Colleague.role == Role.PRACTICE_ADMIN)
        return sorted(session.scalars(found))


def _deactivate(database: Database, actor: Actor) -> None:
    """As Slack's news of a deactivation does, which can't be refused."""
    with database.begin() as session:
        session.execute(update(Colleague).where(Colleague.id == actor.colleague_id).values(active=False))


def _runs_workspace(database: Database, actor: Actor) -> None:
    with database.begin() as session:
        session.get_one(Colleague, actor.colleague_id).runs_workspace = True


def _may_take_over(database: Database, actor: Actor) -> bool:
    with database.read() as session:
        return may_take_over(session, session.get_one(Colleague, actor.colleague_id))


def _at_once(*attempts: Callable[[], object]) -> list[ServiceError]:
    """What was refused of what begins at the same moment."""
    refused, barrier = list[ServiceError](), threading.Barrier(len(attempts))

    def run(attempt: Callable[[], object]) -> None:
        barrier.wait()
        try:
            attempt()
        except ServiceError as refusal:
            refused.append(refusal)

    threads = [threading.Thread(target=run, args=(each,)) for each in attempts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_the_last_practice_admin_keeps_the_role_until_there_is_another(
    database: Database, people: Office, service: ColleagueService
) -> None:
    for wanted in (STANDARD, Rights(role=Role.CLIENT_ADMIN)):
        with pytest.raises(ConflictError, match="Ada Marsh is the last Practice Admin"):
            service.change(people.ada, people.ada.colleague_id, wanted, seen=ADMIN.stamp)
    service.change(people.ada, people.clem.colleague_id, ADMIN, seen=Rights(role=Role.CLIENT_ADMIN).stamp)
    _deactivate(database, people.clem)
    with pytest.raises(ConflictError, match="Ada Marsh is the last Practice Admin"):
        service.change(people.ada, people.ada.colleague_id, STANDARD, seen=ADMIN.stamp)
    service.change(people.ada, people.sam.colleague_id, ADMIN, seen=STANDARD.stamp)
    service.change(people.ada, people.ada.colleague_id, STANDARD, seen=ADMIN.stamp)
    assert _admins(database) == ["U_SAM"]


def test_the_last_practice_admin_s_permissions_can_be_changed(people: Office, service: ColleagueService) -> None:
    insights = Rights(role=Role.PRACTICE_ADMIN, insights=True)
    assert service.change(people.ada, people.ada.colleague_id, insights, seen=ADMIN.stamp).rights == insights


def test_of_two_practice_admins_who_demote_each_other_at_once_one_wins_and_the_other_is_told(
    database: Database, people: Office, service: ColleagueService
) -> None:
    OperatorService(database).change_colleague("T_BIRCH", "U_CLEM", role=Role.PRACTICE_ADMIN)
    refused = _at_once(
        lambda: service.change(people.ada, people.clem.colleague_id, STANDARD, seen=ADMIN.stamp),
        lambda: service.change(people.clem, people.ada.colleague_id, STANDARD, seen=ADMIN.stamp),
    )
    assert [type(each) for each in refused] == [NotPermittedError]
    assert _admins(database) in (["U_ADA"], ["U_CLEM"])


def test_of_two_practice_admins_who_step_down_at_once_one_stays(
    database: Database, people: Office, service: ColleagueService
) -> None:
    OperatorService(database).change_colleague("T_BIRCH", "U_CLEM", role=Role.PRACTICE_ADMIN)
    operator = OperatorService(database)
    refused = _at_once(
        lambda: service.change(people.ada, people.ada.colleague_id, STANDARD, seen=ADMIN.stamp),
        lambda: operator.change_colleague("T_BIRCH", "U_CLEM", role=Role.STANDARD),
    )
    assert [type(each) for each in refused] == [ConflictError]
    assert len(_admins(database)) == 1


def test_whoever_runs_the_workspace_takes_over_a_practice_without_a_practice_admin(
    database: Database, people: Office, service: ColleagueService
) -> None:
    _runs_workspace(database, people.jo)
    assert not _may_take_over(database, people.jo)
    with pytest.raises(ConflictError, match="has a Practice Admin"):
        service.take_over(people.jo, runs_workspace=True)
    _deactivate(database, people.ada)
    assert [_may_take_over(database, each) for each in (people.ada, people.clem, people.sam, people.jo)] == [
        False,
        False,
        False,
        True,
    ]
    own = service.page(people.jo, Wish())
    assert isinstance(own, OwnStanding)
    assert own.may_take_over
    service.take_over(people.jo, runs_workspace=True)
    with database.read() as session:
        jo = rights_of(session.get_one(Colleague, people.jo.colleague_id))
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "colleague.took_over")).one()
    assert jo == Rights(role=Role.PRACTICE_ADMIN, add_clients=Given.PERMANENTLY)
    assert (entry.colleague_id, entry.before, entry.after) == (
        people.jo.colleague_id,
        {"role": "standard"},
        {"role": "practice_admin"},
    )


def test_taking_over_goes_by_what_slack_says_now(database: Database, people: Office, service: ColleagueService) -> None:
    _runs_workspace(database, people.jo)
    _deactivate(database, people.ada)
    with pytest.raises(NotPermittedError, match="Only an owner or admin of this Slack workspace"):
        service.take_over(people.jo, runs_workspace=False)
    service.take_over(people.sam, runs_workspace=True)
    assert _admins(database) == ["U_SAM"]


def test_of_two_who_take_over_at_once_one_does(database: Database, people: Office, service: ColleagueService) -> None:
    _deactivate(database, people.ada)
    refused = _at_once(
        lambda: service.take_over(people.jo, runs_workspace=True),
        lambda: service.take_over(people.sam, runs_workspace=True),
    )
    assert [type(each) for each in refused] == [ConflictError]
    assert len(_admins(database)) == 1


def test_nobody_takes_over_who_left_or_where_the_practice_is_not_set_up(
    database: Database, people: Office, service: ColleagueService
) -> None:
    _runs_workspace(database, people.jo)
    for each in (people.ada, people.jo):
        _deactivate(database, each)
    with pytest.raises(NotPermittedError, match="no longer have access"):
        service.take_over(people.jo, runs_workspace=True)
    with database.begin() as session:
        session.execute(update(Practice).values(set_up_at=None))
        session.get_one(Colleague, people.jo.colleague_id).active = True
    assert not _may_take_over(database, people.jo)
