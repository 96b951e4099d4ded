"""Invitations from the row that a new client brings to the password that its user sets."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import (
    LIVE,
    Channel,
    ClientUser,
    Invitation,
    InvitationStatus,
    Lane,
    Login,
    Source,
)
from db.session import Database
from services import audit, jobs
from services.delivery.email import Mailer, RefusedError, UndeliveredError
from services.emails import email_key
from services.errors import ConflictError, InvalidError, NotFoundError
from services.invitations.delivery import is_wanted, record_failure, record_sent
from services.invitations.email import invitation_text
from services.invitations.inviting import EMAIL_KIND
from services.invitations.letters import Letters
from services.invitations.records import Accepted, InvitationClosedError, InvitationNotice, InvitationPage, LinkState
from services.invitations.rows import (
    change,
    find,
    find_by_token,
    lock_all_of_person,
    page_of,
    require_open,
    tell_inviter,
)
from services.jobs import Claim, Kind, Retry
from services.keys import Keyring
from services.logins import Passwords, check_password

_EXPIRED_AT_ONCE = 200
_REINSTALL_CHECK = timedelta(hours=6)


class _LoginChangedError(Exception):
    """The address got a login, or another password, while the slow hash was made."""


class InvitationService:
    def __init__(
        self,
        database: Database,
        keys: Keyring,
        mailer: Mailer,
        *,
        public_url: str,
        email_from: str,
        now: Callable[[], datetime],
        passwords: Passwords | None = None,
    ) -> None:
        """Raises ValueError when `email_from` is not an address."""
        self._letters = Letters(keys, public_url=public_url, email_from=email_from)
        self._database = database
        self._mailer = mailer
        self._now = now
        self._passwords = passwords or Passwords()

    def kinds(self) -> list[Kind]:
        """The kinds of job that this service does. An e-mail is tried for about a day."""
        return [
            Kind(
                name=EMAIL_KIND,
                lane=Lane.MAIL,
                run=self.send_email,
                max_attempts=28,
                backoff=timedelta(minutes=1),
                on_failure=self.email_gave_up,
            )
        ]

    def send_email(self, claim: Claim) -> None:
        """Sends the invitation if it is still to be sent. On every try the link and the Message-ID are the same."""
        invitation_id = uuid.UUID(claim.args["invitation_id"])
        with self._database.read() as session:
            rows = find(session, invitation_id)
            if rows is None or rows.state(self._now()) != LinkState.OPEN or not is_wanted(session, rows, Channel.EMAIL):
                return
            if rows.practice.uninstalled_at is not None:
                raise Retry("The practice has uninstalled Clientdesk", after=_REINSTALL_CHECK)
            email = self._letters.write(session, claim.key, rows, invitation_text, self._now())
        try:
            self._mailer.send(email)
        except UndeliveredError as error:
            raise Retry(str(error)) from error
        except RefusedError as error:
            failure = f"The mail server refused {email.recipient.address}: {error}"
            with self._database.begin() as session:
                jobs.finish(session, claim)
                record_failure(session, invitation_id, Channel.EMAIL, failure, self._now())
            return
        with self._database.begin() as session:
            jobs.finish(session, claim)
            record_sent(session, invitation_id, Channel.EMAIL, email.message_id, self._now())

    def email_gave_up(self, session: Session, claim: Claim, error: str) -> None:
        """For the transaction that marks the job failed."""
        failure = f"The e-mail can't be delivered: {error}"
        record_failure(session, uuid.UUID(claim.args["invitation_id"]), Channel.EMAIL, failure, self._now())

    def open(self, token: str, *, seen: bool = True) -> InvitationPage:
        """What the link's page shows. `seen` by a person, it is marked opened; that uses nothing up, since mail
        scanners open links too."""
        now = self._now()
        with self._database.read() as session:
            rows = find_by_token(session, token)
            page = page_of(rows, now)
            status = rows.invitation.status if rows is not None else None
        if seen and page.state == LinkState.OPEN and status != InvitationStatus.OPENED:
            with self._database.begin() as session:
                rows = find_by_token(session, token, lock=True)
                if rows is not None and rows.state(now) == LinkState.OPEN:
                    rows.invitation.opened_at = rows.invitation.opened_at or now
                    change(session, rows.invitation, InvitationStatus.OPENED, Source.WEB, now)
        return page

    def accept(self, token: str, password: str, *, repeat: str | None = None) -> Accepted:
        """Makes the login, or checks the password of the one there is, and links the person's client users to it.

        Raises InvitationClosedError if the link is not open (any more), InvalidError at the fields `password` and,
        where a new password was typed twice, `repeat`.
        """
        for _ in range(3):
            with self._database.read() as session:
                rows = require_open(find_by_token(session, token), self._now())
                page, known_hash = rows.page(self._now()), rows.login.password_hash if rows.login else None
            password_hash = self._checked_hash(
                page, known_hash, password, repeat
            )  # slow, hence outside the transactions
            try:
                with self._database.begin() as session:
                    return self._accept(session, token, password_hash, is_new=known_hash is None)
            except _LoginChangedError:
                continue  # another invitation made the login meanwhile: the password has to be that one's
        raise ConflictError("Another invitation of yours was accepted at the same moment. Try again.")

    def ask_for_new(self, token: str) -> InvitationPage:
        """Tells the inviter, once an invitation. Raises InvitationClosedError unless the link has expired."""
        now = self._now()
        with self._database.begin() as session:
            rows = find_by_token(session, token, lock=True)
            if rows is None or rows.state(now) != LinkState.EXPIRED:
                raise InvitationClosedError(page_of(rows, now))
            if rows.invitation.renewal_asked_at is None:
                rows.invitation.renewal_asked_at = now
                audit.record_without_colleague(
                    session,
                    rows.practice.id,
                    Source.WEB,
                    "invitation.renewal_asked",
                    rows.invitation.id,
                    at=now,
                )
                tell_inviter(session, rows.invitation, "slack.invitation_renewal_asked")
            return rows.page(now)

    def notice(self, invitation_id: uuid.UUID) -> InvitationNotice:
        with self._database.read() as session:
            rows = find(session, invitation_id)
            if rows is None:
                raise NotFoundError("This invitation is not there any more.")
            invitation = rows.invitation
            return InvitationNotice(
                invitation_id=invitation.id,
                practice_id=invitation.practice_id,
                client_id=rows.client.id,
                client_name=rows.client.name,
                person_name=rows.client_user.name,
                email=invitation.email,
                status=invitation.status,
                failure=invitation.failure,
                created_at=invitation.created_at,
                expires_at=invitation.expires_at,
                sent_at=invitation.sent_at,
                opened_at=invitation.opened_at,
                accepted_at=invitation.accepted_at,
                renewal_asked_at=invitation.renewal_asked_at,
            )

    def expire(self, now: datetime | None = None) -> int:
        """Marks what is past its week, and says how many. For the clock."""
        at = now or self._now()
        expired = 0
        while True:
            with self._database.begin() as session:
                overdue = (
                    select(Invitation)
                    .where(Invitation.status.in_(LIVE), Invitation.expires_at <= at)
                    .limit(_EXPIRED_AT_ONCE)
                    .with_for_update(skip_locked=True)
                )
                invitations = session.scalars(overdue).all()
                for invitation in invitations:
                    change(session, invitation, InvitationStatus.EXPIRED, Source.WORKER, at)
            expired += len(invitations)
            if len(invitations) < _EXPIRED_AT_ONCE:
                return expired

    def _checked_hash(self, page: InvitationPage, known_hash: str | None, password: str, repeat: str | None) -> str:
        """The login's hash if `password` is the login's, else that of a password good enough to be new."""
        if known_hash is not None:
            if not self._passwords.matches(known_hash, password):
                raise InvalidError({"password": "This isn't the password of your Clientdesk login. Try again."})
            return known_hash
        errors: dict[str, str] = {}
        try:
            check_password(password, email=page.email, names=(page.person_name, page.client_name, page.practice_name))
        except ValueError as error:
            errors["password"] = str(error)
        if password and repeat is not None and repeat != password:
            errors["repeat"] = "The two passwords differ. Type the same one twice."
        if errors:
            raise InvalidError(errors)
        return self._passwords.hash(password)

    def _accept(self, session: Session, token: str, password_hash: str, *, is_new: bool) -> Accepted:
        now = self._now()
        invitations = lock_all_of_person(session, token)
        rows = require_open(find_by_token(session, token), now)
        login = rows.login
        if (login is None) != is_new or (login is not None and login.password_hash != password_hash):
            raise _LoginChangedError
        if login is None:
            login = _new_login(session, rows.invitation.email, password_hash, now)
        linked = {client_user.id for client_user in _link_all_of_person(session, rows.client_user, login)}
        for invitation in invitations:
            if invitation.client_user_id in linked:
                invitation.accepted_at = now
                change(session, invitation, InvitationStatus.ACCEPTED, Source.WEB, now, login_id=str(login.id))
                tell_inviter(session, invitation, "slack.invitation_accepted")
        for uninvited in linked - {invitation.client_user_id for invitation in invitations}:
            audit.record_without_colleague(
                session,
                rows.practice.id,
                Source.WEB,
                "client_user.login_given",
                uninvited,
                at=now,
                after={"login_id": str(login.id)},
            )
        return Accepted(
            practice_name=rows.practice.name,
            client_name=rows.client.name,
            person_name=rows.client_user.name,
            email=rows.invitation.email,
            had_login=not is_new,
        )


def _new_login(session: Session, email: str, password_hash: str, now: datetime) -> Login:
    login = Login(id=uuid7(), email=email, email_key=email_key(email), password_hash=password_hash, created_at=now)
    session.add(login)
    try:
        session.flush()
    except IntegrityError as error:
        raise _LoginChangedError from error
    return login


def _link_all_of_person(session: Session, invited: ClientUser, login: Login) -> list[ClientUser]:
    """Links the invited client user, and the practice's others with this address that have no login yet."""
    others = select(ClientUser).where(
        ClientUser.practice_id == invited.practice_id,
        ClientUser.email_key == login.email_key,
        ClientUser.login_id.is_(None),
        ClientUser.has_login_access,
        ClientUser.deactivated_at.is_(None),
        ClientUser.id != invited.id,
    )
    client_users = [invited, *session.scalars(others)]
    for client_user in client_users:
        client_user.login_id = login.id
    return client_users
