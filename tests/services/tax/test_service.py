"""Costs and sales of a client: uploaded, added up, taken away as files, deleted."""

import io
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import openpyxl
import pytest
from sqlalchemy import select

from db.models import AuditEntry, Client, Job, Region, TaxCategories, TaxItem
from db.session import Database
from services.actor import Actor
from services.clients.lifecycle import ClientLifecycleService
from services.errors import ConflictError, NotFoundError
from services.tax.exporting import Form
from services.tax.records import TaxCard, YearPage, YearTotals
from services.tax.service import SUMMARY, TEMPLATE, TaxService
from services.tax.summary import summary
from services.tax.totals import kept_items, tax_card
from tests.builders import Office, add_client, asked, created, office
from tests.tax import self_employed

HEAD = "Date,Description,Category,Amount\n"
BOOKS = (
    HEAD
    + "2026-01-10,First job,1,1000.10\n"
    + "2026-02-10,Second job,1,500.20\n"
    + "2026-03-01,Leaflets,8,120.30\n"
    + "2026-03-02,Posters,8,0.10\n"
    + "2026-03-03,Posters taken back,8,-0.20\n"
    + "2025-12-31,Last year's train,24a,40\n"
)
HOSTILE = "=cmd|'/c calc'!A1"


@pytest.fixture
def people(database: Database) -> Office:
    return office(database, region=Region.UNITED_STATES)


@pytest.fixture
def ida(database: Database, people: Office) -> uuid.UUID:
    return self_employed(add_client(database), people.ada)


def totals(page: YearPage) -> dict[str, tuple[int, str]]:
    lines = (*page.summary.costs, *page.summary.sales)
    return {each.category.code: (each.items, str(each.total)) for each in lines if each.items}


def audited(database: Database, action: str) -> list[dict[str, object] | None]:
    with database.read() as session:
        query = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
        return [each.after if each.before is None else each.before for each in session.scalars(query)]


def jobs(database: Database, kind: str) -> list[dict[str, object]]:
    with database.read() as session:
        return [each.args for each in session.scalars(select(Job).where(Job.kind == kind).order_by(Job.id))]


def test_a_client_is_laid_down_with_the_list_of_its_country(database: Database) -> None:
    us = office(database, region=Region.UNITED_STATES)
    canada = office(database, slack_key="T_MAPLE", region=Region.CANADA)
    wizard, service = add_client(database), TaxService(database)
    found = [service.client(each.ada, self_employed(wizard, each.ada)).listed for each in (us, canada)]
    assert found == [TaxCategories.SCHEDULE_C, TaxCategories.T2125]


def test_what_is_uploaded_adds_up_and_the_same_again_adds_nothing(
    database: Database, people: Office, ida: uuid.UUID
) -> None:
    service = TaxService(database)
    preview = service.preview(people.ada, ida, BOOKS)
    assert (len(preview.items), preview.known, preview.problems) == (6, 0, ())
    assert service.year(people.ada, ida).years == ()
    assert service.add(people.ada, ida, BOOKS, file_name="books.csv") == preview
    page = service.year(people.ada, ida, 2026)
    assert totals(page) == {"1": (2, "1500.30"), "8": (3, "120.20")}
    assert (page.summary.total_sales, page.summary.total_costs, page.summary.net) == (
        Decimal("1500.30"),
        Decimal("120.20"),
        Decimal("1380.10"),
    )
    assert page.years == ((2026, 5), (2025, 1))
    again = service.add(people.ada, ida, BOOKS)
    assert (again.items, again.known) == ((), 6)
    more = service.add(people.ada, ida, BOOKS + "2026-03-02,Posters,8,0.10\n2026-03-04,x,99,1\n")
    assert (len(more.items), more.known, more.bad_rows) == (1, 6, 1)
    assert totals(service.year(people.ada, ida, 2026))["8"] == (4, "120.30")
    assert audited(database, "client.tax_items_added") == [
        {"file": "books.csv", "added": 6, "there_already": 0, "left_out": 0},
        {"file": None, "added": 1, "there_already": 6, "left_out": 1},
    ]


def test_the_card_has_this_tax_year_and_the_one_before(database: Database, people: Office, ida: uuid.UUID) -> None:
    TaxService(database).add(people.ada, ida, BOOKS)
    with database.read() as session:
        client = session.get_one(Client, ida)
        shown = [tax_card(session, client, date(year, 5, 1)) for year in (2026, 2025, 2028)]
    this = YearTotals(2026, 5, Decimal("1500.30"), Decimal("120.20"))
    last = YearTotals(2025, 1, Decimal("0.00"), Decimal("40.00"))
    none = YearTotals(2028, 0, Decimal("0.00"), Decimal("0.00"))
    listed = TaxCategories.SCHEDULE_C
    assert shown == [TaxCard(listed, this, last), TaxCard(listed, last, None), TaxCard(listed, none, None)]


