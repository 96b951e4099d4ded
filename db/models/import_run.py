"""An upload of clients as CSV, and its rows on the way to becoming clients."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class ImportState(StrEnum):
    """CHECKING: the file is being read. CHECKED: a person decides. IMPORTING: a worker is at it."""

    CHECKING = "checking"
    REFUSED = "refused"
    CHECKED = "checked"
    IMPORTING = "importing"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class ImportRun(Identified, Base):
    """`slack_file_id` is where the file comes from. `refusal` says why it was refused as a whole.

    `summary` holds the counts and first problems of the preview; `counts` what the import has done so far. `channel`
    and `ts` say where its message is. Its chunks are deleted after `keep_until`.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        Index("ix_import_run_practice_id_state", "practice_id", "state"),
        Index("ix_import_run_colleague_id", "colleague_id"),
        Index("ix_import_run_keep_until", "keep_until"),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    state: Mapped[ImportState] = mapped_column(text_enum(ImportState))
    slack_file_id: Mapped[str]
    file_name: Mapped[str]
    refusal: Mapped[str | None]
    summary: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    view_id: Mapped[str | None]
    channel: Mapped[str | None]
    ts: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    keep_until: Mapped[datetime | None]


class ImportChunk(Base):
    """Some hundred rows of a run, encrypted. `outcome` is what became of them, encrypted too, once `done_at` is set."""

    __tablename__ = "import_chunk"

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[int]
    content: Mapped[bytes]
    outcome: Mapped[bytes | None]
    done_at: Mapped[datetime | None]
