"""Connecting a client that is there: which organisation a consent means, what can be chosen, and the card after."""

import uuid
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from db.models import (
    Authorisation,
    Client,
    ClientKind,
    ConnectionStatus,
    Invitation,
    InvitationStatus,
    Job,
    Software,
    Solutions,
    TaxCategories,
)
from db.session import Database
from services.accounting.calls import ProviderCalls
from services.accounting.connections import ConnectionState
from services.accounting.consent import Consent, Purpose, PurposeKind
from services.accounting.linking import ConnectionCard
from services.accounting.port import NotAuthorised
from services.accounting.standard_information import InformationService
from services.clients.card import ClientCard, ClientCardService, Owner
from services.clients.connecting import (
    FINISHED,
    ClientChoices,
    ClientConnecting,
    ClientConnectingService,
    ClientConsentNotice,
)
from services.clients.extract import ExtractAddress
from services.clients.index import index_clients
from services.clients.invited import InvitationSummary
from services.errors import ConflictError, NotFoundError
from services.overview.service import OverviewService
from tests.builders import DOMAIN, KEYS, Office, add_client, office, to_review
from tests.services.accounting.conftest import SAGE, XERO, World


@dataclass
class Desk:
    """The services behind a client's card."""

    world: World
    cards: ClientCardService
    connecting: ClientConnectingService

    def again(self, client_id: uuid.UUID, *organisations: str, changing: bool = False) -> Consent:
        """Another consent for the client, to these organisations or all."""
        url = self.world.begin(XERO, Purpose(kind=PurposeKind.CLIENT, id=client_id, changing=changing))
        return self.world.finish(XERO, self.world.sandbox.xero.consent(url, "priya", organisations or "all"))


@pytest.fixture
def desk(world: World) -> Desk:
    information = InformationService(world.database, ProviderCalls(world.database, world.tokens), world.providers)
    cards = ClientCardService(world.database, world.connections, information, keys=KEYS, extract_domain=DOMAIN)
    world.sandbox.xero.change_settings(bulk=True)
    return Desk(world, cards, ClientConnectingService(world.database, world.consent, world.connections, cards))


def _chosen(consent: Consent) -> str | None:
    return None if consent.chosen is None or consent.chosen.chosen is None else consent.chosen.chosen.name


def test_of_all_that_a_reconnection_reaches_the_client_s_own_organisation_is_meant(
    desk: Desk, names: list[str]
) -> None:
    client_id = desk.world.connected(names[1])
    assert _chosen(desk.again(client_id)) == names[1]
    assert _chosen(desk.again(client_id, names[1])) == names[1]


def test_another_organisation_than_the_client_s_is_never_taken_unasked(desk: Desk, names: list[str]) -> None:
    client_id = desk.world.connected(names[0])
    got = desk.again(client_id, names[1])
    assert (got.chosen, [each.organisation.name for each in got.organisations]) == (None, [names[1]])
    assert desk.world.card(client_id).organisation_name == names[0]
    shown = desk.connecting.arrived(got)
    assert isinstance(shown, ClientChoices)
    assert (shown.has, [each.organisation.name for each in shown.free]) == (names[0], [names[1]])


def test_a_change_means_the_only_other_organisation_and_is_asked_among_several(desk: Desk, names: list[str]) -> None:
    client_id = desk.world.connected(names[0])
    assert _chosen(desk.again(client_id, names[0], names[1], changing=True)) == names[1]
    assert desk.world.card(client_id).organisation_name == names[1]
    assert _chosen(desk.again(client_id, changing=True)) is None
    assert desk.world.card(client_id).organisation_name == names[1]


def test_the_window_names_where_it_leads_and_what_the_client_has(desk: Desk, names: list[str]) -> None:
    ada, client_id = desk.world.ada, desk.world.client()
    shown = desk.connecting.begin(ada, client_id, SAGE)
    assert shown == ClientConnecting(
        client_id=client_id,
        client_name="Acme",
        has=None,
        changing=False,
        links=shown.links,
        external_id=shown.external_id,
    )
    assert [provider for provider, _ in shown.links] == [SAGE]
    desk.again(client_id, names[0])
    shown = desk.connecting.begin(ada, client_id, SAGE, changing=True)
    assert ([provider for provider, _ in shown.links], shown.has) == ([SAGE, XERO], names[0])


