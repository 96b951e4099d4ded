"""Broken connections come to rest on the sign-in that reaches them, those of others on who takes them over."""

import pytest
from sqlalchemy import select, update

from db.models import AuditEntry, Choice, Client, ClientAccess, Colleague, Connection, ConnectionStatus, Job, Lane
from services.client_sync.records import Filter, Goal, Reassigned, Reconnected, Unreached, Wish
from services.errors import InvalidError, NotPermittedError
from tests.builders import office
from tests.services.client_sync.conftest import Desk


def break_all(desk: Desk, status: ConnectionStatus = ConnectionStatus.EXPIRED) -> None:
    with desk.database.begin() as session:
        session.execute(update(Connection).values(status=status))


def statuses(desk: Desk) -> set[ConnectionStatus]:
    with desk.database.read() as session:
        return set(session.scalars(select(Connection.status)))


def test_reconnect_all_moves_what_is_reached_and_names_the_rest(desk: Desk) -> None:
    desk.finished(desk.office.ada, "A", "B", "C")
    break_all(desk)
    desk.sign_in(desk.office.clem, "A", "B")
    moved = desk.sync.reconnect_all(desk.office.clem)
    assert moved == Reconnected(
        provider=moved.provider,
        reconnected=("A", "B"),
        reconnected_count=2,
        unreached=(Unreached(client_name="C", holder="U_ADA"),),
        unreached_count=1,
    )
    clem = str(desk.office.clem.colleague_id)
    assert {name: user for name, (_, user) in desk.connections().items()} == {
        "A": clem,
        "B": clem,
        "C": str(desk.office.ada.colleague_id),
    }
    with desk.database.read() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "client.connection_moved")).all()
        jobs = session.scalars(select(Job.kind).where(Job.due.is_not(None), Job.lane == Lane.PROVIDER)).all()
    assert [(entry.before or {})["status"] for entry in entries] == ["expired", "expired"]
    assert jobs == ["accounting.information"] * 2


def test_reconnect_all_leaves_what_works_with_its_holder(desk: Desk) -> None:
    desk.finished(desk.office.ada, "A")
    desk.sign_in(desk.office.clem, "A")
    assert desk.sync.reconnect_all(desk.office.clem).reconnected_count == 0
    assert desk.connections()["A"][1] == str(desk.office.ada.colleague_id)


def test_reconnect_all_finds_that_an_own_organisation_is_gone(desk: Desk) -> None:
    desk.finished(desk.office.ada, "A")
    desk.xero.reach.clear()
    assert desk.sync.reconnect_all(desk.office.ada).reconnected_count == 0
    assert statuses(desk) == {ConnectionStatus.DISCONNECTED}


def test_a_standard_colleague_reconnects_only_clients_that_they_see(desk: Desk) -> None:
    desk.finished(desk.office.ada, "A")
    desk.finished(desk.office.jo, "B")
    break_all(desk)
    desk.sign_in(desk.office.jo, "A", "B")
    moved = desk.sync.reconnect_all(desk.office.jo)
    assert (moved.reconnected, moved.unreached) == (("B",), ())


def test_reassigning_moves_the_chosen_ones_only(desk: Desk) -> None:
    desk.finished(desk.office.ada, "A", "B", "C")
    desk.sign_in(desk.office.clem, "A", "B", "Not a client")
    chooser = desk.sync.list_organisations(desk.office.clem, Goal.REASSIGN)
    assert [(line.name, line.choice, line.holder) for line in chooser.lines] == [
        ("A", Choice.LEAVE, "U_ADA"),
        ("B", Choice.LEAVE, "U_ADA"),
    ]
    with pytest.raises(InvalidError):
        desk.sync.confirm_reassign(desk.office.clem, chooser.run_id)
    b = chooser.lines[1].item_id
    desk.sync.keep(desk.office.clem, chooser.run_id, {b: Choice.TAKE}, team_id=None, solutions=None)
    confirmation = desk.sync.confirm_reassign(desk.office.clem, chooser.run_id)
    assert (confirmation.count, [line.name for line in confirmation.lines]) == (1, ["B"])
    moved = desk.sync.reassign(desk.office.clem, chooser.run_id)
    assert moved == Reassigned(provider=moved.provider, moved=("B",), moved_count=1, skipped=())
    assert desk.connections()["B"][1] == str(desk.office.clem.colleague_id)
    assert desk.connections()["A"][1] == str(desk.office.ada.colleague_id)
    assert desk.sync.reassign(desk.office.clem, chooser.run_id) == moved


