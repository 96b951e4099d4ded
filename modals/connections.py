"""Messages to the holder of a sign-in at Xero or Sage: what ended there, or soon will, and what to do."""

from db.models import Provider
from modals import blocks as b
from modals.client_sync import ids as client_sync
from modals.clients import ids as clients
from modals.text import clip
from services.accounting.port import NAMES
from services.accounting.upkeep import UpkeepNotice

_LONGEST_NAME = 100
_TOGETHER = frozenset({Provider.XERO})
"""Where Client Sync connects all that a sign-in reaches."""


def authorisation_ended(notice: UpkeepNotice) -> b.Message:
    name = NAMES[notice.provider]
    return _message(
        f"{_whose(notice)} sign-in at {name} has ended",
        [b.words(f"{name} no longer accepts it, so Clientdesk can't reach what rests on it.")],
        notice,
        "Not connected any more: ",
        _sign_in_again(notice),
    )


def connections_ended(notice: UpkeepNotice) -> b.Message:
    name = NAMES[notice.provider]
    count = len(notice.clients) + notice.more
    several = count > 1
    said = f"{count:,} clients are" if several else "A client is"
    return _message(
        f"{said} no longer connected to {name}",
        [
            b.words(
                f"{name} no longer lets {_whose(notice, 'your')} sign-in at "
                f"{'these organisations' if several else 'this organisation'}."
            )
        ],
        notice,
        "Not connected any more: ",
        _sign_in_again(notice)
        if notice.holder
        else f"Check at {name} that you still have access. {_sign_in_again(notice)}",
    )


def authorisation_lapsing(notice: UpkeepNotice) -> b.Message:
    name = NAMES[notice.provider]
    return _message(
        f"{_whose(notice)} sign-in at {name} will end soon",
        [
            b.words(f"Clientdesk could not renew it for some time. If that goes on, {name} ends it on "),
            b.moment(notice.lapses_at),
            b.words("."),
        ],
        notice,
        "Connected by it: ",
        _sign_in_again(notice),
    )


def _message(said: str, why: list[b.Element], notice: UpkeepNotice, label: str, advice: str) -> b.Message:
    named = [b.bold(label), b.words(_names(notice))] if notice.clients else []
    return b.message(
        f"{said}.",
        [
            b.rich([b.emoji("warning"), b.words(" "), b.bold(f"{said}.")], why, named, [b.words(advice)]),
            b.actions(_way(notice.provider)),
        ],
    )


def _names(notice: UpkeepNotice) -> str:
    named = ", ".join(clip(each, _LONGEST_NAME) for each in notice.clients)
    return f"{named} and {notice.more:,} more" if notice.more else named


def _whose(notice: UpkeepNotice, yours: str = "Your") -> str:
    return yours if notice.holder is None else f"{clip(notice.holder, _LONGEST_NAME)}’s"


def _sign_in_again(notice: UpkeepNotice) -> str:
    together = notice.provider in _TOGETHER
    if notice.holder is not None:
        left = f"{clip(notice.holder, _LONGEST_NAME)} has left. To put it right, "
        if together:
            return (
                f"{left}press Reconnect, choose Reconnect all or Reassign clients, and sign in there as somebody who "
                "sees these organisations."
            )
        return f"{left}open each of these clients and connect it by your own sign-in."
    again = "sign in there as the same person. Clients that are within reach are connected again by themselves."
    if together:
        return f"To put it right, press Reconnect, choose Reconnect all and {again}"
    return f"To put it right, open one of these clients, press Reconnect and {again}"


def _way(provider: Provider) -> b.Element:
    """To where the person signs in again: for all clients at once, or from the card of one."""
    if provider in _TOGETHER:
        return b.button("Reconnect", client_sync.OPEN, style="primary")
    return b.button("Open clients", clients.LIST, style="primary")
