"""A person at the practice: a Slack user with a practice role."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class Role(StrEnum):
    PRACTICE_ADMIN = "practice_admin"
    CLIENT_ADMIN = "client_admin"
    STANDARD = "standard"


class Colleague(Identified, Base):
    """Whoever left is kept, not `active`, with the time in `left_at`: what they did stays theirs.

    `may_add_clients_until` ends that permission; NULL while it is permanent or not given. App Home is published anew
    until `home_watched_until` when it differs from what `home_digest` stands for, built at `home_built_at`.
    """

    __tablename__ = "colleague"
    __table_args__ = (
        UniqueConstraint("practice_id", "slack_user_id"),
        Index(
            "ix_colleague_may_add_clients_until",
            "may_add_clients_until",
            postgresql_where=text("may_add_clients_until IS NOT NULL"),
            sqlite_where=text("may_add_clients_until IS NOT NULL"),
        ),
        Index(
            "ix_colleague_home_watched_until",
            "home_watched_until",
            postgresql_where=text("home_watched_until IS NOT NULL"),
            sqlite_where=text("home_watched_until IS NOT NULL"),
        ),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    slack_user_id: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(default="UTC")
    role: Mapped[Role] = mapped_column(text_enum(Role), default=Role.STANDARD)
    may_add_clients: Mapped[bool] = mapped_column(default=False)
    may_add_clients_until: Mapped[datetime | None]
    may_see_insights: Mapped[bool] = mapped_column(default=False)
    runs_workspace: Mapped[bool] = mapped_column(default=False)
    reminded: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    home_watched_until: Mapped[datetime | None]
    home_built_at: Mapped[datetime | None]
    home_digest: Mapped[str | None]