def test_a_client_out_of_sight_or_deactivated_is_not_connected(desk: Desk, birch: Office) -> None:
    client_id = desk.world.client()
    elm = office(desk.world.database, slack_key="T_ELM")
    for actor in (birch.sam, elm.ada):
        with pytest.raises(NotFoundError):
            desk.connecting.begin(actor, client_id, XERO)
        with pytest.raises(NotFoundError):
            desk.cards.card(actor, client_id)
    with desk.world.database.begin() as session:
        session.get_one(Client, client_id).deactivated_at = desk.world.database.now()
    with pytest.raises(ConflictError, match="Acme is deactivated"):
        desk.connecting.begin(birch.ada, client_id, XERO)


@pytest.mark.parametrize("self_employed", [{"kind": ClientKind.SOLO}, {"tax_categories": TaxCategories.T2125}])
def test_a_self_employed_client_is_offered_no_accounting_software(desk: Desk, self_employed: dict[str, str]) -> None:
    client_id = desk.world.client()
    with desk.world.database.begin() as session:
        session.execute(update(Client).where(Client.id == client_id).values(**self_employed))
    assert desk.cards.card(desk.world.ada, client_id).offered == ()
    with pytest.raises(ConflictError, match="Acme is self-employed"):
        desk.connecting.begin(desk.world.ada, client_id, XERO)


def test_a_provider_that_is_not_set_up_is_refused(desk: Desk) -> None:
    del desk.world.providers[SAGE]
    with pytest.raises(NotFoundError, match="not set up for Sage Accounting"):
        desk.connecting.begin(desk.world.ada, desk.world.client(), SAGE)


def test_what_a_sign_in_reaches_is_offered_with_those_of_others_named(desk: Desk, names: list[str]) -> None:
    first, second = desk.world.connected(names[0]), desk.world.connected(names[1])
    shown = desk.connecting.arrived(desk.again(first, changing=True))
    assert isinstance(shown, ClientChoices)
    assert {each.organisation.name for each in shown.free} == {names[0], *names[2:]}
    assert [(each.organisation.name, each.taken_by) for each in shown.taken] == [(names[1], f"For {names[1]}")]
    assert (shown.found, shown.total, shown.taken_count) == (len(names) - 1, len(names), 1)
    sought = desk.connecting.choices(desk.world.ada, second, shown.authorisation_id, names[2][:6].upper())
    assert [each.organisation.name for each in sought.free] == [names[2]]


def test_what_is_in_the_way_of_a_choice_is_in_the_window(desk: Desk, names: list[str]) -> None:
    ada, xero = desk.world.ada, desk.world.sandbox.xero
    desk.world.connected(names[0])
    client_id = desk.world.client()
    sign_in = desk.again(client_id).authorisation_id
    taken = desk.connecting.choose(ada, client_id, sign_in, xero.tenant(names[0]))
    assert isinstance(taken, ClientChoices)
    assert taken.problem == (
        f"{names[0]} is already connected to your client For {names[0]}. Choose another organisation."
    )
    xero.fault("http500", path="connections", times=1)
    failed = desk.connecting.choose(ada, client_id, sign_in, xero.tenant(names[1]))
    assert isinstance(failed, ClientConnecting)
    assert failed.authorisation_id == sign_in
    assert failed.problem == "Xero can't be reached right now. Try again in a few minutes."
    done = desk.connecting.choose(ada, client_id, sign_in, xero.tenant(names[1]))
    assert isinstance(done, ClientCard)
    assert done.connection is not None
    assert done.connection.organisation_name == names[1]


def test_the_sign_in_of_somebody_else_chooses_nothing(desk: Desk, birch: Office, names: list[str]) -> None:
    client_id = desk.world.client()
    sign_in = desk.again(client_id).authorisation_id
    with pytest.raises(NotFoundError, match="no longer yours"):
        desk.connecting.choices(birch.clem, client_id, sign_in)
    with pytest.raises(NotFoundError, match="no longer yours"):
        desk.connecting.choose(birch.clem, client_id, sign_in, desk.world.sandbox.xero.tenant(names[0]))


def test_a_message_says_how_a_consent_ended_for_those_who_still_see_the_client(
    desk: Desk, birch: Office, names: list[str]
) -> None:
    client_id = desk.world.client()
    waiting, done = desk.again(client_id), desk.again(client_id, names[0])
    for consent in (waiting, done, replace(waiting, organisations=())):
        desk.connecting.tell_arrived(consent)
    database = desk.world.database
    with database.read() as session:
        told = [job.args for job in session.scalars(select(Job).where(Job.kind == FINISHED).order_by(Job.id))]
    assert [each["chosen"] for each in told] == [False, True]

    def notice(colleague_id: uuid.UUID, *, chosen: bool, practice_id: uuid.UUID = birch.practice_id) -> object:
        return desk.connecting.notice(practice_id, client_id, colleague_id, done.authorisation_id, chosen=chosen)

    expected = ClientConsentNotice(
        practice_id=birch.practice_id,
        slack_user_id="U_ADA",
        client_id=client_id,
        client_name="Acme",
        provider=XERO,
        authorisation_id=done.authorisation_id,
        organisation=None,
    )
    assert notice(birch.ada.colleague_id, chosen=False) == expected
    assert notice(birch.ada.colleague_id, chosen=True) == replace(expected, organisation=names[0])
    with pytest.raises(NotFoundError):
        notice(birch.sam.colleague_id, chosen=True)
    elm = office(database, slack_key="T_ELM")
    with pytest.raises(NotFoundError):
        notice(elm.ada.colleague_id, chosen=True, practice_id=elm.practice_id)
    with database.begin() as session:
        session.delete(session.get_one(Authorisation, done.authorisation_id))
        index_clients(session, [client_id])
    with pytest.raises(NotFoundError, match="no longer there"):
        notice(birch.ada.colleague_id, chosen=False)