def test_the_database_adds_up_as_exactly_as_the_items_do(database: Database, people: Office, ida: uuid.UUID) -> None:
    rows = [f"2026-01-01,Row {n},{'1' if n % 3 else '8'},{n % 7}.{n % 100:02}" for n in range(300)]
    rows += ["2026-06-01,Large,1,9999999999.99", "2026-06-02,Large,1,9999999999.99", "2026-06-03,Small,1,-0.01"]
    service = TaxService(database)
    service.add(people.ada, ida, HEAD + "\n".join(rows))
    with database.read() as session:
        items = kept_items(session, session.get_one(Client, ida), TaxCategories.SCHEDULE_C, 2026)
    assert len(items) == 303
    assert service.year(people.ada, ida, 2026).summary == summary(items, TaxCategories.SCHEDULE_C, 2026)


def test_the_files_say_the_same_and_run_nothing(database: Database, people: Office, ida: uuid.UUID) -> None:
    service = TaxService(database)
    service.add(people.ada, ida, BOOKS + f'2026-04-01,"{HOSTILE}",24b,7\n')
    request = asked(people.ada, database.now())
    csv_file = service.summary(request, ida, 2026, Form.CSV)
    lines = csv_file.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "Side,Line,Category,Items,Total"
    assert "Costs,8,Advertising,3,120.20" in lines
    assert "Costs,9,Car and truck,0,0.00" in lines
    assert "Costs,,Total costs,4,127.20" in lines
    assert "Sales,,Total sales,2,1500.30" in lines
    assert lines[-1] == ",,Profit,,1373.10"
    excel = service.summary(request, ida, 2026, Form.EXCEL)
    book = openpyxl.load_workbook(io.BytesIO(excel.content))
    assert book.sheetnames == ["Tax summary", "Costs", "Sales", "Items"]
    assert {row[0].value: row[1].value for row in book["Tax summary"].iter_rows(min_row=5, max_row=8)} == {
        "Items": 6,
        "Total sales": 1500.3,
        "Total costs": 127.2,
        "Profit": 1373.1,
    }
    costs = [tuple(cell.value for cell in row) for row in book["Costs"].iter_rows(min_row=2)]
    assert costs[0] == ("8", "Advertising", 3, 120.2)
    assert costs[-1] == (None, "Total costs", 4, 127.2)
    assert book["Costs"]["D2"].number_format == "#,##0.00"
    last = [cell.value for cell in list(book["Items"].iter_rows())[-1]]
    assert last[1:] == [f"'{HOSTILE}", "Costs", "24b", "Meals", 7]
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}.isdisjoint({"f", "e"})
    stamp = f"{request.at:%Y-%m-%d %H-%M-%S}"
    assert (csv_file.file_name, excel.file_name) == (
        f"Ida Moss tax summary 2026 ({stamp}).csv",
        f"Ida Moss tax summary 2026 ({stamp}).xlsx",
    )


def test_a_loss_is_a_number_in_the_files(database: Database, people: Office, ida: uuid.UUID) -> None:
    service = TaxService(database)
    service.add(people.ada, ida, HEAD + "2026-04-01,Paper,18,7.50\n")
    made = service.summary(asked(people.ada, database.now()), ida, 2026, Form.CSV)
    assert made.content.decode("utf-8-sig").splitlines()[-1] == ",,Profit,,-7.50"


def test_the_template_comes_back_as_it_is_with_rows_below(database: Database, people: Office, ida: uuid.UUID) -> None:
    service = TaxService(database)
    service.request_template(people.ada, ida)
    service.request_template(people.ada, ida)
    assert len(jobs(database, TEMPLATE)) == 1
    text = service.template(asked(people.ada, database.now()), ida).content.decode("utf-8-sig")
    assert [each.description for each in service.preview(people.ada, ida, f"{text}2026-01-01,Ink,18,3,\n").items] == [
        "Ink"
    ]


def test_a_summary_asked_for_twice_at_once_is_sent_once_in_each_form(
    database: Database, people: Office, ida: uuid.UUID
) -> None:
    service = TaxService(database)
    with pytest.raises(NotFoundError, match="There are no items in 2026"):
        service.request_summary(people.ada, ida, 2026)
    service.add(people.ada, ida, BOOKS)
    service.request_summary(people.ada, ida, 2026)
    service.request_summary(people.ada, ida, 2026)
    assert [(each["year"], each["form"]) for each in jobs(database, SUMMARY)] == [(2026, "xlsx"), (2026, "csv")]
    service.request_summary(people.ada, ida, 2025)
    assert len(jobs(database, SUMMARY)) == 4
    assert audited(database, "client.tax_summary_sent")[0] == {"year": "2026", "form": "xlsx"}


