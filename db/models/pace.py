"""How fast something outside may be used, by all processes together."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class Pace(Base):
    """`next_at` is when the next slot begins once all that are reserved are used up; `held_until` is a stop for all."""

    __tablename__ = "pace"

    scope: Mapped[str] = mapped_column(primary_key=True)
    next_at: Mapped[datetime]
    held_until: Mapped[datetime | None]
