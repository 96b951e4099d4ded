"""People in client accounts, and the logins with which they sign in."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class ClientRole(StrEnum):
    BUSINESS_ADMIN = "business_admin"
    USER_ADMIN = "user_admin"
    STANDARD = "standard"


class Publishing(StrEnum):
    """What a Standard user may publish to the accounting software."""

    ALL = "all"
    EXPENSE_CLAIMS = "expense_claims"
    NONE = "none"


class Login(Identified, Base):
    """One person's e-mail and password, whatever client accounts they are in. `email_key` is the folded address."""

    __tablename__ = "login"
    __table_args__ = (UniqueConstraint("email_key"),)

    email: Mapped[str]
    email_key: Mapped[str]
    password_hash: Mapped[str]
    created_at: Mapped[datetime]


class ClientUser(Identified, Base):
    """Without `has_login_access` the person is listed, and neither invited nor let in. The privileges count for
    Standard users; the other roles have them all."""

    __tablename__ = "client_user"
    __table_args__ = (
        UniqueConstraint("client_id", "email_key"),
        Index("ix_client_user_login_id", "login_id"),
        Index("ix_client_user_practice_id_email_key", "practice_id", "email_key"),
        Index(
            "uq_client_user_owner",
            "client_id",
            unique=True,
            postgresql_where=text("is_owner"),
            sqlite_where=text("is_owner"),
        ),
    )

    practice_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("practice.id", ondelete="CASCADE"))
    client_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    login_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("login.id"))
    name: Mapped[str]
    email: Mapped[str]
    email_key: Mapped[str]
    mobile: Mapped[str | None]
    role: Mapped[ClientRole] = mapped_column(text_enum(ClientRole))
    is_owner: Mapped[bool] = mapped_column(default=False)
    has_login_access: Mapped[bool] = mapped_column(default=True)
    may_manage_documents: Mapped[bool] = mapped_column(default=False)
    may_create_expense_claims: Mapped[bool] = mapped_column(default=False)
    may_publish: Mapped[Publishing] = mapped_column(text_enum(Publishing), default=Publishing.NONE)
    created_at: Mapped[datetime]
    deactivated_at: Mapped[datetime | None]
