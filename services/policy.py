"""Who may do what. Pure functions over a colleague's row; each `require_…` raises NotPermittedError with the reason.

The table they stand for is in docs/architecture.md, Who may do what. tests/services/test_policy.py is that table;
tests/services/matrix tries every service method against it.
"""

import uuid

from db.models import Colleague, PermissionKind, Role
from services.errors import NotPermittedError

ADMIN_ROLES = frozenset({Role.PRACTICE_ADMIN, Role.CLIENT_ADMIN})
DECIDERS = {
    PermissionKind.ADD_CLIENTS: ADMIN_ROLES,
    PermissionKind.CLIENT: ADMIN_ROLES,
    PermissionKind.BUNDLE: frozenset({Role.PRACTICE_ADMIN}),
}
"""Those who decide a request of a kind. What is asked for is never an admin role."""


def require_active(colleague: Colleague) -> None:
    if not colleague.active:
        raise NotPermittedError("You no longer have access to Clientdesk at this practice. Ask a Practice Admin.")


def is_admin(colleague: Colleague) -> bool:
    return colleague.active and colleague.role in ADMIN_ROLES


def sees_all_clients(colleague: Colleague) -> bool:
    return colleague.role in ADMIN_ROLES


def may_add_clients(colleague: Colleague) -> bool:
    return colleague.active and (colleague.role in ADMIN_ROLES or colleague.may_add_clients)


def require_add_clients(colleague: Colleague) -> None:
    require_active(colleague)
    if not may_add_clients(colleague):
        raise NotPermittedError("You need the permission “Add client accounts” to add a client.")


def may_see_insights(colleague: Colleague) -> bool:
    return colleague.active and (colleague.role in ADMIN_ROLES or colleague.may_see_insights)


def require_see_insights(colleague: Colleague) -> None:
    require_active(colleague)
    if not may_see_insights(colleague):
        raise NotPermittedError("You need the permission “Practice insights” to see this. Ask an admin.")


def may_change_subscription(colleague: Colleague) -> bool:
    return colleague.active and colleague.role is Role.PRACTICE_ADMIN


def require_change_subscription(colleague: Colleague) -> None:
    require_active(colleague)
    if not may_change_subscription(colleague):
        raise NotPermittedError("Only a Practice Admin can change the subscription. Ask one of them.")


def require_change_practice(colleague: Colleague) -> None:
    """Its name, region and partner programme."""
    require_active(colleague)
    if colleague.role is not Role.PRACTICE_ADMIN:
        raise NotPermittedError("Only a Practice Admin can change the practice's details. Ask one of them.")


def require_change_client_defaults(colleague: Colleague) -> None:
    _require_admin(colleague, "change the client defaults")


def require_change_reminders(colleague: Colleague) -> None:
    _require_admin(colleague, "change the practice's reminders")


def require_change_approvals_channel(colleague: Colleague) -> None:
    _require_admin(colleague, "say where permission requests go")


def require_manage_teams(colleague: Colleague) -> None:
    _require_admin(colleague, "change teams")


def require_see_audit(colleague: Colleague) -> None:
    _require_admin(colleague, "see the audit trail")


def require_manage_colleagues(colleague: Colleague) -> None:
    """To list colleagues, to add them, and to give them clients. Changing one needs `require_edit_colleague`."""
    _require_admin(colleague, "manage colleagues")


def require_edit_colleague(colleague: Colleague, *, held: Role, wanted: Role | None = None) -> None:
    """To change a colleague who holds the role `held`, or to give them the role `wanted`."""
    require_manage_colleagues(colleague)
    if colleague.role is not Role.PRACTICE_ADMIN and Role.PRACTICE_ADMIN in {held, wanted}:
        raise NotPermittedError("Only a Practice Admin can do this to a Practice Admin, or name one.")


def may_edit_colleague(colleague: Colleague, *, held: Role) -> bool:
    return is_admin(colleague) and (colleague.role is Role.PRACTICE_ADMIN or held is not Role.PRACTICE_ADMIN)


def may_decide(colleague: Colleague, kind: PermissionKind, *, requester_id: uuid.UUID) -> bool:
    return colleague.active and colleague.id != requester_id and colleague.role in DECIDERS[kind]


def require_decide(colleague: Colleague, kind: PermissionKind, *, requester_id: uuid.UUID) -> None:
    require_active(colleague)
    if colleague.id == requester_id:
        raise NotPermittedError("You can't decide your own request. Another admin of this practice does.")
    if colleague.role not in DECIDERS[kind]:
        who = "a Practice Admin" if kind is PermissionKind.BUNDLE else "a Practice Admin or a Client Admin"
        raise NotPermittedError(f"Only {who} can decide this.")


def require_decide_offers(colleague: Colleague) -> None:
    """To take over a client account that a client offers, or to decline it."""
    _require_admin(colleague, "decide this")


def require_set_up(colleague: Colleague, first_admin: str | None) -> None:
    """The first Practice Admin: the one the operator named, else an owner or admin of the Slack workspace."""
    require_active(colleague)
    if first_admin is not None and colleague.slack_user_id != first_admin:
        raise NotPermittedError("Only the person named by whoever runs Clientdesk can set up this practice.")
    if first_admin is None and not colleague.runs_workspace:
        raise NotPermittedError("Only an owner or admin of this Slack workspace can set up Clientdesk.")


def require_take_over(colleague: Colleague) -> None:
    """To become Practice Admin of a practice that is left without one."""
    require_active(colleague)
    if not colleague.runs_workspace:
        raise NotPermittedError("Only an owner or admin of this Slack workspace can take over.")


def _require_admin(colleague: Colleague, to_do: str) -> None:
    require_active(colleague)
    if colleague.role not in ADMIN_ROLES:
        raise NotPermittedError(f"Only a Practice Admin or a Client Admin can {to_do}.")
