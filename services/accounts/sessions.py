"""Signing in on the web page, and staying signed in for half a day."""

import re
import secrets
import uuid
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, select
from sqlalchemy.orm import Session

from db.models import Login, LoginSession
from db.session import Database
from services.accounts.records import SignedIn
from services.emails import email_key
from services.errors import InvalidError, ServiceError
from services.keys import hash_token
from services.logins import Passwords

LASTS = timedelta(hours=12)
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


class SignedOutError(ServiceError):
    """The session is over, or there never was one."""

    def __init__(self) -> None:
        super().__init__("You are signed out. Sign in again.")


class SessionService:
    def __init__(self, database: Database, *, passwords: Passwords | None = None) -> None:
        self._database = database
        self._passwords = passwords or Passwords()
        self._decoy: str | None = None

    def sign_in(self, email: str, password: str) -> SignedIn:
        """A new session, whatever the browser had before. An unknown address takes as long as a wrong password.

        Raises InvalidError at `password`, alike for both.
        """
        wrong = InvalidError({"password": "This e-mail and password don't belong together. Check both and try again."})
        if self._decoy is None:
            self._decoy = self._passwords.hash(secrets.token_urlsafe(16))
        with self._database.read() as session:
            login = session.scalar(select(Login).where(Login.email_key == email_key(email.replace("\0", ""))))
        password_hash = self._decoy if login is None else login.password_hash
        if not self._passwords.matches(password_hash, password) or login is None:  # slow, hence outside a transaction
            raise wrong
        now, token = self._database.now(), secrets.token_urlsafe(32)
        with self._database.begin() as session:
            same = select(Login.id).where(Login.id == login.id, Login.password_hash == password_hash)
            if session.scalar(same.with_for_update(key_share=True)) is None:
                raise wrong
            session.add(
                LoginSession(token_hash=hash_token(token), login_id=login.id, created_at=now, expires_at=now + LASTS)
            )
        return SignedIn(token=token, expires_at=now + LASTS)

    def is_signed_in(self, token: str) -> bool:
        with self._database.read() as session:
            return _find(session, token, self._database.now()) is not None

    def sign_out(self, token: str) -> None:
        """Ends the session, if there is one."""
        with self._database.begin() as session:
            session.execute(delete(LoginSession).where(LoginSession.token_hash == hash_token(token)))

    def prune(self) -> int:
        """Forgets sessions that are over. For the clock."""
        with self._database.begin() as session:
            over = delete(LoginSession).where(LoginSession.expires_at <= self._database.now())
            result = session.execute(over, execution_options={"synchronize_session": False})
            return result.rowcount if isinstance(result, CursorResult) else 0


def get_login(session: Session, token: str, now: datetime) -> Login:
    """Whose session it is. Raises SignedOutError."""
    login_id = _find(session, token, now)
    if login_id is None:
        raise SignedOutError
    return session.get_one(Login, login_id)


def _find(session: Session, token: str, now: datetime) -> uuid.UUID | None:
    if not _TOKEN.fullmatch(token):
        return None
    return session.scalar(
        select(LoginSession.login_id).where(LoginSession.token_hash == hash_token(token), LoginSession.expires_at > now)
    )
