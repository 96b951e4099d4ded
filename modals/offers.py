"""The card with which a client offers their account to a practice, and what those hear who had it."""

import uuid
from collections.abc import Mapping
from typing import Any

from db.models import ClientKind, OfferStatus
from modals import blocks as b
from modals.clients import ids as clients
from services.accounts.records import MovedAway, Offer
from services.errors import GoneError

ACCEPT = "offers.accept"
DECLINE = "offers.decline"

_KINDS = {ClientKind.BUSINESS: "Business client", ClientKind.SOLO: "Self-employed client (Solo)"}


def card(offer: Offer, *, decides: bool = True) -> b.Message:
    """What admins see: buttons while the offer waits and the reader `decides`, afterwards what became of it."""
    said = f"{offer.client_name} invites your practice to their account"
    lines = [
        [b.bold(offer.client_name), b.words(" invites your practice to their account.")],
        [b.bold("From: "), b.words(f"{offer.person_name}, Business Admin ("), b.code(offer.person_email), b.words(")")],
        [b.bold("Account: "), b.words(_KINDS[offer.client_kind])],
    ]
    if offer.status is not OfferStatus.PENDING:
        outcome = _outcome(offer)
        blocks = [b.rich(*lines, outcome)]
        if offer.status is OfferStatus.ACCEPTED:
            blocks += [b.section(_NEXT), b.actions(_open(offer))]
        return b.message(f"{said}: {''.join(each.get('text', '') for each in outcome).strip()}", blocks)
    if not decides:
        return b.message(said, [b.rich(*lines, [b.words("This is no longer yours to decide.")])])
    place = f"{offer.bundle.used:,} of {offer.bundle.included:,} client accounts are in use; this takes one."
    lines += [
        [b.bold("Bundle: "), b.words(place)],
        [b.bold("Decide until: "), b.moment(offer.expires_at)],
        [b.words("When you accept, the account is yours with its users, and the practice that has it loses access.")],
    ]
    value = str(offer.id)
    buttons = b.actions(
        b.button("Accept", ACCEPT, value=value, style="primary"),
        b.button("Decline", DECLINE, value=value, style="danger")
        | {
            "confirm": b.confirm(
                "Decline this account?", f"{offer.person_name} is told by e-mail that you declined.", "Decline"
            )
        },
        block_id=f"offer.{value}",
    )
    return b.message(said, [b.rich(*lines), buttons])


def moved_away(told: MovedAway) -> b.Message:
    title = f"{told.client_name} has moved to another practice."
    said = (
        "The client decided this, and your practice's access ended. Invitations and requests that were still open are "
        "withdrawn, and the connection to their accounting software is ended. Its place in your bundle is free."
    )
    return b.message(
        f"{title} {said}",
        [b.rich([b.bold(title), b.words(" "), b.moment(told.at)], [b.words(said)])],
    )


def request_gone() -> b.Message:
    """In place of the card of a request for access to a client that has moved away."""
    said = "This request was withdrawn: the client has moved to another practice."
    return b.message(said, [b.section(said)])


def read_id(action: Mapping[str, Any]) -> uuid.UUID:
    """The offer that a button is about."""
    try:
        return uuid.UUID(str(action.get("value")))
    except ValueError:
        raise GoneError("This button is from another version of Clientdesk, and no longer works.") from None


_NEXT = (
    "Next: give colleagues access, connect the accounting software, and check the practice code. Your client defaults "
    "apply to the account."
)


def _outcome(offer: Offer) -> list[b.Element]:
    who = offer.decider_name or "a former colleague"
    when = [b.words(" · "), b.moment(offer.decided_at)] if offer.decided_at else []
    match offer.status:
        case OfferStatus.ACCEPTED:
            return [b.emoji("white_check_mark"), b.words(f" Accepted by {who}"), *when]
        case OfferStatus.DECLINED:
            return [b.emoji("x"), b.words(f" Declined by {who}"), *when]
        case OfferStatus.EXPIRED:
            return [b.emoji("hourglass"), b.words(" Expired: nobody decided in time"), *when]
        case _:
            return [b.emoji("leftwards_arrow_with_hook"), b.words(" Withdrawn"), *when]


def _open(offer: Offer) -> b.Element:
    return b.button("Open the client", clients.OPEN, value=str(offer.client_id), style="primary")