def test_a_year_is_deleted_once_and_can_be_uploaded_again(database: Database, people: Office, ida: uuid.UUID) -> None:
    service = TaxService(database)
    service.add(people.ada, ida, BOOKS)
    assert [service.delete_year(people.ada, ida, 2026) for _ in range(2)] == [5, 0]
    assert service.year(people.ada, ida).years == ((2025, 1),)
    assert audited(database, "client.tax_items_deleted") == [{"year": "2026", "items": 5}]
    assert len(service.add(people.ada, ida, BOOKS).items) == 5
    for year in (0, 10**9):
        with pytest.raises(NotFoundError, match="no such tax year"):
            service.delete_year(people.ada, ida, year)


def test_two_uploads_of_one_file_at_the_same_moment_add_it_once(
    database: Database, people: Office, ida: uuid.UUID
) -> None:
    service = TaxService(database)
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: service.add(people.ada, ida, BOOKS), range(4)))
    assert sorted(len(each.items) for each in done) == [0, 0, 0, 6]
    with database.read() as session:
        assert len(session.scalars(select(TaxItem.id)).all()) == 6


def test_a_client_has_no_more_items_than_can_be_added_up(database: Database, people: Office, ida: uuid.UUID) -> None:
    service = TaxService(database, most_items=6)
    service.add(people.ada, ida, BOOKS)
    assert service.add(people.ada, ida, BOOKS).known == 6
    with pytest.raises(ConflictError, match="This client has 6 items, and 1 more would be too many: 6 is the most"):
        service.add(people.ada, ida, HEAD + "2026-01-01,Ink,18,3\n")


Attempt = Callable[[TaxService, Actor, uuid.UUID], object]
READS: dict[str, Attempt] = {
    "client": lambda service, actor, ida: service.client(actor, ida),
    "year": lambda service, actor, ida: service.year(actor, ida),
    "template": lambda service, actor, ida: service.request_template(actor, ida),
    "summary": lambda service, actor, ida: service.request_summary(actor, ida, 2026),
}
CHANGES: dict[str, Attempt] = {
    "preview": lambda service, actor, ida: service.preview(actor, ida, BOOKS),
    "add": lambda service, actor, ida: service.add(actor, ida, BOOKS),
    "delete": lambda service, actor, ida: service.delete_year(actor, ida, 2026),
}


@pytest.mark.parametrize("attempt", [*READS.values(), *CHANGES.values()], ids=[*READS, *CHANGES])
def test_only_those_who_can_open_the_client_do_any_of_it(
    database: Database, people: Office, ida: uuid.UUID, attempt: Attempt
) -> None:
    elsewhere = office(database, slack_key="T_ELM", region=Region.UNITED_STATES)
    service = TaxService(database)
    service.add(people.ada, ida, BOOKS)
    for actor in (people.sam, elsewhere.ada):
        with pytest.raises(NotFoundError, match="There is no such client"):
            attempt(service, actor, ida)
    assert attempt(service, people.clem, ida) != ()


@pytest.mark.parametrize("attempt", [*READS.values(), *CHANGES.values()], ids=[*READS, *CHANGES])
def test_a_client_without_categories_has_none_of_it(database: Database, people: Office, attempt: Attempt) -> None:
    acme = created(add_client(database), people.ada).client_id
    with pytest.raises(ConflictError, match="This client has no tax categories"):
        attempt(TaxService(database), people.ada, acme)


def test_a_deactivated_client_is_summed_up_and_not_changed(database: Database, people: Office, ida: uuid.UUID) -> None:
    service = TaxService(database)
    service.add(people.ada, ida, BOOKS)
    ClientLifecycleService(database).deactivate(people.ada, ida)
    for attempt in READS.values():
        attempt(service, people.ada, ida)
    for attempt in CHANGES.values():
        with pytest.raises(ConflictError, match="Reactivate it to change it"):
            attempt(service, people.ada, ida)
    assert totals(service.year(people.ada, ida, 2026))["8"] == (3, "120.20")


def test_a_file_that_was_asked_for_is_refused_to_who_may_not_open_the_client_any_more(
    database: Database, people: Office, ida: uuid.UUID
) -> None:
    service = TaxService(database)
    service.add(people.ada, ida, BOOKS)
    request = asked(people.sam, database.now())
    for form in Form:
        with pytest.raises(NotFoundError):
            service.summary(request, ida, 2026, form)
    with pytest.raises(NotFoundError):
        service.template(request, ida)