def test_a_card_tells_all_of_a_client(desk: Desk, birch: Office, names: list[str]) -> None:
    service = add_client(desk.world.database)
    review = to_review(
        service,
        birch.ada,
        details={"name": names[0], "practice_code": "L-1", "industry": "Wholesale and distribution"},
        invite={"invite": "now", "contact_name": "Pat", "contact_email": "pat@example.com"},
    )
    service.create(birch.ada, review.draft_id, revision=review.revision)
    with desk.world.database.read() as session:
        client = session.scalars(select(Client)).one()
        invitation = session.scalars(select(Invitation)).one()
    desk.again(client.id, names[0])
    now = desk.world.database.now()
    shown = desk.cards.card(birch.clem, client.id)
    assert shown == ClientCard(
        client_id=client.id,
        kind=ClientKind.BUSINESS,
        name=names[0],
        practice_code="L-1",
        industry="Wholesale and distribution",
        solutions=Solutions.BOOKKEEPING,
        software=Software.XERO,
        tax_categories=None,
        extract=ExtractAddress(client.extract_name, DOMAIN),
        deactivated_at=None,
        users=1,
        owner=Owner(
            client_user_id=invitation.client_user_id,
            name="Pat",
            email="pat@example.com",
            invitation=InvitationSummary(
                invitation_id=invitation.id,
                status=InvitationStatus.QUEUED,
                failure=None,
                inviter="U_ADA",
                created_at=invitation.created_at,
                sent_at=None,
                opened_at=None,
                accepted_at=None,
                expires_at=invitation.created_at + timedelta(days=7),
            ),
            signs_in=False,
        ),
        colleagues=0,
        teams=0,
        account_manager=None,
        connection=ConnectionCard(
            provider=XERO,
            status=ConnectionStatus.CONNECTED,
            state=ConnectionState.CONNECTED,
            organisation_name=names[0],
            legal_name=desk.world.card(client.id).legal_name,
            holder="U_ADA",
            holder_active=True,
            connected_at=now,
            refreshed_at=now,
            refreshes_daily=True,
        ),
        information=shown.information,
        offered=(XERO, SAGE),
    )
    assert (shown.information.organisation, shown.information.refreshed_at) == (None, None)
    refreshed = desk.cards.refresh(birch.clem, client.id)
    assert refreshed.problem is None
    assert refreshed.information.organisation is not None
    assert refreshed.information.organisation.name == names[0]


def test_a_refresh_that_fails_says_why_on_the_card(desk: Desk, names: list[str]) -> None:
    client_id = desk.world.connected(names[0])
    desk.world.sandbox.xero.revoke(desk.world.sandbox.xero.tenant(names[0]))
    shown = desk.cards.refresh(desk.world.ada, client_id)
    assert shown.problem == NotAuthorised(XERO).message
    assert shown.connection is not None
    assert shown.connection.state is ConnectionState.DISCONNECTED
    assert desk.cards.disconnect(desk.world.ada, client_id) == replace(shown, connection=None, problem=None)


def test_app_home_counts_the_broken_connections_of_clients_that_the_person_sees(
    desk: Desk, birch: Office, names: list[str]
) -> None:
    database: Database = desk.world.database
    overview = OverviewService(database)
    clients = [desk.world.connected(name) for name in names[:3]]
    assert overview.of(birch.ada).broken.count == 0
    for name in names[:3]:
        desk.world.sandbox.xero.revoke(desk.world.sandbox.xero.tenant(name))
    for client_id in clients:
        desk.cards.refresh(birch.ada, client_id)
    with database.begin() as session:
        session.get_one(Client, clients[0]).deactivated_at = database.now()
    assert [overview.of(each).broken.count for each in (birch.ada, birch.clem, birch.sam)] == [2, 2, 0]
