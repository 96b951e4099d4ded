"""A client account, and which colleagues and teams may open it."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class ClientKind(StrEnum):
    BUSINESS = "business"
    SOLO = "solo"


class Solutions(StrEnum):
    BOOKKEEPING = "bookkeeping"
    BOOKKEEPING_DHI = "bookkeeping_dhi"


class Software(StrEnum):
    """What the client keeps its books in. LATER: to be connected, with a provider still to be chosen."""

    XERO = "xero"
    SAGE = "sage"
    LATER = "later"
    NONE = "none"


class TaxCategories(StrEnum):
    SCHEDULE_C = "schedule_c"
    T2125 = "t2125"


class Client(Identified, Base):
    """`name_key`, `code_key` and `bare_code` are the folded forms that duplicates are found by."""

    __tablename__ = "client"
    __table_args__ = (
        UniqueConstraint("practice_id", "code_key"),
        UniqueConstraint("extract_name"),
        UniqueConstraint("draft_id"),
        Index("ix_client_practice_id_name_key", "practice_id", "name_key"),
        Index("ix_client_created_by", "created_by"),
        Index("ix_client_account_manager_id", "account_manager_id"),
        Index("ix_client_practice_id_bare_code", "practice_id", "bare_code"),
        Index("ix_client_practice_id_deactivated_at", "practice_id", "deactivated_at"),
        Index("ix_client_practice_id_created_at", "practice_id", "created_at"),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    name: Mapped[str]
    name_key: Mapped[str]
    practice_code: Mapped[str | None]
    code_key: Mapped[str | None]
    bare_code: Mapped[str | None]
    industry: Mapped[str | None]
    country: Mapped[str | None]
    base_currency: Mapped[str | None]
    kind: Mapped[ClientKind] = mapped_column(text_enum(ClientKind))
    solutions: Mapped[Solutions] = mapped_column(text_enum(Solutions))
    software: Mapped[Software] = mapped_column(text_enum(Software))
    tax_categories: Mapped[TaxCategories | None] = mapped_column(text_enum(TaxCategories))
    account_manager_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("colleague.id"))
    extract_name: Mapped[str]
    applied_defaults: Mapped[dict[str, Any]]
    draft_id: Mapped[uuid.UUID | None]
    created_by: Mapped[uuid.UUID] = mapped_column(ForeignKey("colleague.id"))
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]

    @property
    def is_self_employed(self) -> bool:
        """Kept without accounting software: Solo in the UK, by a tax form's categories in the US and Canada."""
        return self.kind is ClientKind.SOLO or self.tax_categories is not None


class ClientAccess(Identified, Base):
    """One grant: to a colleague or to a team. `until` ends it; NULL for good."""

    __tablename__ = "client_access"
    __table_args__ = (
        UniqueConstraint("client_id", "colleague_id"),
        UniqueConstraint("client_id", "team_id"),
        CheckConstraint("(colleague_id IS NULL) <> (team_id IS NULL)", name="one_grantee"),
        Index("ix_client_access_colleague_id", "colleague_id"),
        Index("ix_client_access_team_id", "team_id"),
        Index(
            "ix_client_access_until",
            "until",
            postgresql_where=text("until IS NOT NULL"),
            sqlite_where=text("until IS NOT NULL"),
        ),
    )

    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    colleague_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("colleague.id", ondelete="CASCADE"))
    team_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("team.id", ondelete="CASCADE"))
    until: Mapped[datetime | None]
