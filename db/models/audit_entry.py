"""Who did what, when, with the values before and after."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class Source(StrEnum):
    SLACK = "slack"
    WEB = "web"
    WORKER = "worker"
    OPERATOR = "operator"


class AuditEntry(Identified, Base):
    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_practice_id_at", "practice_id", "at"),
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
