"""Costs and sales of a self-employed client in the US or Canada, which a Tax summary adds up."""

import uuid
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class TaxSide(StrEnum):
    COSTS = "costs"
    SALES = "sales"


class TaxItem(Identified, Base):
    """`line` is the code of a category of the client's list. `entry_key` tells equal entries of one upload apart and
    the same entry of a repeated upload from a new one."""

    __tablename__ = "tax_item"
    __table_args__ = (
        UniqueConstraint("client_id", "entry_key"),
        Index("ix_tax_item_practice_id", "practice_id"),
        Index("ix_tax_item_client_id_dated_on", "client_id", "dated_on"),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    dated_on: Mapped[date]
    description: Mapped[str]
    side: Mapped[TaxSide] = mapped_column(text_enum(TaxSide))
    line: Mapped[str]
    amount: Mapped[Decimal]
    entry_key: Mapped[bytes]
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id"))
    created_at: Mapped[datetime]
