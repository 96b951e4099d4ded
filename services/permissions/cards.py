"""The messages that ask the deciders: one for each of them, or one in the practice's approvals channel."""

import uuid
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.insert import insert_absent
from db.models import Colleague, PermissionCard, PermissionRequest, Practice, RequestStatus
from db.session import Database
from services import jobs, notices, policy
from services.permissions.records import Card, Place
from services.permissions.rows import ASKED, CLOSED, deciders, find_card, record, tell_about_cards

CHANNEL_FAILED = "slack.approvals_channel_failed"


class CardService:
    """For the messenger. With a `billing_url`, the bundle is raised there."""

    def __init__(self, database: Database, *, billing_url: str | None = None) -> None:
        self._database = database
        self._billing_url = billing_url

    def card(self, practice_id: uuid.UUID, card_id: uuid.UUID) -> Card:
        """A card as it should be now."""
        with self._database.read() as session:
            card, request = find_card(session, practice_id, card_id)
            pending = request.status is RequestStatus.PENDING
            if card.colleague_id is None:
                to = session.get_one(Practice, practice_id).approvals_channel
                wanted = pending
            else:
                decider = session.get_one(Colleague, card.colleague_id)
                to = decider.slack_user_id
                wanted = pending and policy.may_decide(decider, request.kind, requester_id=request.colleague_id)
            return Card(
                request=record(session, request),
                to=to,
                in_channel=card.colleague_id is None,
                wanted=wanted,
                place=None if card.channel is None or card.ts is None else Place(channel=card.channel, ts=card.ts),
                billing_url=self._billing_url,
            )

    def keep_place(self, claim: jobs.Claim, practice_id: uuid.UUID, card_id: uuid.UUID, place: Place) -> None:
        """Keeps where the card was posted, and finishes the job that posted it."""
        with self._database.begin() as session:
            card, request = find_card(session, practice_id, card_id, lock=True)
            card.channel, card.ts = place.channel, place.ts
            if request.status is not RequestStatus.PENDING:  # decided while the card was on its way
                tell_about_cards(session, CLOSED, practice_id, [card])
            jobs.finish(session, claim)

    def fall_back(self, claim: jobs.Claim, practice_id: uuid.UUID, card_id: uuid.UUID) -> None:
        """The approvals channel takes no card: each decider gets one, and hears once that the channel does not work.
        Finishes the job that could not post it."""
        with self._database.begin() as session:
            card, request = find_card(session, practice_id, card_id, lock=True)
            if request.status is RequestStatus.PENDING:
                people = deciders(session, practice_id, request.kind, request.colleague_id)
                tell_about_cards(session, claim.kind, practice_id, _cards_for(session, request, people))
                channel = session.get_one(Practice, practice_id).approvals_channel
                if channel is not None:
                    _tell_of_failure(session, practice_id, channel, people)
            if card.ts is None:
                session.delete(card)
            jobs.finish(session, claim)


def ask(session: Session, request: PermissionRequest, kind: str = ASKED) -> None:
    """A message with a card, wherever the practice wants them now. The request has been flushed."""
    if session.get_one(Practice, request.practice_id).approvals_channel is None:
        people = deciders(session, request.practice_id, request.kind, request.colleague_id)
        cards = _cards_for(session, request, people)
    else:
        cards = [_channel_card(session, request)]
    tell_about_cards(session, kind, request.practice_id, cards)


def close_cards_to(session: Session, colleague_id: uuid.UUID) -> None:
    """For a decider who leaves: what they could still decide loses its buttons."""
    cards = session.execute(
        select(PermissionCard, PermissionRequest.practice_id)
        .join(PermissionRequest, PermissionRequest.id == PermissionCard.request_id)
        .where(
            PermissionRequest.practice_id
            == select(Colleague.practice_id).where(Colleague.id == colleague_id).scalar_subquery(),
            PermissionRequest.status == RequestStatus.PENDING,
            PermissionCard.colleague_id == colleague_id,
            PermissionCard.ts.is_not(None),
        )
    )
    for card, practice_id in cards:
        tell_about_cards(session, CLOSED, practice_id, [card])


def _cards_for(session: Session, request: PermissionRequest, people: Iterable[Colleague]) -> list[PermissionCard]:
    rows = [{"request_id": request.id, "colleague_id": person.id} for person in people]
    if not rows:
        return []
    session.execute(insert_absent(session, PermissionCard), rows)
    return list(
        session.scalars(
            select(PermissionCard).where(
                PermissionCard.request_id == request.id,
                PermissionCard.colleague_id.in_([row["colleague_id"] for row in rows]),
            )
        )
    )


def _channel_card(session: Session, request: PermissionRequest) -> PermissionCard:
    card = session.scalar(
        select(PermissionCard)
        .where(PermissionCard.request_id == request.id, PermissionCard.colleague_id.is_(None))
        .limit(1)
    )
    if card is None:
        card = PermissionCard(request_id=request.id)
        session.add(card)
        session.flush()
    return card


def _tell_of_failure(session: Session, practice_id: uuid.UUID, channel: str, people: Iterable[Colleague]) -> None:
    for person in people:
        notices.tell(
            session,
            CHANNEL_FAILED,
            f"{channel}:{person.id}",
            practice_id=practice_id,
            colleague_id=person.id,
            args={"colleague_id": str(person.id), "channel": channel},
        )
