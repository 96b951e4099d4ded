"""Who did what, when, with the values before and after."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DDL, ForeignKey, Index, event
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class Source(StrEnum):
    SLACK = "slack"
    WEB = "web"
    WORKER = "worker"
    OPERATOR = "operator"


class AuditEntry(Identified, Base):
    """Append-only: the database refuses to change an entry, and to delete one before its whole practice."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_practice_id_at", "practice_id", "at"),
        Index("ix_audit_entry_practice_id_action_at", "practice_id", "action", "at"),
        Index("ix_audit_entry_practice_id_colleague_id_at", "practice_id", "colleague_id", "at"),
        Index("ix_audit_entry_subject_id", "subject_id"),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    at: Mapped[datetime]
    colleague_id: Mapped[uuid.UUID | None]
    source: Mapped[Source] = mapped_column(text_enum(Source))
    action: Mapped[str]
    subject_id: Mapped[uuid.UUID]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]


# A cascade from the practice is let through: by then the practice is no longer there. SQLite's INSERT OR REPLACE
# deletes without asking the trigger for that.
APPEND_ONLY = {
    "sqlite": (
        """
        CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
        BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only'); END
        """,
        """
        CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
        WHEN EXISTS (SELECT 1 FROM practice WHERE id = OLD.practice_id)
        BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only'); END
        """,
        """
        CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry
        WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'The audit trail is append-only'); END
        """,
    ),
    "postgresql": (
        """
        CREATE FUNCTION audit_entry_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND NOT EXISTS (SELECT 1 FROM practice WHERE id = OLD.practice_id) THEN
                RETURN OLD;
            END IF;
            RAISE EXCEPTION 'The audit trail is append-only';
        END $$
        """,
        """
        CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
        FOR EACH ROW EXECUTE FUNCTION audit_entry_is_append_only()
        """,
        """
        CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
        FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_is_append_only()
        """,
    ),
}

for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(AuditEntry.__table__, "after_create", DDL(_statement).execute_if(dialect=_dialect))  # type: ignore[no-untyped-call]
