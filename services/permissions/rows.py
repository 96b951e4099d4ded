"""Requests and their cards, found and told about inside a transaction."""

import uuid
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, UnaryExpression, and_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from db.models import Client, Colleague, Draft, PermissionCard, PermissionKind, PermissionRequest, RequestStatus
from services import notices, policy
from services.errors import NotFoundError
from services.permissions.records import Request

ASKED = "slack.permission_asked"
NUDGED = "slack.permission_nudged"
CLOSED = "slack.permission_closed"
DECIDED = "slack.permission_decided"


def find(session: Session, practice_id: uuid.UUID, request_id: uuid.UUID, *, lock: bool = False) -> PermissionRequest:
    query = select(PermissionRequest).where(
        PermissionRequest.practice_id == practice_id, PermissionRequest.id == request_id
    )
    request = session.scalar(query.with_for_update() if lock else query)
    if request is None:
        raise NotFoundError("This request is no longer there.")
    return request


def find_card(
    session: Session, practice_id: uuid.UUID, card_id: uuid.UUID, *, lock: bool = False
) -> tuple[PermissionCard, PermissionRequest]:
    """The card, and its request, whose lock is also the card's."""
    card = session.get(PermissionCard, card_id)
    if card is None:
        raise NotFoundError("This card is no longer there.")
    return card, find(session, practice_id, card.request_id, lock=lock)


def deciders(
    session: Session, practice_id: uuid.UUID, kind: PermissionKind, requester_id: uuid.UUID
) -> list[Colleague]:
    """Those who may decide a request of this kind now."""
    return list(
        session.scalars(
            select(Colleague)
            .where(
                Colleague.practice_id == practice_id,
                Colleague.active,
                Colleague.role.in_(policy.DECIDERS[kind]),
                Colleague.id != requester_id,
            )
            .order_by(Colleague.name, Colleague.id)
        )
    )


def pending_request(
    session: Session, colleague_id: uuid.UUID, kind: PermissionKind, client_id: uuid.UUID | None = None
) -> PermissionRequest | None:
    return session.scalar(
        select(PermissionRequest).where(
            PermissionRequest.colleague_id == colleague_id,
            PermissionRequest.kind == kind,
            PermissionRequest.client_id.is_not_distinct_from(client_id),
            PermissionRequest.status == RequestStatus.PENDING,
        )
    )


def record(session: Session, request: PermissionRequest) -> Request:
    (found,) = records(session, PermissionRequest.id == request.id)
    return found


def records(
    session: Session,
    *conditions: ColumnElement[bool],
    order: Sequence[InstrumentedAttribute[uuid.UUID] | UnaryExpression[uuid.UUID]] = (),
    limit: int | None = None,
    offset: int = 0,
) -> tuple[Request, ...]:
    """The requests that fit, in one query."""
    session.flush()
    decider = aliased(Colleague)
    rows = session.execute(
        select(PermissionRequest, Colleague.name, Colleague.slack_user_id, decider.name, Client.name, Draft.id)
        .join(Colleague, Colleague.id == PermissionRequest.colleague_id)
        .outerjoin(decider, decider.id == PermissionRequest.decided_by)
        .outerjoin(Client, Client.id == PermissionRequest.client_id)
        .outerjoin(Draft, and_(Draft.id == PermissionRequest.draft_id, Draft.closed_at.is_(None)))
        .where(*conditions)
        .order_by(*order)
        .limit(limit)
        .offset(offset)
    )
    return tuple(
        Request(
            id=request.id,
            kind=request.kind,
            status=request.status,
            requester_name=name,
            requester_slack_user_id=slack_user_id,
            created_at=request.created_at,
            reason=request.reason,
            days=request.days,
            client_id=request.client_id,
            client_name=client_name,
            bundle=request.bundle,
            draft_id=draft_id,
            decider_name=decider_name,
            decided_at=request.decided_at,
            decision_reason=request.decision_reason,
            granted_until=request.granted_until,
            ended_at=request.ended_at,
        )
        for request, name, slack_user_id, decider_name, client_name, draft_id in rows
    )


def close_cards(session: Session, request: PermissionRequest) -> None:
    """Those that were posted. One on its way is closed when it has arrived."""
    cards = session.scalars(
        select(PermissionCard).where(PermissionCard.request_id == request.id, PermissionCard.ts.is_not(None))
    ).all()
    tell_about_cards(session, CLOSED, request.practice_id, cards)


def tell_about_cards(session: Session, kind: str, practice_id: uuid.UUID, cards: Iterable[PermissionCard]) -> None:
    """A job for each card, where it is now."""
    for card in cards:
        notices.tell(
            session,
            kind,
            f"{card.id}:{card.ts}" if card.ts else str(card.id),
            practice_id=practice_id,
            colleague_id=card.colleague_id or practice_id,
            args={"card_id": str(card.id)},
        )
