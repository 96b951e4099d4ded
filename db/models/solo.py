"""What a self-employed client (Solo, UK) has beside a business: identifiers and income sources."""

import uuid
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class BusinessType(StrEnum):
    SELF_EMPLOYMENT = "self_employment"
    UK_PROPERTY = "uk_property"


class AccountingMethod(StrEnum):
    CASH = "cash"
    ACCRUALS = "accruals"


class PeriodType(StrEnum):
    """STANDARD quarters begin on 6 April, CALENDAR ones on 1 April."""

    STANDARD = "standard"
    CALENDAR = "calendar"


class SoloDetails(Base):
    """`nino` and `utr` are encrypted. `qualifying_income` is a year's gross turnover of all sources, in pounds."""

    __tablename__ = "solo_details"

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), primary_key=True)
    nino: Mapped[bytes | None]
    utr: Mapped[bytes | None]
    postcode: Mapped[str | None]
    qualifying_income: Mapped[Decimal | None]


class IncomeSource(Identified, Base):
    """One trade, or all UK property of a person. `name_key` is the folded name that a repeated upload is known by."""

    __tablename__ = "income_source"
    __table_args__ = (
        Index("ix_income_source_client_id", "client_id"),
        Index("ix_income_source_practice_id_active", "practice_id", "active"),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    name: Mapped[str]
    name_key: Mapped[str]
    business_type: Mapped[BusinessType] = mapped_column(text_enum(BusinessType))
    accounting_method: Mapped[AccountingMethod] = mapped_column(text_enum(AccountingMethod))
    period_type: Mapped[PeriodType] = mapped_column(text_enum(PeriodType))
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
