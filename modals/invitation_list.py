"""The list of invitations: how each stands, and what can be done."""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from db.models import InvitationStatus
from modals import blocks as b
from modals import form, invitations
from modals.home import STATUSES
from modals.invitations import ListPlace
from modals.text import clip, count
from services.clients.search import QUERY_LENGTH
from services.errors import InvalidError
from services.invitations.bulk import BulkReport
from services.invitations.listing import InvitationLine, InvitationList, InvitationWish, Standing

FIND = "invitations.find"
SEARCH = "invitations.search"
FILTER = "invitations.filter"
PREVIOUS = "invitations.previous"
NEXT = "invitations.next"
MENU = "invitations.menu"
SEND_ALL = "invitations.send_all"
TITLE = "Invitations"

RESEND, CHANGE, REVOKE, INVITE, ENTER, OPEN = "resend", "change", "revoke", "invite", "enter", "open"
"""What an entry of a line's menu begins with."""

STANDINGS = {
    Standing.PENDING: "Not accepted yet",
    Standing.EXPIRING: "Expiring in 2 days",
    Standing.EXPIRED: "Expired",
    Standing.FAILED: "Could not be delivered",
    Standing.ACCEPTED: "Accepted",
    Standing.REVOKED: "Revoked",
    Standing.NEVER: "Never invited",
}
_NOTHING = {
    Standing.PENDING: "No invitation waits to be accepted.",
    Standing.EXPIRING: "No invitation expires in the next two days.",
    Standing.EXPIRED: "No invitation has expired.",
    Standing.FAILED: "Every invitation could be delivered.",
    Standing.ACCEPTED: "Nobody has accepted an invitation yet.",
    Standing.REVOKED: "No invitation was revoked.",
    Standing.NEVER: "Each of your clients has been invited.",
}
_NAME = 150


def listing(shown: InvitationList, note: str | None = None) -> b.View:
    """`note` is what the entry or form that led here has done."""
    wish = shown.wish
    options = [b.option(f"{name} ({shown.counts[each]:,})", each) for each, name in STANDINGS.items()]
    typed = b.text_input(wish.query, placeholder="Part of a name, code, organisation or e-mail")
    blocks = [
        b.field("standing", "Show", b.select(options, wish.standing) | {"action_id": FILTER}, acts=True),
        b.field("query", "Search", typed | {"action_id": SEARCH, "max_length": QUERY_LENGTH}, optional=True, acts=True),
    ]
    counted = [f"{shown.counts[each]:,} {name.lower()}" for each, name in STANDINGS.items() if shown.counts[each]]
    if counted:
        blocks.append(b.context(" · ".join(counted)))
    if note:
        blocks.append(b.rich([b.emoji("white_check_mark"), b.words(f" {note}")]))
    blocks.append(b.section(_count(shown)))
    if shown.actionable:
        blocks.append(b.actions(_send_all(shown), block_id="all"))
    blocks += [b.section(_line(line), accessory=_menu(line)) for line in shown.lines]
    turning = _turning(shown)
    if turning:
        blocks.append(b.actions(*turning, block_id="pages"))
    return b.modal(
        TITLE,
        blocks,
        callback_id=FIND,
        submit="Search",
        private_metadata=ListPlace.at(wish).dump(),
    )


def sending(number: int) -> b.View:
    said = f"{count(number, 'invitation is', 'invitations are')} being sent. "
    again = b.button("Invitations", invitations.LIST, value=ListPlace().dump())
    return b.modal(
        TITLE,
        [b.section(f"{said}You get a message when that is done, with who was left out and why."), b.actions(again)],
    )


def report(done: BulkReport) -> b.Message:
    """What has become of sending to all that were listed."""
    if done.unfinished:
        said = "Not all of your invitations could be sent: something went wrong on our side."
        advice = "Open the list to see how each stands, and send the rest again."
        return b.message(said, [b.section(f"{said} {advice}"), b.actions(_open())])
    said = f"{count(done.sent, 'invitation is', 'invitations are')} on the way."
    blocks = [b.rich([b.emoji("email"), b.words(f" {said}")])]
    left_out = len(done.skipped) + done.more
    if left_out:
        lines = [[b.bold(clip(each.client_name, _NAME)), b.words(f": {each.why}")] for each in done.skipped]
        blocks.append(b.rich([b.words(f"{count(left_out, 'client was', 'clients were')} left out:")], *lines))
        if done.more:
            blocks.append(b.section(f"And {done.more:,} more."))
        said = f"{said} {count(left_out, 'client was', 'clients were')} left out."
    return b.message(said, [*blocks, b.actions(_open())])


