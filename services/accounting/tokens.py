"""Access tokens that are good now. One refresh at a time for each authorisation, whichever process needs it."""

import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from db.models import Authorisation, Connection, ConnectionStatus, Provider, Source
from db.session import Database
from services import audit
from services.accounting.port import (
    NAMES,
    AccessExpired,
    AccountingProvider,
    AnswerLost,
    AuthorisationDead,
    ProviderError,
    ProviderUnavailable,
    Tokens,
)
from services.accounting.telling import tell_holder
from services.errors import NotFoundError
from services.keys import Keyring

EARLY = timedelta(minutes=1)
# Longer than one call at the token endpoint can take, and shorter than those wait who wait for it.
LEASE = timedelta(seconds=40)
PATIENCE = 45.0
ENDED = "slack.authorisation_ended"
# Where a provider gives no grace, sending a token again only finds out whether it arrived the first time.
SHORTEST_REPLAY = timedelta(minutes=5)

# Built once: it takes as long as running it.
_READING = select(
    Authorisation.provider,
    Authorisation.access_token,
    Authorisation.access_expires_at,
    Authorisation.version,
    Authorisation.dead_at.is_not(None),
).where(Authorisation.id == bindparam("authorisation"))
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A sign-in as it was read."""

    provider: Provider
    access_token: bytes = field(repr=False)
    expires_at: datetime
    version: int
    dead: bool


@dataclass(frozen=True, slots=True)
class _Loan:
    """The right to refresh, until the lease ends. `replay_until` is how long the token may be sent again."""

    authorisation_id: uuid.UUID
    provider: Provider
    version: int
    refresh_token: str = field(repr=False)
    replay_until: datetime


class TokenManager:
    """`wait` is how those pass the time who find another refreshing."""

    def __init__(
        self,
        database: Database,
        keys: Keyring,
        providers: Mapping[Provider, AccountingProvider],
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database = database
        self._keys = keys
        self._providers = providers
        self._wait = wait

    def call(self, authorisation_id: uuid.UUID, act: Callable[[str], _T], *, held: Held | None = None) -> _T:
        """What `act` gives with a good access token; it is called again once when the provider refuses the first.

        `held` is for who has just read the sign-in.
        """
        token = self.access_token(authorisation_id, held=held)
        try:
            return act(token)
        except AccessExpired:
            return act(self.access_token(authorisation_id, refused=token))

    def access_token(self, authorisation_id: uuid.UUID, *, refused: str | None = None, held: Held | None = None) -> str:
        """A token that is good for a while and is not the one that was `refused`.

        Raises AuthorisationDead, ClientRejected, Limited, ProviderUnavailable.
        """
        waited, pause = 0.0, 0.02
        held = first = held or self._read(authorisation_id)
        while not held.dead:
            if held.version != first.version:
                return self._keys.decrypt(held.access_token)
            if held.expires_at - self._database.now() > EARLY:
                token = self._keys.decrypt(held.access_token)
                if token != refused:
                    return token
            loan = self._claim(authorisation_id, held.version)
            if loan is not None:
                self._refresh(loan)
            elif waited < PATIENCE:
                self._wait(pause)
                waited, pause = waited + pause, min(pause * 1.5, 0.5)
            else:
                raise ProviderUnavailable(held.provider)
            held = self._read(authorisation_id)
        raise AuthorisationDead(held.provider)

    def read(self, session: Session, authorisation_id: uuid.UUID) -> Held:
        """Raises NotFoundError."""
        row = session.execute(_READING, {"authorisation": authorisation_id}).one_or_none()
        if row is None:
            raise NotFoundError("This sign-in is no longer here.")
        return Held(*row)

    def _read(self, authorisation_id: uuid.UUID) -> Held:
        with self._database.read() as session:
            return self.read(session, authorisation_id)

    def _claim(self, authorisation_id: uuid.UUID, version: int) -> _Loan | None:
        """The loan, unless somebody else has it, or has brought new tokens since they were read."""
        with self._database.begin() as session:
            now = self._database.time(session)
            row = _locked(session, authorisation_id, version)
            if row is None or (row.refreshing_until is not None and row.refreshing_until > now):
                return None
            replay = max(self._of(row.provider).refresh_grace, SHORTEST_REPLAY)
            if row.refresh_sent_at is not None and row.refresh_sent_at + replay <= now:
                # The provider may have taken it, and may by now take it for stolen.
                self._bury(session, row, "its last answer was lost")
                return None
            row.refreshing_until = now + LEASE
            row.refresh_sent_at = row.refresh_sent_at or now
            return _Loan(
                row.id,
                row.provider,
                row.version,
                self._keys.decrypt(row.refresh_token),
                row.refresh_sent_at + replay,
            )

    def _refresh(self, loan: _Loan) -> None:
        """Keeps new tokens, or buries the authorisation; raises when there is neither."""
        asked_at = self._database.now()
        try:
            tokens = self._ask(loan)
        except AuthorisationDead:
            previous = self._take_previous(loan)
            if previous is None:
                return
            self._refresh_with_previous(loan, previous, asked_at)
        except AnswerLost:
            self._give_back(loan, unsent=False)
            raise
        except ProviderError:
            self._give_back(loan, unsent=True)
            raise
        else:
            self._keep(loan, loan.refresh_token, tokens, asked_at)

    def _ask(self, loan: _Loan) -> Tokens:
        provider = self._of(loan.provider)
        try:
            return provider.refresh(loan.refresh_token)
        except AnswerLost:
            if not self._may_replay(loan):
                raise
            return provider.refresh(loan.refresh_token)

    def _may_replay(self, loan: _Loan) -> bool:
        """Whether the token may be sent once more; extends the lease for that."""
        with self._database.begin() as session:
            now = self._database.time(session)
            row = _locked(session, loan.authorisation_id, loan.version)
            if row is None or loan.replay_until <= now:
                return False
            row.refreshing_until = now + LEASE
            return True

    def _take_previous(self, loan: _Loan) -> str | None:
        """The token before the refused one, once and within its grace; without it, buries the authorisation."""
        with self._database.begin() as session:
            now = self._database.time(session)
            row = _locked(session, loan.authorisation_id, loan.version)
            if row is None:
                return None
            previous, until = row.previous_refresh_token, row.previous_until
            row.previous_refresh_token = row.previous_until = None
            if previous is None or until is None or until <= now:
                self._bury(session, row, "its refresh token was refused")
                return None
            row.refreshing_until = now + LEASE
            return self._keys.decrypt(previous)

    def _refresh_with_previous(self, loan: _Loan, previous: str, asked_at: datetime) -> None:
        try:
            tokens = self._of(loan.provider).refresh(previous)
        except ProviderError:
            with self._database.begin() as session:
                row = _locked(session, loan.authorisation_id, loan.version)
                if row is not None:
                    self._bury(session, row, "its refresh token was refused")
        else:
            self._keep(loan, previous, tokens, asked_at)

    def _keep(self, loan: _Loan, used: str, tokens: Tokens, asked_at: datetime) -> None:
        """Before anything else uses the answer: the token that was sent is worth nothing any more."""
        with self._database.begin() as session:
            row = _locked(session, loan.authorisation_id, loan.version)
            if row is None:
                _log.warning("Another process refreshed an authorisation after the lease on it had ended")
                return
            now = self._database.time(session)
            grace = self._of(row.provider).refresh_grace
            row.previous_refresh_token = self._keys.encrypt(used) if grace else None
            row.previous_until = now + grace if grace else None
            row.access_token = self._keys.encrypt(tokens.access_token)
            row.access_expires_at = asked_at + tokens.expires_in
            row.refresh_token = self._keys.encrypt(tokens.refresh_token or used)
            row.refreshed_at = now
            row.version += 1
            row.refreshing_until = row.refresh_sent_at = None

    def _give_back(self, loan: _Loan, *, unsent: bool) -> None:
        """`unsent`: the provider has surely not taken the token."""
        with self._database.begin() as session:
            row = _locked(session, loan.authorisation_id, loan.version)
            if row is not None:
                row.refreshing_until = None
                row.refresh_sent_at = None if unsent else row.refresh_sent_at

    def _of(self, provider: Provider) -> AccountingProvider:
        found = self._providers.get(provider)
        if found is None:
            raise ProviderUnavailable(provider)
        return found

    def _bury(self, session: Session, row: Authorisation, reason: str) -> None:
        row.dead_at, row.refreshing_until = self._database.now(), None
        expired = session.scalars(
            update(Connection)
            .where(Connection.authorisation_id == row.id, Connection.status == ConnectionStatus.CONNECTED)
            .values(status=ConnectionStatus.EXPIRED)
            .returning(Connection.client_id)
        ).all()
        changes = [("client.connection_changed", client_id, {"status": "expired"}) for client_id in expired]
        ended = ("authorisation.ended", row.id, {"provider": row.provider, "reason": reason})
        for action, subject_id, after in (ended, *changes):
            audit.record_without_colleague(
                session, row.practice_id, Source.WORKER, action, subject_id, at=row.dead_at, after=after
            )
        tell_holder(session, ENDED, f"{row.id}/{row.version}", row)
        _log.info("An authorisation at %s ended: %s", NAMES[row.provider], reason, extra={"authorisation": row.id})


def _locked(session: Session, authorisation_id: uuid.UUID, version: int) -> Authorisation | None:
    """The row while it lives and its tokens are still those of `version`."""
    return session.scalar(
        select(Authorisation)
        .where(Authorisation.id == authorisation_id, Authorisation.version == version, Authorisation.dead_at.is_(None))
        .with_for_update()
    )
