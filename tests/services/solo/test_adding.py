"""Add client for self-employed clients: their pages, and what becomes of them."""

import json
import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from db.models import (
    AccountingMethod,
    AuditEntry,
    BusinessType,
    Client,
    ClientKind,
    Draft,
    IncomeSource,
    Job,
    PeriodType,
    Plan,
    Practice,
    Region,
    SoloDetails,
)
from db.session import Database
from services.add_client.records import CreatedClient, WizardPage
from services.add_client.steps import StepName
from services.errors import ConflictError, GoneError, InvalidError, NotPermittedError
from services.operator import OperatorService
from services.solo.sealing import KeptNumber
from tests.builders import KEYS, add_client, created, office
from tests.fakes import Clock
from tests.solo import NINO, RENTS, TRADE, UTR, created_solo, to_solo_review, to_sources, with_sources

MASKED = "•• •• •• 56 C"
NUMBERS: dict[str, Any] = {
    "nino": " ab 12 34 56 c ",
    "utr": f"{UTR}K",
    "postcode": "sw1a1aa",
    "qualifying_income": "£35,000",
}


def _count(database: Database, model: type) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def _everything_kept(database: Database) -> str:
    """All that is written in drafts, jobs and the audit trail."""
    with database.read() as session:
        kept = [
            *session.scalars(select(Draft.answers)),
            *session.scalars(select(Job.args)),
            *session.scalars(select(AuditEntry.before)),
            *session.scalars(select(AuditEntry.after)),
        ]
    return json.dumps(kept)


def _names(page: WizardPage) -> list[str]:
    return [] if page.solo is None else [each.source.name for each in page.solo.sources]


def test_a_self_employed_client_has_steps_of_its_own(database: Database) -> None:
    people, service = office(database, has_dhi=True), add_client(database)
    page = to_sources(service, people.ada)
    assert page.steps == ("client_type", "details", "sources", "access", "invite", "review")
    assert (page.step, page.number) == (StepName.SOURCES, 3)
    assert page.solo is not None
    assert page.solo.editing is not None
    assert page.solo.editing.is_new


def test_a_client_is_created_with_its_numbers_and_income_sources(database: Database, clock: Clock) -> None:
    clock.set(datetime(2026, 11, 2, 9, tzinfo=UTC))
    people, service = office(database, plan=Plan.ADVANCED), add_client(database)
    invite = {"invite": "now", "contact_name": "Mary Gold", "contact_email": "mary@example.com"}
    outcome = created_solo(
        service,
        people.ada,
        {**TRADE, "accounting_method": "accruals", "period_type": "calendar"},
        {**RENTS, "active": []},
        practice_code="MG-1",
        invite=invite,
        access={"account_manager": str(people.jo.colleague_id)},
        **NUMBERS,
    )
    assert outcome.solo is not None
    assert (outcome.solo.nino, outcome.solo.utr) == (MASKED, "••••• ••661")
    assert outcome.solo.mandate is not None
    assert outcome.solo.mandate.mandated_from == date(2027, 4, 6)
    due = [(line.name, line.next and (line.next.due, line.next.start)) for line in outcome.solo.sources]
    assert due == [("Bakery", (date(2027, 8, 7), date(2027, 4, 1))), ("Rents", None)]
    with database.read() as session:
        client = session.get_one(Client, outcome.client_id)
        assert (client.kind, client.software, client.solutions, client.practice_code) == (
            ClientKind.SOLO,
            "none",
            "bookkeeping",
            "MG-1",
        )
        row = session.get_one(SoloDetails, client.id)
        assert (row.postcode, row.qualifying_income) == ("SW1A 1AA", Decimal("35000.00"))
        assert row.nino is not None
        assert row.utr is not None
        assert (KEYS.decrypt(row.nino), KEYS.decrypt(row.utr)) == (NINO, UTR)
        sources = session.scalars(select(IncomeSource).order_by(IncomeSource.id)).all()
        assert [(s.name, s.business_type, s.accounting_method, s.period_type, s.active) for s in sources] == [
            ("Bakery", BusinessType.SELF_EMPLOYMENT, AccountingMethod.ACCRUALS, PeriodType.CALENDAR, True),
            ("Rents", BusinessType.UK_PROPERTY, AccountingMethod.CASH, PeriodType.STANDARD, False),
        ]
        actions = set(session.scalars(select(AuditEntry.action)))
    assert {"client.created", "client.numbers_changed", "client.income_source_added"} <= actions


