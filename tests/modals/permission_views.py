"""The views and messages of permission requests, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from db.models import PermissionKind, RequestStatus
from modals import subscription
from modals.add_client import openings
from modals.blocks import Message, View
from modals.permissions import asking, cards, page
from modals.permissions.ids import DeclineMetadata
from services.add_client.records import BundleFull, PermissionMissing
from services.permissions.listing import OWN, PAGE
from services.permissions.records import AlreadyPermitted, Asked, Ended, Request, RequestForm, RequestPage
from services.practice import Bundle

LONG = "<!channel> & *_~" + "W" * 239
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
MANY = tuple(f"U{number:010}" for number in range(200))
BILLING = "https://billing.example/" + "x" * 500
REASON = "<!channel> & *_~\n" * 29 + "W" * 7
PENDING = Request(
    id=uuid.uuid4(),
    kind=PermissionKind.CLIENT,
    status=RequestStatus.PENDING,
    requester_name=LONG,
    requester_slack_user_id="U_SAM",
    created_at=NOW,
    reason=REASON,
    days=365,
    client_id=uuid.uuid4(),
    client_name=LONG,
)
ADDING = replace(PENDING, kind=PermissionKind.ADD_CLIENTS, client_id=None, client_name=None, draft_id=uuid.uuid4())
BUNDLE = replace(ADDING, kind=PermissionKind.BUNDLE, bundle=100_000, days=None)
APPROVED = replace(
    PENDING,
    status=RequestStatus.APPROVED,
    decider_name=LONG,
    decided_at=NOW,
    decision_reason=REASON,
    granted_until=NOW,
)
DECLINED = replace(APPROVED, status=RequestStatus.DECLINED, granted_until=None)
EXPIRED = replace(PENDING, status=RequestStatus.EXPIRED, decided_at=NOW)
WITHDRAWN = replace(EXPIRED, status=RequestStatus.WITHDRAWN)
ASKED = Asked(request_id=PENDING.id, admins=MANY, asked_at=NOW, repeated=False)
AGAIN = replace(ASKED, repeated=True)


def _each(request: Request) -> tuple[Request, ...]:
    return tuple(replace(request, id=uuid.uuid4()) for _ in range(PAGE))


FORM = RequestForm(kinds=tuple(PermissionKind), kind=PermissionKind.CLIENT, included=99_999, like=PENDING)
LIST = RequestPage(
    decides=True,
    asks=True,
    found=1_000_000,
    page=1,
    pages=200_000,
    waiting=tuple(replace(BUNDLE, id=uuid.uuid4()) for _ in range(PAGE)),
    own=tuple(
        replace(each, id=uuid.uuid4()) for each in (PENDING, APPROVED, DECLINED, EXPIRED, WITHDRAWN) * (OWN // 5)
    ),
    billing_url=BILLING,
)
FULL = BundleFull(bundle=Bundle(used=100_000, included=100_000), may_raise=True, billing_url=None, admins=MANY)
ENDED = Ended(
    kind=PermissionKind.CLIENT,
    request_id=PENDING.id,
    client_name=LONG,
    person_name=LONG,
    slack_user_id="U_SAM",
    own=True,
)

VIEWS: dict[str, View] = {
    "bundle full, admin": openings.opening(FULL),
    "bundle full, billing elsewhere": openings.opening(replace(FULL, billing_url=BILLING)),
    "bundle full": openings.opening(replace(FULL, may_raise=False)),
    "bundle full, asked": openings.opening(replace(FULL, may_raise=False, asked=AGAIN)),
    "bundle raised": subscription.raised(FULL.bundle),
    "permission missing": openings.opening(PermissionMissing(admins=MANY)),
    "permission missing, asked": openings.opening(PermissionMissing(admins=MANY, asked=AGAIN)),
    "request": asking.request_form(FORM),
    "request to add clients": asking.request_form(replace(FORM, kind=PermissionKind.ADD_CLIENTS, like=None)),
    "request a bundle": asking.request_form(
        replace(FORM, kinds=(PermissionKind.BUNDLE,), kind=PermissionKind.BUNDLE, like=BUNDLE)
    ),
    "request, pending": asking.request_form(replace(FORM, kind=PermissionKind.BUNDLE, pending=AGAIN, like=None)),
    "request, the only one pending": asking.request_form(
        replace(FORM, kinds=(PermissionKind.BUNDLE,), kind=PermissionKind.BUNDLE, pending=AGAIN, like=None)
    ),
    "request, nothing to ask for": asking.request_form(replace(FORM, kinds=(), kind=None, like=None)),
    "access asked": asking.asked(ASKED),
    "access asked again": asking.asked(AGAIN),
    "access asked of nobody": asking.asked(replace(ASKED, admins=())),
    "access not needed": asking.asked(AlreadyPermitted(PermissionKind.ADD_CLIENTS)),
    "client access not needed": asking.asked(AlreadyPermitted(PermissionKind.CLIENT)),
    "request withdrawn": asking.withdrawn(WITHDRAWN),
    "requests": page.requests(LIST, note=page.decided_note(APPROVED)),
    "requests, clients": page.requests(replace(LIST, waiting=_each(PENDING))),
    "requests, none": page.requests(replace(LIST, found=0, page=0, pages=1, waiting=(), own=())),
    "requests, nothing to ask for": page.requests(replace(LIST, asks=False, own=())),
    "requests of a colleague": page.requests(replace(LIST, decides=False), note=page.withdrawn_note(WITHDRAWN)),
    "request declining": page.decline_form(PENDING, DeclineMetadata(request=PENDING.id, channel="C" * 20, ts="1" * 20)),
}
MESSAGES: dict[str, Message] = {
    "permission asked": cards.card(PENDING),
    "permission asked again": cards.card(ADDING, reminds=True),
    "bundle asked": cards.card(BUNDLE, billing_url=BILLING),
    "permission asked, not yours": cards.card(PENDING, decides=False),
    "permission asked, moved on": cards.moved_on(PENDING),
    **{f"permission asked, {each.status}": cards.card(each) for each in (APPROVED, DECLINED, EXPIRED, WITHDRAWN)},
    **{f"permission {each.status}": cards.decided(each) for each in (APPROVED, DECLINED, EXPIRED)},
    "permission to add approved": cards.decided(replace(ADDING, status=RequestStatus.APPROVED, decided_at=NOW)),
    "bundle approved": cards.decided(replace(BUNDLE, status=RequestStatus.APPROVED, draft_id=None)),
    "permission ended": cards.ended(ENDED),
    "permission ended, of another": cards.ended(replace(ENDED, own=False)),
    "approvals channel failed": cards.channel_failed("C0123456789"),
}
