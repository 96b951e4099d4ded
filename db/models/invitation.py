"""An invitation to a client user, and the links that were sent for it."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class InvitationStatus(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"
    OPENED = "opened"
    ACCEPTED = "accepted"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"


LIVE = (InvitationStatus.QUEUED, InvitationStatus.SENT, InvitationStatus.FAILED, InvitationStatus.OPENED)


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


class Invitation(Identified, Base):
    """At most one live invitation a client user. `failure` says why it could not be delivered."""

    __tablename__ = "invitation"
    __table_args__ = (
        Index("ix_invitation_practice_id_status", "practice_id", "status"),
        Index("ix_invitation_inviter_id", "inviter_id"),
        Index("ix_invitation_client_id", "client_id"),
        Index("ix_invitation_client_user_id", "client_user_id"),
        Index(
            "ix_invitation_live_expires_at",
            "expires_at",
            postgresql_where=text("status IN ('queued', 'sent', 'failed', 'opened')"),
            sqlite_where=text("status IN ('queued', 'sent', 'failed', 'opened')"),
        ),
        Index(
            "uq_invitation_live",
            "client_user_id",
            unique=True,
            postgresql_where=text("status IN ('queued', 'sent', 'failed', 'opened')"),
            sqlite_where=text("status IN ('queued', 'sent', 'failed', 'opened')"),
        ),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    client_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client_user.id", ondelete="CASCADE"))
    inviter_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id"))
    email: Mapped[str]
    status: Mapped[InvitationStatus] = mapped_column(text_enum(InvitationStatus))
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    renewal_asked_at: Mapped[datetime | None]


class InvitationLink(Identified, Base):
    """One link of an invitation. Of the token only its hash is kept, and the nonce it was derived with."""

    __tablename__ = "invitation_link"
    __table_args__ = (UniqueConstraint("token_hash"), UniqueConstraint("invitation_id", "channel"))

    invitation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"))
    channel: Mapped[Channel] = mapped_column(text_enum(Channel))
    nonce: Mapped[bytes]
    token_hash: Mapped[bytes]
