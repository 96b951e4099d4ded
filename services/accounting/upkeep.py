"""Sign-ins are kept alive, and what ended at the provider is found and told, without anybody asking."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from db.models import (
    Authorisation,
    Client,
    Colleague,
    Connection,
    ConnectionStatus,
    Lane,
    Practice,
    Provider,
    Source,
)
from db.session import Database
from services import audit, jobs
from services.accounting.calls import ProviderCalls
from services.accounting.outcomes import job_outcome
from services.accounting.port import NAMES, AccountingProvider
from services.accounting.telling import tell_holder
from services.jobs import Claim, GiveUp, Kind, NewJob, Retry

KEEP_ALIVE = "authorisations.keep_alive"
CHECK = "connections.check"
LAPSING = "slack.authorisation_lapsing"
CONNECTIONS_ENDED = "slack.connections_ended"

CHECKED_EVERY = timedelta(days=1)
WARNED_BEFORE = timedelta(days=7)
_HOUR = timedelta(hours=1)
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class _Idle:
    """How long a refresh token may lie unused: until we use it, and until the provider forgets it."""

    refreshed_after: timedelta
    lapses_after: timedelta


IDLE = {
    Provider.XERO: _Idle(timedelta(days=30), timedelta(days=60)),
    Provider.SAGE: _Idle(timedelta(days=7), timedelta(days=31)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class UpkeepNotice:
    """What the holder is told, or in place of one who left an admin, to whom `holder` names that one. `clients` are
    the first of those concerned, `more` is how many others there are. `lapses_at` is when the provider forgets the
    sign-in if it stays unused."""

    practice_id: uuid.UUID
    slack_user_id: str
    provider: Provider
    clients: tuple[str, ...]
    more: int
    lapses_at: datetime
    holder: str | None = None


class UpkeepService:
    def __init__(
        self, database: Database, calls: ProviderCalls, providers: Mapping[Provider, AccountingProvider]
    ) -> None:
        self._database = database
        self._calls = calls
        self._providers = providers

    def kinds(self) -> list[Kind]:
        return [
            Kind(name=KEEP_ALIVE, lane=Lane.PROVIDER, run=self._keep_alive, backoff=timedelta(minutes=1)),
            Kind(name=CHECK, lane=Lane.PROVIDER, run=self._check, backoff=timedelta(minutes=1)),
        ]

    def keep_alive(self) -> None:
        """Has each sign-in refreshed that lay unused for long; once a day until that works. For the clock."""
        with self._database.begin() as session:
            now = self._database.time(session)
            idle = (
                and_(Authorisation.provider == each, Authorisation.refreshed_at < now - IDLE[each].refreshed_after)
                for each in self._providers
            )
            self._put(session, KEEP_ALIVE, or_(false(), *idle))

    def check(self) -> None:
        """Has each sign-in's organisations listed that were not for a day, over the next hour. For the clock."""
        with self._database.begin() as session:
            now = self._database.time(session)
            unchecked = or_(Authorisation.checked_at.is_(None), Authorisation.checked_at <= now - CHECKED_EVERY)
            self._put(session, CHECK, unchecked, over=_HOUR, again=_since_check)

    def ended_notice(
        self, practice_id: uuid.UUID, authorisation_id: uuid.UUID, reader_id: uuid.UUID | None = None
    ) -> UpkeepNotice | None:
        """Of a sign-in that ended; None when it was given again since. It is for the holder unless a reader is
        given."""
        with self._database.read() as session:
            row = _held(session, practice_id, authorisation_id, reader_id)
            if row is None or row[0].dead_at is None:
                return None
            return _notice(session, *row, Connection.status == ConnectionStatus.EXPIRED)

    def lapsing_notice(
        self, practice_id: uuid.UUID, authorisation_id: uuid.UUID, reader_id: uuid.UUID | None = None
    ) -> UpkeepNotice | None:
        """Of a sign-in that will lapse; None when it was refreshed since, or has ended."""
        with self._database.read() as session:
            row = _held(session, practice_id, authorisation_id, reader_id)
            if row is None or not _is_lapsing(row[0], self._database.time(session)):
                return None
            return _notice(session, *row, Connection.status == ConnectionStatus.CONNECTED)

    def connections_ended_notice(
        self,
        practice_id: uuid.UUID,
        authorisation_id: uuid.UUID,
        connection_ids: Sequence[uuid.UUID],
        reader_id: uuid.UUID | None = None,
    ) -> UpkeepNotice | None:
        """Of the connections that a check found ended; None when all of them are back."""
        with self._database.read() as session:
            row = _held(session, practice_id, authorisation_id, reader_id)
            if row is None:
                return None
            still = and_(Connection.id.in_(connection_ids), Connection.status == ConnectionStatus.DISCONNECTED)
            notice = _notice(session, *row, still)
            return notice if notice.clients else None

    def _put(
        self,
        session: Session,
        kind: str,
        which: ColumnElement[bool],
        *,
        over: timedelta = timedelta(),
        again: Callable[[Authorisation], str] = lambda _: "",
    ) -> None:
        """One job a day for each such sign-in that lives, of the practices that have the app; another when `again`
        gives something else."""
        now = self._database.time(session)
        rows = session.scalars(
            select(Authorisation)
            .join(Practice, Practice.id == Authorisation.practice_id)
            .where(
                which,
                Authorisation.dead_at.is_(None),
                Authorisation.provider.in_(self._providers),
                Practice.uninstalled_at.is_(None),
            )
            .order_by(Authorisation.id)
        ).all()
        jobs.put(
            session,
            *(
                NewJob(
                    lane=Lane.PROVIDER,
                    kind=kind,
                    key=f"{kind}:{row.id}:{now:%Y-%m-%d}{again(row)}",
                    practice_id=row.practice_id,
                    args={"authorisation_id": str(row.id)},
                    due=now + over * number / len(rows),
                )
                for number, row in enumerate(rows)
            ),
        )

    def _keep_alive(self, claim: Claim) -> None:
        authorisation_id = uuid.UUID(claim.args["authorisation_id"])
        with self._database.read() as session:
            row = session.get(Authorisation, authorisation_id)
            now = self._database.time(session)
            if row is None or row.refreshed_at >= now - IDLE[row.provider].refreshed_after:
                return
        try:
            with job_outcome():
                # After so long the access token has expired: to get one is to refresh.
                self._calls.call(authorisation_id, lambda _: None)
        except (Retry, GiveUp):
            self._warn(authorisation_id)
            raise

    def _warn(self, authorisation_id: uuid.UUID) -> None:
        """Tells the holder that the sign-in will lapse, once for the tokens it has now."""
        with self._database.begin() as session:
            row = session.get(Authorisation, authorisation_id)
            if row is not None and _is_lapsing(row, self._database.time(session)):
                tell_holder(session, LAPSING, f"{row.id}/{row.version}", row)

    def _check(self, claim: Claim) -> None:
        authorisation_id = uuid.UUID(claim.args["authorisation_id"])
        with self._database.read() as session:
            row = session.get(Authorisation, authorisation_id)
            now = self._database.time(session)
            if row is None or (row.checked_at is not None and row.checked_at > now - CHECKED_EVERY):
                return
        provider = self._providers.get(row.provider)
        if provider is None:
            raise GiveUp(f"This installation is not set up for {NAMES[row.provider]}")
        with job_outcome():
            version, asked_at, found = self._calls.call(
                authorisation_id,
                lambda token: (self._version(authorisation_id), self._database.now(), provider.organisations(token)),
            )
            self._settle(claim, authorisation_id, version, asked_at, {each.tenant_id for each in found})

    def _version(self, authorisation_id: uuid.UUID) -> int | None:
        with self._database.read() as session:
            return session.scalar(select(Authorisation.version).where(Authorisation.id == authorisation_id))

    def _settle(
        self, claim: Claim, authorisation_id: uuid.UUID, version: int | None, asked_at: datetime, reach: set[str]
    ) -> None:
        """What the list says of the connections. One that was made or looked at since it was asked for is newer."""
        with self._database.begin() as session:
            row = session.scalar(select(Authorisation).where(Authorisation.id == authorisation_id).with_for_update())
            if row is None:
                return
            if row.version != version:
                raise Retry("New tokens, perhaps of a new consent, came meanwhile")
            now = row.checked_at = self._database.now()
            ended = []
            for connection in session.scalars(
                select(Connection)
                .where(Connection.authorisation_id == row.id, Connection.refreshed_at <= asked_at)
                .order_by(Connection.id)
                .with_for_update()
            ):
                is_reached, before = connection.tenant_id in reach, connection.status
                if is_reached is (before is ConnectionStatus.CONNECTED):
                    continue
                if not is_reached:
                    ended.append(connection)
                status = ConnectionStatus.CONNECTED if is_reached else ConnectionStatus.DISCONNECTED
                connection.status = status
                audit.record_without_colleague(
                    session,
                    row.practice_id,
                    Source.WORKER,
                    "client.connection_changed",
                    connection.client_id,
                    at=now,
                    before={"status": before},
                    after={"status": status},
                )
            if ended:
                ids = [str(each.id) for each in ended]
                tell_holder(session, CONNECTIONS_ENDED, str(claim.id), row, {"connection_ids": ids})
            jobs.finish(session, claim)


