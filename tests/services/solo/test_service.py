"""A self-employed client on its card: what it says, and what can be changed."""

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from db.models import AccountingMethod, AuditEntry, BusinessType, Client, IncomeSource, PeriodType, SoloDetails
from db.session import Database
from services.actor import Actor
from services.errors import ConflictError, InvalidError, NotFoundError
from services.keys import Keyring
from services.solo.mandate import Mandate, Reason
from services.solo.periods import Quarter, TaxYear
from services.solo.records import SoloCard, SourceLine
from services.solo.sealing import KeptNumber
from services.solo.service import SoloService
from services.solo.sources import solo_card
from tests.builders import KEYS, Office, add_client, created, office
from tests.fakes import Clock
from tests.solo import NINO, RENTS, TRADE, UTR, created_solo

MASKED = "•• •• •• 56 C"
KEPT = {"accounting_method": "cash", "period_type": "standard", "active": ["yes"]}


@dataclass
class Desk:
    database: Database
    office: Office
    solo: SoloService

    def client(self, *sources: dict[str, Any], by: Actor | None = None, **more: Any) -> uuid.UUID:
        return created_solo(add_client(self.database), by or self.office.ada, *sources, **more).client_id

    def card(self, client_id: uuid.UUID) -> SoloCard:
        with self.database.read() as session:
            return solo_card(session, KEYS, session.get_one(Client, client_id), self.database.now())

    def source_ids(self, client_id: uuid.UUID) -> list[uuid.UUID]:
        return [line.source_id for line in self.card(client_id).sources]

    def audited(self, action: str) -> list[tuple[dict[str, Any] | None, dict[str, Any] | None]]:
        with self.database.read() as session:
            rows = session.execute(
                select(AuditEntry.before, AuditEntry.after).where(AuditEntry.action == action).order_by(AuditEntry.id)
            )
            return [(before, after) for before, after in rows]


@pytest.fixture
def desk(database: Database, clock: Clock) -> Desk:
    clock.set(datetime(2026, 11, 2, 9, tzinfo=UTC))
    return Desk(database, office(database), SoloService(database, KEYS))


def test_the_card_shows_masked_numbers_and_what_is_due_next(desk: Desk) -> None:
    client_id = desk.client(TRADE, RENTS, nino=NINO, utr=UTR, postcode="SW1A1AA", qualifying_income="60000")
    trade, rents = desk.source_ids(client_id)
    second = Quarter(
        tax_year=TaxYear(2026),
        number=2,
        start=date(2026, 7, 6),
        end=date(2026, 10, 5),
        due=date(2026, 11, 7),
        cumulative_start=date(2026, 4, 6),
    )
    line = SourceLine(
        source_id=trade,
        name="Bakery",
        business_type=BusinessType.SELF_EMPLOYMENT,
        accounting_method=AccountingMethod.CASH,
        period_type=PeriodType.STANDARD,
        active=True,
        next=second,
    )
    assert desk.card(client_id) == SoloCard(
        nino=MASKED,
        utr="••••• ••661",
        postcode="SW1A 1AA",
        qualifying_income=Decimal("60000.00"),
        mandate=Mandate(
            reason=Reason.OVER_THRESHOLD,
            mandated_from=date(2026, 4, 6),
            threshold=Decimal(50_000),
            judged=TaxYear(2024),
        ),
        sources=(
            line,
            SourceLine(
                source_id=rents,
                name="Rents",
                business_type=BusinessType.UK_PROPERTY,
                accounting_method=AccountingMethod.CASH,
                period_type=PeriodType.STANDARD,
                active=True,
                next=second,
            ),
        ),
    )


@pytest.mark.parametrize(
    ("details", "due"),
    [
        ({}, date(2026, 11, 7)),
        ({"qualifying_income": "60000"}, date(2026, 11, 7)),
        ({"qualifying_income": "35000"}, date(2027, 8, 7)),
        ({"qualifying_income": "35000", "nino": NINO}, date(2027, 8, 7)),
        ({"qualifying_income": "5000", "nino": NINO}, None),
    ],
)
def test_deadlines_follow_the_qualifying_income_as_far_as_it_is_known(
    desk: Desk, details: dict[str, Any], due: date | None
) -> None:
    (line,) = desk.card(desk.client(**details)).sources
    assert (line.next and line.next.due) == due


def test_a_deadline_is_over_the_day_after_in_london(desk: Desk, clock: Clock) -> None:
    client_id = desk.client()
    for at, due in (
        (datetime(2026, 8, 7, 22, 59, tzinfo=UTC), date(2026, 8, 7)),  # still the 7th in British summer time
        (datetime(2026, 8, 7, 23, 0, tzinfo=UTC), date(2026, 11, 7)),
    ):
        clock.set(at)
        (line,) = desk.card(client_id).sources
        assert line.next is not None
        assert line.next.due == due


