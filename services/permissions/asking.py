"""What can be asked for, and checking what was typed, inside a transaction."""

import uuid
from collections.abc import Iterator

from sqlalchemy import Exists, exists, or_, select
from sqlalchemy.orm import Session

from db.models import Client, ClientAccess, Colleague, Draft, PermissionKind, PermissionRequest, Practice, TeamMember
from services import policy
from services.clients.names import code_key, name_key
from services.errors import InvalidError, NotFoundError
from services.permissions.granting import clean_days
from services.permissions.records import Asked, Request, Wish
from services.permissions.rows import deciders, pending_request, records
from services.practice import LARGEST_BUNDLE

LONGEST_REASON = 500
_LONGEST_CLIENT = 500


def askable(colleague: Colleague) -> Iterator[PermissionKind]:
    """What the colleague does not have for good."""
    if not _adds_for_good(colleague):
        yield PermissionKind.ADD_CLIENTS
    if not policy.sees_all_clients(colleague):
        yield PermissionKind.CLIENT
    if not policy.may_change_subscription(colleague):
        yield PermissionKind.BUNDLE


def clean(session: Session, practice: Practice, colleague: Colleague, wish: Wish) -> PermissionRequest:
    """The request that the wish comes to, not yet added. Raises InvalidError at the fields."""
    problems: dict[str, str] = {}
    request = PermissionRequest(practice_id=practice.id, colleague_id=colleague.id, kind=wish.kind)
    try:
        request.reason = clean_reason(wish.reason, required=True)
    except InvalidError as invalid:
        problems |= invalid.fields
    try:
        request.days = clean_days(wish.days)
    except InvalidError as invalid:
        problems |= invalid.fields
    match wish.kind:
        case PermissionKind.CLIENT:
            try:
                request.client_id = _find_client(session, colleague, wish.client)
            except InvalidError as invalid:
                problems |= invalid.fields
        case PermissionKind.BUNDLE:
            request.days, request.bundle = None, wish.bundle
            if wish.bundle is None or not practice.bundle < wish.bundle <= LARGEST_BUNDLE:
                problems["bundle"] = f"Enter a whole number from {practice.bundle + 1:,} to {LARGEST_BUNDLE:,}."
        case PermissionKind.ADD_CLIENTS:
            pass
    if problems:
        raise InvalidError(problems)
    return request


def clean_reason(text: str, *, required: bool = False) -> str:
    """Raises InvalidError at `reason`."""
    reason = text.replace("\0", "").strip()
    if required and not reason:
        raise InvalidError({"reason": "Say why, so that it can be decided."})
    if len(reason) > LONGEST_REASON:
        raise InvalidError({"reason": f"Use at most {LONGEST_REASON} characters; these are {len(reason):,}."})
    return reason


def asked(session: Session, request: PermissionRequest, *, repeated: bool) -> Asked:
    people = deciders(session, request.practice_id, request.kind, request.colleague_id)
    return Asked(
        request_id=request.id,
        admins=tuple(person.slack_user_id for person in people),
        asked_at=request.created_at,
        repeated=repeated,
    )


def pending(session: Session, colleague: Colleague, kind: PermissionKind) -> Asked | None:
    """What the colleague has asked for, of a kind of which they have one at a time: not of CLIENT."""
    request = pending_request(session, colleague.id, kind)
    return None if request is None else asked(session, request, repeated=True)


def open_draft(session: Session, colleague: Colleague) -> uuid.UUID | None:
    """The client that the colleague is adding."""
    return session.scalar(
        select(Draft.id)
        .where(Draft.colleague_id == colleague.id, Draft.closed_at.is_(None), Draft.revision > 0)
        .limit(1)
    )


def own_request(session: Session, colleague: Colleague, request_id: uuid.UUID) -> Request:
    """Raises NotFoundError for somebody else's."""
    found = records(session, PermissionRequest.id == request_id, PermissionRequest.colleague_id == colleague.id)
    if not found:
        raise NotFoundError("This request is no longer there.")
    return found[0]


def _adds_for_good(colleague: Colleague) -> bool:
    return policy.may_add_clients(colleague) and (policy.is_admin(colleague) or not colleague.may_add_clients_until)


def _find_client(session: Session, colleague: Colleague, typed: str) -> uuid.UUID:
    """By its exact code or name, however it is written: the person sees no list of what they can't open."""
    text = " ".join(typed.split())[:_LONGEST_CLIENT]
    if not text:
        raise InvalidError({"client": "Enter the client's name or practice code."})
    clients = select(Client.id, Client.name).where(
        Client.practice_id == colleague.practice_id, Client.deactivated_at.is_(None)
    )
    found = (
        session.execute(clients.where(Client.code_key == code_key(text))).all()
        or session.execute(clients.where(Client.name_key == name_key(text)).limit(2)).all()
    )
    if not found:
        raise InvalidError({"client": "No client has exactly this name or practice code. Ask a colleague who has it."})
    if len(found) > 1:
        raise InvalidError({"client": "Several clients have this name. Enter the practice code of the one you mean."})
    (client_id, name) = found[0]
    if session.scalar(select(_sees_for_good(colleague, client_id))):
        raise InvalidError({"client": f"You can open {name} already."})
    return client_id


def _sees_for_good(colleague: Colleague, client_id: uuid.UUID) -> Exists:
    teams = select(TeamMember.team_id).where(TeamMember.colleague_id == colleague.id)
    own = ClientAccess.colleague_id == colleague.id
    return exists().where(
        ClientAccess.client_id == client_id, or_(own, ClientAccess.team_id.in_(teams)), ClientAccess.until.is_(None)
    )
