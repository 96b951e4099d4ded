"""The invitation that counts of a client user, as people are told of it."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import LIVE, Colleague, Invitation, InvitationStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationSummary:
    """`inviter` is a Slack user id."""

    invitation_id: uuid.UUID
    status: InvitationStatus
    failure: str | None
    inviter: str
    created_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    accepted_at: datetime | None
    expires_at: datetime


def invitations_of(
    session: Session, client_user_ids: Collection[uuid.UUID], now: datetime
) -> dict[uuid.UUID, InvitationSummary]:
    """By client user; those whom nobody has invited are left out."""
    found = session.execute(
        select(Invitation, Colleague.slack_user_id)
        .join(Colleague, Colleague.id == Invitation.inviter_id)
        .where(Invitation.client_user_id.in_(client_user_ids), Invitation.status != InvitationStatus.SUPERSEDED)
    )
    return {row.client_user_id: _summary(row, inviter, now) for row, inviter in found}


def _summary(row: Invitation, inviter: str, now: datetime) -> InvitationSummary:
    is_over = row.status in LIVE and now >= row.expires_at  # whether or not the sweep has come by
    return InvitationSummary(
        invitation_id=row.id,
        status=InvitationStatus.EXPIRED if is_over else row.status,
        failure=row.failure,
        inviter=inviter,
        created_at=row.created_at,
        sent_at=row.sent_at,
        opened_at=row.opened_at,
        accepted_at=row.accepted_at,
        expires_at=row.expires_at,
    )