def test_numbers_are_changed_kept_and_removed(desk: Desk) -> None:
    client_id = desk.client(nino=NINO, utr=UTR)
    page = desk.solo.numbers(desk.office.ada, client_id)
    assert (page.nino, page.utr, page.changing) == (KeptNumber(MASKED), KeptNumber("••••• ••661"), ())
    asking = desk.solo.numbers(desk.office.ada, client_id, typed={"postcode": "x"}, changing=["utr", "hats"])
    assert (asking.changing, asking.raw["postcode"]) == (("utr",), "x")

    desk.solo.change_numbers(desk.office.ada, client_id, {"postcode": "M1 1AE", "qualifying_income": "51,000.50"})
    assert desk.card(client_id).nino == MASKED
    desk.solo.change_numbers(
        desk.office.ada, client_id, {"nino": "ab654321a", "utr": "", "postcode": "", "qualifying_income": "51000.50"}
    )
    card = desk.card(client_id)
    assert (card.nino, card.utr, card.postcode, card.qualifying_income) == (
        "•• •• •• 21 A",
        None,
        None,
        Decimal("51000.50"),
    )
    with desk.database.read() as session:
        row = session.scalars(select(SoloDetails)).one()
        assert row.nino is not None
        assert KEYS.decrypt(row.nino) == "AB654321A"
    changes = desk.audited("client.numbers_changed")
    assert [after and after.get("changed") for _, after in changes] == [
        None,
        None,
        ["National Insurance number", "UTR"],
    ]
    for secret in (NINO, "AB654321A", UTR, "123456"):
        assert secret not in json.dumps(changes)


def test_saving_what_there_is_changes_nothing(desk: Desk) -> None:
    client_id = desk.client(nino=NINO, qualifying_income="60000")
    (source_id,) = desk.source_ids(client_id)
    desk.solo.change_numbers(desk.office.ada, client_id, {"utr": "", "postcode": "", "qualifying_income": "60,000.00"})
    assert desk.solo.keep_source(desk.office.ada, client_id, source_id, {"name": "Bakery", **KEPT}) is None
    assert len(desk.audited("client.numbers_changed")) == 1
    assert desk.audited("client.income_source_changed") == []


@pytest.mark.parametrize("field", ["nino", "utr", "postcode", "qualifying_income"])
def test_a_wrong_number_is_refused_at_its_field(desk: Desk, field: str) -> None:
    with pytest.raises(InvalidError) as refusal:
        desk.solo.change_numbers(desk.office.ada, desk.client(), {field: "<!channel> 1"})
    assert set(refusal.value.fields) == {field}


def test_a_source_is_changed_but_for_its_type(desk: Desk) -> None:
    client_id = desk.client(TRADE, RENTS)
    trade, _rents = desk.source_ids(client_id)
    typed = {
        "name": "Café",
        "business_type": "uk_property",
        "accounting_method": "accruals",
        "period_type": "standard",
        "active": [],
    }
    assert desk.solo.keep_source(desk.office.ada, client_id, trade, typed) is None
    line = desk.card(client_id).sources[0]
    assert (line.name, line.business_type, line.accounting_method, line.active, line.next) == (
        "Café",
        BusinessType.SELF_EMPLOYMENT,
        AccountingMethod.ACCRUALS,
        False,
        None,
    )
    ((before, after),) = desk.audited("client.income_source_changed")
    assert before is not None
    assert after is not None
    assert (before["income_source"], after["income_source"]) == ("Bakery", "Café")
    assert (before["active"], after["active"]) == (True, False)


def test_the_only_active_source_can_not_be_deactivated(desk: Desk) -> None:
    client_id = desk.client(TRADE, {**RENTS, "active": []})
    with pytest.raises(InvalidError) as refusal:
        desk.solo.keep_source(
            desk.office.ada, client_id, desk.source_ids(client_id)[0], {"name": "Bakery", **KEPT, "active": []}
        )
    assert set(refusal.value.fields) == {"active"}


def test_a_source_is_added_once_and_a_second_property_is_warned_of(desk: Desk) -> None:
    client_id = desk.client(RENTS)
    page = desk.solo.source(desk.office.ada, client_id, None)
    typed = {"name": "Flat", "business_type": "uk_property", **KEPT}
    warned = desk.solo.keep_source(desk.office.ada, client_id, page.source_id, typed)
    assert warned is not None
    assert (warned.second_property, warned.raw["name"]) == (True, "Flat")
    for _ in range(3):
        assert desk.solo.keep_source(desk.office.ada, client_id, page.source_id, typed, anyway=True) is None
    assert [line.name for line in desk.card(client_id).sources] == ["Rents", "Flat"]
    assert len(desk.audited("client.income_source_added")) == 2
    with pytest.raises(InvalidError) as refusal:
        desk.solo.keep_source(desk.office.ada, client_id, uuid.uuid4(), {**typed, "name": "FLAT"}, anyway=True)
    assert set(refusal.value.fields) == {"name"}


