"""What admins were told of somebody who left is brought up to date when connections move away from them."""

from sqlalchemy import select

from db.models import Client, Connection, ConnectionStatus, Provider
from services.accounting.connections import ChosenOrganisation, DraftConnection, connect
from services.client_sync.records import Goal, Wish
from services.colleagues.leaving import HandoverService
from services.colleagues.telling import LEFT_CHANGED
from tests.services.client_sync.conftest import Desk
from tests.services.colleagues.holding import jobs


def leave(desk: Desk) -> HandoverService:
    """Clem, whose sign-in holds two connections."""
    desk.finished(desk.office.clem, "A", "B")
    service = HandoverService(desk.database)
    service.remove(desk.office.ada, desk.office.clem.colleague_id)
    assert jobs(desk.database, LEFT_CHANGED) == []
    return service


def readers(desk: Desk) -> list[str]:
    return [job.args["reader_id"] for job in jobs(desk.database, LEFT_CHANGED)]


def held(desk: Desk, service: HandoverService) -> list[str]:
    found = service.holdings(desk.office.ada, desk.office.clem.colleague_id)
    return [name for each in found.connections for name in each.clients.names]


def test_by_reassigning(desk: Desk) -> None:
    service = leave(desk)
    desk.sign_in(desk.office.ada, "A", "B")
    run = desk.sync.list_organisations(desk.office.ada, Goal.REASSIGN).run_id
    desk.sync.choose_all(desk.office.ada, run, Wish())
    assert desk.sync.reassign(desk.office.ada, run).moved_count == 2
    assert held(desk, service) == []
    assert readers(desk) == [str(desk.office.ada.colleague_id)]


def test_by_reconnecting(desk: Desk) -> None:
    service = leave(desk)
    with desk.database.begin() as session:
        connection = session.scalars(select(Connection).join(Client).where(Client.name == "A")).one()
        connection.status = ConnectionStatus.DISCONNECTED
    desk.sign_in(desk.office.ada, "A")
    assert desk.sync.reconnect_all(desk.office.ada).reconnected == ("A",)
    assert held(desk, service) == ["B"]
    assert readers(desk) == [str(desk.office.ada.colleague_id)]


def test_by_connecting_one_client_anew_but_not_those_of_a_colleague_who_is_here(desk: Desk) -> None:
    desk.finished(desk.office.jo, "C")
    service = leave(desk)
    signed_in = desk.sign_in(desk.office.ada, "A", "C")
    for name, told in (("C", 0), ("A", 1), ("A", 1)):
        with desk.database.begin() as session:
            client, row = session.execute(select(Client, Connection).join(Connection).where(Client.name == name)).one()
            chosen = ChosenOrganisation(tenant_id=row.tenant_id, connection_id=None, name=name, legal_name=None)
            wanted = DraftConnection(provider=Provider.XERO, authorisation_id=signed_in, chosen=chosen)
            connect(session, desk.office.ada, client, wanted, desk.clock.now())
        assert len(readers(desk)) == told
    assert held(desk, service) == ["B"]
