"""What ends a request without a decision, and what was given for a time."""

import uuid
from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models import (
    Client,
    ClientAccess,
    Colleague,
    PermissionKind,
    PermissionRequest,
    Practice,
    RequestStatus,
    Source,
)
from db.session import Database
from services import audit, notices, policy
from services.actor import Actor
from services.clients.visibility import seen_by
from services.errors import NotFoundError
from services.jobs import Claim
from services.permissions.cards import ask, close_cards_to
from services.permissions.records import Ended
from services.permissions.rows import DECIDED, NUDGED, close_cards, deciders

ENDED = "slack.permission_ended"
EXPIRES_AFTER = timedelta(days=14)
_AT_ONCE = 200


class PermissionEndingService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def sweep(self) -> int:
        """Reminds deciders, ends requests that nobody decided, and takes back what was given for a time; says how many
        of these were due. For the clock, in any number of processes."""
        return sum(self._all_of(some) for some in (_look_some, _end_adding_some, _end_access_some))

    def ended(self, claim: Claim) -> Ended:
        """What the job's message tells, and whom."""
        args, practice_id = claim.args, claim.practice_id
        recipient_id, person_id = uuid.UUID(args["colleague_id"]), uuid.UUID(args["person_id"])
        with self._database.read() as session:
            rows = session.scalars(
                select(Colleague).where(
                    Colleague.practice_id == practice_id, Colleague.id.in_({recipient_id, person_id})
                )
            )
            people = {each.id: each for each in rows}
            if recipient_id not in people or person_id not in people:
                raise NotFoundError("The colleague is no longer there.")
            client_name = None
            if args["client_id"] is not None:
                client_name = session.scalar(
                    select(Client.name).where(
                        Client.practice_id == practice_id, Client.id == uuid.UUID(args["client_id"])
                    )
                )
            return Ended(
                kind=PermissionKind(args["kind"]),
                request_id=None if args["request_id"] is None else uuid.UUID(args["request_id"]),
                client_name=client_name,
                person_name=people[person_id].name,
                slack_user_id=people[recipient_id].slack_user_id,
                own=recipient_id == person_id,
            )

    def _all_of(self, some: Callable[[Session, datetime], int]) -> int:
        total = 0
        while True:
            with self._database.begin() as session:
                count = some(session, self._database.time(session))
            total += count
            if count < _AT_ONCE:
                return total


def withdraw_all(
    session: Session,
    colleague_id: uuid.UUID,
    now: datetime,
    *,
    actor: Actor | None = None,
    source: Source = Source.SLACK,
) -> int:
    """For a colleague who leaves: their pending requests are withdrawn, and the cards closed, as are those on which
    they could decide; says how many were withdrawn.

    `actor` is who removed them; without one, the audit trail names `source` alone. The colleague's row is locked, and
    they are no longer active.
    """
    pending = session.scalars(
        select(PermissionRequest)
        .where(PermissionRequest.colleague_id == colleague_id, PermissionRequest.status == RequestStatus.PENDING)
        .order_by(PermissionRequest.id)
        .with_for_update()
    ).all()
    for request in pending:
        withdraw(session, request, now, actor=actor, source=source)
    close_cards_to(session, colleague_id)
    return len(pending)


def withdraw(
    session: Session,
    request: PermissionRequest,
    now: datetime,
    *,
    actor: Actor | None = None,
    source: Source = Source.SLACK,
) -> None:
    """The request is locked, and pending."""
    request.status, request.decided_at, request.next_look_at = RequestStatus.WITHDRAWN, now, None
    before, after = {"status": RequestStatus.PENDING}, {"status": RequestStatus.WITHDRAWN}
    if actor is not None:
        audit.record(session, actor, "permission.withdrawn", request.id, at=now, before=before, after=after)
    else:
        audit.record_without_colleague(
            session,
            request.practice_id,
            source,
            "permission.withdrawn",
            request.id,
            at=now,
            before=before,
            after=after,
        )
    close_cards(session, request)


def _look_some(session: Session, now: datetime) -> int:
    rows = session.execute(
        select(PermissionRequest, Practice.uninstalled_at.is_(None))
        .join(Practice, Practice.id == PermissionRequest.practice_id)
        .where(PermissionRequest.next_look_at <= now, PermissionRequest.status == RequestStatus.PENDING)
        .order_by(PermissionRequest.next_look_at, PermissionRequest.id)
        .limit(_AT_ONCE)
        .with_for_update(of=PermissionRequest, skip_locked=True)
    ).all()
    for request, installed in rows:
        expires_at = request.created_at + EXPIRES_AFTER
        if now < expires_at:
            request.next_look_at = expires_at
            if installed:
                ask(session, request, NUDGED)
        else:
            _expire(session, request, now, tells=installed)
    return len(rows)


