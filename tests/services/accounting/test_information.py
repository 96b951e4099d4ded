"""What an organisation keeps is fetched and kept, against the sandbox's Xero and Sage."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.worker import LaneSettings, Worker
from db.base import Base
from db.models import (
    Account,
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
from services.accounting.information import (
    REFRESH,
    InformationSummary,
    ListSummary,
    put_refresh,
)
from services.accounting.port import OrganisationFacts
from services.accounting.standard_information import InformationService
from tests.fakes import Clock
from tests.services.accounting.conftest import World

A_MINUTE, AN_HOUR, A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ACCOUNTS, TAX_RATES, TRACKING, CURRENCIES, CONTACTS = StandardList
MODELS: dict[StandardList, type[Base]] = {
    ACCOUNTS: Account,
    TAX_RATES: TaxRate,
    TRACKING: TrackingCategory,
    CURRENCIES: Currency,
    CONTACTS: Contact,
}
FAILED = "Xero can't be reached right now. Try again in a few minutes."


class Books:
    """One client's information: asked for, and looked at."""

    def __init__(self, world: World, service: InformationService) -> None:
        self.world = world
        self.service = service
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

    def error(self) -> str | None:
        """Of the job that waits for another try."""
        with self.world.database.read() as session:
            return session.scalars(select(Job.error).where(Job.kind == REFRESH, Job.due.is_not(None))).one()


@pytest.fixture
def books(world: World) -> Books:
    return Books(
        world, InformationService(world.database, ProviderCalls(world.database, world.tokens), world.providers)
    )


def test_a_connected_client_gets_the_facts_and_the_lists_of_its_organisation(
    world: World, books: Books, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    before = books.summary(client_id)
    assert before == InformationSummary(
        organisation=None, refreshed_at=None, lists=tuple(ListSummary(which=which) for which in StandardList)
    )

    got = books.run(client_id)

    now = clock.now()
    assert got == InformationSummary(
        organisation=OrganisationFacts(
            name="Larkspur Interiors Ltd",
            legal_name="Larkspur Interiors Ltd",
            organisation_type="COMPANY",
            line_of_business="Accounting",
            country_code="GB",
            currency="GBP",
            tax_number="GB727565619",
            registration_number="72928320",
            year_end_day=30,
            year_end_month=9,
            edition="STARTER",
            sales_tax_basis="ACCRUALS",
            sales_tax_period="QUARTERLY",
            timezone="GMTSTANDARDTIME",
            short_code="!4121f",
            status="ACTIVE",
        ),
        refreshed_at=now,
        lists=(
            ListSummary(which=ACCOUNTS, active=45, refreshed_at=now),
            ListSummary(which=TAX_RATES, active=10, refreshed_at=now),
            ListSummary(which=TRACKING, active=1, refreshed_at=now),
            ListSummary(which=CURRENCIES, active=2, refreshed_at=now),
            ListSummary(which=CONTACTS, active=47, refreshed_at=now),
        ),
    )
    assert books.counts(client_id) == {ACCOUNTS: 46, TAX_RATES: 10, TRACKING: 1, CURRENCIES: 2, CONTACTS: 48}
    assert books.row(client_id, ACCOUNTS, code="091") == {
        "name": "Business Savings Account",
        "code": "091",
        "status": "ARCHIVED",
        "active": False,
        "account_type": "BANK",
        "account_class": "ASSET",
        "tax_type": "NONE",
        "description": None,
    }
    assert books.row(client_id, TAX_RATES, external_id="RROUTPUT") == {
        "name": "5% (VAT on Income)",
        "status": "ACTIVE",
        "active": True,
        "rate": Decimal(5),
        "report_type": "OUTPUT",
    }
    assert books.row(client_id, TRACKING, name="Region") == {
        "name": "Region",
        "status": "ACTIVE",
        "active": True,
        "options": [{"name": each, "status": "ACTIVE"} for each in ("North", "South", "East")],
    }
    assert books.row(client_id, CURRENCIES, external_id="EUR") == {"name": "Euro", "status": None, "active": True}
    assert books.row(client_id, CONTACTS, email="imogen.29@customer.example") == {
        "name": "Lodge Electrical LLP",
        "status": "ARCHIVED",
        "active": False,
        "first_name": "Imogen",
        "last_name": "Byrne",
        "email": "imogen.29@customer.example",
        "account_number": None,
        "tax_number": "GB100000029",
        "is_customer": False,
        "is_supplier": False,
    }
