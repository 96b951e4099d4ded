"""What an approval gives, inside its transaction."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.insert import insert_absent
from db.models import ClientAccess, Colleague, PermissionKind, PermissionRequest, Practice
from services import audit
from services.actor import Actor
from services.errors import ConflictError, InvalidError
from services.permissions.records import Term
from services.practice import raise_bundle_to

LONGEST = 365


def clean_days(days: int | None) -> int | None:
    """Raises InvalidError at `days`."""
    if days is not None and not 1 <= days <= LONGEST:
        raise InvalidError({"days": f"Enter a number of days from 1 to {LONGEST}."})
    return days


def grant(
    session: Session, actor: Actor, request: PermissionRequest, requester: Colleague, term: Term, now: datetime
) -> datetime | None:
    """Gives what was asked for, and says when it ends; None for good. What lasts longer already is not cut short.

    The requester's row is locked. Raises InvalidError.
    """
    days = clean_days(term.days)
    until = None if days is None else now + timedelta(days=days)
    if request.kind is PermissionKind.CLIENT:
        return _give_client(session, actor, request, requester, until, now)
    before = _entry(requester)
    if requester.may_add_clients:
        until = _longer(requester.may_add_clients_until, until)
    requester.may_add_clients, requester.may_add_clients_until = True, until
    audit.record(session, actor, "colleague.changed", requester.id, at=now, before=before, after=_entry(requester))
    return until


def raise_bundle(
    session: Session,
    actor: Actor,
    practice: Practice,
    request: PermissionRequest,
    now: datetime,
    *,
    billing_url: str | None,
) -> None:
    """As far as it is not that large by now. The practice's row is locked."""
    if request.bundle is None or practice.bundle >= request.bundle:
        return
    if billing_url is not None:
        raise ConflictError(
            f"The bundle is raised on the billing page, and is {practice.bundle:,} now. Raise it there, then approve."
        )
    raise_bundle_to(session, actor, practice, request.bundle, now)


def _give_client(
    session: Session,
    actor: Actor,
    request: PermissionRequest,
    requester: Colleague,
    until: datetime | None,
    now: datetime,
) -> datetime | None:
    row = {"client_id": request.client_id, "colleague_id": request.colleague_id, "until": until}
    added = session.scalar(insert_absent(session, ClientAccess).values(row).returning(ClientAccess.id))
    before = None
    if added is None:
        access = session.scalars(
            select(ClientAccess)
            .where(ClientAccess.client_id == request.client_id, ClientAccess.colleague_id == request.colleague_id)
            .with_for_update()
        ).one()
        before = {"colleague": requester.name, "until": _text(access.until)}
        until = access.until = _longer(access.until, until)
    audit.record(
        session,
        actor,
        "client.access_given",
        request.client_id or request.id,
        at=now,
        before=before,
        after={"colleague": requester.name, "until": _text(until)},
    )
    return until


def _longer(there: datetime | None, until: datetime | None) -> datetime | None:
    return None if there is None or until is None else max(there, until)


def _entry(colleague: Colleague) -> dict[str, Any]:
    return {
        "may_add_clients": colleague.may_add_clients,
        "may_add_clients_until": _text(colleague.may_add_clients_until),
    }


def _text(until: datetime | None) -> str | None:
    return None if until is None else until.isoformat()