def test_the_numbers_are_nowhere_in_the_clear(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_solo_review(service, people.ada, **NUMBERS)
    assert KEYS.decrypt(page.answers["details"]["nino"]["sealed"].encode()) == NUMBERS["nino"]
    service.back(people.ada, page.draft_id, StepName.DETAILS, {"name": "Mary", "nino": "AB 12 34 56", "utr": "12345"})
    for secret in ("AB 12 34 56", "12345", "123456", UTR):
        assert secret not in _everything_kept(database)
    page = to_solo_review(service, people.ada, **NUMBERS)
    service.create(people.ada, page.draft_id, revision=page.revision)
    for secret in (NINO, "12 34 56", "123456", UTR, "sealed"):
        assert secret not in _everything_kept(database)
    assert NINO not in repr(page)
    assert UTR not in repr(page)


@pytest.mark.parametrize("end", ["discarded", "started over"])
def test_a_closed_draft_keeps_no_numbers(database: Database, end: str) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.ada, **NUMBERS)
    assert "sealed" in _everything_kept(database)
    if end == "discarded":
        service.discard(people.ada, page.draft_id)
    else:
        service.start_over(people.ada)
    assert "sealed" not in _everything_kept(database)


def test_a_kept_number_is_shown_masked_and_changed_only_when_asked(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.ada, **NUMBERS)
    page = service.back(people.ada, page.draft_id, StepName.SOURCES, {})
    assert page.solo is not None
    assert (page.solo.nino, page.solo.changing) == (KeptNumber(MASKED), ())

    # Another page is sent without it: it stays.
    page = service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Mary Gold", "utr": ""})
    assert page.solo is not None
    assert (page.solo.nino, page.solo.utr) == (KeptNumber(MASKED), None)

    page = service.solo.change_number(people.ada, page.draft_id, "nino", {"name": "Mary"})
    assert page.solo is not None
    assert (page.solo.nino, page.solo.changing, page.raw["name"]) == (KeptNumber(MASKED), ("nino",), "Mary")

    # Back with nothing typed keeps the old one; Next with nothing typed removes it.
    page = service.back(people.ada, page.draft_id, StepName.DETAILS, {"name": "Mary", "nino": ""})
    page = service.submit(people.ada, page.draft_id, StepName.CLIENT_TYPE, {"kind": "solo"})
    assert page.solo is not None
    assert (page.solo.nino, page.solo.changing) == (KeptNumber(MASKED), ())
    page = service.solo.change_number(people.ada, page.draft_id, "nino", {})
    page = service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Mary", "nino": ""})
    assert page.solo is not None
    assert page.solo.nino is None


def test_a_wrong_number_that_was_left_is_there_to_be_mended(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.ada)
    typed = {"name": "Mary", "nino": "BG 12 34 56 C"}
    page = service.back(people.ada, page.draft_id, StepName.DETAILS, typed)
    page = service.submit(people.ada, page.draft_id, StepName.CLIENT_TYPE, {"kind": "solo"})
    assert page.solo is not None
    assert page.solo.nino == KeptNumber(None, "BG 12 34 56 C")
    assert "12 34 56" not in _everything_kept(database)


@pytest.mark.parametrize(
    ("income", "nino", "says"),
    [
        ("35,000", NINO, date(2027, 4, 6)),
        ("30,000", NINO, date(2028, 4, 6)),
        ("20,000", NINO, None),
        ("60,000", "", None),
    ],
)
def test_the_page_says_from_when_the_client_is_mandated(
    database: Database, income: str, nino: str, says: date | None
) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.ada, qualifying_income=income, nino=nino)
    assert page.solo is not None
    assert page.solo.mandate is not None
    assert page.solo.mandate.mandated_from == says


def test_a_mistyped_number_does_not_make_anybody_exempt(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.ada)
    typed = {"nino": "BG123456C", "qualifying_income": "60,000"}
    page = service.keep(people.ada, page.draft_id, StepName.DETAILS, typed)
    assert page.solo is not None
    assert page.solo.mandate is not None
    assert page.solo.mandate.mandated_from == date(2026, 4, 6)


def test_without_income_or_with_one_that_can_not_be_read_nothing_is_said(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.ada)
    for typed in ("", "a lot"):
        page = service.keep(people.ada, page.draft_id, StepName.DETAILS, {"qualifying_income": typed})
        assert page.solo is not None
        assert page.solo.mandate is None


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"nino": "AB123456E"}, {"nino"}),
        ({"nino": "x" * 3000}, {"nino"}),
        ({"utr": "2955839661"}, {"utr"}),
        ({"postcode": "London"}, {"postcode"}),
        ({"qualifying_income": "-1"}, {"qualifying_income"}),
        ({"qualifying_income": "9" * 3000}, {"qualifying_income"}),
        (
            {"nino": "1", "utr": "1", "postcode": "1", "qualifying_income": "."},
            {"nino", "utr", "postcode", "qualifying_income"},
        ),
    ],
)
def test_what_can_not_be_taken_is_refused_at_its_field(
    database: Database, typed: dict[str, Any], fields: set[str]
) -> None:
    people, service = office(database), add_client(database)
    with pytest.raises(InvalidError) as refusal:
        to_sources(service, people.ada, **typed)
    assert set(refusal.value.fields) == fields
    assert all(refusal.value.fields.values())


