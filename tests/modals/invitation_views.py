"""The invitations' list, and the forms and messages about one, with the longest content that they can get."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime

from db.models import InvitationStatus
from modals import cards, invitation_list, invitations
from modals.blocks import Message, View
from modals.clients.metadata import ListMetadata
from modals.invitations import InvitationMetadata, ListPlace, MessagePlace
from services.add_client.steps import NAME_LENGTH
from services.clients.search import QUERY_LENGTH
from services.invitations.bulk import NAMED, BulkReport, Skipped
from services.invitations.listing import InvitationLine, InvitationList, InvitationWish, Standing
from services.invitations.records import REFUSALS, InvitationNotice, Renewed

LONG = "<!channel> & *_~" + "W" * (NAME_LENGTH - 16)
EMAIL = "e" * 64 + "@" + "d" * 180 + ".example"
QUERY = '"\\<!channel>' + "ü" * (QUERY_LENGTH - 12)
NOW = datetime(2026, 11, 21, tzinfo=UTC)

LINE = InvitationLine(
    client_id=uuid.uuid4(),
    client_name=LONG,
    client_user_id=uuid.uuid4(),
    person_name=LONG,
    email=EMAIL,
    invitation_id=uuid.uuid4(),
    status=InvitationStatus.FAILED,
    inviter=LONG,
    created_at=NOW,
    expires_at=NOW,
    accepted_at=None,
    failure="550 " + "5.1.1 " * 100,
)
NEVER = InvitationLine(
    client_id=uuid.uuid4(), client_name=LONG, client_user_id=uuid.uuid4(), person_name=LONG, email=EMAIL
)
NOBODY = replace(NEVER, client_user_id=None, person_name=None, email=None)
ACCEPTED = replace(LINE, status=InvitationStatus.ACCEPTED, accepted_at=NOW)


def page(standing: Standing, *lines: InvitationLine, query: str = QUERY) -> InvitationList:
    return InvitationList(
        wish=InvitationWish(standing, query, 7),
        counts=dict.fromkeys(Standing, 100_000),
        pages=10_000,
        found=99_999 if lines else 0,
        actionable=88_888 if lines and standing is not Standing.ACCEPTED else 0,
        lines=lines,
    )


RENEWED = Renewed(
    invitation_id=uuid.uuid4(),
    client_id=uuid.uuid4(),
    client_name=LONG,
    person_name=LONG,
    email=EMAIL,
    repeated=False,
)
METADATA = InvitationMetadata(
    invitation=uuid.uuid4(),
    place=ListPlace(standing=Standing.EXPIRING, query=QUERY, page=10**6),
    message=MessagePlace(channel="D0123456789", ts="1764000000.000100", block=f"invitation.{uuid.uuid4()}"),
    at=ListMetadata(query=QUERY, page=10**6),
)
NOTICE = InvitationNotice(
    invitation_id=uuid.uuid4(),
    practice_id=uuid.uuid4(),
    client_id=uuid.uuid4(),
    client_name=LONG,
    person_name=LONG,
    email=EMAIL,
    status=InvitationStatus.FAILED,
    failure="550 " + "5.1.1 " * 100,
    created_at=NOW,
    expires_at=NOW,
    sent_at=NOW,
    opened_at=NOW,
    accepted_at=NOW,
    renewal_asked_at=NOW,
)
REPORT = BulkReport(
    practice_id=uuid.uuid4(),
    slack_user_id="U_ADA",
    sent=99_999,
    skipped=(Skipped(LONG, max(REFUSALS.values(), key=len)),) * NAMED,
    more=99_999,
    unfinished=False,
)


def _card(message: Message | None) -> Message:
    assert message is not None
    return message


FAILED = _card(cards.invitation_failed(NOTICE))
VIEWS: dict[str, View] = {
    **{f"invitations, {each}": invitation_list.listing(page(each, *[LINE] * 10), note=LONG * 5) for each in Standing},
    **{f"invitations, none {each}": invitation_list.listing(page(each, query="")) for each in Standing},
    "invitations, accepted ones": invitation_list.listing(page(Standing.ACCEPTED, *[ACCEPTED] * 10)),
    "invitations, never": invitation_list.listing(page(Standing.NEVER, *[NEVER, NOBODY] * 5)),
    "invitations, nothing found": invitation_list.listing(page(Standing.PENDING)),
    "invitations being sent": invitation_list.sending(100_000),
    "change e-mail": invitations.change_form(RENEWED, METADATA),
    "change e-mail and mobile": invitations.change_form(replace(RENEWED, mobile="+447911123456", texts=True), METADATA),
    "revoke": invitations.revoke_form(RENEWED, METADATA),
    "renewed": invitations.renewed(RENEWED),
    "renewed a moment ago": invitations.renewed(replace(RENEWED, repeated=True)),
}
MESSAGES: dict[str, Message] = {
    "invitation failed": FAILED,
    "invitation failed, sent anew": invitations.settled(FAILED, FAILED["blocks"][-1]["block_id"], RENEWED),
    "invitation goes out one way": _card(cards.invitation_link_failed(replace(NOTICE, status=InvitationStatus.SENT))),
    "renewal asked": _card(cards.invitation_renewal_asked(replace(NOTICE, status=InvitationStatus.EXPIRED))),
    "invitations sent": invitation_list.report(replace(REPORT, skipped=(), more=0)),
    "invitations sent, some left out": invitation_list.report(REPORT),
    "invitations not all sent": invitation_list.report(replace(REPORT, unfinished=True)),
}
