"""The e-mail to whoever invited a practice to their account: what became of it."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import escape

from sqlalchemy import select
from sqlalchemy.orm import aliased

from db.models import Client, ClientUser, Lane, OfferStatus, Practice, PracticeOffer
from db.session import Database
from services.accounts.rows import DECIDED
from services.delivery.email import Email, Mailbox, Mailer, RefusedError, UndeliveredError, message_id_for, one_line
from services.jobs import Claim, GiveUp, Kind, Retry

_NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class _Said:
    subject: str
    what: str
    then: str


class OfferLetters:
    def __init__(self, database: Database, mailer: Mailer, *, public_url: str, email_from: str) -> None:
        """Raises ValueError when `email_from` is not an address."""
        self._sender = Mailbox.parse(email_from)
        self._page = f"{public_url.rstrip('/')}/account"
        self._database = database
        self._mailer = mailer

    def kinds(self) -> list[Kind]:
        """Tried for about a day: a later one says little."""
        return [
            Kind(name=DECIDED, lane=Lane.MAIL, run=self.send, max_attempts=28, backoff=timedelta(minutes=1)),
        ]

    def send(self, claim: Claim) -> None:
        """Sends the e-mail, unless the offer is no longer there."""
        before = aliased(Practice)
        with self._database.read() as session:
            found = session.execute(
                select(PracticeOffer, ClientUser, Client.name, Practice.name, before.name)
                .join(ClientUser, ClientUser.id == PracticeOffer.client_user_id)
                .join(Client, Client.id == PracticeOffer.client_id)
                .join(Practice, Practice.id == PracticeOffer.practice_id)
                .outerjoin(before, before.id == PracticeOffer.from_practice_id)
                .where(PracticeOffer.id == uuid.UUID(claim.args["offer_id"]))
            ).one_or_none()
        if found is None:
            return
        offer, user, *names = found
        client, practice, present = (name and one_line(name, _NAME_LIMIT) for name in names)
        if offer.status not in _WORDS:
            return
        said = _WORDS[offer.status](client, practice, present or "Your practice until now")
        try:
            self._mailer.send(self._written(claim, user, said))
        except UndeliveredError as error:
            raise Retry(str(error)) from error
        except RefusedError as error:
            raise GiveUp(str(error)) from error  # the page says it too

    def _written(self, claim: Claim, user: ClientUser, said: _Said) -> Email:
        lines = (f"Hello {one_line(user.name, _NAME_LIMIT)},", said.what, said.then)
        text = "\n\n".join((*lines, f"Your account page: {self._page}")) + "\n"
        body = "\n".join(f"<p>{escape(line)}</p>" for line in lines)
        page = escape(self._page)
        html = f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>{escape(said.subject)}</title></head>
<body style="font:16px/1.5 system-ui,sans-serif;max-width:34em;margin:2em auto;padding:0 1em">
{body}
<p><a href="{page}">Your account page</a></p>
</body>
</html>
"""
        return Email(
            sender=self._sender,
            recipient=Mailbox(user.name, user.email),
            subject=said.subject,
            text=text,
            html=html,
            message_id=message_id_for(claim.key, self._sender.domain),
            date=self._database.now(),
        )


def _accepted(client: str, practice: str, present: str) -> _Said:
    return _Said(
        f"{practice} has accepted your invitation",
        f"{practice} has the account of {client} in Clientdesk from now on. {present} no longer has access.",
        f"Users and their logins stay as they were. {practice} connects the account to accounting software anew.",
    )


def _declined(client: str, practice: str, present: str) -> _Said:
    return _Said(
        f"{practice} has declined your invitation",
        f"{practice} has declined your invitation to the account of {client} in Clientdesk. Nothing has changed: "
        f"{present} has the account as before.",
        "Ask the practice why, or invite another one on your account page.",
    )


def _expired(client: str, practice: str, present: str) -> _Said:
    return _Said(
        f"Your invitation to {practice} has expired",
        f"{practice} did not answer your invitation to the account of {client} in Clientdesk within 14 days. "
        f"Nothing has changed: {present} has the account as before.",
        "Ask the practice whether they expect it, then invite them again on your account page.",
    )


_WORDS: dict[OfferStatus, Callable[[str, str, str], _Said]] = {
    OfferStatus.ACCEPTED: _accepted,
    OfferStatus.DECLINED: _declined,
    OfferStatus.EXPIRED: _expired,
}
