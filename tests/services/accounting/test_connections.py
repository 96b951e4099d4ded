"""Which organisation a client is connected to, and what becomes of that."""

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from db import models
from db.models import (
    AuditEntry,
    Authorisation,
    Client,
    Connection,
    ConnectionStatus,
    Draft,
    Job,
    OrganisationInformation,
    Software,
)
from db.session import Database
from services.accounting.connections import (
    ChosenOrganisation,
    ConnectionState,
    DraftConnection,
    OfferedOrganisation,
    connect,
    keep_in_draft,
    state_of,
)
from services.accounting.information import store_organisation
from services.accounting.linking import ConnectionCard, ConnectionService, NameChoice
from services.accounting.port import (
    AuthorisationDead,
    Limited,
    NotAuthorised,
    Offline,
    Organisation,
    OrganisationFacts,
)
from services.errors import ConflictError, GoneError, NotFoundError
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock
from tests.services.accounting.provider import CONNECTIONS, ORGANISATION, TOKEN, Provider, Reply
from tests.services.accounting.test_tokens import HALF_AN_HOUR, INVALID_GRANT, authorised, connected, statuses

XERO = models.Provider.XERO


@pytest.fixture
def ada(database: Database, birch: Office, provider: Provider) -> uuid.UUID:
    provider.organisations["ada"] = ["acme", "bolt"]
    return authorised(database, birch.ada, provider)


@pytest.fixture
def draft(database: Database, birch: Office, ada: uuid.UUID) -> uuid.UUID:
    """Ada's draft, after her consent."""
    draft_id = add_client(database).start_over(birch.ada).draft_id
    waiting = DraftConnection(provider=XERO, authorisation_id=ada)
    with database.begin() as session:
        keep_in_draft(session, birch.ada, draft_id, waiting, database.now())
    return draft_id


def organisation(tenant: str) -> Organisation:
    return Organisation(tenant_id=tenant, name=f"{tenant.title()} Ltd", connection_id=f"link-{tenant}")


def actions(database: Database, subject: uuid.UUID) -> list[str]:
    with database.read() as session:
        return list(
            session.scalars(select(AuditEntry.action).where(AuditEntry.subject_id == subject).order_by(AuditEntry.id))
        )


def fetches(database: Database) -> list[Job]:
    """The jobs that fetch the lists of a client's organisation."""
    with database.read() as session:
        return list(session.scalars(select(Job).where(Job.kind == "accounting.information").order_by(Job.id)))


def test_the_organisations_of_a_sign_in_come_with_the_clients_that_have_them(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID
) -> None:
    connected(database, birch.ada, ada, "bolt")
    assert connections.organisations(birch.ada, ada) == (
        OfferedOrganisation(organisation=organisation("acme")),
        OfferedOrganisation(organisation=organisation("bolt"), taken_by="Client of bolt"),
    )


@pytest.mark.parametrize("left", [["acme"], []])
def test_a_list_without_an_organisation_shows_that_its_connection_ended(
    connections: ConnectionService,
    database: Database,
    birch: Office,
    ada: uuid.UUID,
    provider: Provider,
    left: list[str],
) -> None:
    client_id = connected(database, birch.ada, ada, "bolt")
    connected(database, birch.ada, ada, "old", ConnectionStatus.EXPIRED)
    connected(database, birch.ada, ada, "acme")
    provider.organisations["ada"] = left
    connections.organisations(birch.ada, ada)
    acme = ConnectionStatus.CONNECTED if left else ConnectionStatus.DISCONNECTED
    assert statuses(database) == {
        "bolt": ConnectionStatus.DISCONNECTED,
        "old": ConnectionStatus.EXPIRED,
        "acme": acme,
    }
    assert actions(database, client_id)[-1] == "client.connection_changed"


def test_a_sign_in_is_used_by_whoever_holds_it_only(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, provider: Provider
) -> None:
    elm = office(database, slack_key="T_ELM")
    for actor in (birch.clem, elm.ada):
        with pytest.raises(NotFoundError, match="no longer yours"):
            connections.organisations(actor, ada)
    assert provider.asked() == []


