"""A person at the practice: a Slack user with a practice role."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class Role(StrEnum):
    PRACTICE_ADMIN = "practice_admin"
    CLIENT_ADMIN = "client_admin"
    STANDARD = "standard"


class Colleague(Identified, Base):
    __tablename__ = "colleague"
    __table_args__ = (UniqueConstraint("practice_id", "slack_user_id"),)

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    slack_user_id: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(default="UTC")
    role: Mapped[Role] = mapped_column(text_enum(Role), default=Role.STANDARD)
    may_add_clients: Mapped[bool] = mapped_column(default=False)
    may_see_insights: Mapped[bool] = mapped_column(default=False)
    runs_workspace: Mapped[bool] = mapped_column(default=False)
    reminded: Mapped[bool] = mapped_column(default=True)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
