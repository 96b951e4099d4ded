"""An installation that was begun: what ties Slack's answer to the browser that asked."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class InstallState(Base):
    """`state_hash` is of the browser's secret and the state together, so neither is of use without the other."""

    __tablename__ = "install_state"

    state_hash: Mapped[bytes] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
