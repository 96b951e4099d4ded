"""Every table, one module each. Importing this package fills the metadata."""

from db.models.audit_entry import AuditEntry, Source
from db.models.authorisation import Authorisation, OAuthState, Provider
from db.models.client import Client, ClientAccess, ClientKind, Software, Solutions, TaxCategories
from db.models.client_user import ClientRole, ClientUser, Login
from db.models.colleague import Colleague, Role
from db.models.connection import Connection, ConnectionStatus
from db.models.draft import Draft
from db.models.install_state import InstallState
from db.models.installation import Installation
from db.models.invitation import LIVE, Channel, Invitation, InvitationLink, InvitationStatus
from db.models.job import Job, JobOutcome, Lane
from db.models.pace import Pace
from db.models.permission_request import PermissionCard, PermissionKind, PermissionRequest, RequestStatus
from db.models.practice import Plan, Practice, Region
from db.models.team import Team, TeamMember

__all__ = [
    "LIVE",
    "AuditEntry",
    "Authorisation",
    "Channel",
    "Client",
    "ClientAccess",
    "ClientKind",
    "ClientRole",
    "ClientUser",
    "Colleague",
    "Connection",
    "ConnectionStatus",
    "Draft",
    "InstallState",
    "Installation",
    "Invitation",
    "InvitationLink",
    "InvitationStatus",
    "Job",
    "JobOutcome",
    "Lane",
    "Login",
    "OAuthState",
    "Pace",
    "PermissionCard",
    "PermissionKind",
    "PermissionRequest",
    "Plan",
    "Practice",
    "Provider",
    "Region",
    "RequestStatus",
    "Role",
    "Software",
    "Solutions",
    "Source",
    "TaxCategories",
    "Team",
    "TeamMember",
]
