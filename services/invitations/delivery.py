"""How far the links of an invitation have come: sent, delivered, or come back."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Channel, Delivery, Invitation, InvitationLink, InvitationStatus, Source
from db.session import Database
from services.delivery.email import one_line
from services.invitations.rows import InvitationRows, change, find, tell_inviter

FAILED = "slack.invitation_failed"
LINK_FAILED = "slack.invitation_link_failed"
_UNSENT = (InvitationStatus.QUEUED, InvitationStatus.FAILED)
_ON_ITS_WAY = (InvitationStatus.QUEUED, InvitationStatus.SENT)
_REASON = 300


class EmailEvent(StrEnum):
    """What a mail service tells of an e-mail afterwards."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@dataclass(frozen=True, slots=True)
class EmailReport:
    """`message_id` as in the e-mail's header, with or without its angle brackets."""

    message_id: str
    event: EmailEvent
    reason: str = ""


class DeliveryService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def emails_reported(self, reports: Sequence[EmailReport]) -> None:
        """Keeps what became of e-mails; those that are none of ours are passed over. The same may be told twice."""
        for report in reports:
            with self._database.begin() as session:
                self._reported(session, report)

    def _reported(self, session: Session, report: EmailReport) -> None:
        message_id = f"<{report.message_id.strip().removeprefix('<').removesuffix('>')}>"
        of_link = select(InvitationLink.invitation_id).where(InvitationLink.message_id == message_id)
        invitation_id = session.scalar(of_link)
        rows = find(session, invitation_id, lock=True) if invitation_id is not None else None
        if rows is None:
            return
        link = link_of(session, rows.invitation, Channel.EMAIL)
        address, reason = rows.invitation.email, one_line(report.reason, _REASON)
        match report.event:
            case EmailEvent.DELIVERED:
                if link.delivery is not Delivery.FAILED:
                    link.delivery = Delivery.DELIVERED
            case EmailEvent.BOUNCED:
                failure = f"The e-mail to {address} came back" + (f": {reason}" if reason else ".")
                _fail(session, rows, link, failure, self._database.now())
            case EmailEvent.COMPLAINED:
                failure = f"The e-mail to {address} was marked as spam, so others may not arrive either."
                _fail(session, rows, link, failure, self._database.now())


def record_sent(session: Session, invitation_id: uuid.UUID, channel: Channel, message_id: str, now: datetime) -> None:
    """`message_id` is what the other side will report about."""
    rows = find(session, invitation_id, lock=True)
    if rows is None:
        return
    link = link_of(session, rows.invitation, channel)
    link.delivery, link.failure, link.message_id, link.sent_at = Delivery.SENT, None, message_id, now
    rows.invitation.sent_at = now
    session.flush()
    _, rows.invitation.failure = _links(session, rows.invitation)
    if rows.invitation.status in _UNSENT:  # else it was opened, revoked or more while the other side took it
        change(session, rows.invitation, InvitationStatus.SENT, Source.WORKER, now)


def record_failure(session: Session, invitation_id: uuid.UUID, channel: Channel, failure: str, now: datetime) -> None:
    rows = find(session, invitation_id, lock=True)
    if rows is not None:
        _fail(session, rows, link_of(session, rows.invitation, channel), failure, now)


def is_wanted(session: Session, rows: InvitationRows, channel: Channel) -> bool:
    """Whether the link is still to be sent; whoever has opened the invitation needs no other one."""
    if rows.invitation.status not in {*_UNSENT, InvitationStatus.SENT}:
        return False
    return link_of(session, rows.invitation, channel).delivery in {Delivery.QUEUED, Delivery.FAILED}


def give_up_link(session: Session, invitation_id: uuid.UUID, channel: Channel, now: datetime) -> None:
    """Takes a link back that nobody was told of: from now on it is as if there had been none."""
    rows = find(session, invitation_id, lock=True)
    if rows is None:
        return
    session.delete(link_of(session, rows.invitation, channel))
    session.flush()
    _settle(session, rows.invitation, now)


def _fail(session: Session, rows: InvitationRows, link: InvitationLink, failure: str, now: datetime) -> None:
    """The inviter is told, once: that the invitation has failed, or which of its ways has."""
    if link.delivery is Delivery.FAILED:
        return
    link.delivery, link.failure = Delivery.FAILED, failure
    session.flush()
    _settle(session, rows.invitation, now)
    if rows.invitation.status in _ON_ITS_WAY:
        tell_inviter(session, rows.invitation, LINK_FAILED)


def _settle(session: Session, invitation: Invitation, now: datetime) -> None:
    """The invitation has failed once none of its links is left."""
    if invitation.status not in _ON_ITS_WAY:
        return
    left, failure = _links(session, invitation)
    invitation.failure = failure
    if not left:
        change(session, invitation, InvitationStatus.FAILED, Source.WORKER, now, failure=failure or "")
        tell_inviter(session, invitation, FAILED)


def _links(session: Session, invitation: Invitation) -> tuple[int, str | None]:
    """How many have not failed, and why the others have."""
    of_invitation = select(InvitationLink).where(InvitationLink.invitation_id == invitation.id)
    links = session.scalars(of_invitation.order_by(InvitationLink.channel)).all()
    failures = [link.failure or "" for link in links if link.delivery is Delivery.FAILED]
    return len(links) - len(failures), "\n".join(failures) or None


def link_of(session: Session, invitation: Invitation, channel: Channel) -> InvitationLink:
    return session.scalars(
        select(InvitationLink).where(InvitationLink.invitation_id == invitation.id, InvitationLink.channel == channel)
    ).one()
