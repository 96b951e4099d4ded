"""Reminding clients themselves, by e-mail, of an invitation that they have not accepted."""

import uuid
from datetime import timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models import Channel, Delivery, InvitationLink, InvitationStatus, Lane
from db.session import Database
from services.delivery.email import Mailer, RefusedError, UndeliveredError
from services.invitations.email import nudge_text
from services.invitations.letters import Letters
from services.invitations.records import LinkState
from services.invitations.reminders import NUDGE
from services.invitations.rows import InvitationRows, find
from services.jobs import Claim, GiveUp, Kind, Retry
from services.keys import Keyring

_ARRIVED = (Delivery.SENT, Delivery.DELIVERED)
_WAITING = (InvitationStatus.SENT, InvitationStatus.OPENED)


class NudgeService:
    def __init__(self, database: Database, keys: Keyring, mailer: Mailer, *, public_url: str, email_from: str) -> None:
        """Raises ValueError when `email_from` is not an address."""
        self._letters = Letters(keys, public_url=public_url, email_from=email_from)
        self._database = database
        self._mailer = mailer

    def kinds(self) -> list[Kind]:
        """Tried for about a day: a later one says little."""
        return [
            Kind(name=NUDGE, lane=Lane.MAIL, run=self.send, max_attempts=28, backoff=timedelta(minutes=1)),
        ]

    def send(self, claim: Claim) -> None:
        """Sends the e-mail, with the link that the person has, if it still makes sense at this moment."""
        now = self._database.now()
        with self._database.read() as session:
            rows = find(session, uuid.UUID(claim.args["invitation_id"]))
            if rows is None or rows.state(now) is not LinkState.OPEN or not _is_wanted(session, rows):
                return
            email = self._letters.write(session, claim.key, rows, nudge_text, now)
        try:
            self._mailer.send(email)
        except UndeliveredError as error:
            raise Retry(str(error)) from error
        except RefusedError as error:
            # It took the invitation: that it takes no more of them is not worth a message to anybody.
            raise GiveUp(str(error)) from error


def _is_wanted(session: Session, rows: InvitationRows) -> bool:
    """Only where practices want it, and where the invitation itself has arrived by e-mail."""
    if not rows.practice.nudges_clients or rows.practice.uninstalled_at is not None:
        return False
    arrived = exists().where(
        InvitationLink.invitation_id == rows.invitation.id,
        InvitationLink.channel == Channel.EMAIL,
        InvitationLink.delivery.in_(_ARRIVED),
    )
    return rows.invitation.status in _WAITING and bool(session.scalar(select(arrived)))