def test_twenty_sources_are_the_most(desk: Desk) -> None:
    client_id = desk.client(*({**TRADE, "name": f"Trade {number}"} for number in range(20)))
    with pytest.raises(ConflictError):
        desk.solo.source(desk.office.ada, client_id, None)
    with pytest.raises(ConflictError):
        desk.solo.keep_source(desk.office.ada, client_id, uuid.uuid4(), {"name": "More", **TRADE, **KEPT})


@pytest.mark.parametrize(
    ("at", "income", "warns"),
    [
        (datetime(2026, 8, 7, 12, tzinfo=UTC), None, False),
        (datetime(2026, 8, 8, 12, tzinfo=UTC), None, True),
        (datetime(2027, 4, 5, 12, tzinfo=UTC), None, True),
        (datetime(2027, 4, 6, 12, tzinfo=UTC), None, False),
        (datetime(2026, 8, 8, 12, tzinfo=UTC), "60000", True),
        (datetime(2026, 8, 8, 12, tzinfo=UTC), "35000", False),
    ],
)
def test_changing_the_period_type_warns_after_the_years_first_due_date(
    desk: Desk, clock: Clock, at: datetime, income: str | None, warns: bool
) -> None:
    client_id = desk.client(qualifying_income=income)
    (source_id,) = desk.source_ids(client_id)
    clock.set(at)
    typed = {"name": "Bakery", **KEPT, "period_type": "calendar"}
    warned = desk.solo.keep_source(desk.office.ada, client_id, source_id, typed)
    assert (warned is not None) is warns
    if warned is not None:
        assert warned.late_change is not None
        assert (warned.late_change.due, warned.raw["period_type"]) == (date(2026, 8, 7), "calendar")
        assert desk.card(client_id).sources[0].period_type is PeriodType.STANDARD
        assert desk.solo.keep_source(desk.office.ada, client_id, source_id, typed, anyway=True) is None
    assert desk.card(client_id).sources[0].period_type is PeriodType.CALENDAR


def test_whoever_does_not_see_the_client_does_not_see_or_change_it(desk: Desk) -> None:
    client_id = desk.client()
    (source_id,) = desk.source_ids(client_id)
    for stranger in (desk.office.sam, office(desk.database, slack_key="T_OTHER").ada):
        for refused in (
            lambda actor=stranger: desk.solo.numbers(actor, client_id),
            lambda actor=stranger: desk.solo.change_numbers(actor, client_id, {"nino": NINO}),
            lambda actor=stranger: desk.solo.source(actor, client_id, source_id),
            lambda actor=stranger: desk.solo.keep_source(actor, client_id, source_id, {"name": "Mine", **KEPT}),
        ):
            with pytest.raises(NotFoundError):
                refused()


def test_a_source_of_another_client_is_not_reached_through_ones_own(desk: Desk) -> None:
    other = office(desk.database, slack_key="T_OTHER")
    foreign = desk.source_ids(desk.client(by=other.ada))[0]
    client_id = desk.client()
    with pytest.raises(NotFoundError):
        desk.solo.source(desk.office.ada, client_id, foreign)
    with pytest.raises(NotFoundError):
        desk.solo.keep_source(desk.office.ada, client_id, foreign, {"name": "Mine", **TRADE, **KEPT})
    with pytest.raises(NotFoundError):
        desk.solo.source(desk.office.ada, client_id, uuid.uuid4())
    with desk.database.read() as session:
        assert set(session.scalars(select(IncomeSource.name))) == {"Bakery"}


def test_a_business_or_a_deactivated_client_is_not_changed(desk: Desk) -> None:
    business = created(add_client(desk.database), desk.office.ada).client_id
    gone = desk.client(name="Gone")
    with desk.database.begin() as session:
        session.get_one(Client, gone).deactivated_at = desk.database.now()
    for client_id in (business, gone):
        with pytest.raises(ConflictError):
            desk.solo.change_numbers(desk.office.ada, client_id, {"nino": NINO})
        with pytest.raises(ConflictError):
            desk.solo.keep_source(desk.office.ada, client_id, uuid.uuid4(), {**TRADE, **KEPT})


def test_a_number_whose_key_is_gone_is_asked_for_again(desk: Desk) -> None:
    client_id = desk.client(nino=NINO)
    with desk.database.begin() as session:
        session.get_one(SoloDetails, client_id).nino = Keyring([OTHER_KEY]).encrypt(NINO)
    assert desk.card(client_id).nino is None
    desk.solo.change_numbers(desk.office.ada, client_id, {"nino": NINO})
    assert desk.card(client_id).nino == MASKED


OTHER_KEY = "b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyb3Q="
