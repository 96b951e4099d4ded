"""How requests are put in words."""

from db.models import PermissionKind, RequestStatus
from modals import blocks as b
from modals.text import clip, count
from services.permissions.records import Request

ADD_CLIENTS = "the permission “Add client accounts”"
_NAME = 150


def what(request: Request) -> str:
    return what_of(request.kind, client_name=request.client_name, bundle=request.bundle)


def what_of(kind: PermissionKind, *, client_name: str | None, bundle: int | None = None) -> str:
    match kind:
        case PermissionKind.ADD_CLIENTS:
            return ADD_CLIENTS
        case PermissionKind.CLIENT:
            return f"access to {clip(client_name or 'a client', _NAME)}"
        case PermissionKind.BUNDLE:
            return f"a client bundle of {bundle:,}"


def wish(request: Request) -> str:
    return f"{clip(request.requester_name, _NAME)} asks for {what(request)}"


def wish_line(request: Request) -> list[b.Element]:
    return [b.bold(clip(request.requester_name, _NAME)), b.words(" asks for "), b.bold(what(request))]


def details(request: Request) -> list[list[b.Element]]:
    """Why, for how long, and since when, a line each."""
    lines = [[b.bold("Why: "), b.words(request.reason)]] if request.reason else []
    if request.kind is not PermissionKind.BUNDLE:
        lines.append([b.bold("For how long: "), b.words(for_how_long(request.days))])
    lines.append([b.bold("Asked: "), b.moment(request.created_at)])
    return lines


def for_how_long(days: int | None) -> str:
    return "Permanently" if days is None else count(days, "day", "days")


def decider(request: Request) -> str:
    return clip(request.decider_name or "a former colleague", _NAME)


def outcome(request: Request) -> list[list[b.Element]]:
    """How it stands, in a line or two."""
    when = [] if request.decided_at is None else [b.words(", "), b.moment(request.decided_at)]
    reason = [b.bold("Reason: "), b.words(request.decision_reason)] if request.decision_reason else []
    match request.status:
        case RequestStatus.PENDING:
            return [[b.emoji("hourglass_flowing_sand"), b.words(" Waiting for a decision")]]
        case RequestStatus.APPROVED:
            mark = [b.emoji("white_check_mark"), b.words(" Approved by "), b.bold(decider(request)), *when]
            return [mark, until(request), reason]
        case RequestStatus.DECLINED:
            return [[b.emoji("x"), b.words(" Declined by "), b.bold(decider(request)), *when], reason]
        case RequestStatus.EXPIRED:
            return [[b.emoji("hourglass"), b.words(" Expired: nobody decided it within 14 days"), *when]]
        case RequestStatus.WITHDRAWN:
            return [[b.emoji("leftwards_arrow_with_hook"), b.words(" Withdrawn"), *when]]


def said(request: Request) -> str:
    """The outcome in a few words, for notifications."""
    match request.status:
        case RequestStatus.APPROVED | RequestStatus.DECLINED:
            return f"{request.status} by {decider(request)}"
        case RequestStatus.PENDING | RequestStatus.EXPIRED | RequestStatus.WITHDRAWN:
            return str(request.status)


def until(request: Request) -> list[b.Element]:
    """When what was approved ends, or ended; nothing where it does not."""
    if request.ended_at is not None:
        return [b.words("Ended "), b.moment(request.ended_at)]
    if request.granted_until is not None:
        return [b.words("Until "), b.moment(request.granted_until)]
    return []
