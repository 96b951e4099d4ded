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


class ReminderStage(StrEnum):
    """What a reminder says of its invitation. SNOOZED: the person asked to hear of it again now."""

    AHEAD = "ahead"
    LAST_DAY = "last_day"
    EXPIRED = "expired"
    SNOOZED = "snoozed"


class Delivery(StrEnum):
    """How far a link has come on its way to the person."""

    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


class Invitation(Identified, Base):
    """At most one live invitation a client user. `failure` says why it, or one of its links, could not be delivered.

    `next_reminder_at` is when the inviter is next reminded of it, NULL once nothing more is due; `next_nudge_at` is the
    same for the client, of whom `nudges` counts the e-mails. `reminders_stopped`: somebody wants to hear no more of it.
    """

    __tablename__ = "invitation"
    __table_args__ = (
        Index("ix_invitation_practice_id_status_expires_at", "practice_id", "status", "expires_at"),
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
            "ix_invitation_next_reminder_at",
            "next_reminder_at",
            postgresql_where=text("next_reminder_at IS NOT NULL"),
            sqlite_where=text("next_reminder_at IS NOT NULL"),
        ),
        Index(
            "ix_invitation_next_nudge_at",
            "next_nudge_at",
            postgresql_where=text("next_nudge_at IS NOT NULL"),
            sqlite_where=text("next_nudge_at IS NOT NULL"),
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
    mobile: Mapped[str | None]
    status: Mapped[InvitationStatus] = mapped_column(text_enum(InvitationStatus))
    failure: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    renewal_asked_at: Mapped[datetime | None]
    next_reminder_at: Mapped[datetime | None]
    next_stage: Mapped[ReminderStage | None] = mapped_column(text_enum(ReminderStage))
    reminders_stopped: Mapped[bool] = mapped_column(default=False)
    next_nudge_at: Mapped[datetime | None]
    nudges: Mapped[int] = mapped_column(default=0)


class InvitationLink(Identified, Base):
    """One link of an invitation. Of the token only its hash is kept, and the nonce it was derived with.

    `message_id` is what the mail server or the SMS provider knows it by.
    """

    __tablename__ = "invitation_link"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        UniqueConstraint("invitation_id", "channel"),
        UniqueConstraint("message_id"),
    )

    invitation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"))
    channel: Mapped[Channel] = mapped_column(text_enum(Channel))
    nonce: Mapped[bytes]
    token_hash: Mapped[bytes]
    delivery: Mapped[Delivery] = mapped_column(text_enum(Delivery), default=Delivery.QUEUED)
    failure: Mapped[str | None]
    message_id: Mapped[str | None]
    sent_at: Mapped[datetime | None]


class Reminder(Identified, Base):
    """One reminder of an invitation to one person, until the message that holds it was sent: that of the job with the
    key `message`."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("invitation_id", "colleague_id", "due_at"),
        Index("ix_reminder_practice_id", "practice_id"),
        Index(
            "ix_reminder_untold",
            "colleague_id",
            "id",
            postgresql_where=text("told_at IS NULL"),
            sqlite_where=text("told_at IS NULL"),
        ),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    invitation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("invitation.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    stage: Mapped[ReminderStage] = mapped_column(text_enum(ReminderStage))
    due_at: Mapped[datetime]
    message: Mapped[str | None]
    told_at: Mapped[datetime | None]
