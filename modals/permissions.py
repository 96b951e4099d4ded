"""Requests for a permission: the form that asks, the card that is decided, and what its requester hears."""

from collections.abc import Sequence
from datetime import datetime

from db.models import PermissionKind, RequestStatus
from modals import blocks as b
from modals.add_client import ids as add_client
from services.permissions.records import AlreadyPermitted, Asked, Request

REQUEST = "permissions.request"
APPROVE = "permissions.approve"
DECLINE = "permissions.decline"

TITLE = "Request access"
PERMISSIONS = {PermissionKind.ADD_CLIENTS: "Add client accounts"}
OUTCOMES = {
    RequestStatus.APPROVED: [b.emoji("white_check_mark"), b.words(" Approved by ")],
    RequestStatus.DECLINED: [b.emoji("x"), b.words(" Declined by ")],
}


def request_button() -> b.Element:
    return b.button("Request access", REQUEST, style="primary")


def pending(admins: Sequence[str], asked_at: datetime) -> list[b.Element]:
    """A line that says that one has asked, and whom."""
    return [
        b.words("You asked for it on "),
        b.moment(asked_at),
        b.words(": "),
        *_told(admins),
    ]


def asked(outcome: Asked | AlreadyPermitted) -> b.View:
    match outcome:
        case AlreadyPermitted():
            said = "You have the permission “Add client accounts” already."
            return b.modal(TITLE, [b.section(said), b.actions(_add_client())])
        case Asked(repeated=True):
            return b.modal(TITLE, [b.rich(pending(outcome.admins, outcome.asked_at))])
        case Asked():
            return b.modal(TITLE, [b.rich([b.bold("Asked: "), *_told(outcome.admins)])])


def card(request: Request) -> b.Message:
    """What a decider sees: buttons while the request is pending, afterwards the outcome."""
    permission = f"“{PERMISSIONS[request.kind]}”"
    wish = b.rich([b.bold(request.requester_name), b.words(" asks for the permission "), b.bold(permission)])
    said = f"{request.requester_name} asks for the permission {permission}"
    if request.status is RequestStatus.PENDING:
        return b.message(said, [wish, _decision(request)])
    by = request.decider_name or "a former colleague"
    outcome = [*OUTCOMES[request.status], b.bold(by)]
    if request.decided_at is not None:
        outcome += [b.words(", "), b.moment(request.decided_at)]
    return b.message(f"{said}: {request.status} by {by}", [wish, b.rich(outcome)])


def decided(request: Request) -> b.Message:
    """What the requester hears."""
    permission = f"“{PERMISSIONS[request.kind]}”"
    by = request.decider_name or "a former colleague"
    if request.status is RequestStatus.APPROVED:
        return b.message(
            f"You can add client accounts now: {by} approved your request.",
            [
                b.rich(
                    [
                        b.emoji("white_check_mark"),
                        b.words(" "),
                        b.bold(by),
                        b.words(" approved your request for "),
                        b.bold(permission),
                        b.words("."),
                    ],
                    [b.words("You can add client accounts now.")],
                ),
                b.actions(_add_client()),
            ],
        )
    return b.message(
        f"{by} declined your request for {permission}.",
        [
            b.rich(
                [
                    b.emoji("x"),
                    b.words(" "),
                    b.bold(by),
                    b.words(" declined your request for "),
                    b.bold(permission),
                    b.words("."),
                ],
                [b.words("Talk to them if you need it.")],
            )
        ],
    )


def _add_client() -> b.Element:
    return b.button("Add a client", add_client.OPEN, style="primary")


def _told(admins: Sequence[str]) -> list[b.Element]:
    verb = "is" if len(admins) == 1 else "are"
    return [*b.mentions(admins), b.words(f" {verb} told. You get a message here when it is decided.")]


def _decision(request: Request) -> b.Block:
    value = str(request.id)
    return b.actions(
        b.button("Approve", APPROVE, value=value, style="primary"),
        b.button("Decline", DECLINE, value=value, style="danger")
        | {
            "confirm": b.confirm(
                "Decline the request?", f"{request.requester_name} is told that you declined it.", "Decline"
            )
        },
    )
