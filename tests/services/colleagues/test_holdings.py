"""What rests on a colleague."""

from datetime import timedelta

import pytest

from db.models import InvitationStatus, Plan, Provider
from db.session import Database
from services.colleagues.holdings import NAMED, HeldConnections, Holdings, Some
from services.colleagues.leaving import HandoverService
from services.errors import NotFoundError, NotPermittedError
from tests.builders import Office, joined, office
from tests.services.colleagues.holding import clients, connect, deactivate, give, invite, manage


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database, plan=Plan.ADVANCED, teams=("Tax", "Payroll", "Empty"))


@pytest.fixture
def service(database: Database) -> HandoverService:
    return HandoverService(database)


def some(*names: str, more: int = 0) -> Some:
    return Some(names=names, more=more)


def test_nothing_rests_on_a_newcomer(birch: Office, service: HandoverService) -> None:
    assert service.holdings(birch.ada, birch.sam.colleague_id) == Holdings()
    assert Holdings().is_empty


def test_the_first_of_many_are_named(database: Database, birch: Office, service: HandoverService) -> None:
    ids = clients(database, birch, *(f"Client {number:02}" for number in range(12)))
    give(database, ids.values(), to=birch.sam)
    held = service.holdings(birch.ada, birch.sam.colleague_id)
    first = some(*(f"Client {number:02}" for number in range(NAMED)), more=12 - NAMED)
    assert held == Holdings(granted=first, only_they=first)
    assert first.count == 12


def test_all_that_a_colleague_holds_is_found(database: Database, birch: Office, service: HandoverService) -> None:
    ids = clients(database, birch, "Acme", "Basket", "Chandler", "Dairy", "Elm")
    give(database, [ids["Acme"], ids["Basket"]], to=birch.sam)
    manage(database, birch.sam, ids["Chandler"])
    connect(database, birch.sam, ids["Acme"], ids["Dairy"])
    connect(database, birch.sam, ids["Elm"])
    connect(database, birch.sam, ids["Basket"], provider=Provider.SAGE)
    invite(database, birch.sam, ids["Acme"])
    invite(database, birch.sam, ids["Elm"], InvitationStatus.EXPIRED)
    held = service.holdings(birch.clem, birch.sam.colleague_id)
    assert held == Holdings(
        connections=(
            HeldConnections(provider=Provider.XERO, sign_ins=2, clients=some("Acme", "Dairy", "Elm")),
            HeldConnections(provider=Provider.SAGE, sign_ins=1, clients=some("Basket")),
        ),
        granted=some("Acme", "Basket"),
        only_they=some("Acme", "Basket"),
        managed=some("Chandler"),
        invitations=some("Acme", "Elm"),
    )
    assert (held.to_give, held.is_empty) == (True, False)


def test_what_is_over_does_not_count(database: Database, birch: Office, service: HandoverService) -> None:
    ids = clients(database, birch, "Closed", "Ended", "Acme")
    give(database, [ids["Closed"]], to=birch.sam)
    give(database, [ids["Ended"]], to=birch.sam, until=database.now() - timedelta(seconds=1))
    manage(database, birch.sam, ids["Closed"])
    for status in (InvitationStatus.ACCEPTED, InvitationStatus.REVOKED, InvitationStatus.SUPERSEDED):
        invite(database, birch.sam, ids["Acme"], status)
    invite(database, birch.sam, ids["Closed"])
    connect(database, birch.sam)
    deactivate(database, ids["Closed"])
    assert service.holdings(birch.ada, birch.sam.colleague_id).is_empty


def test_clients_that_nobody_else_can_open_are_told_apart(
    database: Database, birch: Office, service: HandoverService
) -> None:
    ids = clients(database, birch, "Shared", "By team", "Only they", "For a time", "With an admin")
    give(database, ids.values(), to=birch.sam)
    give(database, [ids["Shared"]], to=birch.jo)
    give(database, [ids["By team"]], team=birch.teams["Tax"])
    give(database, [ids["Only they"]], team=birch.teams["Payroll"])
    give(database, [ids["For a time"]], to=birch.jo, until=database.now())
    joined(database, birch.teams["Tax"], birch.jo)
    joined(database, birch.teams["Payroll"], birch.sam)
    held = service.holdings(birch.ada, birch.sam.colleague_id)
    assert held.only_they == some("For a time", "Only they", "With an admin")
    assert held.alone_in == some("Payroll")


def test_a_team_counts_when_it_has_clients_and_nobody_else(
    database: Database, birch: Office, service: HandoverService
) -> None:
    ids = clients(database, birch, "Acme")
    for team_id in birch.teams.values():
        joined(database, team_id, birch.sam)
    for team in ("Tax", "Payroll"):
        give(database, ids.values(), team=birch.teams[team])
    joined(database, birch.teams["Tax"], birch.jo)
    assert service.holdings(birch.ada, birch.sam.colleague_id).alone_in == some("Payroll")
    service.remove(birch.ada, birch.jo.colleague_id)
    assert service.holdings(birch.ada, birch.sam.colleague_id).alone_in == some("Payroll", "Tax")


def test_colleagues_see_what_they_hold_themselves_and_admins_what_others_hold(
    database: Database, birch: Office, service: HandoverService
) -> None:
    give(database, clients(database, birch, "Acme").values(), to=birch.sam)
    assert service.holdings(birch.sam, birch.sam.colleague_id).granted == some("Acme")
    with pytest.raises(NotPermittedError):
        service.holdings(birch.jo, birch.sam.colleague_id)
    other = office(database, slack_key="T_OTHER")
    with pytest.raises(NotFoundError):
        service.holdings(other.ada, birch.sam.colleague_id)
    service.remove(birch.ada, birch.sam.colleague_id)
    with pytest.raises(NotPermittedError, match="no longer have access"):
        service.holdings(birch.sam, birch.sam.colleague_id)