def test_an_organisation_is_picked_for_a_draft(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, draft: uuid.UUID
) -> None:
    got = connections.choose_for_draft(birch.ada, draft, "bolt")
    assert got == DraftConnection(
        provider=XERO,
        authorisation_id=ada,
        chosen=ChosenOrganisation(
            tenant_id="bolt",
            connection_id="link-bolt",
            name="Bolt Ltd",
            legal_name="Bolt Ltd (legal)",
            country_code="GB",
            currency="GBP",
        ),
    )
    with database.read() as session:
        row = session.get_one(Draft, draft)
    assert DraftConnection.of(row.answers) == got
    assert row.revision == 2


def test_what_the_sign_in_does_not_reach_can_not_be_picked(
    connections: ConnectionService, birch: Office, draft: uuid.UUID
) -> None:
    with pytest.raises(NotFoundError, match="does not reach"):
        connections.choose_for_draft(birch.ada, draft, "elsewhere")


def test_a_draft_without_consent_or_of_another_person_has_nothing_to_pick(
    connections: ConnectionService, database: Database, birch: Office, draft: uuid.UUID
) -> None:
    with pytest.raises(GoneError):
        connections.choose_for_draft(birch.clem, draft, "acme")
    other = add_client(database).start_over(birch.clem).draft_id
    with pytest.raises(NotFoundError, match="Connect your accounting software first"):
        connections.choose_for_draft(birch.clem, other, "acme")


def test_an_organisation_of_another_client_is_refused_by_that_clients_name(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, draft: uuid.UUID
) -> None:
    connected(database, birch.clem, ada, "bolt")
    other = created(add_client(database), birch.clem, "Other")
    words = r"Bolt Ltd is already connected to your client Client of bolt\. Choose another organisation\."
    with pytest.raises(ConflictError, match=words):
        connections.choose_for_draft(birch.ada, draft, "bolt")
    with pytest.raises(ConflictError, match=words):
        connections.choose_for_client(birch.ada, other.client_id, ada, "bolt")


def test_another_practice_may_have_the_same_organisation(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, provider: Provider
) -> None:
    elm = office(database, slack_key="T_ELM")
    connected(database, birch.ada, ada, "acme")
    theirs = authorised(database, elm.ada, provider)
    client = created(add_client(database), elm.ada, "Acme")
    card = connections.choose_for_client(elm.ada, client.client_id, theirs, "acme")
    assert card.status is ConnectionStatus.CONNECTED


def test_two_clients_wanting_one_organisation_at_once_get_one_connection_and_one_clear_refusal(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID
) -> None:
    clients = [created(add_client(database), birch.ada, name) for name in ("One", "Two")]
    begin = threading.Barrier(2)
    wanted = DraftConnection(
        provider=XERO,
        authorisation_id=ada,
        chosen=ChosenOrganisation(tenant_id="acme", connection_id="link-acme", name="Acme Ltd"),
    )

    def want(client_id: uuid.UUID) -> str:
        begin.wait()
        try:
            with database.begin() as session:
                connect(session, birch.ada, session.get_one(Client, client_id), wanted, database.now())
        except ConflictError as refusal:
            return refusal.message
        return "connected"

    with ThreadPoolExecutor(2) as threads:
        got = list(threads.map(want, [client.client_id for client in clients]))

    assert max(got) == "connected"
    winner = clients[got.index("connected")]
    assert min(got) == f"Acme Ltd is already connected to your client {winner.name}. Choose another organisation."
    assert statuses(database) == {"acme": ConnectionStatus.CONNECTED}


def test_a_client_changes_to_another_organisation_and_both_are_in_the_audit_trail(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, clock: Clock
) -> None:
    client_id = connected(database, birch.ada, ada, "acme", ConnectionStatus.EXPIRED)
    clock.advance(timedelta(minutes=5))

    card = connections.choose_for_client(birch.ada, client_id, ada, "bolt")

    assert card == ConnectionCard(
        provider=XERO,
        status=ConnectionStatus.CONNECTED,
        state=ConnectionState.NAME_MISMATCH,
        organisation_name="Bolt Ltd",
        legal_name="Bolt Ltd (legal)",
        holder="U_ADA",
        holder_active=True,
        connected_at=clock.now(),
        refreshed_at=clock.now(),
        refreshes_daily=True,
    )
    assert connections.card(birch.ada, client_id) == card
    with database.read() as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "client.connected")).one()
    assert entry.before == {"provider": "xero", "organisation": "Acme Ltd"}
    assert entry.after == {"provider": "xero", "organisation": "Bolt Ltd", "tenant_id": "bolt"}


