"""Offers and their cards, found, settled and told about inside a transaction."""

import uuid
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from db.models import (
    Client,
    ClientUser,
    Colleague,
    Lane,
    OfferStatus,
    Practice,
    PracticeOffer,
    PracticeOfferCard,
    Source,
)
from services import audit, jobs, notices, policy
from services.accounts.records import Offer
from services.actor import Actor
from services.errors import NotFoundError
from services.practice import count_bundle

ASKED = "slack.account_offered"
CLOSED = "slack.account_offer_closed"
DECIDED = "mail.account_offer_decided"


def find(session: Session, practice_id: uuid.UUID, offer_id: uuid.UUID, *, lock: bool = False) -> PracticeOffer:
    """One that was made to this practice."""
    query = select(PracticeOffer).where(PracticeOffer.practice_id == practice_id, PracticeOffer.id == offer_id)
    offer = session.scalar(query.with_for_update() if lock else query)
    if offer is None:
        raise NotFoundError("This offer is no longer there.")
    return offer


def deciders(session: Session, practice_id: uuid.UUID) -> list[Colleague]:
    return list(
        session.scalars(
            select(Colleague)
            .where(Colleague.practice_id == practice_id, Colleague.active, Colleague.role.in_(policy.ADMIN_ROLES))
            .order_by(Colleague.name, Colleague.id)
        )
    )


def record(session: Session, offer: PracticeOffer) -> Offer:
    session.flush()
    client, user, practice, decider = session.execute(
        select(Client, ClientUser, Practice, Colleague.name)
        .select_from(PracticeOffer)
        .join(Client, Client.id == PracticeOffer.client_id)
        .join(ClientUser, ClientUser.id == PracticeOffer.client_user_id)
        .join(Practice, Practice.id == PracticeOffer.practice_id)
        .outerjoin(Colleague, and_(Colleague.id == PracticeOffer.decided_by, Colleague.practice_id == Practice.id))
        .where(PracticeOffer.id == offer.id)
    ).one()
    return Offer(
        id=offer.id,
        status=offer.status,
        client_id=client.id,
        client_name=client.name,
        client_kind=client.kind,
        person_name=user.name,
        person_email=user.email,
        created_at=offer.created_at,
        expires_at=offer.expires_at,
        decided_at=offer.decided_at,
        decider_name=decider,
        bundle=count_bundle(session, practice),
    )


def ask(session: Session, offer: PracticeOffer) -> None:
    """A card for each admin of the practice. The offer has been flushed."""
    cards = [
        PracticeOfferCard(offer_id=offer.id, colleague_id=person.id) for person in deciders(session, offer.practice_id)
    ]
    session.add_all(cards)
    session.flush()
    for card in cards:
        tell_about_card(session, ASKED, offer.practice_id, card)


def settle(session: Session, offer: PracticeOffer, status: OfferStatus, by: Source | Actor, now: datetime) -> None:
    """Ends a pending offer, which is locked; its cards lose their buttons, and the person who made it is written to,
    unless they took it back themselves."""
    offer.status, offer.decided_at = status, now
    # Under its own name, by which it is told of also after the account has gone elsewhere.
    name = session.get_one(Client, offer.client_id).name
    before, after = {"name": name, "status": OfferStatus.PENDING}, {"name": name, "status": status}
    if isinstance(by, Actor):
        offer.decided_by = by.colleague_id
        audit.record(session, by, f"offer.{status}", offer.id, at=now, before=before, after=after)
    else:
        audit.record_without_colleague(
            session, offer.practice_id, by, f"offer.{status}", offer.id, at=now, before=before, after=after
        )
    posted = PracticeOfferCard.offer_id == offer.id, PracticeOfferCard.ts.is_not(None)
    for card in session.scalars(select(PracticeOfferCard).where(*posted)):
        tell_about_card(session, CLOSED, offer.practice_id, card)
    if status is not OfferStatus.WITHDRAWN:
        jobs.put(
            session,
            jobs.NewJob(
                lane=Lane.MAIL,
                kind=DECIDED,
                key=f"{DECIDED}:{offer.id}",
                practice_id=offer.practice_id,
                args={"offer_id": str(offer.id)},
            ),
        )


def tell_about_card(session: Session, kind: str, practice_id: uuid.UUID, card: PracticeOfferCard) -> None:
    notices.tell(
        session,
        kind,
        card.id,
        practice_id=practice_id,
        colleague_id=card.colleague_id,
        args={"card_id": str(card.id)},
    )
