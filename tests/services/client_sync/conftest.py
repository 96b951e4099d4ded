import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.worker import LaneSettings, Worker
from db.models import (
    Authorisation,
    Client,
    Connection,
    ItemState,
    Job,
    Lane,
    Provider,
    SyncItem,
    SyncRun,
)
from db.session import Database
from services.accounting.calls import ProviderCalls
from services.accounting.consent import ConsentService
from services.accounting.tokens import TokenManager
from services.actor import Actor
from services.client_sync.records import Chooser, Goal, RunView
from services.client_sync.running import PROGRESS
from services.client_sync.service import ClientSyncService
from services.jobs import Claim, Kind
from tests.builders import KEYS, Office, office
from tests.fakes import Clock
from tests.services.client_sync.provider import FakeXero

WINDOW = 4


@dataclass
class Desk:
    """A practice with Client Sync, beside a Xero in memory. Each colleague signs in under their own id."""

    database: Database
    clock: Clock
    xero: FakeXero
    sync: ClientSyncService
    office: Office

    def sign_in(self, actor: Actor, *names: str) -> uuid.UUID:
        user = str(actor.colleague_id)
        self.xero.give(user, *names)
        with self.database.begin() as session:
            row = session.scalar(select(Authorisation).where(Authorisation.provider_user_id == user))
            if row is None:
                row = Authorisation(
                    practice_id=actor.practice_id,
                    colleague_id=actor.colleague_id,
                    provider=Provider.XERO,
                    provider_user_id=user,
                    access_token=KEYS.encrypt(user),
                    access_expires_at=self.clock.now() + timedelta(days=999),
                    refresh_token=KEYS.encrypt(user),
                    version=1,
                    refreshed_at=self.clock.now(),
                )
                session.add(row)
                session.flush()
            return row.id

    def listed(self, actor: Actor, *names: str) -> Chooser:
        self.sign_in(actor, *names)
        return self.sync.list_organisations(actor, Goal.ADD)

    def started(self, actor: Actor, *names: str) -> RunView:
        return self.sync.start(actor, self.listed(actor, *names).run_id)

    def worker(self, database: Database | None = None, *, threads: int = 1) -> Worker:
        kinds = [*self.sync.runner.kinds(), Kind(name=PROGRESS, lane=Lane.SLACK, run=self._shown)]
        lanes = {Lane.PROVIDER: LaneSettings(threads=threads), Lane.SLACK: LaneSettings(threads=1)}
        return Worker(database or self.database, kinds, lanes, chance=lambda: 0.5)

    def work(self, *, passes: int = 40) -> None:
        """All that is due, and as time passes what falls due then."""
        worker = self.worker()
        for _ in range(passes):
            worker.run_due()
            with self.database.read() as session:
                if session.scalar(select(Job.id).where(Job.due.is_not(None), Job.lane == Lane.PROVIDER).limit(1)):
                    self.clock.advance(timedelta(seconds=30))
                    continue
            self.clock.advance(timedelta(seconds=3))
            worker.run_due()
            return
        raise AssertionError("the jobs never end")

    def finished(self, actor: Actor, *names: str) -> RunView:
        run = self.started(actor, *names)
        self.work()
        return self.sync.view(actor, run.run_id)

    def clients(self) -> list[str]:
        with self.database.read() as session:
            return list(session.scalars(select(Client.name).order_by(Client.name)))

    def connections(self) -> dict[str, tuple[str, str]]:
        """By client: organisation and whose sign-in."""
        with self.database.read() as session:
            rows = session.execute(
                select(Client.name, Connection.organisation_name, Authorisation.provider_user_id)
                .join(Connection, Connection.client_id == Client.id)
                .join(Authorisation, Authorisation.id == Connection.authorisation_id)
            )
            return {name: (organisation, user) for name, organisation, user in rows}

    def states(self, run_id: uuid.UUID) -> dict[str, tuple[ItemState | None, str | None]]:
        with self.database.read() as session:
            rows = session.scalars(select(SyncItem).where(SyncItem.run_id == run_id))
            return {row.name: (row.state, row.reason) for row in rows}

    def _shown(self, claim: Claim) -> None:
        run_id = uuid.UUID(claim.args["run_id"])
        assert claim.practice_id is not None
        while not self.sync.progress_shown(claim, run_id, self.sync.progress(claim.practice_id, run_id)):
            pass


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    return make_desk(database, clock)


def make_desk(database: Database, clock: Clock, **options: object) -> Desk:
    xero = FakeXero()
    providers = {Provider.XERO: xero}
    calls = ProviderCalls(database, TokenManager(database, KEYS, providers))
    consent = ConsentService(database, KEYS, providers, public_url="https://desk.example", connection_cap={})
    sync = ClientSyncService(
        database, KEYS, calls, providers, consent, bulk_connections={Provider.XERO: True}, window=WINDOW
    )
    return Desk(database, clock, xero, sync, office(database, **options))  # type: ignore[arg-type]


def runs(database: Database) -> list[SyncRun]:
    with database.read() as session:
        return list(session.scalars(select(SyncRun)))