def test_what_was_fetched_stays_with_its_organisation_and_goes_when_that_changes(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, clock: Clock
) -> None:
    client_id = created(add_client(database), birch.ada, "Acme").client_id

    def choose(tenant: str) -> list[str]:
        """What is kept after the client was connected to it again, of an organisation that had something."""
        clock.advance(timedelta(minutes=1))
        connections.choose_for_client(birch.ada, client_id, ada, tenant)
        with database.begin() as session:
            left = list(session.scalars(select(OrganisationInformation.name)))
            store_organisation(session, client_id, OrganisationFacts(name=f"Kept of {tenant}"), clock.now())
        return left

    assert choose("acme") == []
    assert choose("acme") == ["Kept of acme"]
    assert choose("bolt") == []
    connections.disconnect(birch.ada, client_id)
    with database.read() as session:
        assert list(session.scalars(select(OrganisationInformation.name))) == ["Kept of bolt"]
        assert session.get_one(Client, client_id).software is Software.XERO
    assert choose("acme") == []
    assert [each.args["whole"] for each in fetches(database)] == [True, False, True, True]


def test_lists_are_left_to_a_caller_that_sees_to_them(database: Database, birch: Office, ada: uuid.UUID) -> None:
    client = created(add_client(database), birch.ada)
    wanted = DraftConnection(
        provider=XERO,
        authorisation_id=ada,
        chosen=ChosenOrganisation(tenant_id="acme", connection_id="link-acme", name="Acme Ltd"),
    )
    with database.begin() as session:
        connect(session, birch.ada, session.get_one(Client, client.client_id), wanted, database.now(), lists=False)
    assert fetches(database) == []


@pytest.mark.parametrize(
    ("client", "organisation", "legal", "accepted", "state"),
    [
        ("Acme Ltd", "ACME Limited", None, None, ConnectionState.CONNECTED),
        ("Larkspur Interiors", "Larkspur Interors Ltd", None, None, ConnectionState.CONNECTED),
        ("Acme", "Trading name", "Acme Ltd", None, ConnectionState.CONNECTED),
        ("Acme", "Bolt", "Bolt Holdings", None, ConnectionState.NAME_MISMATCH),
        ("Acme", "Bolt", None, "Bolt", ConnectionState.CONNECTED),
        ("Acme", "Bolt", None, "Belt", ConnectionState.NAME_MISMATCH),
    ],
)
def test_names_that_differ_show_until_somebody_accepts_them(
    client: str, organisation: str, legal: str | None, accepted: str | None, state: ConnectionState
) -> None:
    connection = Connection(
        status=ConnectionStatus.CONNECTED, organisation_name=organisation, legal_name=legal, accepted_name=accepted
    )
    assert state_of(client, connection) is state
    connection.status = ConnectionStatus.EXPIRED
    assert state_of(client, connection) is ConnectionState.EXPIRED


def test_a_client_takes_its_organisation_s_name_or_both_names_are_kept(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID
) -> None:
    client_id = created(add_client(database), birch.ada, "Something else").client_id

    def change(name: NameChoice | None) -> tuple[str, ConnectionState]:
        connections.change_settings(birch.clem, client_id, refreshes_daily=True, name=name)
        card = connections.card(birch.ada, client_id)
        assert card is not None
        with database.read() as session:
            return session.get_one(Client, client_id).name, card.state

    connections.choose_for_client(birch.ada, client_id, ada, "acme")
    assert change(None) == ("Something else", ConnectionState.NAME_MISMATCH)
    assert change(NameChoice.BOTH) == ("Something else", ConnectionState.CONNECTED)
    assert change(NameChoice.ORGANISATION) == ("Something else", ConnectionState.CONNECTED)
    connections.choose_for_client(birch.ada, client_id, ada, "bolt")
    assert change(NameChoice.ORGANISATION) == ("Bolt Ltd", ConnectionState.CONNECTED)
    assert [each for each in actions(database, client_id) if "name" in each] == [
        "client.names_accepted",
        "client.renamed",
    ]


