"""The list of requests: what waits for one's decision, and what one has asked for."""

from collections.abc import Mapping
from typing import Any

from db.models import RequestStatus
from modals import blocks as b
from modals import form
from modals.permissions import ids, words
from modals.permissions.asking import TITLE as ASK
from modals.permissions.asking import withdraw_button
from modals.permissions.cards import billing, decision
from modals.permissions.ids import DeclineMetadata, ListMetadata
from modals.text import count
from services.permissions.asking import LONGEST_REASON
from services.permissions.records import Request, RequestPage

TITLE = "Requests"
DECLINE_TITLE = "Decline the request"


def requests(shown: RequestPage, note: str | None = None) -> b.View:
    """`note` is what the button or form that led here has done."""
    blocks = []
    if note:
        blocks.append(b.rich([b.emoji("white_check_mark"), b.words(f" {note}")]))
    if shown.decides:
        blocks.append(b.header("Waiting for your decision"))
        blocks.append(b.section(_found(shown)))
        for request in shown.waiting:
            line = billing(request, shown.billing_url)
            blocks += [b.rich(words.wish_line(request), *words.details(request), line), decision(request)]
        turning = _turning(shown)
        if turning:
            blocks.append(b.actions(*turning, block_id="pages"))
    if not (shown.asks or shown.own):
        return _modal(shown, blocks)
    blocks += [b.divider()] if shown.decides else []
    blocks.append(b.header("Your requests"))
    for request in shown.own:
        blocks.append(b.rich([b.bold(_capital(words.what(request)))], *words.details(request), *words.outcome(request)))
        if request.status is RequestStatus.PENDING:
            blocks.append(b.actions(withdraw_button(request.id, page=shown.page)))
    if not shown.own:
        blocks.append(b.section("You have not asked for anything."))
    if shown.asks:
        blocks.append(b.actions(b.button(ASK, ids.REQUEST)))
    return _modal(shown, blocks)


def decline_form(request: Request, origin: DeclineMetadata) -> b.View:
    typed = b.text_input(multiline=True) | {"max_length": LONGEST_REASON}
    return b.modal(
        DECLINE_TITLE,
        [
            b.rich(words.wish_line(request), *words.details(request)),
            b.field("reason", "Reason", typed, hint=f"{request.requester_name} reads it.", optional=True),
        ],
        callback_id=ids.SUBMIT_DECLINE,
        submit="Decline",
        close="Cancel",
        private_metadata=origin.dump(),
    )


def read_reason(view: Mapping[str, Any]) -> str:
    return str(form.read(view).get("reason") or "")


def decided_note(request: Request) -> str:
    return f"{request.requester_name} is told that you {request.status} the request."


def withdrawn_note(request: Request) -> str:
    return f"Your request for {words.what(request)} is withdrawn."


def _modal(shown: RequestPage, blocks: list[b.Block]) -> b.View:
    return b.modal(TITLE, blocks, private_metadata=ListMetadata(page=shown.page).dump())


def _found(shown: RequestPage) -> str:
    if not shown.found:
        return "Nothing waits for you."
    said = count(shown.found, "request waits", "requests wait")
    return f"{said} · page {shown.page + 1:,} of {shown.pages:,}" if shown.pages > 1 else f"{said}."


def _turning(shown: RequestPage) -> list[b.Element]:
    buttons = []
    if shown.page > 0:
        buttons.append(b.button("Previous", ids.PREVIOUS, value=str(shown.page - 1)))
    if shown.page < shown.pages - 1:
        buttons.append(b.button("Next", ids.NEXT, value=str(shown.page + 1)))
    return buttons


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
