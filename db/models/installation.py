"""The app's token in a workspace that installed it over OAuth. The token is encrypted."""

import uuid
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified


class Installation(Identified, Base):
    __tablename__ = "installation"
    __table_args__ = (UniqueConstraint("practice_id"),)

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    bot_token: Mapped[bytes]
    bot_user_id: Mapped[str]
    scopes: Mapped[str]
    installed_by: Mapped[str]
    installed_at: Mapped[datetime]
