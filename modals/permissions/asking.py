"""The form that asks for a permission, and what comes of it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from db.models import PermissionKind
from modals import blocks as b
from modals import form
from modals.add_client import ids as add_client
from modals.form import Metadata
from modals.permissions import ids, words
from modals.permissions.cards import read_id
from services.errors import GoneError, InvalidError
from services.permissions.asking import LONGEST_REASON
from services.permissions.records import AlreadyPermitted, Asked, Request, RequestForm, Wish

TITLE = "Request access"
KINDS = {
    PermissionKind.ADD_CLIENTS: "Add client accounts",
    PermissionKind.CLIENT: "Access to one client",
    PermissionKind.BUNDLE: "A larger client bundle",
}
PERMANENT, FOR_DAYS = "permanent", "days"
_WHAT = "What do you need?"


class RequestMetadata(Metadata):
    """The kind that the form shows."""

    kind: PermissionKind


def request_button(kind: PermissionKind = PermissionKind.ADD_CLIENTS, text: str = TITLE) -> b.Element:
    return b.button(text, ids.REQUEST, value=kind, style="primary")


def withdraw_button(request_id: uuid.UUID, *, page: int | None = None) -> b.Element:
    """`page` is the one of the list that the button is on."""
    value = str(request_id) if page is None else f"{request_id} {page}"
    return b.button("Withdraw", ids.WITHDRAW, value=value) | {
        "confirm": b.confirm("Withdraw the request?", "You can ask again whenever you like.", "Withdraw", "Keep it")
    }


def pending(outcome: Asked, what: Sequence[b.Element] = ()) -> list[b.Block]:
    """That one has asked for `what`, whom, and the way to take it back."""
    line = [b.words("You asked for it on "), b.moment(outcome.asked_at), b.words(": "), *_told(outcome.admins)]
    return [b.rich(what, line), b.actions(withdraw_button(outcome.request_id))]


def request_form(shown: RequestForm) -> b.View:
    if shown.kind is None:
        return b.modal(TITLE, [b.section("You have every permission there is to ask for.")])
    metadata = RequestMetadata(kind=shown.kind).dump()
    radios = b.radios([b.option(KINDS[kind], kind) for kind in shown.kinds], shown.kind, action_id=ids.KIND)
    single = len(shown.kinds) == 1
    if shown.pending is not None:
        # Without an input: a form that has one needs something to submit.
        choice = [] if single else [b.rich([b.bold(_WHAT)]), b.actions(radios, block_id="kind")]
        what = [b.bold(KINDS[shown.kind])] if single else []
        return b.modal(TITLE, [*choice, *pending(shown.pending, what)], private_metadata=metadata)
    top = b.rich([b.bold(KINDS[shown.kind])]) if single else b.field("kind", _WHAT, radios, acts=True)
    return b.modal(
        TITLE,
        [top, *_fields(shown)],
        callback_id=ids.SUBMIT,
        submit="Send the request",
        private_metadata=metadata,
    )


def asked(outcome: Asked | AlreadyPermitted) -> b.View:
    match outcome:
        case AlreadyPermitted(PermissionKind.ADD_CLIENTS):
            said = "You have the permission “Add client accounts” already."
            return b.modal(TITLE, [b.section(said), b.actions(_add_client())])
        case AlreadyPermitted():
            return b.modal(TITLE, [b.section("You can do this already: there is nothing to ask for.")])
        case Asked(repeated=True):
            return b.modal(TITLE, pending(outcome))
        case Asked():
            blocks = [
                b.rich([b.bold("Asked: "), *_told(outcome.admins)]),
                b.actions(withdraw_button(outcome.request_id)),
            ]
            return b.modal(TITLE, blocks)


def withdrawn(request: Request) -> b.View:
    said = f"Your request for {words.what(request)} is withdrawn."
    return b.modal(TITLE, [b.section(said), b.actions(b.button("Your requests", ids.LIST))])


def read_withdrawal(action: Mapping[str, Any]) -> tuple[uuid.UUID, int | None]:
    """The request that is taken back, and the page of the list to show again."""
    request_id, _, page = str(action.get("value")).partition(" ")
    return read_id({"value": request_id}), int(page) if page.isascii() and page.isdigit() else None


def read_kind(view: Mapping[str, Any]) -> PermissionKind:
    """The kind that the form is about."""
    chosen = form.read(view).get("kind") or RequestMetadata.of(view).kind
    if chosen not in set(PermissionKind):
        raise GoneError("This form is from another version of Clientdesk. Close it and open it again.")
    return PermissionKind(chosen)


def read_wish(view: Mapping[str, Any]) -> Wish:
    """Raises InvalidError at the field. A number that is none is left to the service to refuse."""
    values = form.read(view)
    typed = str(values.get("days") or "").strip()
    if typed and values.get("term") != FOR_DAYS:
        raise InvalidError({"days": "Choose “For some days” too, or leave this empty."})
    return Wish(
        kind=read_kind(view),
        reason=str(values.get("reason") or ""),
        days=_number(typed) if values.get("term") == FOR_DAYS else None,
        client=str(values.get("client") or ""),
        bundle=_number(str(values.get("bundle") or "")),
    )


def read_opening(value: str | None) -> tuple[PermissionKind | None, uuid.UUID | None]:
    """What the button that opens the form begins with: a kind, an earlier request, or nothing."""
    if value in set(PermissionKind):
        return PermissionKind(value), None
    try:
        return None, uuid.UUID(value) if value else None
    except ValueError:
        return None, None


def _fields(shown: RequestForm) -> list[b.Block]:
    like = shown.like
    blocks = []
    if shown.kind is PermissionKind.CLIENT:
        typed = b.text_input(like.client_name if like else None)
        blocks.append(b.field("client", "Client", typed, hint="Its exact name or its practice code."))
    if shown.kind is PermissionKind.BUNDLE:
        typed = b.text_input(placeholder=f"More than {shown.included:,}")
        blocks.append(b.field("bundle", "Clients that the bundle should include", typed))
    else:
        terms = [b.option("Permanently", PERMANENT), b.option("For some days", FOR_DAYS)]
        days = like.days if like else None
        blocks += [
            b.field("term", "For how long?", b.radios(terms, PERMANENT if days is None else FOR_DAYS)),
            b.field(
                "days",
                "Days",
                b.text_input(None if days is None else str(days), placeholder="30") | {"max_length": 5},
                hint="From 1 to 365, if it is for some days.",
                optional=True,
            ),
        ]
    reason = b.text_input(like.reason if like else None, multiline=True) | {"max_length": LONGEST_REASON}
    return [*blocks, b.field("reason", "Why do you need it?", reason, hint="Whoever decides reads this.")]


def _add_client() -> b.Element:
    return b.button("Add a client", add_client.OPEN, style="primary")


def _told(admins: Sequence[str]) -> list[b.Element]:
    if not admins:
        return [b.words("Nobody here can decide it now. It waits until there is an admin.")]
    verb = "is" if len(admins) == 1 else "are"
    return [*b.mentions(admins), b.words(f" {verb} told. You get a message here when it is decided.")]


def _number(typed: str) -> int:
    """0 for what is no whole number."""
    digits = typed.replace(",", "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else 0
