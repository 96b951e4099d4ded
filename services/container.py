"""All services, built once."""

from collections.abc import Mapping
from dataclasses import dataclass

from db.models import Provider
from db.session import Database
from services.accounting.budgets import USUAL, Budgets
from services.accounting.calls import ProviderCalls
from services.accounting.consent import ConsentService
from services.accounting.linking import ConnectionService
from services.accounting.port import AccountingProvider
from services.accounting.standard_information import InformationService
from services.accounting.tokens import TokenManager
from services.accounting.upkeep import UpkeepService
from services.accounts.deciding import OfferService
from services.accounts.letters import OfferLetters
from services.accounts.moving import MovedConnections
from services.accounts.offering import AccountService
from services.accounts.sessions import SessionService
from services.add_client.service import AddClientService
from services.audit.export import AuditExportService
from services.audit.trail import AuditTrailService
from services.client_sync.service import ClientSyncService
from services.clients.access_of import ClientAccessService
from services.clients.accounts import ClientUserService
from services.clients.card import ClientCardService
from services.clients.codes import ClientCodesService
from services.clients.connecting import ClientConnectingService
from services.clients.details import ClientDetailsService
from services.clients.export import ClientListExportService
from services.clients.history import ClientHistoryService
from services.clients.lifecycle import ClientLifecycleService
from services.clients.search import ClientSearchService
from services.colleagues.access import AccessService
from services.colleagues.leaving import HandoverService
from services.colleagues.service import ColleagueService
from services.colleagues.teams import TeamService
from services.delivery.email import Mailer
from services.delivery.sms import Texter
from services.exports import ExportService
from services.insights import InsightsService
from services.invitations.bulk import BulkInviting
from services.invitations.delivery import DeliveryService
from services.invitations.first_user import FirstUserService
from services.invitations.listing import InvitationListService
from services.invitations.nudging import NudgeService
from services.invitations.reminder_settings import ReminderSettingsService
from services.invitations.reminders import ReminderService
from services.invitations.renewing import InvitationActions
from services.invitations.service import InvitationService
from services.invitations.texting import TextingService
from services.keys import Keyring
from services.logins import Passwords
from services.overview.service import OverviewService
from services.overview.watching import HomeService
from services.people import PeopleService
from services.permissions.cards import CardService
from services.permissions.ending import PermissionEndingService
from services.permissions.listing import PermissionListService
from services.permissions.service import PermissionService
from services.practice import PracticeService
from services.practice_settings import PracticeSettingsService
from services.solo.deadlines import DeadlineService
from services.solo.service import SoloService
from services.tax.service import TaxService
from services.uploads.runs import UploadService
from services.workspaces import WorkspaceService


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    people: PeopleService
    practices: PracticeService
    practice_settings: PracticeSettingsService
    workspaces: WorkspaceService
    add_client: AddClientService
    client_sync: ClientSyncService
    consent: ConsentService
    connections: ConnectionService
    client_cards: ClientCardService
    client_connecting: ClientConnectingService
    client_search: ClientSearchService
    colleagues: ColleagueService
    teams: TeamService
    access: AccessService
    handover: HandoverService
    client_list_exports: ClientListExportService
    client_codes: ClientCodesService
    client_details: ClientDetailsService
    client_history: ClientHistoryService
    client_lifecycle: ClientLifecycleService
    client_users: ClientUserService
    client_access: ClientAccessService
    sessions: SessionService
    accounts: AccountService
    offers: OfferService
    offer_letters: OfferLetters
    moved_connections: MovedConnections
    upkeep: UpkeepService
    information: InformationService
    invitations: InvitationService
    invitation_actions: InvitationActions
    invitation_list: InvitationListService
    bulk_inviting: BulkInviting
    deliveries: DeliveryService
    nudges: NudgeService
    texting: TextingService
    first_users: FirstUserService
    overview: OverviewService
    home: HomeService
    reminders: ReminderService
    reminder_settings: ReminderSettingsService
    permissions: PermissionService
    permission_cards: CardService
    permission_list: PermissionListService
    permission_ending: PermissionEndingService
    exports: ExportService
    uploads: UploadService
    audit_trail: AuditTrailService
    audit_exports: AuditExportService
    insights: InsightsService
    solo: SoloService
    solo_deadlines: DeadlineService
    tax: TaxService


