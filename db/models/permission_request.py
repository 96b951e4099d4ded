"""A colleague's request for a permission, and the cards that ask the deciders for it."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class PermissionKind(StrEnum):
    """CLIENT: access to one client. BUNDLE: that the subscription includes more clients."""

    ADD_CLIENTS = "add_clients"
    CLIENT = "client"
    BUNDLE = "bundle"


class RequestStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


_PENDING = text("status = 'pending'")
_PENDING_FOR_CLIENT = text("status = 'pending' AND client_id IS NOT NULL")
_PENDING_OTHERWISE = text("status = 'pending' AND client_id IS NULL")


class PermissionRequest(Identified, Base):
    """A colleague has at most one pending request of a kind, and of the kind CLIENT at most one for each client.

    `days` is how long it is wanted for, NULL for good; `bundle` how many clients are wanted. `draft_id` is what the
    person was doing. `next_look_at`: when its deciders are reminded, or it expires; NULL once it is decided.
    `granted_until` is when what was approved ends, `ended_at` when it did.
    """

    __tablename__ = "permission_request"
    __table_args__ = (
        CheckConstraint("(client_id IS NOT NULL) = (kind = 'client')", name="client_named"),
        CheckConstraint("(bundle IS NOT NULL) = (kind = 'bundle')", name="bundle_named"),
        Index("ix_permission_request_practice_id_status", "practice_id", "status"),
        Index("ix_permission_request_colleague_id", "colleague_id"),
        Index("ix_permission_request_client_id", "client_id"),
        Index("ix_permission_request_next_look_at", "next_look_at", postgresql_where=_PENDING, sqlite_where=_PENDING),
        Index(
            "uq_permission_request_pending",
            "colleague_id",
            "kind",
            unique=True,
            postgresql_where=_PENDING_OTHERWISE,
            sqlite_where=_PENDING_OTHERWISE,
        ),
        Index(
            "uq_permission_request_pending_client",
            "colleague_id",
            "client_id",
            unique=True,
            postgresql_where=_PENDING_FOR_CLIENT,
            sqlite_where=_PENDING_FOR_CLIENT,
        ),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    kind: Mapped[PermissionKind] = mapped_column(text_enum(PermissionKind))
    client_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    bundle: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")
    days: Mapped[int | None]
    draft_id: Mapped[uuid.UUID | None]
    status: Mapped[RequestStatus] = mapped_column(text_enum(RequestStatus), default=RequestStatus.PENDING)
    created_at: Mapped[datetime]
    next_look_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("colleague.id"))
    decision_reason: Mapped[str | None]
    granted_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PermissionCard(Identified, Base):
    """The message that asks one decider, or the approvals channel where `colleague_id` is NULL.

    `channel` and `ts` say where it is, once it has been posted.
    """

    __tablename__ = "permission_card"
    __table_args__ = (UniqueConstraint("request_id", "colleague_id"),)

    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("permission_request.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    channel: Mapped[str | None]
    ts: Mapped[str | None]
