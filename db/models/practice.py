"""A practice: one Slack workspace (or Enterprise Grid organisation) and its subscription."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base, Identified, text_enum


class Region(StrEnum):
    UNITED_KINGDOM = "uk"
    UNITED_STATES = "us"
    CANADA = "ca"
    IRELAND = "ie"
    AUSTRALIA = "au"
    NEW_ZEALAND = "nz"
    SOUTH_AFRICA = "za"
    OTHER = "other"


class Plan(StrEnum):
    ESSENTIALS = "essentials"
    ADVANCED = "advanced"


class PartnerProgramme(StrEnum):
    NONE = "none"
    BOOKKEEPER = "bookkeeper"
    ACCOUNTANT = "accountant"


_IntegerList = JSON().with_variant(JSONB(), "postgresql")


class Practice(Identified, Base):
    """`slack_key` is the team's id, or the enterprise's for an organisation-wide install.

    `reminder_days` are the days before an invitation expires on which its inviter is reminded, at `reminder_hour` of
    their own working morning. With `nudges_clients`, clients who have not accepted are reminded by e-mail too.
    Permission requests go to `approvals_channel`, or to each decider by direct message where it is NULL.
    """

    __tablename__ = "practice"
    __table_args__ = (
        UniqueConstraint("slack_key"),
        UniqueConstraint("address"),
        CheckConstraint("bundle >= 0", name="bundle_not_negative"),
    )

    slack_key: Mapped[str]
    name: Mapped[str]
    address: Mapped[str]
    region: Mapped[Region] = mapped_column(text_enum(Region), default=Region.OTHER)
    plan: Mapped[Plan] = mapped_column(text_enum(Plan), default=Plan.ESSENTIALS)
    bundle: Mapped[int] = mapped_column(default=0)
    has_dhi: Mapped[bool] = mapped_column(default=False)
    partner_programme: Mapped[PartnerProgramme] = mapped_column(
        text_enum(PartnerProgramme), default=PartnerProgramme.NONE
    )
    approvals_channel: Mapped[str | None]
    client_defaults: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reminds: Mapped[bool] = mapped_column(default=True)
    reminder_days: Mapped[list[int]] = mapped_column(_IntegerList, default=lambda: [2, 0])
    reminder_hour: Mapped[int] = mapped_column(default=9)
    nudges_clients: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    set_up_at: Mapped[datetime | None]
    uninstalled_at: Mapped[datetime | None]
