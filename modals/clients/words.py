"""How a client, its users and its connection stand, in words."""

from db.models import ClientKind, ClientRole, Publishing
from services.accounting.connections import ConnectionState
from services.clients.search import Invited, Linked, Whose

STATES = {
    ConnectionState.NOT_CONNECTED: "Not connected",
    ConnectionState.CONNECTED: "Connected",
    ConnectionState.NAME_MISMATCH: "Name mismatch",
    ConnectionState.EXPIRED: "Expired",
    ConnectionState.DISCONNECTED: "Disconnected",
}
KINDS = {ClientKind.BUSINESS: "Business", ClientKind.SOLO: "Self-employed (Solo)"}
INVITED = {
    Invited.NEVER: "Not invited",
    Invited.WAITING: "Waiting for an answer",
    Invited.FAILED: "Could not be delivered",
    Invited.ACCEPTED: "Accepted",
    Invited.EXPIRED: "Expired",
    Invited.REVOKED: "Revoked",
}
LINKED = {
    Linked.NONE: "Not connected",
    Linked.CONNECTED: "Connected",
    Linked.EXPIRED: "Expired",
    Linked.DISCONNECTED: "Disconnected",
}
WHOSE = {Whose.MINE: "Mine", Whose.TEAM: "My teams’", Whose.ALL: "All that I can open"}
ROLES = {
    ClientRole.BUSINESS_ADMIN: "Business Admin",
    ClientRole.USER_ADMIN: "User Admin",
    ClientRole.STANDARD: "Standard",
}
ROLE_HINTS = {
    ClientRole.BUSINESS_ADMIN: "May do everything in the account",
    ClientRole.USER_ADMIN: "May add User Admins and Standard users",
    ClientRole.STANDARD: "Sees their own items, and what you allow",
}
PUBLISHING = {Publishing.ALL: "All items", Publishing.EXPENSE_CLAIMS: "Expense claims only", Publishing.NONE: "Nothing"}