def test_the_daily_refresh_is_turned_off_and_on(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID
) -> None:
    client_id = connected(database, birch.ada, ada, "acme")
    elm = office(database, slack_key="T_ELM")
    for actor in (birch.sam, elm.ada):
        with pytest.raises(NotFoundError):
            connections.change_settings(actor, client_id, refreshes_daily=False)
    for wanted in (True, False, False, True):
        connections.change_settings(birch.clem, client_id, refreshes_daily=wanted)
        card = connections.card(birch.ada, client_id)
        assert card is not None
        assert card.refreshes_daily is wanted
    assert actions(database, client_id)[-2:] == ["client.connection_settings"] * 2


def test_the_holder_of_a_connection_who_left_is_shown_as_such(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID
) -> None:
    client_id = connected(database, birch.ada, ada, "acme")
    with database.begin() as session:
        session.get_one(models.Colleague, birch.ada.colleague_id).active = False
    card = connections.card(birch.clem, client_id)
    assert card is not None
    assert (card.holder, card.holder_active) == ("U_ADA", False)


def test_a_reconnection_by_another_colleague_rests_on_their_sign_in(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, provider: Provider
) -> None:
    client_id = connected(database, birch.ada, ada, "acme", ConnectionStatus.EXPIRED)
    provider.organisations["clem"] = ["acme"]
    theirs = authorised(database, birch.clem, provider, user="clem")
    card = connections.choose_for_client(birch.clem, client_id, theirs, "acme")
    assert (card.holder, card.status) == ("U_CLEM", ConnectionStatus.CONNECTED)


def test_a_connection_is_seen_by_those_who_may_open_the_client(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID
) -> None:
    client = created(add_client(database), birch.ada, "Plain")
    assert connections.card(birch.clem, client.client_id) is None
    with pytest.raises(NotFoundError):
        connections.card(birch.sam, client.client_id)


def test_a_refresh_takes_over_what_the_organisation_is_called_now(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, clock: Clock
) -> None:
    client_id = connected(database, birch.ada, ada, "acme", ConnectionStatus.DISCONNECTED)
    clock.advance(timedelta(minutes=5))
    card = connections.refresh(birch.clem, client_id)
    assert (card.status, card.legal_name, card.refreshed_at) == (
        ConnectionStatus.CONNECTED,
        "Acme Ltd (legal)",
        clock.now(),
    )
    assert actions(database, client_id)[-1] == "client.connection_changed"
    with database.read() as session:
        kept = session.get_one(OrganisationInformation, client_id)
        assert (kept.name, kept.refreshed_at) == ("Acme Ltd", clock.now())
    connections.refresh(birch.clem, client_id)
    assert len(fetches(database)) == 1
    clock.advance(timedelta(minutes=1))
    connections.refresh(birch.clem, client_id)
    assert [each.args for each in fetches(database)] == [{"client_id": str(client_id), "whole": False}] * 2


def test_an_organisation_closed_to_us_is_disconnected_alone(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, provider: Provider
) -> None:
    client_id = connected(database, birch.ada, ada, "acme")
    connected(database, birch.ada, ada, "bolt")
    provider.organisations["ada"] = ["bolt"]
    with pytest.raises(NotAuthorised):
        connections.refresh(birch.ada, client_id)
    assert statuses(database) == {"acme": ConnectionStatus.DISCONNECTED, "bolt": ConnectionStatus.CONNECTED}


def test_an_organisation_that_is_offline_stays_connected(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, provider: Provider
) -> None:
    client_id = connected(database, birch.ada, ada, "acme")
    provider.script(ORGANISATION, Reply(503, {"Detail": "organisation is offline"}))
    with pytest.raises(Offline):
        connections.refresh(birch.ada, client_id)
    assert statuses(database) == {"acme": ConnectionStatus.CONNECTED}


