"""The views and messages of reminders, with the longest content that they can get."""

import uuid
from datetime import UTC, datetime

from db.models import InvitationStatus
from modals import blocks as b
from modals import reminders
from modals.blocks import Message, View
from services.invitations.reminder_settings import ReminderSettings, ShownSettings
from services.invitations.reminders import SHOWN, Digest, ReminderLine

LONG = "<!channel> & *_~" + "W" * 239
NOW = datetime(2026, 11, 21, tzinfo=UTC)
PRACTICE = ReminderSettings(reminds=True, days=(6, 5, 4, 3, 2, 1, 0), hour=23, nudges_clients=True)
LINE = ReminderLine(
    invitation_id=uuid.uuid4(),
    client_id=uuid.uuid4(),
    client_name=LONG,
    person_name=LONG,
    email="x" * 64 + "@" + "y" * 180 + ".example",
    status=InvitationStatus.FAILED,
    failure="z" * 3000,
    expires_at=NOW,
    expired=False,
)


def _digest(count: int, more: int, *, expired: bool) -> Digest:
    lines = tuple(
        ReminderLine(
            invitation_id=uuid.uuid4(),
            client_id=LINE.client_id,
            client_name=LINE.client_name,
            person_name=LINE.person_name,
            email=LINE.email,
            status=LINE.status,
            failure=LINE.failure,
            expires_at=NOW,
            expired=expired,
        )
        for _ in range(count)
    )
    return Digest(practice_id=uuid.uuid4(), slack_user_id="U_ADA", lines=lines, more=more)


FULL = _digest(SHOWN, 9_990, expired=True)
VIEWS: dict[str, View] = {
    "reminder settings, admin": reminders.settings(ShownSettings(practice=PRACTICE, mine=False, may_change=True)),
    "reminder settings": reminders.settings(ShownSettings(practice=PRACTICE, mine=True, may_change=False)),
    "reminder settings, turned off": reminders.settings(
        ShownSettings(
            practice=ReminderSettings(reminds=False, days=(), hour=9, nudges_clients=False), mine=True, may_change=False
        )
    ),
}
MESSAGES: dict[str, Message] = {
    "reminders": reminders.digest(FULL),
    "reminder": reminders.digest(_digest(1, 0, expired=False)),
    "reminders, one settled": b.settled(
        reminders.digest(FULL),
        reminders.block_id(FULL.lines[0].invitation_id),
        b.rich([b.emoji("white_check_mark"), b.words(" Snoozed until "), b.moment(NOW)]),
    ),
}
