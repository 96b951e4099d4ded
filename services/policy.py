"""Who may do what. Pure functions over a colleague's row; each raises NotPermittedError with the reason."""

import uuid

from db.models import Colleague, Role
from services.errors import NotPermittedError

ADMIN_ROLES = frozenset({Role.PRACTICE_ADMIN, Role.CLIENT_ADMIN})


def require_active(colleague: Colleague) -> None:
    if not colleague.active:
        raise NotPermittedError("You no longer have access to Clientdesk at this practice. Ask a Practice Admin.")


def sees_all_clients(colleague: Colleague) -> bool:
    return colleague.role in ADMIN_ROLES


def may_add_clients(colleague: Colleague) -> bool:
    return colleague.active and (colleague.role in ADMIN_ROLES or colleague.may_add_clients)


def require_add_clients(colleague: Colleague) -> None:
    require_active(colleague)
    if not may_add_clients(colleague):
        raise NotPermittedError("You need the permission “Add client accounts” to add a client.")


def may_change_subscription(colleague: Colleague) -> bool:
    return colleague.active and colleague.role == Role.PRACTICE_ADMIN


def require_change_subscription(colleague: Colleague) -> None:
    require_active(colleague)
    if not may_change_subscription(colleague):
        raise NotPermittedError("Only a Practice Admin can change the subscription. Ask one of them.")


def require_change_reminders(colleague: Colleague) -> None:
    require_active(colleague)
    if colleague.role not in ADMIN_ROLES:
        raise NotPermittedError("Only a Practice Admin or a Client Admin can change the practice's reminders.")


def require_decide_requests(colleague: Colleague, *, requester_id: uuid.UUID) -> None:
    require_active(colleague)
    if colleague.id == requester_id:
        raise NotPermittedError("You can't decide your own request. Another admin of this practice does.")
    if colleague.role not in ADMIN_ROLES:
        raise NotPermittedError("Only a Practice Admin or a Client Admin can decide this.")


def require_set_up(colleague: Colleague, first_admin: str | None) -> None:
    """The first Practice Admin: the one the operator named, else an owner or admin of the Slack workspace."""
    if first_admin is not None and colleague.slack_user_id != first_admin:
        raise NotPermittedError("Only the person named by whoever runs Clientdesk can set up this practice.")
    if first_admin is None and not colleague.runs_workspace:
        raise NotPermittedError("Only an owner or admin of this Slack workspace can set up Clientdesk.")
