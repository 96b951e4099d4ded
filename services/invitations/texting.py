"""An invitation as a text message, beside the e-mail: sent once, and followed on its way to the phone."""

import logging
import uuid
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models import Channel, Delivery, InvitationLink, Lane
from db.session import Database
from services import jobs
from services.delivery.sms import (
    CALLBACK_PATH,
    RefusedError,
    SentSms,
    Sms,
    SmsStatus,
    Texter,
    UndeliveredError,
    status_words,
)
from services.invitations.delivery import give_up_link, is_wanted, link_of, record_failure, record_sent
from services.invitations.inviting import SMS_KIND
from services.invitations.links import address_of
from services.invitations.records import LinkState
from services.invitations.rows import InvitationRows, find
from services.invitations.text_message import text_message
from services.jobs import Claim, Kind, Retry
from services.keys import Keyring
from services.phones import mask_mobile

_REINSTALL_CHECK = timedelta(hours=6)
_FAILURES = (SmsStatus.UNDELIVERED, SmsStatus.FAILED)
_log = logging.getLogger(__name__)


class TextingService:
    """Without a `texter`, text messages are off, and invitations go by e-mail only."""

    def __init__(
        self, database: Database, keys: Keyring, texter: Texter | None, *, public_url: str, app_url: str | None = None
    ) -> None:
        self._database = database
        self._keys = keys
        self._texter = texter
        self._public_url = public_url.rstrip("/")
        self._app_url = app_url

    def kinds(self) -> list[Kind]:
        """A text message is tried for about a day, not counting the waits that Twilio asks for."""
        return [
            Kind(
                name=SMS_KIND,
                lane=Lane.SMS,
                run=self.send,
                max_attempts=28,
                backoff=timedelta(minutes=1),
                on_failure=self.gave_up,
            )
        ]

    def send(self, claim: Claim) -> None:
        """Sends the invitation if it is still to be sent. On every try the link is the same."""
        invitation_id = uuid.UUID(claim.args["invitation_id"])
        if self._texter is None:
            with self._database.begin() as session:
                jobs.finish(session, claim)
                give_up_link(session, invitation_id, Channel.SMS, self._database.now())
            return
        with self._database.read() as session:
            rows = find(session, invitation_id)
            if rows is None or rows.state(self._database.now()) is not LinkState.OPEN:
                return
            if not is_wanted(session, rows, Channel.SMS):
                return
            if rows.practice.uninstalled_at is not None:
                raise Retry("The practice has uninstalled Clientdesk", after=_REINSTALL_CHECK)
            link = address_of(session, self._keys, self._public_url, invitation_id, Channel.SMS)
            sms = self._sms(session, rows, link)
            created_at = rows.invitation.created_at
        try:
            # An earlier try may have sent it. The link tells it from all others, whatever name the practice had then.
            earlier = replace(sms, body=link)
            sent = self._texter.find(earlier, since=created_at) if claim.attempt > 1 else None
            sent = sent or self._texter.send(sms)
        except UndeliveredError as error:
            raise Retry(error.message, after=error.after) from error
        except RefusedError as refusal:
            failure = f"The text message to {mask_mobile(sms.to)} was not sent. {refusal.message}"
            with self._database.begin() as session:
                jobs.finish(session, claim)
                record_failure(session, invitation_id, Channel.SMS, failure, self._database.now())
            return
        with self._database.begin() as session:
            jobs.finish(session, claim)
            self._learn(session, invitation_id, sent)

    def gave_up(self, session: Session, claim: Claim, error: str) -> None:
        """For the transaction that marks the job failed."""
        invitation_id = uuid.UUID(claim.args["invitation_id"])
        failure = f"The text message can't be sent: {error}"
        record_failure(session, invitation_id, Channel.SMS, failure, self._database.now())

    def on_status(self, link: str, sid: str, status: SmsStatus, error_code: int | None) -> None:
        """Keeps what Twilio says of a message. `link` is what its callback's address names; one that is none of ours is
        passed over. The same may be told twice, in any order, and before the sending itself is known to have worked."""
        _log.info("Text message %s: %s", sid, status_words(status, error_code))
        try:
            link_id = uuid.UUID(link)
        except ValueError:
            return
        of_link = select(InvitationLink.invitation_id).where(
            InvitationLink.id == link_id, InvitationLink.channel == Channel.SMS
        )
        with self._database.begin() as session:
            invitation_id = session.scalar(of_link)
            if invitation_id is not None:
                self._learn(session, invitation_id, SentSms(sid=sid, status=status, error_code=error_code))

    def _learn(self, session: Session, invitation_id: uuid.UUID, told: SentSms) -> None:
        """Takes what is newer than what is known. Of a message that was sent twice after all, only the arrival of the
        other one counts."""
        rows = find(session, invitation_id, lock=True)
        if rows is None:
            return
        now = self._database.now()
        link = link_of(session, rows.invitation, Channel.SMS)
        is_this = link.message_id in {None, told.sid}
        arrived = told.status is SmsStatus.DELIVERED
        if link.delivery is Delivery.DELIVERED or not (is_this or arrived):
            return
        if link.delivery is Delivery.FAILED and link.message_id == told.sid:
            return
        if told.status in _FAILURES:
            link.message_id = told.sid
            reason = status_words(told.status, told.error_code)
            failure = f"The text message to {mask_mobile(rows.invitation.mobile or '')} did not arrive. {reason}"
            record_failure(session, invitation_id, Channel.SMS, failure, now)
            return
        if link.delivery is not Delivery.SENT:
            record_sent(session, invitation_id, Channel.SMS, told.sid, now)
        if arrived:
            link.delivery = Delivery.DELIVERED

    def _sms(self, session: Session, rows: InvitationRows, link: str) -> Sms:
        row = link_of(session, rows.invitation, Channel.SMS)
        return Sms(
            to=str(rows.invitation.mobile),
            body=text_message(practice=rows.practice.name, link=link, app_url=self._app_url),
            callback_url=f"{self._public_url}{CALLBACK_PATH}?link={row.id}",
        )
