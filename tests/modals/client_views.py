"""The views of the clients list and card, and of connecting from it, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from db.models import (
    ConnectionStatus,
    InvitationStatus,
    Provider,
    Software,
    Solutions,
    StandardList,
    TaxCategories,
)
from modals.blocks import Message, View
from modals.clients import card, connecting, listing
from modals.clients.metadata import ListMetadata
from services.accounting.connections import ConnectionState, OfferedOrganisation
from services.accounting.information import InformationSummary, ListSummary
from services.accounting.linking import ConnectionCard
from services.accounting.port import Organisation, OrganisationFacts
from services.add_client.steps import CODE_LENGTH, NAME_LENGTH
from services.clients.card import ClientCard, InvitationSummary, Owner
from services.clients.connecting import ClientChoices, ClientConnecting, ClientConsentNotice
from services.clients.extract import ExtractAddress
from services.clients.search import QUERY_LENGTH, ClientLine, ClientPage, Wish

LONG = "<!channel> & *_~" + "W" * (NAME_LENGTH - 16)
CODE = "&" * CODE_LENGTH
QUERY = '"\\<!channel>' + "ü" * (QUERY_LENGTH - 12)
NOW = datetime(2026, 11, 21, tzinfo=UTC)
AT = ListMetadata(query=QUERY, page=10**6)
URL = "https://clientdesk.example/connect/xero/start?ticket=" + "x" * 900

LINE = ClientLine(
    client_id=uuid.uuid4(),
    name=LONG,
    practice_code=CODE,
    state=ConnectionState.NAME_MISMATCH,
    provider=Provider.SAGE,
    organisation=LONG,
    invitation=InvitationStatus.FAILED,
    deactivated_at=NOW,
)
PAGE = ClientPage(
    wish=Wish(QUERY, 7), pages=10_000, found=99_999, total=100_000, lines=(LINE,) * 10, may_add_clients=True
)
NOTHING = replace(PAGE, wish=Wish(QUERY), pages=1, found=0, lines=())
NO_CLIENTS = replace(NOTHING, wish=Wish(), total=0)

CONNECTION = ConnectionCard(
    provider=Provider.SAGE,
    status=ConnectionStatus.CONNECTED,
    state=ConnectionState.NAME_MISMATCH,
    organisation_name=LONG,
    legal_name=LONG,
    holder="U0123456789",
    holder_active=False,
    connected_at=NOW,
    refreshed_at=NOW,
    refreshes_daily=True,
)
ORGANISATION = OrganisationFacts(
    name=LONG,
    legal_name=LONG,
    organisation_type="x" * 500,
    line_of_business="x" * 500,
    country_code="GB",
    currency="GBP",
    tax_number="x" * 500,
    registration_number="x" * 500,
    year_end_day=31,
    year_end_month=12,
)
INFORMATION = InformationSummary(
    organisation=ORGANISATION,
    refreshed_at=NOW,
    lists=tuple(
        ListSummary(which=which, active=10_000_000, refreshed_at=NOW, failure="x" * 1000) for which in StandardList
    ),
)
NO_INFORMATION = InformationSummary(
    organisation=None, refreshed_at=None, lists=tuple(ListSummary(which=which) for which in StandardList)
)
INVITATION = InvitationSummary(
    invitation_id=uuid.uuid4(),
    status=InvitationStatus.FAILED,
    failure="550 " + "5.1.1 " * 300,
    inviter="U0123456789",
    created_at=NOW,
    sent_at=NOW,
    opened_at=NOW,
    accepted_at=NOW,
    expires_at=NOW,
)
CARD = ClientCard(
    client_id=uuid.uuid4(),
    name=LONG,
    practice_code=CODE,
    industry="Agriculture, forestry and fishing",
    solutions=Solutions.BOOKKEEPING_DHI,
    software=Software.SAGE,
    tax_categories=TaxCategories.SCHEDULE_C,
    extract=ExtractAddress("x" * 48, "extract." + "d" * 200 + ".example"),
    deactivated_at=None,
    owner=Owner(
        client_user_id=uuid.uuid4(),
        name=LONG,
        email="e" * 64 + "@example.com",
        invitation=INVITATION,
        signs_in=False,
    ),
    connection=CONNECTION,
    information=INFORMATION,
    offered=tuple(Provider),
    problem="x" * 2000,
)
UNCONNECTED = replace(CARD, connection=None, owner=None, information=NO_INFORMATION, problem=None)


def state(found: ConnectionState) -> ClientCard:
    return replace(CARD, connection=replace(CONNECTION, state=found))


def _organisations(number: int, taken_by: str | None = None) -> tuple[OfferedOrganisation, ...]:
    return tuple(
        OfferedOrganisation(organisation=Organisation(tenant_id=str(uuid.uuid4()), name=LONG), taken_by=taken_by)
        for _ in range(number)
    )


CONNECTING = ClientConnecting(
    client_id=uuid.uuid4(),
    client_name=LONG,
    has=LONG,
    changing=True,
    links=tuple((each, URL) for each in Provider),
    external_id=str(uuid.uuid4()),
    problem="x" * 2000,
    authorisation_id=uuid.uuid4(),
)
CHOICES = ClientChoices(
    client_id=uuid.uuid4(),
    client_name=LONG,
    has=LONG,
    provider=Provider.XERO,
    authorisation_id=uuid.uuid4(),
    query=QUERY,
    found=10_000,
    total=20_000,
    free=_organisations(100),
    taken=_organisations(20, LONG),
    taken_count=10_000,
    start_url=URL,
    external_id=str(uuid.uuid4()),
    problem="x" * 2000,
)
NOTICE = ClientConsentNotice(
    practice_id=uuid.uuid4(),
    slack_user_id="U_ADA",
    client_id=uuid.uuid4(),
    client_name=LONG,
    provider=Provider.SAGE,
    authorisation_id=uuid.uuid4(),
    organisation=LONG,
)

VIEWS: dict[str, View] = {
    "clients": listing.listing(PAGE),
    "clients, nothing found": listing.listing(NOTHING),
    "clients, none": listing.listing(NO_CLIENTS),
    "clients, none to be seen": listing.listing(replace(NO_CLIENTS, may_add_clients=False)),
    **{f"card, {each}": card.card(state(each), AT) for each in ConnectionState},
    "card, exported": card.card(CARD, AT, note=card.EXPORTED),
    "card, never invited": card.card(replace(CARD, owner=replace(CARD.owner, invitation=None) if CARD.owner else None)),
    "card, deactivated": card.card(replace(CARD, deactivated_at=NOW, owner=None)),
    "card, not connected": card.card(UNCONNECTED),
    "card, not connected and deactivated": card.card(replace(UNCONNECTED, deactivated_at=NOW)),
    "card, nothing to connect to": card.card(replace(UNCONNECTED, offered=())),
    "card, nothing fetched yet": card.card(replace(CARD, information=NO_INFORMATION)),
    "connection settings": card.settings(CARD, AT),
    "connecting": connecting.connecting(CONNECTING, AT),
    "reconnecting": connecting.connecting(replace(CONNECTING, changing=False, links=CONNECTING.links[:1])),
    "choosing of few": connecting.choices(replace(CHOICES, free=CHOICES.free[:10], found=10, query="")),
    "choosing of many": connecting.choices(replace(CHOICES, found=100, query="")),
    "choosing of very many": connecting.choices(CHOICES, AT),
    "choosing, none found": connecting.choices(replace(CHOICES, free=(), found=0, taken=(), taken_count=0)),
    "choosing, none free": connecting.choices(replace(CHOICES, free=(), found=0, query="")),
}
MESSAGES: dict[str, Message] = {
    "client connected": connecting.consent_finished(NOTICE),
    "client connected, organisation to choose": connecting.consent_finished(replace(NOTICE, organisation=None)),
}
