"""Invitations from the row that a new client brings to the password that its user sets."""

import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from db.models import (
    LIVE,
    Channel,
    Client,
    ClientUser,
    Colleague,
    Invitation,
    InvitationLink,
    InvitationStatus,
    Lane,
    Login,
    Practice,
    Source,
)
from db.session import Database
from services import audit, jobs, notices
from services.actor import Actor
from services.delivery.email import Email, Mailbox, Mailer, RefusedError, UndeliveredError, message_id_for
from services.emails import email_key
from services.errors import ConflictError, InvalidError, NotFoundError, ServiceError
from services.invitations.email import invitation_text
from services.jobs import Claim, GiveUp, Kind, NewJob, Retry
from services.keys import Keyring, hash_token
from services.logins import Passwords, check_password

EMAIL_KIND = "invitation.send_email"
LIFETIME = timedelta(days=7)

_UNSENT = (InvitationStatus.QUEUED, InvitationStatus.FAILED)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_EXPIRED_AT_ONCE = 200
_REINSTALL_CHECK = timedelta(hours=6)


class LinkState(StrEnum):
    """What a link is to the person who opens it."""

    OPEN = "open"
    EXPIRED = "expired"
    USED = "used"
    REPLACED = "replaced"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPage:
    """`has_login`: the address has a password already, which is asked for instead of a new one. All is empty for an
    unknown link."""

    state: LinkState
    practice_name: str = ""
    client_name: str = ""
    person_name: str = ""
    email: str = ""
    has_login: bool = False
    renewal_asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    practice_name: str
    client_name: str
    person_name: str
    email: str
    had_login: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationNotice:
    """All that a message about an invitation says."""

    invitation_id: uuid.UUID
    practice_id: uuid.UUID
    inviter_slack_user_id: str
    client_id: uuid.UUID
    client_name: str
    person_name: str
    email: str
    status: InvitationStatus
    failure: str | None
    created_at: datetime
    expires_at: datetime
    sent_at: datetime | None
    opened_at: datetime | None
    accepted_at: datetime | None
    renewal_asked_at: datetime | None


class InvitationClosedError(ServiceError):
    """The link can't be used, or not in this way; `page` says what it is now."""

    def __init__(self, page: InvitationPage) -> None:
        super().__init__("This link can't be used.")
        self.page = page