def _open() -> b.Element:
    return b.button("Invitations", invitations.LIST)


def _count(shown: InvitationList) -> str:
    wish = shown.wish
    if not shown.found:
        return f"Nothing here with “{wish.query}”." if wish.query else _NOTHING[wish.standing]
    one, many = ("client", "clients") if wish.standing is Standing.NEVER else ("invitation", "invitations")
    what = f"{STANDINGS[wish.standing]}: {count(shown.found, one, many)}"
    said = f"{what} with “{wish.query}”" if wish.query else what
    return f"{said} · page {wish.page + 1:,} of {shown.pages:,}" if shown.pages > 1 else said


def _send_all(shown: InvitationList) -> b.Element:
    number = count(shown.actionable, "invitation", "invitations")
    if shown.wish.standing is Standing.NEVER:
        text, title, yes = "Invite all listed", f"Send {number}?", "Invite"
        told = f"{count(shown.actionable, 'client gets', 'clients get')} an e-mail with a link."
        without = shown.found - shown.actionable
        if without:
            told += f" Left out: {count(without, 'client', 'clients')} with nobody to invite yet."
    else:
        text, title, yes = "Resend all listed", f"Send {number} again?", "Resend"
        told = "Each gets a new link with another week. The links that were sent before stop working."
    return b.button(text, SEND_ALL) | {"confirm": b.confirm(title, told, yes)}


def _line(line: InvitationLine) -> str:
    name = clip(line.client_name, _NAME)
    if line.person_name is None or line.email is None:
        return f"{name}\nNobody to invite yet"
    who = f"{clip(line.person_name, _NAME)} <{line.email}>"
    if line.status is None or line.created_at is None or line.expires_at is None:
        return f"{name}\n{who}\nnot invited"
    said = [STATUSES[line.status], f"invited {_day(line.created_at)} by {clip(line.inviter or '', _NAME)}"]
    if line.accepted_at is not None:
        said.append(f"accepted {_day(line.accepted_at)}")
    elif line.status is InvitationStatus.EXPIRED:
        said.append(f"expired {_day(line.expires_at)}")
    elif line.status is not InvitationStatus.REVOKED:
        said.append(f"expires {_day(line.expires_at)}")
    failure = f"\n{clip(line.failure, 300)}" if line.failure and line.accepted_at is None else ""
    return f"{name}\n{who}\n{' · '.join(said)}{failure}"


def _day(at: datetime) -> str:
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M}"


def _menu(line: InvitationLine) -> b.Element:
    return b.overflow([b.option(text, f"{verb} {of}") for text, verb, of in _entries(line)], action_id=MENU)


def _entries(line: InvitationLine) -> list[tuple[str, str, uuid.UUID]]:
    opened = ("Open client", OPEN, line.client_id)
    if line.invitation_id is None:
        if line.client_user_id is None:
            return [("Invite…", ENTER, line.client_id), opened]
        return [("Invite", INVITE, line.client_user_id), opened]
    entries = [("Resend", RESEND, line.invitation_id), ("Change e-mail…", CHANGE, line.invitation_id)]
    match line.status:
        case InvitationStatus.ACCEPTED:
            return [opened]
        case InvitationStatus.REVOKED:
            return [*entries, opened]
        case _:
            return [*entries, ("Revoke…", REVOKE, line.invitation_id), opened]


def read_entry(action: Mapping[str, Any]) -> tuple[str, uuid.UUID]:
    """What was chosen, and the id of what it is about."""
    verb, _, of = str(action["selected_option"]["value"]).partition(" ")
    return verb, uuid.UUID(of)


def read_wish(view: Mapping[str, Any]) -> InvitationWish:
    """The first page of what the form asks for."""
    values = form.read(view)
    standing = str(values.get("standing") or ListPlace.of(view).standing)
    if standing not in set(Standing):
        raise InvalidError({"standing": "Choose from the list."})
    return InvitationWish(Standing(standing), values.get("query") or "")


def _turning(shown: InvitationList) -> list[b.Element]:
    page = shown.wish.page
    buttons = []
    if page > 0:
        buttons.append(b.button("Previous", PREVIOUS, value=str(page - 1)))
    if page < shown.pages - 1:
        buttons.append(b.button("Next", NEXT, value=str(page + 1)))
    return buttons
