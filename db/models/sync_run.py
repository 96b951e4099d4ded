"""Client Sync: one person's choice among the organisations within reach, and what becomes of each."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum
from db.models.authorisation import Provider
from db.models.client import Solutions


class SyncAction(StrEnum):
    ADD = "add"
    REASSIGN = "reassign"


class SyncState(StrEnum):
    CHOOSING = "choosing"
    RUNNING = "running"
    FINISHED = "finished"


class Standing(StrEnum):
    """What an organisation was when it was listed. SAME_NAME: as a client that is not connected."""

    NEW = "new"
    OVER_BUNDLE = "over_bundle"
    SAME_NAME = "same_name"
    DEMO = "demo"
    ALREADY = "already"


class Choice(StrEnum):
    """What the person wants of it. TAKE is for Reassign."""

    LEAVE = "leave"
    CREATE = "create"
    LINK = "link"
    TAKE = "take"


class ItemState(StrEnum):
    """WAITING has no job yet, QUEUED has one. The others are outcomes."""

    WAITING = "waiting"
    QUEUED = "queued"
    CREATED = "created"
    LINKED = "linked"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


class InformationState(StrEnum):
    """Of the lists that follow once the client is there."""

    WAITING = "waiting"
    QUEUED = "queued"
    DONE = "done"
    FAILED = "failed"


class SyncRun(Identified, Base):
    """`round` counts the starts: each *Retry failed* is one. `channel` and `message_ts` are where its message is."""

    __tablename__ = "sync_run"
    __table_args__ = (
        Index("ix_sync_run_practice_id_state", "practice_id", "state"),
        Index("ix_sync_run_colleague_id", "colleague_id"),
        Index("ix_sync_run_authorisation_id", "authorisation_id"),
        Index("ix_sync_run_team_id", "team_id"),
        Index(
            "uq_sync_run_choosing",
            "colleague_id",
            "action",
            unique=True,
            postgresql_where=text("state = 'choosing'"),
            sqlite_where=text("state = 'choosing'"),
        ),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    action: Mapped[SyncAction] = mapped_column(text_enum(SyncAction))
    provider: Mapped[Provider] = mapped_column(text_enum(Provider))
    authorisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("authorisation.id", ondelete="CASCADE"))
    state: Mapped[SyncState] = mapped_column(text_enum(SyncState), default=SyncState.CHOOSING)
    solutions: Mapped[Solutions] = mapped_column(text_enum(Solutions), default=Solutions.BOOKKEEPING)
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("team.id", ondelete="SET NULL"))
    round: Mapped[int] = mapped_column(default=0)
    channel: Mapped[str | None]
    message_ts: Mapped[str | None]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class SyncItem(Identified, Base):
    """`match_id` is the client that has the organisation or its name; `client_id` the one that came of it.

    `state` is NULL while the person chooses and for what they left out. `reason` says why it was skipped or failed.
    """

    __tablename__ = "sync_item"
    __table_args__ = (
        UniqueConstraint("run_id", "position"),
        Index("ix_sync_item_run_id_state", "run_id", "state", "position"),
        Index("ix_sync_item_run_id_information", "run_id", "information", "position"),
        Index("ix_sync_item_match_id", "match_id"),
        Index("ix_sync_item_client_id", "client_id"),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("sync_run.id", ondelete="CASCADE"))
    position: Mapped[int]
    tenant_id: Mapped[str]
    name: Mapped[str]
    folded: Mapped[str]
    provider_connection_id: Mapped[str | None]
    standing: Mapped[Standing] = mapped_column(text_enum(Standing))
    match_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("client.id", ondelete="SET NULL"))
    choice: Mapped[Choice] = mapped_column(text_enum(Choice))
    state: Mapped[ItemState | None] = mapped_column(text_enum(ItemState))
    information: Mapped[InformationState | None] = mapped_column(text_enum(InformationState))
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("client.id", ondelete="SET NULL"))
    reason: Mapped[str | None]
