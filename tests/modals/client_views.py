"""The views of the clients list and card, and of connecting from it, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from db.models import (
    ClientKind,
    ClientRole,
    ConnectionStatus,
    InvitationStatus,
    Provider,
    Publishing,
    Software,
    Solutions,
    StandardList,
    TaxCategories,
)
from modals.blocks import Message, View
from modals.clients import access, card, codes, connecting, details, files, history, listing, users
from modals.clients.metadata import ClientMetadata, ListMetadata
from services.accounting.connections import ConnectionState, OfferedOrganisation
from services.accounting.information import InformationSummary, ListSummary
from services.accounting.linking import ConnectionCard
from services.accounting.port import Organisation, OrganisationFacts
from services.add_client.records import Choosable, Twin
from services.add_client.steps import CODE_LENGTH, NAME_LENGTH
from services.audit.finding import Mark
from services.audit.trail import AuditLine
from services.audit.words import Change
from services.clients.access_of import AccessPage, GivingForm, Grant, ManagerForm
from services.clients.card import ClientCard, Owner
from services.clients.codes import CodeChange, CodesPreview, Problem
from services.clients.connecting import ClientChoices, ClientConnecting, ClientConsentNotice
from services.clients.details import ClientDetails, ExtractSettings, LikeOthers
from services.clients.export import ClientListFile
from services.clients.extract import ExtractAddress
from services.clients.history import Applied, ClientHistory
from services.clients.invited import InvitationSummary
from services.clients.lifecycle import Lifecycle
from services.clients.search import QUERY_LENGTH, ClientLine, ClientPage, Invited, Linked, Whose, Wish
from services.clients.user_records import AddedUser, NewUser, Privileges, UserCard, UserLine, UserPage
from services.people import ClientDefaults
from services.practice import Bundle

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
    wish=Wish(QUERY, 7, active=True),
    pages=10_000,
    found=99_999,
    total=100_000,
    lines=(LINE,) * 10,
    may_add_clients=True,
)
NARROW = Wish(
    QUERY, 0, ClientKind.SOLO, invitation=Invited.FAILED, connection=Linked.DISCONNECTED, whose=Whose.MINE, active=None
)
NOTHING = replace(PAGE, wish=Wish(QUERY, active=True), pages=1, found=0, lines=())
NO_CLIENTS = replace(NOTHING, wish=Wish(active=True), total=0)

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
    kind=ClientKind.SOLO,
    users=500,
    colleagues=10_000,
    teams=10_000,
    account_manager=LONG,
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
UNCONNECTED = replace(
    CARD,
    connection=None,
    owner=None,
    information=NO_INFORMATION,
    problem=None,
    tax_categories=None,
    tax=None,
    solo=None,
)


USER = UserLine(
    client_user_id=uuid.uuid4(),
    name=LONG,
    email="e" * 64 + "@" + "d" * 180 + ".example",
    role=ClientRole.STANDARD,
    is_owner=False,
    has_login_access=True,
    signs_in=False,
    invitation=INVITATION,
    deactivated_at=None,
)
USERS = UserPage(
    client_id=uuid.uuid4(), client_name=LONG, is_active=True, page=3, pages=25, total=500, lines=(USER,) * 20
)
USER_CARD = UserCard(
    client_id=uuid.uuid4(),
    client_name=LONG,
    client_is_active=True,
    user=USER,
    mobile="+44 7911 ••• 456",
    privileges=Privileges(manage_documents=True, create_expense_claims=True, publish=Publishing.EXPENSE_CLAIMS),
    is_last_admin=False,
)
ADMIN = replace(USER, role=ClientRole.BUSINESS_ADMIN, signs_in=True)
NEW_USER = NewUser(client_id=uuid.uuid4(), client_name=LONG, is_first=False, texts=True)
TYPED = {"contact_name": LONG, "contact_email": USER.email, "contact_mobile": "+447911123456"}
AT_USER = ClientMetadata.of_client(AT, uuid.uuid4(), user=uuid.uuid4(), part=3)

PEOPLE = tuple(Choosable(uuid.uuid4(), LONG) for _ in range(100))
GRANT = Grant(access_id=uuid.uuid4(), name=LONG, is_team=False, members=(), is_own=False, until=NOW)
GRANTS = (
    replace(GRANT, is_own=True),
    replace(GRANT, until=None),
    *(replace(GRANT, is_team=True, members=(LONG,) * 300) for _ in range(28)),
)
ACCESS = AccessPage(
    client_id=uuid.uuid4(),
    client_name=LONG,
    grants=GRANTS,
    page=1,
    pages=300,
    total=9_000,
    has_managers=True,
    manager=PEOPLE[0],
)
GIVING = GivingForm(client_id=uuid.uuid4(), client_name=LONG, colleagues=PEOPLE, teams=PEOPLE, too_many=False)
MANAGING = ManagerForm(client_id=uuid.uuid4(), client_name=LONG, managers=PEOPLE, chosen=PEOPLE[1], too_many=False)
DETAILS = ClientDetails(
    client_id=uuid.uuid4(),
    name=LONG,
    practice_code=CODE,
    industry="i" * 80,
    solutions=Solutions.BOOKKEEPING_DHI,
    offers_dhi=True,
)
LIKE = LikeOthers(key=f"{LONG}|{CODE}", twins=(Twin(name=LONG, practice_code=CODE, deactivated=True),) * 5)
EXTRACT = ExtractSettings(client_id=uuid.uuid4(), client_name=LONG, address=CARD.extract)
ACTIVE = Lifecycle(
    client_id=uuid.uuid4(),
    name=LONG,
    deactivated_at=None,
    returns_at=None,
    may_return=False,
    waiting_invitations=500,
    is_connected=True,
    bundle=Bundle(used=99_999, included=100_000),
)
AWAY = replace(ACTIVE, deactivated_at=NOW, returns_at=NOW)
CODES = CodesPreview(
    changes=(CodeChange(client_id=uuid.uuid4(), client_name=LONG, before=CODE, code=CODE),) * 10_000,
    unchanged=10_000,
    blank=10_000,
    problems=(Problem(10_000, "x" * 500),) * 10_000,
    digest="f" * 32,
)
ENTRY = AuditLine(
    entry_id=uuid.uuid4(),
    at=NOW,
    who=LONG,
    source="background",
    action="client.details_changed",
    what="x" * 100,
    subject=f"{LONG} ({LONG})",
    changes=tuple(Change(f"field {number}", LONG * 3, LONG * 3) for number in range(20)),
)
HISTORY = ClientHistory(
    client_id=uuid.uuid4(),
    client_name=LONG,
    lines=(ENTRY,) * 10,
    older=Mark(at=NOW, id=uuid.uuid4()),
    is_newest=False,
    sees_trail=True,
)
APPLIED = Applied(client_id=uuid.uuid4(), client_name=LONG, created_at=NOW, defaults=ClientDefaults(due_date_days=365))
FILE = ClientListFile(file_name="Clients.csv", rows=100_000, is_cut=True, content=b"")


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
    "clients, filtered": listing.listing(replace(PAGE, wish=NARROW, is_more=True), listing.EXPORTED),
    "clients, none that fits": listing.listing(replace(NOTHING, wish=NARROW)),
    "clients, all deactivated": listing.listing(replace(NOTHING, wish=Wish(active=True))),
    "clients, none": listing.listing(NO_CLIENTS),
    "clients filter": listing.filter_form(ListMetadata.at(NARROW)),
    "clients filter, nothing chosen": listing.filter_form(AT),
    "practice codes": codes.upload(AT),
    "practice codes, previewed": codes.preview(CODES, AT, file="F" * 11, file_name=LONG),
    "practice codes, pasted": codes.preview(CODES, AT, typed="&" * 3000),
    "practice codes, nothing to save": codes.preview(replace(CODES, changes=()), AT, typed="x"),
    "practice codes, saved": codes.saved(CODES, AT),
    "client details": details.details(DETAILS, AT),
    "client details, like others": details.details(DETAILS, AT, {"name": LONG, "practice_code": CODE}, LIKE),
    "extract address": details.extract(EXTRACT, AT),
    "deactivating": details.lifecycle(ACTIVE, AT),
    "reactivating": details.lifecycle(replace(AWAY, may_return=True), AT),
    "reactivating, no place": details.lifecycle(
        replace(AWAY, may_return=True, bundle=Bundle(used=100_000, included=100_000)), AT
    ),
    "reactivating, too early": details.lifecycle(AWAY, AT),
    "users": users.users(USERS, AT, users.added(AddedUser(name=LONG, email=USER.email, is_invited=True))),
    "users, none": users.users(replace(USERS, lines=(), page=0, pages=1, total=0), AT),
    "users of a deactivated client": users.users(replace(USERS, is_active=False), AT),
    "user": users.user(USER_CARD, AT_USER, users.SAVED),
    "user, never invited": users.user(replace(USER_CARD, user=replace(USER, invitation=None)), AT),
    "user, a business admin": users.user(replace(USER_CARD, user=ADMIN), AT_USER),
    "user, the owner": users.user(replace(USER_CARD, user=replace(ADMIN, is_owner=True)), AT_USER),
    "user, deactivated": users.user(replace(USER_CARD, user=replace(USER, deactivated_at=NOW)), AT_USER),
    "user, added": users.adding(NEW_USER, AT),
    "user, the first one": users.adding(replace(NEW_USER, is_first=True), AT),
    "user, known elsewhere": users.adding(NEW_USER, AT, TYPED, USER.email),
    "user, changed": users.editing(USER_CARD, AT_USER),
    "history": history.history(HISTORY, AT),
    "history, older": history.history(replace(HISTORY, lines=(), older=None, is_newest=False, sees_trail=False), AT),
    "what was applied": history.applied(APPLIED, AT),
    "access": access.access(ACCESS, AT_USER, access.taken(LONG)),
    "access, nobody": access.access(replace(ACCESS, grants=(), page=0, pages=1, manager=None), AT),
    "access, given": access.giving(GIVING, AT),
    "access, given to very many": access.giving(replace(GIVING, too_many=True), AT),
    "access, nobody to give it to": access.giving(replace(GIVING, colleagues=(), teams=()), AT),
    "account manager": access.managing(MANAGING, AT),
    "account manager of very many": access.managing(replace(MANAGING, too_many=True), AT),
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
    "clients as a file": files.sent(FILE),
    "client connected": connecting.consent_finished(NOTICE),
    "client connected, organisation to choose": connecting.consent_finished(replace(NOTICE, organisation=None)),
}