def test_sources_are_added_changed_and_removed(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = with_sources(service, people.ada, to_sources(service, people.ada), TRADE, RENTS)
    assert _names(page) == ["Bakery", "Rents"]
    assert page.solo is not None
    first, second = (each.id for each in page.solo.sources)
    editing = service.solo.edit_source(people.ada, page.draft_id, first)
    assert editing.solo is not None
    assert editing.solo.editing is not None
    assert (editing.solo.editing.raw["name"], editing.solo.editing.is_new) == ("Bakery", False)
    page = service.solo.keep_source(people.ada, page.draft_id, first, {**TRADE, "name": "Café"})
    assert _names(page) == ["Café", "Rents"]
    page = service.solo.remove_source(people.ada, page.draft_id, first)
    assert _names(page) == ["Rents"]
    with pytest.raises(ConflictError, match="at least one active income source"):
        service.solo.remove_source(people.ada, page.draft_id, second)


def test_a_source_sent_twice_is_kept_once(database: Database) -> None:
    people, service = office(database), add_client(database)
    page, source_id = to_sources(service, people.ada), uuid.uuid4()
    for _ in range(3):
        page = service.solo.keep_source(people.ada, page.draft_id, source_id, TRADE)
    assert _names(page) == ["Bakery"]


def test_a_second_uk_property_is_warned_of_and_can_be_kept(database: Database) -> None:
    people, service = office(database), add_client(database)
    page, another = to_sources(service, people.ada), uuid.uuid4()
    page = service.solo.keep_source(people.ada, page.draft_id, uuid.uuid4(), RENTS)
    typed = {**RENTS, "name": "Flat"}
    warned = service.solo.keep_source(people.ada, page.draft_id, another, typed)
    assert warned.solo is not None
    assert warned.solo.editing is not None
    assert (warned.solo.editing.second_property, warned.solo.editing.raw["name"]) == (True, "Flat")
    assert warned.solo.editing.source_id == another
    assert _names(service.solo.keep_source(people.ada, page.draft_id, another, typed, anyway=True)) == ["Rents", "Flat"]


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ({"name": " "}, {"name"}),
        ({"name": "x" * 256}, {"name"}),
        ({"name": "BAKERY"}, {"name"}),
        ({"business_type": None}, {"business_type"}),
        ({"business_type": "partnership"}, {"business_type"}),
        ({"accounting_method": "guesswork"}, {"accounting_method"}),
        ({"period_type": None}, {"period_type"}),
    ],
)
def test_a_source_is_refused_at_its_field(database: Database, typed: dict[str, Any], fields: set[str]) -> None:
    people, service = office(database), add_client(database)
    page = with_sources(service, people.ada, to_sources(service, people.ada), TRADE)
    with pytest.raises(InvalidError) as refusal:
        service.solo.keep_source(people.ada, page.draft_id, uuid.uuid4(), {**RENTS, **typed})
    assert set(refusal.value.fields) == fields


def test_the_only_active_source_stays_active(database: Database) -> None:
    people, service = office(database), add_client(database)
    page, source_id = to_sources(service, people.ada), uuid.uuid4()
    with pytest.raises(InvalidError) as refusal:
        service.solo.keep_source(people.ada, page.draft_id, source_id, {**TRADE, "active": []})
    assert set(refusal.value.fields) == {"active"}
    with pytest.raises(InvalidError):
        service.submit(people.ada, page.draft_id, StepName.SOURCES, {})


def test_a_client_has_at_most_twenty_sources(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.ada)
    page = with_sources(service, people.ada, page, *({**TRADE, "name": f"Trade {n}"} for n in range(20)))
    with pytest.raises(ConflictError, match="at most 20"):
        service.solo.edit_source(people.ada, page.draft_id, None)
    with pytest.raises(ConflictError, match="at most 20"):
        service.solo.keep_source(people.ada, page.draft_id, uuid.uuid4(), {**TRADE, "name": "One more"})


def test_back_and_resume_keep_what_was_typed_of_a_source(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.ada)
    assert page.solo is not None
    assert page.solo.editing is not None
    source_id = page.solo.editing.source_id
    before = service.solo.leave_source(people.ada, page.draft_id, source_id, {**RENTS, "name": "x" * 300})
    assert before.step is StepName.DETAILS
    again = service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Mary Gold"})
    assert again.solo is not None
    assert again.solo.editing is not None
    assert (again.solo.editing.source_id, again.solo.editing.raw["name"]) == (source_id, "x" * 300)
    assert service.resume(people.ada, page.draft_id).solo == again.solo

    page = service.solo.keep_source(people.ada, page.draft_id, source_id, RENTS)
    page = service.solo.leave_source(people.ada, page.draft_id, uuid.uuid4(), {**TRADE, "name": "Half"})
    assert (page.step, _names(page)) == (StepName.SOURCES, ["Rents"])
    added = service.solo.edit_source(people.ada, page.draft_id, None)
    assert added.solo is not None
    assert added.solo.editing is not None
    assert added.solo.editing.raw["name"] == "Half"


