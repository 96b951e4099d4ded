"""A client user's offer of their account to a practice, which an admin there accepts or declines."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class OfferStatus(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class PracticeOffer(Identified, Base):
    """`practice_id` is whom it was offered to, `from_practice_id` who had the account then. An account is offered to
    one practice at a time."""

    __tablename__ = "practice_offer"
    __table_args__ = (
        Index("ix_practice_offer_practice_id_status", "practice_id", "status"),
        Index("ix_practice_offer_from_practice_id", "from_practice_id"),
        Index("ix_practice_offer_client_user_id", "client_user_id"),
        Index(
            "uq_practice_offer_pending",
            "client_id",
            unique=True,
            postgresql_where=text("status = 'pending'"),
            sqlite_where=text("status = 'pending'"),
        ),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    from_practice_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("practice.id", ondelete="SET NULL"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    client_user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client_user.id", ondelete="CASCADE"))
    status: Mapped[OfferStatus] = mapped_column(text_enum(OfferStatus))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("colleague.id"))


class PracticeOfferCard(Identified, Base):
    """The message that asks one admin. `channel` and `ts` say where it is, once it has been posted."""

    __tablename__ = "practice_offer_card"
    __table_args__ = (Index("ix_practice_offer_card_offer_id", "offer_id"),)

    offer_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice_offer.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    channel: Mapped[str | None]
    ts: Mapped[str | None]


class LoginSession(Base):
    """A client user who is signed in on the web page. `token_hash` is of the cookie."""

    __tablename__ = "login_session"
    __table_args__ = (
        Index("ix_login_session_login_id", "login_id"),
        Index("ix_login_session_expires_at", "expires_at"),
    )

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    login_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("login.id", ondelete="CASCADE"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
