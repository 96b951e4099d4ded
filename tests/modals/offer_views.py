"""The messages about accounts that clients offer, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from db.models import ClientKind, OfferStatus
from modals import offers
from modals.blocks import Message
from services.accounts.records import MovedAway, Offer
from services.practice import Bundle

LONG = "<!channel> & *_~" + "W" * 239
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
PENDING = Offer(
    id=uuid.uuid4(),
    status=OfferStatus.PENDING,
    client_id=uuid.uuid4(),
    client_name=LONG,
    client_kind=ClientKind.SOLO,
    person_name=LONG,
    person_email="w" * 64 + "@" + "w" * 189,
    created_at=NOW,
    expires_at=NOW,
    decided_at=None,
    decider_name=None,
    bundle=Bundle(used=99_999, included=100_000),
)
ACCEPTED = replace(PENDING, status=OfferStatus.ACCEPTED, decided_at=NOW, decider_name=LONG)
DECLINED = replace(ACCEPTED, status=OfferStatus.DECLINED)
EXPIRED = replace(ACCEPTED, status=OfferStatus.EXPIRED, decider_name=None)
WITHDRAWN = replace(EXPIRED, status=OfferStatus.WITHDRAWN)

MESSAGES: dict[str, Message] = {
    "offer": offers.card(PENDING),
    "offer, no longer theirs": offers.card(PENDING, decides=False),
    "offer, accepted": offers.card(ACCEPTED),
    "offer, declined": offers.card(DECLINED),
    "offer, expired": offers.card(EXPIRED),
    "offer, withdrawn": offers.card(WITHDRAWN),
    "account moved away": offers.moved_away(MovedAway(slack_user_id="U_ADA", client_name=LONG, at=NOW)),
    "request of an account that moved away": offers.request_gone(),
}
