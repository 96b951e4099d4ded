"""What is kept of a client's organisation: asked for, and looked at."""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from bot.worker import LaneSettings, Worker
from db.base import Base
from db.models import (
    Account,
    AuditEntry,
    Authorisation,
    Connection,
    Contact,
    Currency,
    Job,
    JobOutcome,
    Lane,
    StandardList,
    TaxRate,
    TrackingCategory,
)
from services.accounting.calls import ProviderCalls
from services.accounting.information import REFRESH, InformationSummary, put_refresh, store_list
from services.accounting.standard import ListAnswer
from services.accounting.standard_information import InformationService
from services.accounting.upkeep import CONNECTIONS_ENDED
from tests.services.accounting.conftest import Providers, World

ACCOUNTS, TAX_RATES, TRACKING, CURRENCIES, CONTACTS = StandardList
MODELS: dict[StandardList, type[Base]] = {
    ACCOUNTS: Account,
    TAX_RATES: TaxRate,
    TRACKING: TrackingCategory,
    CURRENCIES: Currency,
    CONTACTS: Contact,
}


class Books:
    def __init__(self, world: World, providers: Providers | None = None) -> None:
        self.world = world
        calls = ProviderCalls(world.database, world.tokens)
        service = self.service = InformationService(world.database, calls, providers or world.providers)
        self.worker = Worker(
            world.database, service.kinds(), {Lane.PROVIDER: LaneSettings(threads=1)}, chance=lambda: 0.5
        )
        self._asked = 0

    def put(self, client_id: uuid.UUID, *, whole: bool = False) -> None:
        self._asked += 1
        with self.world.database.begin() as session:
            put_refresh(
                session,
                practice_id=self.world.ada.practice_id,
                client_id=client_id,
                key=f"test {self._asked}",
                whole=whole,
            )

    def refresh(self, client_id: uuid.UUID, *, whole: bool = False) -> InformationSummary:
        self.put(client_id, whole=whole)
        return self.run(client_id)

    def run(self, client_id: uuid.UUID) -> InformationSummary:
        """What is due happens."""
        self.worker.run_due()
        return self.summary(client_id)

    def summary(self, client_id: uuid.UUID) -> InformationSummary:
        return self.service.summary(self.world.ada, client_id)

    def counts(self, client_id: uuid.UUID) -> dict[StandardList, int]:
        """How many rows are in each list."""
        with self.world.database.read() as session:
            found = {
                which: session.scalar(
                    select(func.count()).select_from(model).where(model.__table__.c.client_id == client_id)
                )
                for which, model in MODELS.items()
            }
        return {which: count for which, count in found.items() if count}

    def rows(self, client_id: uuid.UUID, which: StandardList) -> dict[str, dict[str, Any]]:
        table = MODELS[which].__table__
        with self.world.database.read() as session:
            found = session.execute(select(table).where(table.c.client_id == client_id)).mappings()
            return {row["external_id"]: dict(row) for row in found}

    def row(self, client_id: uuid.UUID, which: StandardList, **wanted: object) -> dict[str, Any]:
        """The one row with these values, without its ids."""
        [found] = [row for row in self.rows(client_id, which).values() if wanted.items() <= row.items()]
        return {name: value for name, value in found.items() if name not in {"client_id", "external_id"}}

    def jobs(self) -> list[tuple[JobOutcome | None, bool]]:
        """Outcome of each, and whether it fetches all."""
        with self.world.database.read() as session:
            found = session.scalars(select(Job).where(Job.kind == REFRESH).order_by(Job.key))
            return [(job.outcome, job.args["whole"]) for job in found]

    def token(self) -> str:
        """An access token of the one sign-in that there is."""
        with self.world.database.read() as session:
            [authorisation_id] = session.scalars(select(Authorisation.id))
        return self.world.tokens.access_token(authorisation_id)

    def store(
        self, client_id: uuid.UUID, which: StandardList, answer: ListAnswer, *, ago: timedelta = timedelta()
    ) -> tuple[int, list[str]]:
        """How many are in use then, and the ids that are there."""
        with self.world.database.begin() as session:
            store_list(session, client_id, which, answer, self.world.database.now() - ago)
        [active] = [each.active for each in self.summary(client_id).lists if each.which is which]
        return active, sorted(self.rows(client_id, which))

    def change_organisation(self, client_id: uuid.UUID) -> None:
        with self.world.database.begin() as session:
            session.execute(update(Connection).where(Connection.client_id == client_id).values(tenant_id="another"))

    def told(self) -> list[uuid.UUID]:
        """The clients whose connection's end is told."""
        with self.world.database.read() as session:
            found = session.scalars(select(Job.args).where(Job.kind == CONNECTIONS_ENDED)).all()
            ids = [uuid.UUID(each) for args in found for each in args["connection_ids"]]
            return list(session.scalars(select(Connection.client_id).where(Connection.id.in_(ids))))

    def changes(self, client_id: uuid.UUID) -> list[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
        """Of its connection's status, as the audit trail has them."""
        with self.world.database.read() as session:
            found = session.scalars(
                select(AuditEntry)
                .where(AuditEntry.subject_id == client_id, AuditEntry.action == "client.connection_changed")
                .order_by(AuditEntry.id)
            )
            return [(each.before, each.after) for each in found]

    def error(self) -> str | None:
        """Of the job that waits for another try."""
        with self.world.database.read() as session:
            return session.scalars(select(Job.error).where(Job.kind == REFRESH, Job.due.is_not(None))).one()
