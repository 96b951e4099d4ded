"""The audit trail in plain words: what was done, and which values changed."""

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from db.models import Region, Source

GROUPS: dict[str, tuple[str, dict[str, str]]] = {
    "clients": (
        "Clients",
        {
            "client.created": "Client added",
            "client.details_changed": "Client’s details changed",
            "client.renamed": "Client renamed",
            "client.extract_address_changed": "Extract address changed",
            "client.owner_changed": "Account handed over to another owner",
            "client.deactivated": "Client deactivated",
            "client.reactivated": "Client reactivated",
            "client.names_accepted": "Different names accepted",
            "client.access_given": "Access to a client given",
            "client.access_taken": "Access to a client taken back",
            "client.access_ended": "Access to a client ended",
            "client.manager_changed": "Account manager changed",
            "client.numbers_changed": "Self-employed client’s details changed",
            "client.income_source_added": "Income source added",
            "client.income_source_changed": "Income source changed",
            "client.exported": "Client’s lists exported",
            "client.moved_here": "Client came from another practice",
            "client.moved_away": "Client went to another practice",
            "offer.made": "Client invited the practice to their account",
            "offer.accepted": "Client’s account accepted",
            "offer.declined": "Client’s account declined",
            "offer.expired": "Client’s invitation of the practice expired",
            "offer.withdrawn": "Client’s invitation of the practice withdrawn",
            "client.asked_to_invite": "Client asked to invite the practice",
            "client.tax_items_added": "Costs and sales uploaded",
            "client.tax_items_deleted": "Costs and sales of a year deleted",
            "client.tax_summary_sent": "Tax summary exported",
            "client.tax_template_sent": "Template for costs and sales sent",
            "client_user.added": "Client user added",
            "client_user.changed": "Client user’s role or privileges changed",
            "client_user.deactivated": "Client user deactivated",
            "client_user.reactivated": "Client user reactivated",
            "client_user.email_changed": "Client user’s e-mail changed",
            "client_user.mobile_changed": "Client user’s mobile changed",
            "client_user.login_given": "Client user signs in by another invitation",
            "draft.discarded": "Draft discarded",
        },
    ),
    "invitations": (
        "Invitations",
        {
            "invitation.created": "Invitation made",
            "invitation.sent": "Invitation sent",
            "invitation.failed": "Invitation could not be delivered",
            "invitation.queued": "Invitation queued again",
            "invitation.opened": "Invitation opened",
            "invitation.accepted": "Invitation accepted",
            "invitation.expired": "Invitation expired",
            "invitation.superseded": "Invitation replaced by a newer one",
            "invitation.revoked": "Invitation revoked",
            "invitation.renewal_asked": "Client asked for a new invitation",
            "invitation.snoozed": "Reminder snoozed",
            "invitation.reminders_stopped": "Reminders of an invitation stopped",
            "invitation.passed_on": "Invitation passed on to a colleague",
        },
    ),
    "connections": (
        "Connections",
        {
            "client.connected": "Client connected",
            "client.disconnected": "Client disconnected",
            "client.connection_changed": "Connection’s status changed",
            "client.connection_moved": "Connection moved to another sign-in",
            "client.connection_settings": "Connection’s settings changed",
            "authorisation.given": "Signed in at the accounting software",
            "authorisation.ended": "Sign-in at the accounting software ended",
        },
    ),
    "client_sync": (
        "Client Sync",
        {
            "client_sync.started": "Client Sync started",
            "client_sync.cancelled": "Client Sync cancelled",
            "client_sync.tried_again": "Client Sync: failed ones tried again",
        },
    ),
    "imports": (
        "Uploads",
        {
            "import.started": "Import of a file started",
            "import.finished": "Import of a file finished",
            "import.cancelled": "Upload cancelled",
            "import.errors_sent": "Rows that failed sent as a file",
        },
    ),
    "permissions": (
        "Permissions",
        {
            "permission.requested": "Permission requested",
            "permission.approved": "Request approved",
            "permission.declined": "Request declined",
            "permission.expired": "Request expired",
            "permission.withdrawn": "Request withdrawn",
            "permission.refused": "Decision refused",
        },
    ),
    "colleagues": (
        "Colleagues and teams",
        {
            "colleague.met": "First use of Clientdesk",
            "colleague.added": "Colleague added",
            "colleague.brought_back": "Colleague brought back",
            "colleague.changed": "Colleague’s role or permissions changed",
            "colleague.took_over": "Took over as Practice Admin",
            "colleague.left": "Colleague left",
            "colleague.handed_over": "What a colleague held handed over",
            "colleague.reminders_changed": "Own reminders changed",
            "colleague.zone_changed": "Time zone changed in Slack",
            "team.created": "Team made",
            "team.changed": "Team changed",
            "team.deleted": "Team deleted",
            "team.joined": "Took a leaver’s place in a team",
        },
    ),
    "settings": (
        "Settings",
        {
            "practice.installed": "App installed",
            "practice.restored": "App installed again",
            "practice.uninstalled": "App uninstalled",
            "practice.set_up": "Practice set up",
            "practice.changed": "Practice changed",
            "practice.details_changed": "Practice’s details changed",
            "practice.subscription_changed": "Subscription changed",
            "practice.bundle_raised": "Client bundle raised",
            "practice.client_defaults_changed": "Client defaults changed",
            "practice.reminders_changed": "Reminder settings changed",
            "practice.approvals_channel_changed": "Approvals channel changed",
        },
    ),
    "reports": (
        "Reports",
        {
            "audit.exported": "Audit trail exported",
            "clients.exported": "List of clients exported",
            "insights.picture_sent": "Insights sent as a picture",
        },
    ),
}
"""Every action that is recorded, as people look for it."""

