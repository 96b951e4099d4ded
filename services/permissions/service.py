"""Requests for a permission: asked for by a colleague, decided once by an admin."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Colleague, PermissionKind, PermissionRequest, Practice, RequestStatus, Source
from db.session import Database, database_of
from services import audit, notices, policy
from services.actor import Actor
from services.errors import ConflictError, InvalidError, NotFoundError, NotPermittedError
from services.permissions.asking import askable, asked, clean, clean_reason, open_draft, own_request, pending
from services.permissions.cards import ask
from services.permissions.ending import withdraw
from services.permissions.granting import grant, raise_bundle
from services.permissions.records import AlreadyPermitted, Asked, Request, RequestForm, Stranger, Term, Wish
from services.permissions.rows import DECIDED, close_cards, find, pending_request, record
from services.practice import get_colleague, lock_practice

NUDGED_AFTER = timedelta(days=2)


class PermissionService:
    """With a `billing_url`, the bundle is raised there and not by an approval."""

    def __init__(self, database: Database, *, billing_url: str | None = None) -> None:
        self._database = database
        self._billing_url = billing_url

    def form(self, actor: Actor, kind: PermissionKind | None = None, *, like: uuid.UUID | None = None) -> RequestForm:
        """What the actor can ask for; the first of it unless a `kind` is wanted, or that of an earlier request."""
        with self._database.read() as session:
            colleague = get_colleague(session, actor)
            policy.require_active(colleague)
            earlier = None if like is None else own_request(session, colleague, like)
            kinds = tuple(askable(colleague))
            wanted = kind if earlier is None else earlier.kind
            chosen = wanted if wanted in kinds else next(iter(kinds), None)
            return RequestForm(
                kinds=kinds,
                kind=chosen,
                included=session.get_one(Practice, actor.practice_id).bundle,
                pending=pending(session, colleague, chosen) if chosen else None,
                like=earlier if earlier is not None and earlier.kind is chosen else None,
            )

    def request(self, actor: Actor, wish: Wish) -> Asked | AlreadyPermitted:
        """Asks those who can decide it. While that is pending, asking for the same again changes nothing.

        Raises InvalidError at the fields, NotPermittedError.
        """
        with self._refusals_kept(actor, actor.colleague_id, "request"), self._database.begin() as session:
            return self._request(session, actor, wish)

    def withdraw(self, actor: Actor, request_id: uuid.UUID) -> Request:
        """Takes the actor's own request back. Raises NotFoundError, ConflictError when it is no longer pending."""
        with self._database.begin() as session:
            colleague = get_colleague(session, actor, lock=True)
            policy.require_active(colleague)
            own_request(session, colleague, request_id)
            request = find(session, actor.practice_id, request_id, lock=True)
            _require_pending(session, request, actor)
            withdraw(session, request, self._database.now(), actor=actor)
            return record(session, request)

    def deciding(self, who: Actor | Stranger, request_id: uuid.UUID) -> Request:
        """A request that `who` may decide now. Raises what `decide` raises."""
        with self._refusals_kept(who, request_id, "decide"), self._database.begin() as session:
            request = find(session, _practice_id(session, who), request_id)
            _require_decidable(session, who, request)
            return record(session, request)

    def decide(
        self,
        who: Actor | Stranger,
        request_id: uuid.UUID,
        *,
        approve: bool,
        term: Term | None = None,
        reason: str = "",
    ) -> Request:
        """Takes effect once. An approval is for as long as was asked for, unless a `term` says otherwise.

        Raises ConflictError, which names who decided, for whoever comes later; when the requester has left, which
        withdraws the request; and when the bundle is to be raised elsewhere first. Raises NotPermittedError for those
        who may not decide it, and keeps their try in the audit trail.
        """
        wanted = "approve" if approve else "decline"
        with self._refusals_kept(who, request_id, wanted), self._database.begin() as session:
            request = self._decide(session, who, request_id, approve=approve, term=term, reason=reason)
        if request.status is RequestStatus.WITHDRAWN:
            raise ConflictError(f"{request.requester_name} has left the practice. The request is withdrawn.")
        return request

    def find(self, practice_id: uuid.UUID, request_id: uuid.UUID) -> Request:
        with self._database.read() as session:
            return record(session, find(session, practice_id, request_id))

    def _request(self, session: Session, actor: Actor, wish: Wish) -> Asked | AlreadyPermitted:
        colleague = get_colleague(session, actor, lock=True)
        policy.require_active(colleague)
        if wish.kind not in askable(colleague):
            return AlreadyPermitted(wish.kind)
        practice, now = session.get_one(Practice, actor.practice_id), self._database.now()
        there = None if wish.kind is PermissionKind.CLIENT else pending(session, colleague, wish.kind)
        if there is not None:
            return there
        request = clean(session, practice, colleague, wish)
        same = pending_request(session, colleague.id, wish.kind, request.client_id)
        if same is not None:
            return asked(session, same, repeated=True)
        request.status, request.created_at, request.next_look_at = RequestStatus.PENDING, now, now + NUDGED_AFTER
        request.draft_id = open_draft(session, colleague)
        session.add(request)
        session.flush()
        made = record(session, request)
        audit.record(
            session,
            actor,
            "permission.requested",
            request.id,
            at=now,
            after={
                "kind": request.kind,
                "client": made.client_name,
                "bundle": request.bundle,
                "days": request.days,
                "reason": request.reason,
            },
        )
        ask(session, request)
        return asked(session, request, repeated=False)

    def _decide(
        self,
        session: Session,
        who: Actor | Stranger,
        request_id: uuid.UUID,
        *,
        approve: bool,
        term: Term | None,
        reason: str,
    ) -> Request:
        practice, requester, request = _lock(session, who, request_id)
        actor = _require_decidable(session, who, request)
        now = self._database.now()
        if not requester.active:
            withdraw(session, request, now, actor=actor)
            return record(session, request)
        said = clean_reason(reason)
        if approve and practice is not None:
            if term is not None:
                raise InvalidError({"days": "A bundle is raised for good."})
            raise_bundle(session, actor, practice, request, now, billing_url=self._billing_url)
        elif approve:
            request.granted_until = grant(session, actor, request, requester, term or Term(request.days), now)
        request.status = RequestStatus.APPROVED if approve else RequestStatus.DECLINED
        request.decided_at, request.decided_by, request.decision_reason = now, actor.colleague_id, said or None
        request.next_look_at = None
        audit.record(
            session,
            actor,
            f"permission.{request.status}",
            request.id,
            at=now,
            before={"status": RequestStatus.PENDING},
            after={
                "status": request.status,
                "until": request.granted_until and request.granted_until.isoformat(),
                "reason": request.decision_reason,
            },
        )
        notices.tell(
            session,
            DECIDED,
            request.id,
            practice_id=request.practice_id,
            colleague_id=request.colleague_id,
            args={"request_id": str(request.id)},
        )
        close_cards(session, request)
        return record(session, request)

    @contextmanager
    def _refusals_kept(self, who: Actor | Stranger, subject_id: uuid.UUID, wanted: str) -> Iterator[None]:
        try:
            yield
        except NotPermittedError as refusal:
            with self._database.begin() as session:
                _record_refusal(session, who, subject_id, {"wanted": wanted, "reason": refusal.message})
            raise


