"""Requests for a permission: asked for by a colleague, decided once by an admin."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Colleague, PermissionCard, PermissionKind, PermissionRequest, Practice, RequestStatus, Source
from db.session import Database
from services import audit, jobs, notices, policy
from services.actor import Actor
from services.errors import ConflictError, NotFoundError, NotPermittedError
from services.permissions.records import AlreadyPermitted, Asked, Card, Place, Request, Stranger
from services.permissions.rows import (
    ASKED,
    CLOSED,
    DECIDED,
    close_cards,
    find,
    find_card,
    pending_request,
    record,
    tell_about_cards,
)
from services.practice import admins, get_colleague


class PermissionService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def request_add_clients(self, actor: Actor) -> Asked | AlreadyPermitted:
        """Asks the admins for *Add client accounts*. While that is pending, asking again changes nothing."""
        try:
            with self._database.begin() as session:
                return self._request_add_clients(session, actor)
        except NotPermittedError as refusal:
            self._record_refusal(actor, actor.colleague_id, {"wanted": "request", "reason": refusal.message})
            raise

    def decide(self, who: Actor | Stranger, request_id: uuid.UUID, *, approve: bool) -> Request:
        """Takes effect once. Raises ConflictError, which names who decided, for whoever comes later.

        Raises NotPermittedError for those who may not decide it, and keeps their try in the audit trail.
        """
        try:
            with self._database.begin() as session:
                return self._decide(
                    session, who, request_id, RequestStatus.APPROVED if approve else RequestStatus.DECLINED
                )
        except NotPermittedError as refusal:
            wanted = "approve" if approve else "decline"
            self._record_refusal(who, request_id, {"wanted": wanted, "reason": refusal.message})
            raise

    def request(self, practice_id: uuid.UUID, request_id: uuid.UUID) -> Request:
        with self._database.read() as session:
            return record(session, find(session, practice_id, request_id))

    def card(self, practice_id: uuid.UUID, card_id: uuid.UUID) -> Card:
        """One decider's card as it should be now."""
        with self._database.read() as session:
            card, request = find_card(session, practice_id, card_id)
            decider = session.get_one(Colleague, card.colleague_id or request.colleague_id)
            return Card(
                request=record(session, request),
                slack_user_id=decider.slack_user_id,
                wanted=request.status is RequestStatus.PENDING
                and policy.may_decide(decider, request.kind, requester_id=request.colleague_id),
                place=None if card.channel is None or card.ts is None else Place(channel=card.channel, ts=card.ts),
            )

    def keep_place(self, claim: jobs.Claim, practice_id: uuid.UUID, card_id: uuid.UUID, place: Place) -> None:
        """Keeps where the card was posted, and finishes the job that posted it."""
        with self._database.begin() as session:
            card, request = find_card(session, practice_id, card_id, lock=True)
            card.channel, card.ts = place.channel, place.ts
            if request.status is not RequestStatus.PENDING:  # decided while the card was on its way
                tell_about_cards(session, CLOSED, practice_id, [card])
            jobs.finish(session, claim)

    def _request_add_clients(self, session: Session, actor: Actor) -> Asked | AlreadyPermitted:
        colleague = get_colleague(session, actor, lock=True)
        policy.require_active(colleague)
        if policy.may_add_clients(colleague):
            return AlreadyPermitted()
        told = admins(session, actor.practice_id, policy.ADMIN_ROLES)
        pending = pending_request(session, colleague.id, PermissionKind.ADD_CLIENTS)
        if pending is not None:
            return Asked(admins=told, asked_at=pending.created_at, repeated=True)
        request = PermissionRequest(
            practice_id=actor.practice_id,
            colleague_id=colleague.id,
            kind=PermissionKind.ADD_CLIENTS,
            status=RequestStatus.PENDING,
            created_at=self._database.now(),
        )
        session.add(request)
        session.flush()
        audit.record(
            session, actor, "permission.requested", request.id, at=request.created_at, after={"kind": request.kind}
        )
        _ask(session, request)
        return Asked(admins=told, asked_at=request.created_at, repeated=False)

    def _decide(self, session: Session, who: Actor | Stranger, request_id: uuid.UUID, status: RequestStatus) -> Request:
        request = find(session, _practice_id(session, who), request_id, lock=True)
        if isinstance(who, Stranger):
            raise NotPermittedError("Only a Practice Admin or a Client Admin of this practice can decide this.")
        policy.require_decide(get_colleague(session, who), request.kind, requester_id=request.colleague_id)
        if request.status is not RequestStatus.PENDING:
            raise ConflictError(_decided_already(session, request, who))
        now = self._database.now()
        request.status, request.decided_at, request.decided_by = status, now, who.colleague_id
        audit.record(
            session,
            who,
            f"permission.{status}",
            request.id,
            at=now,
            before={"status": RequestStatus.PENDING},
            after={"status": status},
        )
        if status is RequestStatus.APPROVED:
            _grant(session, who, request.colleague_id, now)
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

    def _record_refusal(self, who: Actor | Stranger, subject_id: uuid.UUID, what: dict[str, Any]) -> None:
        now = self._database.now()
        with self._database.begin() as session:
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


def _ask(session: Session, request: PermissionRequest) -> None:
    """A card for each who can decide, put with the request."""
    deciders = session.scalars(
        select(Colleague.id).where(
            Colleague.practice_id == request.practice_id, Colleague.active, Colleague.role.in_(policy.ADMIN_ROLES)
        )
    ).all()
    cards = [PermissionCard(request_id=request.id, colleague_id=decider) for decider in deciders]
    session.add_all(cards)
    session.flush()
    tell_about_cards(session, ASKED, request.practice_id, cards)


def _grant(session: Session, actor: Actor, colleague_id: uuid.UUID, now: datetime) -> None:
    colleague = session.scalars(select(Colleague).where(Colleague.id == colleague_id).with_for_update()).one()
    before = {"may_add_clients": colleague.may_add_clients}
    colleague.may_add_clients = True
    audit.record(
        session, actor, "colleague.changed", colleague.id, at=now, before=before, after={"may_add_clients": True}
    )


def _decided_already(session: Session, request: PermissionRequest, actor: Actor) -> str:
    who = "You have" if request.decided_by == actor.colleague_id else f"{_decider_name(session, request)} has"
    return f"{who} already {request.status} this request."


def _practice_id(session: Session, who: Actor | Stranger) -> uuid.UUID:
    if isinstance(who, Actor):
        return who.practice_id
    found = session.scalar(select(Practice.id).where(Practice.slack_key == who.slack_key))
    if found is None:
        raise NotFoundError("Clientdesk does not know this workspace.")
    return found


def _decider_name(session: Session, request: PermissionRequest) -> str | None:
    return session.scalar(select(Colleague.name).where(Colleague.id == request.decided_by))
