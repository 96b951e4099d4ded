"""Writing into the audit trail, and reading all of it page by page."""

import uuid
from datetime import datetime
from typing import Any

from db.models import Source
from db.session import Database
from services import audit
from services.actor import Actor
from services.audit.finding import AuditWish
from services.audit.trail import AuditLine, AuditTrailService
from tests.builders import Office


def record(
    database: Database,
    by: Actor | Source,
    action: str = "client.renamed",
    subject: uuid.UUID | None = None,
    *,
    practice: Office | None = None,
    at: datetime | None = None,
    **changes: Any,
) -> None:
    at, subject = at or database.now(), subject or uuid.uuid4()
    with database.begin() as session:
        if isinstance(by, Actor):
            audit.record(session, by, action, subject, at=at, **changes)
        else:
            assert practice is not None
            audit.record_without_colleague(session, practice.practice_id, by, action, subject, at=at, **changes)


def everything(trail: AuditTrailService, actor: Actor, wish: AuditWish) -> list[AuditLine]:
    """All pages, on the way there and on the way back."""
    page = trail.page(actor, wish)
    assert page.newer is None
    found, pages = list(page.lines), [page]
    while page.older is not None:
        page = trail.page(actor, wish, older_than=page.older)
        assert page.lines
        found += page.lines
        pages.append(page)
    for earlier in reversed(pages[:-1]):
        assert page.newer is not None
        page = trail.page(actor, wish, newer_than=page.newer)
        assert page == earlier
    return found
