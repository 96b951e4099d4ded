"""What must happen after a commit, and when it falls due."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class Lane(StrEnum):
    SLACK = "slack"
    MAIL = "mail"
    SMS = "sms"
    PROVIDER = "provider"
    LOCAL = "local"


class JobOutcome(StrEnum):
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(Identified, Base):
    """`due` is start time, retry time and lease end at once; NULL is finished.

    `attempt` counts the claims and fences out an old one; `tries` counts those that use up what the kind allows.
    `pace` is the scope whose pace the job keeps, `slot` the time it has reserved there.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("key"),
        Index(
            "ix_job_lane_due",
            "lane",
            "due",
            postgresql_where=text("due IS NOT NULL"),
            sqlite_where=text("due IS NOT NULL"),
        ),
        Index(
            "ix_job_batch", "batch", postgresql_where=text("batch IS NOT NULL"), sqlite_where=text("batch IS NOT NULL")
        ),
        Index(
            "ix_job_failed",
            "finished_at",
            postgresql_where=text("outcome = 'failed'"),
            sqlite_where=text("outcome = 'failed'"),
        ),
    )

    lane: Mapped[Lane] = mapped_column(text_enum(Lane))
    kind: Mapped[str]
    practice_id: Mapped[uuid.UUID | None]
    args: Mapped[dict[str, Any]]
    due: Mapped[datetime | None]
    attempt: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    key: Mapped[str]
    batch: Mapped[uuid.UUID | None]
    pace: Mapped[str | None]
    slot: Mapped[datetime | None]
    outcome: Mapped[JobOutcome | None] = mapped_column(text_enum(JobOutcome))
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
