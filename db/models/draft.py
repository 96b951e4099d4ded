"""A wizard that somebody has begun: what was typed at each step, as typed."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified


class Draft(Identified, Base):
    """Open while `closed_at` is NULL; a person has one open draft of a wizard. `client_id` is what it became.

    `revision` counts the changes, so that a page can tell whether what it shows is still what is kept.
    """

    __tablename__ = "draft"
    __table_args__ = (
        Index("ix_draft_practice_id", "practice_id"),
        Index("ix_draft_client_id", "client_id"),
        Index(
            "uq_draft_open",
            "colleague_id",
            "wizard",
            unique=True,
            postgresql_where=text("closed_at IS NULL"),
            sqlite_where=text("closed_at IS NULL"),
        ),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    wizard: Mapped[str]
    step: Mapped[str]
    answers: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