def test_changing_the_kind_keeps_the_name_and_connects_nothing(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = service.start_over(people.ada)
    page = service.submit(people.ada, page.draft_id, StepName.CLIENT_TYPE, {"kind": "business"})
    page = service.submit(people.ada, page.draft_id, StepName.SOFTWARE, {"software": "later"})
    page = service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Mary Gold", "industry": "Wholesale"})
    page = service.submit(people.ada, page.draft_id, StepName.CLIENT_TYPE, {"kind": "solo"}, changing=True)
    assert (page.step, page.raw["name"]) == (StepName.DETAILS, "Mary Gold")
    page = service.submit(people.ada, page.draft_id, StepName.DETAILS, {"name": "Mary Gold"})
    page = with_sources(service, people.ada, page, TRADE)
    page = service.submit(people.ada, page.draft_id, StepName.SOURCES, {})
    page = service.submit(people.ada, page.draft_id, StepName.ACCESS, {})
    page = service.submit(people.ada, page.draft_id, StepName.INVITE, {"invite": "skip"})
    outcome = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(outcome, CreatedClient)
    assert (outcome.name, outcome.software, outcome.solo is not None) == ("Mary Gold", "none", True)


def test_creating_ten_times_creates_one_client_with_its_sources_once(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_solo_review(service, people.ada, TRADE, RENTS)
    for _ in range(10):
        service.create(people.ada, page.draft_id, revision=page.revision)
    assert (_count(database, Client), _count(database, IncomeSource), _count(database, SoloDetails)) == (1, 2, 1)


def test_a_code_or_a_near_name_is_found_as_for_a_business(database: Database) -> None:
    people, service = office(database), add_client(database)
    created(service, people.ada, "Mary Golde", practice_code="A-1")
    page = service.start_over(people.ada)
    page = service.submit(people.ada, page.draft_id, StepName.CLIENT_TYPE, {"kind": "solo"})
    typed = {"name": "Mary Gold", **NUMBERS}
    with pytest.raises(InvalidError) as refusal:
        service.submit(people.ada, page.draft_id, StepName.DETAILS, {**typed, "practice_code": "a-1"})
    assert set(refusal.value.fields) == {"practice_code"}
    warned = service.submit(people.ada, page.draft_id, StepName.DETAILS, typed)
    assert [twin.name for twin in warned.twins] == ["Mary Golde"]
    typed = {name: value for name, value in typed.items() if name != "nino"}  # masked by now, and not asked for
    page = service.submit(people.ada, page.draft_id, StepName.DETAILS, typed)
    assert page.step is StepName.SOURCES
    assert page.solo is not None
    assert page.solo.nino == KeptNumber(MASKED)


def test_elsewhere_there_are_no_self_employed_clients(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_solo_review(service, people.ada)
    with database.begin() as session:
        session.get_one(Practice, people.practice_id).region = Region.IRELAND
    outcome = service.create(people.ada, page.draft_id, revision=page.revision)
    assert isinstance(outcome, WizardPage)
    assert (outcome.step, outcome.solo) == (StepName.SOFTWARE, None)


def test_the_draft_is_its_owner_s_alone_and_needs_the_permission(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.jo)
    other = office(database, slack_key="T_OTHER")
    for stranger in (people.ada, other.ada):
        with pytest.raises(GoneError):
            service.solo.keep_source(stranger, page.draft_id, uuid.uuid4(), TRADE)
        with pytest.raises(GoneError):
            service.solo.change_number(stranger, page.draft_id, "nino", {})
    OperatorService(database).change_colleague("T_BIRCH", "U_JO", may_add_clients=False)
    with pytest.raises(NotPermittedError):
        service.solo.keep_source(people.jo, page.draft_id, uuid.uuid4(), TRADE)


def test_a_draft_whose_key_is_gone_asks_for_the_numbers_again(database: Database) -> None:
    people, service = office(database), add_client(database)
    page = to_sources(service, people.ada, **NUMBERS)
    with database.begin() as session:
        draft = session.get_one(Draft, page.draft_id)
        draft.answers = {**draft.answers, "details": {**draft.answers["details"], "nino": {"sealed": "gAAAA"}}}
    page = service.back(people.ada, page.draft_id, StepName.SOURCES, {})
    assert page.solo is not None
    assert (page.solo.nino, page.solo.utr) == (None, KeptNumber("••••• ••661"))
