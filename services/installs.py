"""Installing the app from a browser: each attempt has a state that is used once, soon, and by the same browser."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, select

from db.models import InstallState
from db.session import Database
from services.errors import ConflictError, NotFoundError
from services.keys import hash_token

LIFETIME = timedelta(minutes=10)
_REMEMBERED = timedelta(days=1)


class InstallService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, browser: str) -> str:
        """The state of a new attempt by the browser that holds this secret."""
        state = secrets.token_urlsafe(32)
        with self._database.begin() as session:
            session.add(InstallState(state_hash=_hash(browser, state), created_at=self._database.now()))
        return state

    def use(self, browser: str, state: str) -> None:
        """Ends the attempt. Raises NotFoundError for a state that is not this browser's, or too old, and
        ConflictError for one that was used."""
        now = self._database.now()
        with self._database.begin() as session:
            row = session.scalar(
                select(InstallState).where(InstallState.state_hash == _hash(browser, state)).with_for_update()
            )
            if row is None or now - row.created_at > LIFETIME:
                raise NotFoundError("This installation was begun too long ago, or in another browser.")
            if row.used_at is not None:
                raise ConflictError("This installation was finished already, or broken off.")
            row.used_at = now

    def prune(self) -> None:
        """Forgets what is of no use any more. For the clock."""
        with self._database.begin() as session:
            session.execute(delete(InstallState).where(InstallState.created_at < self._database.now() - _REMEMBERED))


def _hash(browser: str, state: str) -> bytes:
    return hash_token(f"{browser}.{state}")