def _since_check(row: Authorisation) -> str:
    """Differs after each check, and after a consent, which may have brought back what an earlier check found ended."""
    return f":{row.checked_at:%H:%M:%S}" if row.checked_at else f":v{row.version}"


def _lapses_at(row: Authorisation) -> datetime:
    return row.refreshed_at + IDLE[row.provider].lapses_after


def _is_lapsing(row: Authorisation, now: datetime) -> bool:
    return row.dead_at is None and now >= _lapses_at(row) - WARNED_BEFORE


@dataclass(frozen=True, slots=True)
class _Reader:
    """`holder` is the name of whose the sign-in is when that is somebody else."""

    slack_user_id: str
    holder: str | None


def _held(
    session: Session, practice_id: uuid.UUID, authorisation_id: uuid.UUID, reader_id: uuid.UUID | None
) -> tuple[Authorisation, _Reader] | None:
    row = session.scalar(
        select(Authorisation).where(Authorisation.id == authorisation_id, Authorisation.practice_id == practice_id)
    )
    if row is None:
        return None
    holder = session.get_one(Colleague, row.colleague_id)
    if reader_id is None:
        return row, _Reader(holder.slack_user_id, None)
    reader = session.scalar(
        select(Colleague.slack_user_id).where(
            Colleague.id == reader_id, Colleague.practice_id == practice_id, Colleague.active
        )
    )
    return None if reader is None else (row, _Reader(reader, holder.name))


def _notice(session: Session, row: Authorisation, reader: _Reader, which: ColumnElement[bool]) -> UpkeepNotice:
    of_it = and_(Connection.authorisation_id == row.id, which)
    named = select(Client.name).join(Connection, Connection.client_id == Client.id).where(of_it).order_by(Client.name)
    total = session.scalar(select(func.count()).select_from(Connection).where(of_it)) or 0
    clients = tuple(session.scalars(named.limit(_MOST_NAMED)))
    return UpkeepNotice(
        practice_id=row.practice_id,
        slack_user_id=reader.slack_user_id,
        provider=row.provider,
        clients=clients,
        more=total - len(clients),
        lapses_at=_lapses_at(row),
        holder=reader.holder,
    )
