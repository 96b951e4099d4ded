"""The e-mails about an invitation, ready to be sent."""

from datetime import datetime

from sqlalchemy.orm import Session

from db.models import Channel
from services.delivery.email import Email, Mailbox, message_id_for
from services.invitations.email import Letter, Words
from services.invitations.links import address_of
from services.invitations.rows import InvitationRows
from services.keys import Keyring
from services.zones import zone


class Letters:
    def __init__(self, keys: Keyring, *, public_url: str, email_from: str) -> None:
        """Raises ValueError when `email_from` is not an address."""
        try:
            self._sender = Mailbox.parse(email_from)
        except ValueError as error:
            raise ValueError(f"EMAIL_FROM: {error}") from None
        self._keys = keys
        self._public_url = public_url.rstrip("/")

    def write(self, session: Session, key: str, rows: InvitationRows, words: Words, now: datetime) -> Email:
        """With the link that all e-mails of the invitation share. `key` is the job's. Raises GiveUp."""
        content = words(
            Letter(
                practice=rows.practice.name,
                client=rows.client.name,
                person=rows.client_user.name,
                inviter=rows.inviter.name,
                link=address_of(session, self._keys, self._public_url, rows.invitation.id, Channel.EMAIL),
                # The inviter's, which is mostly the client's too.
                expires_at=rows.invitation.expires_at.astimezone(zone(rows.inviter.timezone)),
            )
        )
        return Email(
            sender=self._sender,
            recipient=Mailbox(rows.client_user.name, rows.invitation.email),
            subject=content.subject,
            text=content.text,
            html=content.html,
            message_id=message_id_for(key, self._sender.domain),
            date=now,
        )
