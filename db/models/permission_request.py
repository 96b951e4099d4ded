"""A colleague's request for a permission, and the cards that ask the deciders for it."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class PermissionKind(StrEnum):
    ADD_CLIENTS = "add_clients"


class RequestStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"


class PermissionRequest(Identified, Base):
    """A colleague has at most one pending request of a kind."""

    __tablename__ = "permission_request"
    __table_args__ = (
        Index("ix_permission_request_practice_id_status", "practice_id", "status"),
        Index(
            "uq_permission_request_pending",
            "colleague_id",
            "kind",
            unique=True,
            postgresql_where=text("status = 'pending'"),
            sqlite_where=text("status = 'pending'"),
        ),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    kind: Mapped[PermissionKind] = mapped_column(text_enum(PermissionKind))
    status: Mapped[RequestStatus] = mapped_column(text_enum(RequestStatus), default=RequestStatus.PENDING)
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("colleague.id"))


class PermissionCard(Identified, Base):
    """The message that asks one decider. `channel` and `ts` say where it is, once it has been posted."""

    __tablename__ = "permission_card"
    __table_args__ = (UniqueConstraint("request_id", "colleague_id"),)

    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("permission_request.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    channel: Mapped[str | None]
    ts: Mapped[str | None]
