"""Teams of colleagues (Advanced plan): access to a client can be given to a whole team."""

import uuid

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified


class Team(Identified, Base):
    __tablename__ = "team"
    __table_args__ = (UniqueConstraint("practice_id", "name"),)

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    name: Mapped[str]


class TeamMember(Base):
    __tablename__ = "team_member"

    team_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"), primary_key=True)
    colleague_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"), primary_key=True)
