"""A colleague's sign-in at Xero or Sage, and the attempts to get one."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class Provider(StrEnum):
    XERO = "xero"
    SAGE = "sage"


class Authorisation(Identified, Base):
    """One for each person at the provider; many connections rest on it. The tokens are encrypted.

    `version` counts the tokens kept. `refreshing_until` lends the refresh to one process; `refresh_sent_at` is set
    while nobody knows whether the provider has taken `refresh_token`, which it takes once. The token before it stays
    usable until `previous_until`. `checked_at` is when its organisations were last listed to see which are still there.
    """

    __tablename__ = "authorisation"
    __table_args__ = (
        UniqueConstraint("practice_id", "provider", "provider_user_id"),
        Index("ix_authorisation_colleague_id", "colleague_id"),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    provider: Mapped[Provider] = mapped_column(text_enum(Provider))
    provider_user_id: Mapped[str]
    access_token: Mapped[bytes]
    access_expires_at: Mapped[datetime]
    refresh_token: Mapped[bytes]
    previous_refresh_token: Mapped[bytes | None]
    previous_until: Mapped[datetime | None]
    version: Mapped[int]
    refreshed_at: Mapped[datetime]
    refreshing_until: Mapped[datetime | None]
    refresh_sent_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]


class OAuthState(Base):
    """A consent that was begun. `state_hash` is of the browser's secret and the state together."""

    __tablename__ = "oauth_state"
    __table_args__ = (
        Index("ix_oauth_state_practice_id", "practice_id"),
        Index("ix_oauth_state_colleague_id", "colleague_id"),
        Index("ix_oauth_state_expires_at", "expires_at"),
    )

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    provider: Mapped[Provider] = mapped_column(text_enum(Provider))
    purpose: Mapped[dict[str, Any]]
    verifier: Mapped[bytes]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