def test_a_dead_sign_in_shows_at_once_on_all_that_rests_on_it(
    connections: ConnectionService,
    database: Database,
    birch: Office,
    ada: uuid.UUID,
    provider: Provider,
    clock: Clock,
) -> None:
    client_id = connected(database, birch.ada, ada, "acme")
    connected(database, birch.ada, ada, "bolt")
    clock.advance(HALF_AN_HOUR)
    provider.script(TOKEN, INVALID_GRANT)
    with pytest.raises(AuthorisationDead):
        connections.refresh(birch.ada, client_id)
    assert set(statuses(database).values()) == {ConnectionStatus.EXPIRED}


@pytest.mark.parametrize(("problem", "others_wait"), [("minute", False), ("appminute", True)])
def test_whoever_was_asked_to_wait_is_not_asked_again_until_then(
    connections: ConnectionService,
    database: Database,
    birch: Office,
    ada: uuid.UUID,
    provider: Provider,
    clock: Clock,
    problem: str,
    others_wait: bool,
) -> None:
    acme = connected(database, birch.ada, ada, "acme")
    bolt = connected(database, birch.ada, ada, "bolt")
    provider.script(ORGANISATION, Reply(429, b"", {"X-Rate-Limit-Problem": problem, "Retry-After": "600"}))
    for _ in range(2):
        with pytest.raises(Limited, match="Try again in 10 minutes"):
            connections.refresh(birch.ada, acme)
    assert len(provider.asked(ORGANISATION)) == 1
    if others_wait:
        with pytest.raises(Limited):
            connections.refresh(birch.ada, bolt)
    else:
        connections.refresh(birch.ada, bolt)
    clock.advance(timedelta(minutes=10))
    connections.refresh(birch.ada, acme)


def test_a_client_is_disconnected_here_and_at_the_provider(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, provider: Provider
) -> None:
    client_id = connected(database, birch.ada, ada, "acme")
    connections.disconnect(birch.ada, client_id)
    assert [(asked.method, asked.path) for asked in provider.asked()] == [("DELETE", "/connections/link-acme")]
    assert connections.card(birch.ada, client_id) is None
    assert actions(database, client_id)[-1] == "client.disconnected"
    with pytest.raises(NotFoundError, match="not connected"):
        connections.disconnect(birch.ada, client_id)


@pytest.mark.parametrize(("answer", "untold"), [(Reply(500), XERO), (Reply(404), None), (Reply(403), None)])
def test_a_client_is_disconnected_though_the_provider_can_t_be_reached(
    connections: ConnectionService,
    database: Database,
    birch: Office,
    ada: uuid.UUID,
    provider: Provider,
    answer: Reply,
    untold: models.Provider | None,
) -> None:
    client_id = connected(database, birch.ada, ada, "acme")
    provider.script("/connections/link-acme", answer)
    assert connections.disconnect(birch.ada, client_id) is untold
    assert statuses(database) == {}


def test_a_broken_connection_is_taken_away_without_asking_the_provider(
    connections: ConnectionService, database: Database, birch: Office, ada: uuid.UUID, provider: Provider
) -> None:
    client_id = connected(database, birch.ada, ada, "acme", ConnectionStatus.EXPIRED)
    connections.disconnect(birch.ada, client_id)
    assert provider.asked() == []
    assert statuses(database) == {}


def test_an_expired_access_token_is_renewed_on_the_way(
    connections: ConnectionService, birch: Office, ada: uuid.UUID, provider: Provider
) -> None:
    provider.script(CONNECTIONS, Reply(401, {"Detail": "TokenExpired"}))
    assert len(connections.organisations(birch.ada, ada)) == 2
    assert len(provider.asked(TOKEN)) == 1


def test_all_that_a_practice_signed_in_to_goes_with_it(database: Database, birch: Office, ada: uuid.UUID) -> None:
    connected(database, birch.ada, ada, "acme")
    with database.begin() as session:
        session.delete(session.get_one(models.Practice, birch.practice_id))
    with database.read() as session:
        assert session.scalars(select(Connection)).all() == []
        assert session.scalars(select(Authorisation)).all() == []
