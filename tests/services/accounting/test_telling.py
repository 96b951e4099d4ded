"""Who hears of a sign-in that lapses or has ended, once its holder has left."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from db.models import Authorisation, Client, Connection, ConnectionStatus, Job, Role
from db.session import Database
from services.accounting.calls import ProviderCalls
from services.accounting.telling import tell_holder
from services.accounting.tokens import TokenManager
from services.accounting.upkeep import UpkeepService
from services.colleagues.leaving import HandoverService
from services.operator import OperatorService
from tests.builders import KEYS, Office, office
from tests.services.colleagues.holding import clients, connect

KIND = "slack.told"


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def upkeep(database: Database) -> UpkeepService:
    return UpkeepService(database, ProviderCalls(database, TokenManager(database, KEYS, {})), {})


def tell(database: Database, authorisation_id: uuid.UUID) -> dict[str | None, str]:
    """The key of the message to each reader; None stands for the holder."""
    with database.begin() as session:
        row = session.get_one(Authorisation, authorisation_id)
        tell_holder(session, KIND, "subject", row, {"more": "things"})
    with database.read() as session:
        jobs = session.scalars(select(Job).where(Job.kind == KIND)).all()
    for job in jobs:
        assert (job.args["authorisation_id"], job.args["more"]) == (str(authorisation_id), "things")
    return {job.args.get("reader_id"): job.key for job in jobs}


def test_the_holder_hears_of_it(database: Database, birch: Office) -> None:
    assert tell(database, connect(database, birch.sam)) == {None: f"{KIND}:subject"}


def test_once_they_left_each_practice_admin_hears_of_it(database: Database, birch: Office) -> None:
    signed_in = connect(database, birch.sam)
    operator = OperatorService(database)
    operator.change_colleague(birch.slack_key, "U_JO", role=Role.PRACTICE_ADMIN)
    HandoverService(database).remove(birch.ada, birch.sam.colleague_id)
    readers = [str(each.colleague_id) for each in (birch.ada, birch.jo)]
    assert tell(database, signed_in) == {reader: f"{KIND}:subject/{reader}" for reader in readers}


def test_notices_to_admins_name_the_holder(database: Database, birch: Office, upkeep: UpkeepService) -> None:
    ids = clients(database, birch, "Acme", "Basket")
    signed_in = connect(database, birch.sam, *ids.values())
    ada, practice = birch.ada.colleague_id, birch.practice_id
    with database.begin() as session:
        row = session.get_one(Authorisation, signed_in)
        row.refreshed_at = database.now() - timedelta(days=58)
    lapsing = upkeep.lapsing_notice(practice, signed_in, ada)
    assert lapsing is not None
    assert (lapsing.slack_user_id, lapsing.holder, lapsing.clients) == ("U_ADA", "Sam Price", ("Acme", "Basket"))
    own = upkeep.lapsing_notice(practice, signed_in)
    assert own is not None
    assert (own.slack_user_id, own.holder) == ("U_SAM", None)
    with database.begin() as session:
        session.get_one(Authorisation, signed_in).dead_at = database.now()
        for connection in session.scalars(select(Connection)):
            connection.status = ConnectionStatus.EXPIRED
    ended = upkeep.ended_notice(practice, signed_in, ada)
    assert ended is not None
    assert (ended.slack_user_id, ended.holder) == ("U_ADA", "Sam Price")
    with database.begin() as session:
        connection = session.scalars(select(Connection).join(Client).where(Client.name == "Acme")).one()
        connection.status = ConnectionStatus.DISCONNECTED
    found = upkeep.connections_ended_notice(practice, signed_in, [connection.id], ada)
    assert found is not None
    assert (found.holder, found.clients) == ("Sam Price", ("Acme",))


def test_nobody_who_left_or_is_elsewhere_is_given_a_notice(
    database: Database, birch: Office, upkeep: UpkeepService
) -> None:
    signed_in = connect(database, birch.sam)
    other = office(database, slack_key="T_OTHER")
    with database.begin() as session:
        session.get_one(Authorisation, signed_in).dead_at = database.now()
    assert upkeep.ended_notice(birch.practice_id, signed_in, other.ada.colleague_id) is None
    assert upkeep.ended_notice(other.practice_id, signed_in, other.ada.colleague_id) is None
    HandoverService(database).remove(birch.ada, birch.clem.colleague_id)
    assert upkeep.ended_notice(birch.practice_id, signed_in, birch.clem.colleague_id) is None