def _expire(session: Session, request: PermissionRequest, now: datetime, *, tells: bool) -> None:
    request.status, request.decided_at, request.next_look_at = RequestStatus.EXPIRED, now, None
    audit.record_without_colleague(
        session,
        request.practice_id,
        Source.WORKER,
        "permission.expired",
        request.id,
        at=now,
        before={"status": RequestStatus.PENDING},
        after={"status": RequestStatus.EXPIRED},
    )
    if not tells:
        return
    notices.tell(
        session,
        DECIDED,
        request.id,
        practice_id=request.practice_id,
        colleague_id=request.colleague_id,
        args={"request_id": str(request.id)},
    )
    close_cards(session, request)


def _end_adding_some(session: Session, now: datetime) -> int:
    rows = session.execute(
        select(Colleague, Colleague.may_add_clients_until, Practice.uninstalled_at.is_(None))
        .join(Practice, Practice.id == Colleague.practice_id)
        .where(Colleague.may_add_clients_until <= now)
        .order_by(Colleague.may_add_clients_until, Colleague.id)
        .limit(_AT_ONCE)
        .with_for_update(of=Colleague, skip_locked=True)
    ).all()
    for colleague, until, installed in rows:
        before = {"may_add_clients": colleague.may_add_clients, "may_add_clients_until": _text(until)}
        colleague.may_add_clients, colleague.may_add_clients_until = False, None
        audit.record_without_colleague(
            session,
            colleague.practice_id,
            Source.WORKER,
            "colleague.changed",
            colleague.id,
            at=now,
            before=before,
            after={"may_add_clients": False, "may_add_clients_until": None},
        )
        ended = _end_requests(session, colleague, PermissionKind.ADD_CLIENTS, None, now)
        if installed and colleague.active and not policy.may_add_clients(colleague):
            _tell_of_end(session, colleague, PermissionKind.ADD_CLIENTS, None, until, ended)
    return len(rows)


def _end_access_some(session: Session, now: datetime) -> int:
    rows = session.execute(
        select(ClientAccess, ClientAccess.until, Colleague, Practice.uninstalled_at.is_(None))
        .join(Colleague, Colleague.id == ClientAccess.colleague_id)
        .join(Practice, Practice.id == Colleague.practice_id)
        .where(ClientAccess.until <= now)
        .order_by(ClientAccess.until, ClientAccess.id)
        .limit(_AT_ONCE)
        .with_for_update(of=ClientAccess, skip_locked=True)
    ).all()
    for access, until, colleague, installed in rows:
        session.delete(access)
        session.flush()
        audit.record_without_colleague(
            session,
            colleague.practice_id,
            Source.WORKER,
            "client.access_ended",
            access.client_id,
            at=now,
            before={"colleague": colleague.name, "until": _text(until)},
        )
        ended = _end_requests(session, colleague, PermissionKind.CLIENT, access.client_id, now)
        sees = exists().where(Client.id == access.client_id, seen_by(colleague))
        if installed and colleague.active and not session.scalar(select(sees)):
            _tell_of_end(session, colleague, PermissionKind.CLIENT, access.client_id, until, ended)
    return len(rows)


def _end_requests(
    session: Session, colleague: Colleague, kind: PermissionKind, client_id: uuid.UUID | None, now: datetime
) -> PermissionRequest | None:
    """Marks what was approved for a time as ended, and gives the newest of it."""
    requests = session.scalars(
        select(PermissionRequest)
        .where(
            PermissionRequest.colleague_id == colleague.id,
            PermissionRequest.kind == kind,
            PermissionRequest.client_id.is_not_distinct_from(client_id),
            PermissionRequest.status == RequestStatus.APPROVED,
            PermissionRequest.granted_until <= now,
            PermissionRequest.ended_at.is_(None),
        )
        .order_by(PermissionRequest.id)
        .with_for_update()
    ).all()
    for request in requests:
        request.ended_at = now
    return requests[-1] if requests else None


def _tell_of_end(
    session: Session,
    person: Colleague,
    kind: PermissionKind,
    client_id: uuid.UUID | None,
    until: datetime | None,
    request: PermissionRequest | None,
) -> None:
    """The person, and whoever approved it; once they have left, the deciders."""
    for recipient_id in {person.id, *_approvers(session, person, kind, request)}:
        notices.tell(
            session,
            ENDED,
            f"{person.id}:{client_id or kind}:{_text(until)}:{recipient_id}",
            practice_id=person.practice_id,
            colleague_id=recipient_id,
            args={
                "colleague_id": str(recipient_id),
                "person_id": str(person.id),
                "kind": kind,
                "client_id": None if client_id is None else str(client_id),
                "request_id": None if request is None else str(request.id),
            },
        )


def _approvers(
    session: Session, person: Colleague, kind: PermissionKind, request: PermissionRequest | None
) -> Collection[uuid.UUID]:
    if request is not None:
        approver = session.scalar(select(Colleague.id).where(Colleague.id == request.decided_by, Colleague.active))
        if approver is not None:
            return (approver,)
    return [each.id for each in deciders(session, person.practice_id, kind, person.id)]


def _text(until: datetime | None) -> str | None:
    return None if until is None else until.isoformat()