def _lock(
    session: Session, who: Actor | Stranger, request_id: uuid.UUID
) -> tuple[Practice | None, Colleague, PermissionRequest]:
    """The practice (for a bundle), the requester and the request, locked in the order in which all take them."""
    practice_id = _practice_id(session, who)
    row = session.execute(
        select(PermissionRequest.kind, PermissionRequest.colleague_id).where(
            PermissionRequest.practice_id == practice_id, PermissionRequest.id == request_id
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError("This request is no longer there.")
    practice = lock_practice(session, practice_id) if row.kind is PermissionKind.BUNDLE else None
    requester = session.scalars(select(Colleague).where(Colleague.id == row.colleague_id).with_for_update()).one()
    return practice, requester, find(session, practice_id, request_id, lock=True)


def _require_decidable(session: Session, who: Actor | Stranger, request: PermissionRequest) -> Actor:
    if isinstance(who, Stranger):
        raise NotPermittedError("Only a Practice Admin or a Client Admin of this practice can decide this.")
    policy.require_decide(get_colleague(session, who), request.kind, requester_id=request.colleague_id)
    _require_pending(session, request, who)
    return who


def _require_pending(session: Session, request: PermissionRequest, actor: Actor) -> None:
    match request.status:
        case RequestStatus.PENDING:
            return
        case RequestStatus.EXPIRED:
            raise ConflictError("This request has expired: nobody decided it in time.")
        case RequestStatus.WITHDRAWN:
            raise ConflictError("This request was withdrawn.")
        case RequestStatus.APPROVED | RequestStatus.DECLINED:
            decider = session.scalar(select(Colleague.name).where(Colleague.id == request.decided_by))
            who = "You have" if request.decided_by == actor.colleague_id else f"{decider} has"
            raise ConflictError(f"{who} already {request.status} this request.")


def _record_refusal(session: Session, who: Actor | Stranger, subject_id: uuid.UUID, what: dict[str, Any]) -> None:
    now = database_of(session).now()
    if isinstance(who, Actor):
        audit.record(session, who, "permission.refused", subject_id, at=now, after=what)
        return
    audit.record_without_colleague(
        session,
        _practice_id(session, who),
        Source.SLACK,
        "permission.refused",
        subject_id,
        at=now,
        after={**what, "slack_user_id": who.slack_user_id},
    )


def _practice_id(session: Session, who: Actor | Stranger) -> uuid.UUID:
    if isinstance(who, Actor):
        return who.practice_id
    found = session.scalar(select(Practice.id).where(Practice.slack_key == who.slack_key))
    if found is None:
        raise NotFoundError("Clientdesk does not know this workspace.")
    return found