class _LoginChangedError(Exception):
    """The address got a login, or another password, while the slow hash was made."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """An invitation and what stands around it. Stays inside its transaction."""

    invitation: Invitation
    client_user: ClientUser
    client: Client
    practice: Practice
    inviter: Colleague
    login: Login | None

    def state(self, now: datetime) -> LinkState:
        """The clock decides what expired, whether or not the sweep has come by."""
        match self.invitation.status:
            case InvitationStatus.ACCEPTED:
                return LinkState.USED
            case InvitationStatus.SUPERSEDED:
                return LinkState.REPLACED
            case InvitationStatus.REVOKED:
                return LinkState.REVOKED
            case _ if self.client.deactivated_at is not None:
                return LinkState.REVOKED
            case InvitationStatus.EXPIRED:
                return LinkState.EXPIRED
            case _:
                return LinkState.OPEN if now < self.invitation.expires_at else LinkState.EXPIRED

    def page(self, now: datetime) -> InvitationPage:
        return InvitationPage(
            state=self.state(now),
            practice_name=self.practice.name,
            client_name=self.client.name,
            person_name=self.client_user.name,
            email=self.invitation.email,
            has_login=self.login is not None,
            renewal_asked=self.invitation.renewal_asked_at is not None,
        )


def invite(
    session: Session,
    *,
    actor: Actor,
    client_user: ClientUser,
    client_id: uuid.UUID,
    practice_id: uuid.UUID,
    keys: Keyring,
    now: datetime,
) -> Invitation:
    """Adds the invitation, its e-mail link, the job that sends it and the audit entry to the caller's transaction."""
    session.flush()  # the client and its user come before what refers to them
    nonce = secrets.token_bytes(16)
    invitation = Invitation(
        id=uuid7(),
        practice_id=practice_id,
        client_id=client_id,
        client_user_id=client_user.id,
        inviter_id=actor.colleague_id,
        email=client_user.email,
        status=InvitationStatus.QUEUED,
        created_at=now,
        expires_at=now + LIFETIME,
    )
    session.add(invitation)
    session.flush()
    session.add(
        InvitationLink(
            invitation_id=invitation.id,
            channel=Channel.EMAIL,
            nonce=nonce,
            token_hash=hash_token(keys.new_token(nonce)),
        )
    )
    jobs.put(
        session,
        NewJob(
            lane=Lane.MAIL,
            kind=EMAIL_KIND,
            key=f"invitation-email:{invitation.id}",
            practice_id=practice_id,
            args={"invitation_id": str(invitation.id)},
        ),
    )
    audit.record(
        session,
        actor,
        "invitation.created",
        invitation.id,
        at=now,
        after={"client_user_id": str(client_user.id), "email": invitation.email, "status": invitation.status},
    )
    return invitation


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
        try:
            self._sender = Mailbox.parse(email_from)
        except ValueError as error:
            raise ValueError(f"EMAIL_FROM: {error}") from None
        self._database = database
        self._keys = keys
        self._mailer = mailer
        self._public_url = public_url.rstrip("/")
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
            rows = _find(session, invitation_id)
            if rows is None or rows.invitation.status not in _UNSENT or rows.state(self._now()) != LinkState.OPEN:
                return
            if rows.practice.uninstalled_at is not None:
                raise Retry("The practice has uninstalled Clientdesk", after=_REINSTALL_CHECK)
            email = self._email(session, claim.key, rows)
        try:
            self._mailer.send(email)
        except UndeliveredError as error:
            raise Retry(str(error)) from error
        except RefusedError as error:
            failure = f"The mail server refused {email.recipient.address}: {error}"
            with self._database.begin() as session:
                jobs.finish(session, claim)
                self._record_failure(session, invitation_id, failure)
            return
        with self._database.begin() as session:
            jobs.finish(session, claim)
            self._record_sent(session, invitation_id)

    def email_gave_up(self, session: Session, claim: Claim, error: str) -> None:
        """For the transaction that marks the job failed."""
        self._record_failure(session, uuid.UUID(claim.args["invitation_id"]), f"The e-mail can't be delivered: {error}")

    def open(self, token: str, *, seen: bool = True) -> InvitationPage:
        """What the link's page shows. `seen` by a person, it is marked opened; that uses nothing up, since mail
        scanners open links too."""
        now = self._now()
        with self._database.read() as session:
            rows = _find_by_token(session, token)
            page = _page(rows, now)
            status = rows.invitation.status if rows is not None else None
        if seen and page.state == LinkState.OPEN and status != InvitationStatus.OPENED:
            with self._database.begin() as session:
                rows = _find_by_token(session, token, lock=True)
                if rows is not None and rows.state(now) == LinkState.OPEN:
                    rows.invitation.opened_at = rows.invitation.opened_at or now
                    _change(session, rows.invitation, InvitationStatus.OPENED, Source.WEB, now)
        return page

    def accept(self, token: str, password: str, *, repeat: str | None = None) -> Accepted:
        """Makes the login, or checks the password of the one there is, and links the person's client users to it.

        Raises InvitationClosedError if the link is not open (any more), InvalidError at the fields `password` and,
        where a new password was typed twice, `repeat`.
        """
        for _ in range(3):
            with self._database.read() as session:
                rows = _require_open(_find_by_token(session, token), self._now())
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
            rows = _find_by_token(session, token, lock=True)
            if rows is None or rows.state(now) != LinkState.EXPIRED:
                raise InvitationClosedError(_page(rows, now))
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
                _tell_inviter(session, rows.invitation, "slack.invitation_renewal_asked")
            return rows.page(now)

    def notice(self, invitation_id: uuid.UUID) -> InvitationNotice:
        with self._database.read() as session:
            rows = _find(session, invitation_id)
            if rows is None:
                raise NotFoundError("This invitation is not there any more.")
            invitation = rows.invitation
            return InvitationNotice(
                invitation_id=invitation.id,
                practice_id=invitation.practice_id,
                inviter_slack_user_id=rows.inviter.slack_user_id,
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
                    _change(session, invitation, InvitationStatus.EXPIRED, Source.WORKER, at)
            expired += len(invitations)
            if len(invitations) < _EXPIRED_AT_ONCE:
                return expired

    def _email(self, session: Session, key: str, rows: _Rows) -> Email:
        link = session.execute(
            select(InvitationLink).where(
                InvitationLink.invitation_id == rows.invitation.id, InvitationLink.channel == Channel.EMAIL
            )
        ).scalar_one()
        try:
            token = self._keys.token_again(link.nonce, link.token_hash)
        except ValueError as error:
            raise GiveUp(str(error)) from error
        content = invitation_text(
            practice=rows.practice.name,
            client=rows.client.name,
            person=rows.client_user.name,
            inviter=rows.inviter.name,
            link=f"{self._public_url}/i/{token}",
            expires_at=rows.invitation.expires_at.astimezone(_zone(rows.inviter.timezone)),
        )
        return Email(
            sender=self._sender,
            recipient=Mailbox(rows.client_user.name, rows.invitation.email),
            subject=content.subject,
            text=content.text,
            html=content.html,
            message_id=message_id_for(key, self._sender.domain),
            date=self._now(),
        )

    def _record_sent(self, session: Session, invitation_id: uuid.UUID) -> None:
        rows = _find(session, invitation_id, lock=True)
        if rows is None:
            return
        rows.invitation.sent_at = self._now()
        if rows.invitation.status in _UNSENT:  # else it was opened, revoked or more while the mail server took it
            rows.invitation.failure = None
            _change(session, rows.invitation, InvitationStatus.SENT, Source.WORKER, self._now())

    def _record_failure(self, session: Session, invitation_id: uuid.UUID, failure: str) -> None:
        rows = _find(session, invitation_id, lock=True)
        if rows is None or rows.invitation.status not in _UNSENT:
            return
        rows.invitation.failure = failure
        _change(session, rows.invitation, InvitationStatus.FAILED, Source.WORKER, self._now(), failure=failure)
        _tell_inviter(session, rows.invitation, "slack.invitation_failed")

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
        invitations = _lock_all_of_person(session, token)
        rows = _require_open(_find_by_token(session, token), now)
        login = rows.login
        if (login is None) != is_new or (login is not None and login.password_hash != password_hash):
            raise _LoginChangedError
        if login is None:
            login = _new_login(session, rows.invitation.email, password_hash, now)
        linked = {client_user.id for client_user in _link_all_of_person(session, rows.client_user, login)}
        for invitation in invitations:
            if invitation.client_user_id in linked:
                invitation.accepted_at = now
                _change(session, invitation, InvitationStatus.ACCEPTED, Source.WEB, now, login_id=str(login.id))
                _tell_inviter(session, invitation, "slack.invitation_accepted")
        return Accepted(
            practice_name=rows.practice.name,
            client_name=rows.client.name,
            person_name=rows.client_user.name,
            email=rows.invitation.email,
            had_login=not is_new,
        )


def _find(session: Session, invitation_id: uuid.UUID, *, lock: bool = False) -> _Rows | None:
    """The invitation, locked before it is read if it is to be changed."""
    if lock:
        session.execute(select(Invitation.id).where(Invitation.id == invitation_id).with_for_update())
    address = session.scalar(select(Invitation.email).where(Invitation.id == invitation_id))
    if address is None:
        return None
    # Before the invitation: an acceptance in between then shows as one, and not as a login that came from nowhere.
    login = session.scalar(select(Login).where(Login.email_key == email_key(address)))
    found = session.execute(
        select(Invitation, ClientUser, Client, Practice, Colleague)
        .join(ClientUser, ClientUser.id == Invitation.client_user_id)
        .join(Client, Client.id == Invitation.client_id)
        .join(Practice, Practice.id == Invitation.practice_id)
        .join(Colleague, Colleague.id == Invitation.inviter_id)
        .where(Invitation.id == invitation_id)
    ).one_or_none()
    if found is None:
        return None
    invitation, client_user, client, practice, inviter = found
    return _Rows(invitation, client_user, client, practice, inviter, login)


def _find_by_token(session: Session, token: str, *, lock: bool = False) -> _Rows | None:
    invitation_id = _id_by_token(session, token)
    return _find(session, invitation_id, lock=lock) if invitation_id is not None else None


def _id_by_token(session: Session, token: str) -> uuid.UUID | None:
    if not _TOKEN.fullmatch(token):
        return None
    by_hash = select(InvitationLink.invitation_id).where(InvitationLink.token_hash == hash_token(token))
    return session.execute(by_hash).scalar_one_or_none()


def _page(rows: _Rows | None, now: datetime) -> InvitationPage:
    return rows.page(now) if rows is not None else InvitationPage(state=LinkState.UNKNOWN)


def _require_open(rows: _Rows | None, now: datetime) -> _Rows:
    if rows is None or rows.state(now) != LinkState.OPEN:
        raise InvitationClosedError(_page(rows, now))
    return rows


def _lock_all_of_person(session: Session, token: str) -> list[Invitation]:
    """This invitation and the practice's other live ones to the same person, all of which one acceptance settles.

    Locked in the order of their ids, so that two acceptances can't wait for each other.
    """
    # Columns only: a row read before the lock would stay in the session as it was then.
    invitation_id = _id_by_token(session, token)
    known = select(Invitation.practice_id, Invitation.email).where(Invitation.id == invitation_id)
    if (found := session.execute(known).one_or_none()) is None:
        return []
    practice_id, address = found
    same_person = select(ClientUser.id).where(
        ClientUser.practice_id == practice_id, ClientUser.email_key == email_key(address)
    )
    locked = (
        select(Invitation)
        .where(
            Invitation.practice_id == practice_id,
            Invitation.status.in_(LIVE),
            or_(Invitation.id == invitation_id, Invitation.client_user_id.in_(same_person)),
        )
        .order_by(Invitation.id)
        .with_for_update()
    )
    return list(session.scalars(locked))


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
        ClientUser.id != invited.id,
    )
    client_users = [invited, *session.scalars(others)]
    for client_user in client_users:
        client_user.login_id = login.id
    return client_users


def _change(
    session: Session,
    invitation: Invitation,
    status: InvitationStatus,
    source: Source,
    now: datetime,
    **details: str,
) -> None:
    before, invitation.status = invitation.status, status
    audit.record_without_colleague(
        session,
        invitation.practice_id,
        source,
        f"invitation.{status}",
        invitation.id,
        at=now,
        before={"status": before},
        after={"status": status, **details},
    )


def _tell_inviter(session: Session, invitation: Invitation, kind: str) -> None:
    notices.tell(
        session,
        kind,
        invitation.id,
        practice_id=invitation.practice_id,
        colleague_id=invitation.inviter_id,
        args={"invitation_id": str(invitation.id)},
    )


def _zone(name: str) -> tzinfo:
    """The inviter's, which is mostly the client's too."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