def test_a_standard_colleague_reassigns_clients_that_they_see(desk: Desk) -> None:
    desk.finished(desk.office.ada, "A", "B")
    sam = desk.office.sam
    with desk.database.begin() as session:
        seen = session.scalars(select(Client.id).where(Client.name == "A")).one()
        session.add(ClientAccess(client_id=seen, colleague_id=sam.colleague_id))
    desk.sign_in(sam, "A", "B")
    chooser = desk.sync.list_organisations(sam, Goal.REASSIGN)
    assert [line.name for line in chooser.lines] == ["A"]
    desk.sync.choose_all(sam, chooser.run_id, Wish())
    moved = desk.sync.reassign(sam, chooser.run_id)
    assert moved == Reassigned(provider=moved.provider, moved=("A",), moved_count=1, skipped=())
    assert desk.connections()["A"][1] == str(sam.colleague_id)
    assert desk.connections()["B"][1] == str(desk.office.ada.colleague_id)


def test_all_of_a_person_who_left_can_be_taken_over_at_once(desk: Desk) -> None:
    names = [f"Firm {number:02}" for number in range(30)]
    desk.finished(desk.office.ada, *names)
    with desk.database.begin() as session:
        session.get_one(Colleague, desk.office.ada.colleague_id).active = False
    break_all(desk)
    desk.sign_in(desk.office.clem, *names)
    chooser = desk.sync.list_organisations(desk.office.clem, Goal.REASSIGN)
    desk.sync.choose_all(desk.office.clem, chooser.run_id, Wish())
    assert desk.sync.chooser(desk.office.clem, chooser.run_id, Wish(filter=Filter.CHOSEN)).taking == 30
    assert desk.sync.reassign(desk.office.clem, chooser.run_id).moved_count == 30
    assert statuses(desk) == {ConnectionStatus.CONNECTED}


def test_a_client_connected_to_something_else_meanwhile_is_skipped(desk: Desk) -> None:
    desk.finished(desk.office.ada, "A", "B")
    desk.sign_in(desk.office.clem, "A", "B")
    chooser = desk.sync.list_organisations(desk.office.clem, Goal.REASSIGN)
    desk.sync.choose_all(desk.office.clem, chooser.run_id, Wish())
    with desk.database.begin() as session:
        session.execute(update(Connection).where(Connection.tenant_id == "A-id").values(tenant_id="other"))
    moved = desk.sync.reassign(desk.office.clem, chooser.run_id)
    assert (moved.moved, [each.name for each in moved.skipped]) == (("B",), ["A"])


def test_an_inactive_colleague_moves_nothing(desk: Desk) -> None:
    desk.finished(desk.office.ada, "A")
    desk.sign_in(desk.office.clem, "A")
    chooser = desk.sync.list_organisations(desk.office.clem, Goal.REASSIGN)
    desk.sync.choose_all(desk.office.clem, chooser.run_id, Wish())
    with desk.database.begin() as session:
        session.get_one(Colleague, desk.office.clem.colleague_id).active = False
    with pytest.raises(NotPermittedError):
        desk.sync.reassign(desk.office.clem, chooser.run_id)
    with pytest.raises(NotPermittedError):
        desk.sync.reconnect_all(desk.office.clem)


def test_another_practices_connections_are_never_listed(desk: Desk) -> None:
    desk.finished(desk.office.ada, "A")
    elm = office(desk.database, slack_key="T_ELM")
    desk.sign_in(elm.ada, "A")
    break_all(desk)
    assert desk.sync.list_organisations(elm.ada, Goal.REASSIGN).total == 0
    moved = desk.sync.reconnect_all(elm.ada)
    assert (moved.reconnected_count, moved.unreached_count) == (0, 0)
