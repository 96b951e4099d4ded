"""The audit trail's views and messages, with the longest content that each can get."""

import uuid
from datetime import UTC, date, datetime

from db.models import Source
from modals import audit
from modals.audit import AuditPlace
from modals.blocks import Message, View
from services.audit import words
from services.audit.export import AuditFile
from services.audit.finding import AuditWish, Mark
from services.audit.trail import PAGE, AuditFilter, AuditLine, AuditPage
from services.audit.words import Change

LONG = "<!channel> & *_~" + "W" * 239
NOW = datetime(2026, 11, 21, 9, 30, 12, 123456, tzinfo=UTC)
MARK = Mark(at=NOW, id=uuid.uuid4())
LONGEST = max((action for _, actions in words.GROUPS.values() for action in actions), key=len)
WISH = AuditWish(
    client=uuid.uuid4(), person=uuid.uuid4(), what=LONGEST, since=date(2026, 11, 1), until=date(2026, 11, 30)
)
PLACE = AuditPlace(wish=WISH, older_than=MARK)
FILTER = AuditFilter(wish=WISH, client_name=LONG, person_name=LONG)
EVERYTHING = AuditFilter(wish=AuditWish(), client_name=None, person_name=None)
LINE = AuditLine(
    entry_id=uuid.uuid4(),
    at=NOW,
    who=LONG,
    source=words.SOURCES[Source.WORKER],
    action=LONGEST,
    what=words.action(LONGEST),
    subject=f"{LONG} ({LONG})",
    changes=(
        *(Change(LONG[:60], "x" * 3000, "<!channel>" * 300) for _ in range(20)),
        Change("Organisation", LONG, None),
        Change("Organisation", None, LONG),
    ),
)
FILE = AuditFile(filter=FILTER, file_name="x.csv", rows=100_000, cut_at=NOW, content=b"")

VIEWS: dict[str, View] = {
    "audit trail": audit.page(
        AuditPage(filter=FILTER, lines=(LINE,) * PAGE, newer=MARK, older=MARK), PLACE, audit.ON_ITS_WAY
    ),
    "audit trail, unfiltered": audit.page(
        AuditPage(filter=EVERYTHING, lines=(LINE,) * PAGE, newer=None, older=None), AuditPlace()
    ),
    "audit trail, nothing found": audit.page(AuditPage(filter=FILTER, lines=(), newer=None, older=None), PLACE),
    "audit trail, filter": audit.filter_form(FILTER, PLACE),
    "audit trail, empty filter": audit.filter_form(EVERYTHING, AuditPlace()),
    "audit trail, filter by what acts itself": audit.filter_form(
        AuditFilter(
            wish=AuditWish(person=Source.WORKER, what="invitations"),
            client_name=None,
            person_name=words.NOBODY[Source.WORKER],
        ),
        AuditPlace(),
    ),
}
MESSAGES: dict[str, Message] = {
    "audit trail sent": audit.sent(FILE),
}
