"""Every table, one module each. Importing this package fills the metadata."""

from db.models.audit_entry import AuditEntry, Source
from db.models.authorisation import Authorisation, OAuthState, Provider
from db.models.client import Client, ClientAccess, ClientKind, Software, Solutions, TaxCategories
from db.models.client_search import ClientSearch
from db.models.client_user import ClientRole, ClientUser, Login, Publishing
from db.models.colleague import Colleague, Role
from db.models.connection import Connection, ConnectionStatus
from db.models.draft import Draft
from db.models.import_run import ImportChunk, ImportRun, ImportState
from db.models.install_state import InstallState
from db.models.installation import Installation
from db.models.invitation import (
    LIVE,
    Channel,
    Delivery,
    Invitation,
    InvitationLink,
    InvitationStatus,
    Reminder,
    ReminderStage,
)
from db.models.job import Job, JobOutcome, Lane
from db.models.pace import Pace
from db.models.permission_request import PermissionCard, PermissionKind, PermissionRequest, RequestStatus
from db.models.practice import PartnerProgramme, Plan, Practice, Region
from db.models.practice_offer import LoginSession, OfferStatus, PracticeOffer, PracticeOfferCard
from db.models.solo import AccountingMethod, BusinessType, IncomeSource, PeriodType, SoloDetails
from db.models.standard_information import (
    Account,
    Contact,
    Currency,
    ListRefresh,
    OrganisationInformation,
    StandardList,
    TaxRate,
    TrackingCategory,
)
from db.models.sync_run import (
    Choice,
    InformationState,
    ItemState,
    Standing,
    SyncAction,
    SyncItem,
    SyncRun,
    SyncState,
)
from db.models.tax_item import TaxItem, TaxSide
from db.models.team import Team, TeamMember

__all__ = [
    "LIVE",
    "Account",
    "AccountingMethod",
    "AuditEntry",
    "Authorisation",
    "BusinessType",
    "Channel",
    "Choice",
    "Client",
    "ClientAccess",
    "ClientKind",
    "ClientRole",
    "ClientSearch",
    "ClientUser",
    "Colleague",
    "Connection",
    "ConnectionStatus",
    "Contact",
    "Currency",
    "Delivery",
    "Draft",
    "ImportChunk",
    "ImportRun",
    "ImportState",
    "IncomeSource",
    "InformationState",
    "InstallState",
    "Installation",
    "Invitation",
    "InvitationLink",
    "InvitationStatus",
    "ItemState",
    "Job",
    "JobOutcome",
    "Lane",
    "ListRefresh",
    "Login",
    "LoginSession",
    "OAuthState",
    "OfferStatus",
    "OrganisationInformation",
    "Pace",
    "PartnerProgramme",
    "PeriodType",
    "PermissionCard",
    "PermissionKind",
    "PermissionRequest",
    "Plan",
    "Practice",
    "PracticeOffer",
    "PracticeOfferCard",
    "Provider",
    "Publishing",
    "Region",
    "Reminder",
    "ReminderStage",
    "RequestStatus",
    "Role",
    "Software",
    "SoloDetails",
    "Solutions",
    "Source",
    "StandardList",
    "Standing",
    "SyncAction",
    "SyncItem",
    "SyncRun",
    "SyncState",
    "TaxCategories",
    "TaxItem",
    "TaxRate",
    "TaxSide",
    "Team",
    "TeamMember",
    "TrackingCategory",
]
