"""What a practice does about an account that it is offered: its admins accept or decline, once."""

import uuid
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import (
    AuditEntry,
    Client,
    Colleague,
    OfferStatus,
    Practice,
    PracticeOffer,
    PracticeOfferCard,
    Source,
)
from db.session import Database, twice
from services import jobs, policy
from services.accounts.moving import lock_account, move
from services.accounts.offering import still_stands
from services.accounts.records import MovedAway, Offer, OfferCard
from services.accounts.rows import CLOSED, find, record, settle, tell_about_card
from services.actor import Actor
from services.errors import BundleFullError, ConflictError, NotFoundError
from services.practice import count_bundle, get_colleague, lock_practice

_AT_ONCE = 200


class OfferService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def accept(self, actor: Actor, offer_id: uuid.UUID) -> Offer:
        """The client is the practice's from now on, in a place of its bundle; whoever had it has it no longer.

        Takes effect once: raises ConflictError, which says what became of it, for whoever comes later, and where the
        offer no longer stands. Raises BundleFullError, after which it can still be accepted, and NotPermittedError.
        """
        offer = twice(lambda: self._accept(actor, offer_id))
        if offer.status is not OfferStatus.ACCEPTED:
            raise ConflictError(f"{offer.client_name} can't be taken over any more: the offer no longer stands.")
        return offer

    def decline(self, actor: Actor, offer_id: uuid.UUID) -> Offer:
        """Nothing changes for the client. Raises ConflictError when it was decided or ended before."""
        with self._database.begin() as session:
            policy.require_decide_offers(get_colleague(session, actor))
            offer = find(session, actor.practice_id, offer_id, lock=True)
            now = self._database.now()
            _require_pending(session, offer, actor, now)
            settle(session, offer, OfferStatus.DECLINED, actor, now)
            return record(session, offer)

    def expire(self) -> int:
        """Ends offers that nobody decided in time, and says how many. For the clock."""
        expired = 0
        while True:
            with self._database.begin() as session:
                now = self._database.time(session)
                offers = session.scalars(
                    select(PracticeOffer)
                    .where(PracticeOffer.status == OfferStatus.PENDING, PracticeOffer.expires_at <= now)
                    .limit(_AT_ONCE)
                    .with_for_update(skip_locked=True)
                ).all()
                for offer in offers:
                    settle(session, offer, OfferStatus.EXPIRED, Source.WORKER, now)
            expired += len(offers)
            if len(offers) < _AT_ONCE:
                return expired

    def card(self, practice_id: uuid.UUID, card_id: uuid.UUID) -> OfferCard:
        """A card as it should be now. For the messenger."""
        with self._database.read() as session:
            card, offer = _find_card(session, practice_id, card_id)
            person = session.get_one(Colleague, card.colleague_id)
            return OfferCard(
                offer=record(session, offer),
                to=person.slack_user_id,
                decides=offer.status is OfferStatus.PENDING and policy.is_admin(person),
                channel=card.channel,
                ts=card.ts,
            )

    def keep_place(self, claim: jobs.Claim, practice_id: uuid.UUID, card_id: uuid.UUID, channel: str, ts: str) -> None:
        """Keeps where the card was posted, and finishes the job that posted it."""
        with self._database.begin() as session:
            card, offer = _find_card(session, practice_id, card_id, lock=True)
            card.channel, card.ts = channel, ts
            if offer.status is not OfferStatus.PENDING:  # decided while the card was on its way
                tell_about_card(session, CLOSED, practice_id, card)
            jobs.finish(session, claim)

    def moved_away(self, practice_id: uuid.UUID, colleague_id: uuid.UUID, client_id: uuid.UUID) -> MovedAway:
        """For a practice that had the client, with the name that it had there."""
        with self._database.read() as session:
            person = session.scalar(
                select(Colleague).where(Colleague.id == colleague_id, Colleague.practice_id == practice_id)
            )
            entry = session.scalar(
                select(AuditEntry)
                .where(
                    AuditEntry.practice_id == practice_id,
                    AuditEntry.action == "client.moved_away",
                    AuditEntry.subject_id == client_id,
                )
                .order_by(AuditEntry.id.desc())
                .limit(1)
            )
            if person is None or entry is None:
                raise NotFoundError("There is nobody to tell.")
            return MovedAway(
                slack_user_id=person.slack_user_id, client_name=(entry.before or {}).get("name", ""), at=entry.at
            )

    def _accept(self, actor: Actor, offer_id: uuid.UUID) -> Offer:
        with self._database.begin() as session:
            # The practice's row is the lock under which places in the bundle are counted.
            practice = lock_practice(session, actor.practice_id)
            colleague = get_colleague(session, actor)
            policy.require_decide_offers(colleague)
            offer = find(session, actor.practice_id, offer_id, lock=True)
            now = self._database.now()
            _require_pending(session, offer, actor, now)
            client = lock_account(session, offer.client_id)
            if not still_stands(session, offer, client, practice):
                settle(session, offer, OfferStatus.WITHDRAWN, Source.SLACK, now)
                return record(session, offer)
            _require_place(session, practice, colleague, client, offer)
            settle(session, offer, OfferStatus.ACCEPTED, actor, now)
            move(session, actor, client, practice, offer.id, now)
            return record(session, offer)


def _find_card(
    session: Session, practice_id: uuid.UUID, card_id: uuid.UUID, *, lock: bool = False
) -> tuple[PracticeOfferCard, PracticeOffer]:
    """The card, and its offer, whose lock is also the card's."""
    card = session.get(PracticeOfferCard, card_id)
    if card is None:
        raise NotFoundError("This card is no longer there.")
    return card, find(session, practice_id, card.offer_id, lock=lock)


def _require_pending(session: Session, offer: PracticeOffer, actor: Actor, now: datetime) -> None:
    match offer.status:
        case OfferStatus.PENDING if now < offer.expires_at:
            return
        case OfferStatus.PENDING | OfferStatus.EXPIRED:
            raise ConflictError("This offer has expired: nobody decided it in time.")
        case OfferStatus.WITHDRAWN:
            raise ConflictError("This offer was withdrawn.")
        case OfferStatus.ACCEPTED | OfferStatus.DECLINED:
            decider = session.scalar(select(Colleague.name).where(Colleague.id == offer.decided_by))
            who = "You have" if offer.decided_by == actor.colleague_id else f"{decider} has"
            raise ConflictError(f"{who} already {offer.status} this offer.")


def _require_place(
    session: Session, practice: Practice, colleague: Colleague, client: Client, offer: PracticeOffer
) -> None:
    bundle = count_bundle(session, practice)
    if not bundle.is_full:
        return
    how = (
        "Raise the bundle" if policy.may_change_subscription(colleague) else "Ask a Practice Admin to raise the bundle"
    )
    raise BundleFullError(
        f"All {bundle.included:,} client accounts of your subscription are in use, so {client.name} has no place. "
        f"{how}, or deactivate another client, and accept then: the offer stands until {offer.expires_at:%-d %B}."
    )
