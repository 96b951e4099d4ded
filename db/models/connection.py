"""A client's link to one Xero organisation or Sage business."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum
from db.models.authorisation import Provider


class ConnectionStatus(StrEnum):
    """EXPIRED: its authorisation ended. DISCONNECTED: the provider no longer lets us at this organisation."""

    CONNECTED = "connected"
    EXPIRED = "expired"
    DISCONNECTED = "disconnected"


class Connection(Identified, Base):
    """`provider_connection_id` is what the provider calls the link itself, where it has a name for that.

    `accepted_name` is the organisation's name that somebody accepted beside a client's that differs.
    """

    __tablename__ = "connection"
    __table_args__ = (
        UniqueConstraint("client_id"),
        UniqueConstraint("practice_id", "provider", "tenant_id"),
        Index("ix_connection_authorisation_id", "authorisation_id"),
        Index("ix_connection_practice_id_status", "practice_id", "status"),
    )

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    provider: Mapped[Provider] = mapped_column(text_enum(Provider))
    authorisation_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("authorisation.id", ondelete="CASCADE"))
    provider_connection_id: Mapped[str | None]
    tenant_id: Mapped[str]
    organisation_name: Mapped[str]
    legal_name: Mapped[str | None]
    status: Mapped[ConnectionStatus] = mapped_column(text_enum(ConnectionStatus))
    connected_at: Mapped[datetime]
    refreshed_at: Mapped[datetime]
    refreshes_daily: Mapped[bool] = mapped_column(default=True)
    accepted_name: Mapped[str | None]