_ACTIONS = {action: said for _, actions in GROUPS.values() for action, said in actions.items()}

SOURCES = {
    Source.SLACK: "Slack",
    Source.WEB: "web page",
    Source.WORKER: "background",
    Source.OPERATOR: "server",
}
NOBODY = {
    Source.SLACK: "Somebody in Slack",
    Source.WEB: "A client",
    Source.WORKER: "Clientdesk itself",
    Source.OPERATOR: "The operator",
}
"""Who did what no colleague did."""

_HIDDEN = frozenset({"defaults", "tenant_id", "bot_user_id", "scopes", "extract_name"})
"""Of use to machines only; the page about the subject has the rest."""

APPROVALS_CHANNEL = "Approvals channel"
_FIELDS = {
    "approvals_channel": APPROVALS_CHANNEL,
    "archive_after_publishing": "Archive after publishing",
    "contact_email": "E-mail",
    "days": "Days",
    "due_date_days": "Due date (days)",
    "email": "E-mail",
    "has_dhi": "Data Health & Insights",
    "has_login_access": "Login access",
    "may_create_expense_claims": "May create expense claims",
    "may_manage_documents": "May manage all documents",
    "may_publish": "May publish",
    "may_add_clients": "Add client accounts",
    "may_add_clients_until": "Add client accounts until",
    "may_see_insights": "Practice insights",
    "nino": "National Insurance number",
    "nudges": "Clients are reminded by e-mail",
    "nudges_clients": "Clients are reminded by e-mail",
    "refreshes_daily": "Lists refreshed every day",
    "reminded": "Reminders",
    "reminds": "Reminders",
    "slack_user_id": "Slack user",
    "timezone": "Time zone",
    "uninstalled_at": "Uninstalled",
    "utr": "UTR",
}
_CHOSEN = frozenset(
    {
        "accounting_method",
        "business_type",
        "categorisation",
        "connection",
        "invitation",
        "kind",
        "may_publish",
        "partner_programme",
        "payment_status",
        "period_type",
        "permission",
        "plan",
        "provider",
        "role",
        "software",
        "solutions",
        "status",
    }
)
"""Fields whose values are ours, not somebody's words."""

_VALUES = {
    "add_clients": "Add client accounts",
    "all": "all items",
    "bookkeeping": "Bookkeeping",
    "bookkeeping_dhi": "Bookkeeping + Data Health & Insights",
    "bundle": "more clients in the bundle",
    "business_admin": "Business Admin",
    "cash": "cash basis",
    "client": "access to a client",
    "client_admin": "Client Admin",
    "failed": "could not be delivered",
    "later": "to be connected later",
    "practice_admin": "Practice Admin",
    "sage": "Sage",
    "solo": "self-employed",
    "superseded": "replaced",
    "uk_property": "UK property",
    "user_admin": "User Admin",
    "xero": "Xero",
}
_REGIONS = {
    Region.UNITED_KINGDOM: "United Kingdom",
    Region.UNITED_STATES: "United States",
    Region.CANADA: "Canada",
    Region.IRELAND: "Ireland",
    Region.AUSTRALIA: "Australia",
    Region.NEW_ZEALAND: "New Zealand",
    Region.SOUTH_AFRICA: "South Africa",
    Region.OTHER: "another region",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A field's value before and after, each None where the entry does not tell it."""

    field: str
    before: str | None
    after: str | None


def action(name: str) -> str:
    return _ACTIONS.get(name) or _spaced(name.replace(".", ": "))


def actions_of(what: str) -> tuple[str, ...] | None:
    """Those of a group, or the one that is named; None for what there is not."""
    if what in GROUPS:
        return tuple(GROUPS[what][1])
    return (what,) if what in _ACTIONS else None


def choice(what: str) -> str:
    """What the person looks for, in words."""
    return GROUPS[what][0] if what in GROUPS else action(what)


def changes(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, local: tzinfo) -> tuple[Change, ...]:
    """What differs, with times as a clock in `local` shows them."""
    was, is_now = dict(_flat(before or {})), dict(_flat(after or {}))
    found = []
    for key in dict.fromkeys((*is_now, *was)):
        old, new = was.get(key), is_now.get(key)
        if old == new or (_is_nothing(old) and _is_nothing(new)) or _is_id(old) or _is_id(new):
            continue
        tells_old = key in was and not (_is_nothing(old) and key not in is_now)
        change = Change(
            field=_FIELDS.get(key) or _spaced(key),
            before=_value(key, old, local) if tells_old else None,
            after=_value(key, new, local) if key in is_now else None,
        )
        found.append(change)
    return tuple(found)


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if key in _HIDDEN:
            continue
        if isinstance(value, Mapping):
            yield from _flat(value)
        else:
            yield key, value


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | list) and not value)


def _is_id(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 36:
        return False
    try:
        return bool(uuid.UUID(value))
    except ValueError:
        return False


def _value(key: str, value: Any, local: tzinfo) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case None | "" | []:
            return "none"
        case int():
            return f"{value:,}"
        case list():
            return ", ".join(_value(key, each, local) for each in value if not _is_id(each))
        case str():
            return _text(key, value, local)
        case _:
            return str(value)


def _text(key: str, value: str, local: tzinfo) -> str:
    if key in _CHOSEN:
        return _VALUES.get(value) or value.replace("_", " ")
    if key == "region" and value in _REGIONS:
        return _REGIONS[Region(value)]
    if key.endswith(("_at", "until")) and re.match(r"\d{4}-\d\d-\d\dT", value):
        try:
            return f"{datetime.fromisoformat(value).astimezone(local):%-d %b %Y %H:%M}"
        except ValueError:
            return value
    return value


def _spaced(name: str) -> str:
    said = name.replace("_", " ")
    return said[:1].upper() + said[1:]