def build(
    database: Database,
    keys: Keyring,
    mailer: Mailer,
    *,
    public_url: str,
    email_from: str,
    extract_domain: str,
    first_admin: str | None,
    billing_url: str | None,
    providers: Mapping[Provider, AccountingProvider],
    connection_cap: Mapping[Provider, int],
    budgets: Mapping[Provider, Budgets] = USUAL,
    bulk_connections: Mapping[Provider, bool],
    sync_window: int,
    texter: Texter | None = None,
    mobile_app_url: str | None = None,
) -> Services:
    """Without a `texter`, nothing goes out as a text message."""
    calls = ProviderCalls(database, TokenManager(database, keys, providers), budgets)
    consent = ConsentService(database, keys, providers, public_url=public_url, connection_cap=connection_cap)
    connections = ConnectionService(database, calls, providers)
    passwords = Passwords()
    information = InformationService(database, calls, providers)
    cards = ClientCardService(database, connections, information, keys=keys, extract_domain=extract_domain)
    return Services(
        people=PeopleService(database, first_admin=first_admin),
        practices=PracticeService(database, first_admin=first_admin, billing_url=billing_url),
        practice_settings=PracticeSettingsService(database, billing_url=billing_url, providers=providers),
        workspaces=WorkspaceService(database, keys, first_admin=first_admin),
        add_client=AddClientService(
            database,
            keys,
            extract_domain=extract_domain,
            billing_url=billing_url,
            consent=consent,
            connections=connections,
            texts=texter is not None,
            account_url=f"{public_url.rstrip('/')}/account",
        ),
        client_sync=ClientSyncService(
            database, keys, calls, providers, consent, bulk_connections=bulk_connections, window=sync_window
        ),
        consent=consent,
        connections=connections,
        client_cards=cards,
        client_connecting=ClientConnectingService(database, consent, connections, cards),
        client_search=ClientSearchService(database),
        colleagues=ColleagueService(database),
        teams=TeamService(database),
        access=AccessService(database),
        handover=HandoverService(database),
        client_list_exports=ClientListExportService(database, extract_domain=extract_domain),
        client_codes=ClientCodesService(database),
        client_details=ClientDetailsService(database, extract_domain=extract_domain),
        client_history=ClientHistoryService(database),
        client_lifecycle=ClientLifecycleService(database),
        client_users=ClientUserService(database, keys, texts=texter is not None),
        client_access=ClientAccessService(database),
        sessions=SessionService(database, passwords=passwords),
        accounts=AccountService(database),
        offers=OfferService(database),
        offer_letters=OfferLetters(database, mailer, public_url=public_url, email_from=email_from),
        moved_connections=MovedConnections(database, calls, providers),
        upkeep=UpkeepService(database, calls, providers),
        information=information,
        invitations=InvitationService(
            database,
            keys,
            mailer,
            public_url=public_url,
            email_from=email_from,
            now=database.now,
            passwords=passwords,
        ),
        invitation_actions=InvitationActions(database, keys, texts=texter is not None),
        invitation_list=InvitationListService(database),
        bulk_inviting=BulkInviting(database, keys),
        deliveries=DeliveryService(database),
        nudges=NudgeService(database, keys, mailer, public_url=public_url, email_from=email_from),
        texting=TextingService(database, keys, texter, public_url=public_url, app_url=mobile_app_url),
        first_users=FirstUserService(database, keys, texts=texter is not None),
        overview=OverviewService(database),
        home=HomeService(database),
        reminders=ReminderService(database),
        reminder_settings=ReminderSettingsService(database),
        permissions=PermissionService(database, billing_url=billing_url),
        permission_cards=CardService(database, billing_url=billing_url),
        permission_list=PermissionListService(database, billing_url=billing_url),
        permission_ending=PermissionEndingService(database),
        exports=ExportService(database),
        uploads=UploadService(database, keys, texts=texter is not None),
        audit_trail=AuditTrailService(database),
        audit_exports=AuditExportService(database),
        insights=InsightsService(database),
        solo=SoloService(database, keys),
        solo_deadlines=DeadlineService(database),
        tax=TaxService(database),
    )
