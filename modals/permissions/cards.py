"""The card that is decided, and the messages around it."""

import uuid
from collections.abc import Mapping
from typing import Any

from db.models import PermissionKind, RequestStatus
from modals import blocks as b
from modals.add_client import ids as add_client
from modals.clients import ids as clients
from modals.permissions import ids, words
from services.errors import GoneError
from services.permissions.records import Ended, Request, Term

TERMS = {"7": "7 days", "30": "30 days", "90": "90 days", "always": "Permanently"}
"""What an approval can be given for instead of what was asked, by the option's value."""


def card(request: Request, *, decides: bool = True, reminds: bool = False, billing_url: str | None = None) -> b.Message:
    """What deciders see: buttons while the request is pending and the reader `decides`, afterwards the outcome. One
    that `reminds` is posted once more."""
    wish = words.wish(request)
    if request.status is not RequestStatus.PENDING:
        lines = [words.wish_line(request), *words.details(request), *words.outcome(request)]
        return b.message(f"{wish}: {words.said(request)}", [b.rich(*lines)])
    lines = [words.wish_line(request), *words.details(request)]
    if reminds:
        lines.insert(0, [b.emoji("bell"), b.words(" Still waiting for a decision")])
        wish = f"Still waiting: {wish}"
    if not decides:
        return b.message(wish, [b.rich(*lines, [b.words("This is no longer yours to decide.")])])
    return b.message(wish, [b.rich(*lines, billing(request, billing_url)), decision(request)])


def moved_on(request: Request) -> b.Message:
    """In place of a card that is posted once more further down."""
    lines = [words.wish_line(request), [b.words("Still waiting for a decision: the card is further down.")]]
    return b.message(words.wish(request), [b.rich(*lines)])


def billing(request: Request, billing_url: str | None) -> list[b.Element]:
    """Where the bundle is raised before it can be approved."""
    if billing_url is None or request.kind is not PermissionKind.BUNDLE:
        return []
    return [b.words("Raise it first: "), b.link(billing_url, "billing page"), b.words(". Then approve here.")]


def decision(request: Request) -> b.Block:
    value = str(request.id)
    elements = [b.button("Approve", ids.APPROVE, value=value, style="primary")]
    if request.kind is not PermissionKind.BUNDLE:
        options = [b.option(text, f"{term} {value}") for term, text in TERMS.items()]
        elements.append(b.select(options, placeholder="Approve for…") | {"action_id": ids.APPROVE_FOR})
    elements.append(b.button("Decline…", ids.DECLINE, value=value, style="danger"))
    return b.actions(*elements, block_id=f"decide.{value}")


def read_id(action: Mapping[str, Any]) -> uuid.UUID:
    """The request that a button is about."""
    try:
        return uuid.UUID(str(action.get("value")))
    except ValueError:
        raise _outdated() from None


def read_term(action: Mapping[str, Any]) -> tuple[uuid.UUID, Term]:
    """What was chosen in “Approve for…”."""
    term, _, value = str((action.get("selected_option") or {}).get("value")).partition(" ")
    if term not in TERMS:
        raise _outdated()
    return read_id({"value": value}), Term(int(term) if term.isdigit() else None)


def decided(request: Request) -> b.Message:
    """What the requester hears."""
    asked = words.what(request)
    lines = words.outcome(request)
    match request.status:
        case RequestStatus.APPROVED:
            said, title = _given(request), f"{words.decider(request)} approved your request for {asked}."
            buttons = [_continue(request)]
        case RequestStatus.DECLINED:
            said, title = "Talk to them if you need it.", f"{words.decider(request)} declined your request for {asked}."
            buttons = []
        case _:
            said, title = "You can ask again.", f"Your request for {asked} was not decided within 14 days, and expired."
            buttons = [_ask_again(str(request.id))]
            lines = []
    headline = [b.emoji(_MARKS[request.status]), b.words(" "), b.bold(title)]
    blocks = [b.rich(headline, *lines[1:], [b.words(said)])]
    if buttons:
        blocks.append(b.actions(*buttons))
    return b.message(f"{title} {said}", blocks)


def ended(shown: Ended) -> b.Message:
    """For the person whose time is over, and for whoever gave it."""
    asked = words.what_of(shown.kind, client_name=shown.client_name)
    if not shown.own:
        said = f"{shown.person_name} no longer has {asked}: it was given for a time, which is over."
        return b.message(said, [b.rich([b.emoji("alarm_clock"), b.words(f" {said}")])])
    said = f"You no longer have {asked}: it was given for a time, which is over."
    again = str(shown.request_id or shown.kind)
    return b.message(said, [b.rich([b.emoji("alarm_clock"), b.words(f" {said}")]), b.actions(_ask_again(again))])


def channel_failed(channel: str) -> b.Message:
    said = (
        "Permission requests could not be posted in the approvals channel: it is archived, or Clientdesk is not in it. "
        "They come to you directly until that is mended."
    )
    how = [b.words("Invite the app to "), {"type": "channel", "channel_id": channel}, b.words(", or choose another ")]
    return b.message(said, [b.section(said), b.rich([*how, b.words("channel with /clients settings.")])])


_MARKS = {
    RequestStatus.APPROVED: "white_check_mark",
    RequestStatus.DECLINED: "x",
    RequestStatus.EXPIRED: "hourglass",
}


def _given(request: Request) -> str:
    match request.kind:
        case PermissionKind.ADD_CLIENTS:
            return "You can add client accounts now."
        case PermissionKind.CLIENT:
            return "You can open the client now."
        case PermissionKind.BUNDLE:
            return "There is room for more clients now."


def _continue(request: Request) -> b.Element:
    if request.kind is PermissionKind.CLIENT:
        return b.button("Open the client", clients.OPEN, value=str(request.client_id), style="primary")
    if request.draft_id is not None:
        return b.button("Continue adding your client", add_client.RESUME, value=str(request.draft_id), style="primary")
    return b.button("Continue adding your client", add_client.OPEN, style="primary")


def _ask_again(value: str) -> b.Element:
    return b.button("Ask again…", ids.REQUEST, value=value)


def _outdated() -> GoneError:
    return GoneError("This button is from another version of Clientdesk. Type /clients requests to see what waits.")
