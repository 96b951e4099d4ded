import io
import re
import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select, update

from db.base import Base
from db.models import (
    Account,
    AuditEntry,
    Authorisation,
    Client,
    ClientAccess,
    Colleague,
    Connection,
    ConnectionStatus,
    Contact,
    Currency,
    Job,
    ListRefresh,
    OrganisationInformation,
    Provider,
    StandardList,
    TaxRate,
    TrackingCategory,
)
from db.session import Database
from services.actor import Actor
from services.clients.index import index_clients
from services.errors import NotFoundError, NotPermittedError
from services.exports import Export, ExportService
from tests.builders import Office, add_client, asked, created, office
from tests.fakes import Clock

FETCHED = datetime(2026, 6, 30, 23, 5, tzinfo=UTC)
ASKED = datetime(2026, 7, 1, 8, 0, 7, tzinfo=UTC)


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def exports(database: Database) -> ExportService:
    return ExportService(database)


@pytest.fixture
def acme(database: Database, birch: Office) -> uuid.UUID:
    """A client of whom nothing is known yet."""
    return created(add_client(database), birch.ada, "Acme Ltd", practice_code="A1").client_id


def keep(database: Database, *rows: Base) -> None:
    with database.begin() as session:
        session.add_all(rows)


def organisation(client_id: uuid.UUID, **facts: Any) -> OrganisationInformation:
    return OrganisationInformation(
        client_id=client_id, **{"name": "Acme", "is_demo": False, "refreshed_at": FETCHED, **facts}
    )


def refresh(client_id: uuid.UUID, which: StandardList, **more: Any) -> ListRefresh:
    return ListRefresh(client_id=client_id, list_name=which, **{"active": 1, "refreshed_at": FETCHED, **more})


def contact(client_id: uuid.UUID, external_id: str, name: str, **more: Any) -> Contact:
    given = {"status": "ACTIVE", "active": True, "is_customer": False, "is_supplier": False, **more}
    return Contact(client_id=client_id, external_id=external_id, name=name, **given)


def connect(database: Database, birch: Office, client_id: uuid.UUID) -> None:
    authorisation = Authorisation(
        practice_id=birch.practice_id,
        colleague_id=birch.ada.colleague_id,
        provider=Provider.XERO,
        provider_user_id="priya",
        access_token=b"",
        access_expires_at=FETCHED,
        refresh_token=b"",
        version=1,
        refreshed_at=FETCHED,
    )
    with database.begin() as session:
        session.add(authorisation)
        session.flush()
        session.add(
            Connection(
                client_id=client_id,
                practice_id=birch.practice_id,
                provider=Provider.XERO,
                authorisation_id=authorisation.id,
                tenant_id="t-1",
                organisation_name="Acme",
                status=ConnectionStatus.CONNECTED,
                connected_at=FETCHED,
                refreshed_at=FETCHED,
            )
        )


def exported(exports: ExportService, actor: Actor, client_id: uuid.UUID) -> Export:
    return exports.workbook(asked(actor, ASKED), client_id)


def opened(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(content))


def values(workbook: Workbook, sheet: str) -> list[tuple[Any, ...]]:
    return [tuple(cell.value for cell in row) for row in workbook[sheet].iter_rows()]


def jobs(database: Database) -> list[Job]:
    with database.read() as session:
        return list(session.scalars(select(Job).where(Job.kind == "slack.client_export").order_by(Job.id)))


def test_the_file_holds_what_the_organisation_keeps_those_in_use_first(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    connect(database, birch, acme)
    keep(
        database,
        organisation(
            acme,
            legal_name="Acme Limited",
            organisation_type="COMPANY",
            line_of_business="Tea",
            country_code="GB",
            currency="GBP",
            tax_number="GB123456789",
            registration_number="00445790",
            year_end_day=31,
            year_end_month=3,
            edition="STANDARD",
            sales_tax_basis="ACCRUALS",
            sales_tax_period="QUARTERLY",
            timezone="GMTSTANDARDTIME",
            short_code="!x",
            status="ACTIVE",
        ),
        *(refresh(acme, which) for which in StandardList if which is not StandardList.CURRENCIES),
        refresh(acme, StandardList.CURRENCIES, refreshed_at=None, failure="Xero did not answer."),
        Account(client_id=acme, external_id="a1", name="Sales", status="ACTIVE", active=True, code="200"),
        Account(
            client_id=acme,
            external_id="a2",
            name="Bank",
            status="ACTIVE",
            active=True,
            code="090",
            account_type="BANK",
            account_class="ASSET",
            tax_type="NONE",
            description="Current account",
        ),
        Account(client_id=acme, external_id="a3", name="Old", status="ARCHIVED", active=False, code="001"),
        TaxRate(client_id=acme, external_id="OUTPUT2", name="20% VAT", status="ACTIVE", active=True, rate=Decimal(20)),
        TaxRate(
            client_id=acme,
            external_id="FLAT",
            name="Flat",
            status=None,
            active=True,
            rate=Decimal("8.3333"),
            report_type="OUTPUT",
        ),
        TrackingCategory(
            client_id=acme,
            external_id="c1",
            name="Region",
            status="ACTIVE",
            active=True,
            options=[{"name": "North", "status": "ACTIVE"}, {"name": "Elsewhere", "status": None}],
        ),
        TrackingCategory(client_id=acme, external_id="c2", name="Bare", status="ACTIVE", active=True, options=[]),
        Currency(client_id=acme, external_id="GBP", name="British Pound", status=None, active=True),
        contact(acme, "k1", "Zoe’s Café", email="zoe@example.com", is_customer=True, account_number="007"),
        contact(acme, "k2", "ann", first_name="Ann", last_name="Lee", tax_number="T1", is_supplier=True),
        contact(acme, "k3", "Able", active=False, status="GDPR_REQUEST"),
        contact(acme, "k4", "Gone", active=False, status=None),
    )

    export = exported(exports, birch.ada, acme)
    workbook = opened(export.content)

    assert replace(export, content=b"") == Export(
        client_name="Acme Ltd",
        file_name="Acme Ltd 2026-07-01 09-00-07.xlsx",
        title="Acme Ltd: standard information",
        content=b"",
    )
    at = datetime(2026, 7, 1, 0, 5)  # noqa: DTZ001 -- as London's clocks showed it
    found = {sheet: values(workbook, sheet) for sheet in workbook.sheetnames}
    assert found == {
        "Organisation": [
            ("Standard information", "Value"),
            ("Client", "Acme Ltd"),
            ("Practice code", "A1"),
            ("Accounting software", "Xero"),
            ("Organisation", "Acme"),
            ("Legal name", "Acme Limited"),
            ("Type", "COMPANY"),
            ("Line of business", "Tea"),
            ("Country", "GB"),
            ("Currency", "GBP"),
            ("Tax number", "GB123456789"),
            ("Registration number", "00445790"),
            ("Year end", "31 March"),
            ("Sales tax basis", "ACCRUALS"),
            ("Sales tax period", "QUARTERLY"),
            ("Time zone", "GMTSTANDARDTIME"),
            ("Edition", "STANDARD"),
            ("Short code", "!x"),
            ("Status", "ACTIVE"),
            ("Demo company", "No"),
            ("Organisation, fetched (Europe/London)", at),
            ("Accounts, fetched (Europe/London)", at),
            ("Tax rates, fetched (Europe/London)", at),
            ("Tracking categories, fetched (Europe/London)", at),
            ("Currencies, fetched (Europe/London)", "Not yet"),
            ("Currencies, not fetched since", "Xero did not answer."),
            ("Contacts, fetched (Europe/London)", at),
        ],
        "Accounts": [
            ("Code", "Name", "Type", "Class", "Tax type", "Description", "Status"),
            ("090", "Bank", "BANK", "ASSET", "NONE", "Current account", "In use"),
            ("200", "Sales", None, None, None, None, "In use"),
            ("001", "Old", None, None, None, None, "Archived"),
        ],
        "Tax rates": [
            ("Tax type", "Name", "Rate (%)", "Report type", "Status"),
            ("OUTPUT2", "20% VAT", 20, None, "In use"),
            ("FLAT", "Flat", 8.3333, "OUTPUT", "In use"),
        ],
        "Tracking categories": [
            ("Category", "Status", "Option", "Option’s status"),
            ("Bare", "In use", None, None),
            ("Region", "In use", "North", "Active"),
            ("Region", "In use", "Elsewhere", None),
        ],
        "Currencies": [("Code", "Name", "Status"), ("GBP", "British Pound", "In use")],
        "Contacts": [
            (
                "Name",
                "First name",
                "Last name",
                "E-mail",
                "Account number",
                "Tax number",
                "Customer",
                "Supplier",
                "Status",
            ),
            ("ann", "Ann", "Lee", None, None, "T1", "No", "Yes", "In use"),
            ("Zoe’s Café", None, None, "zoe@example.com", "007", None, "Yes", "No", "In use"),
            ("Able", None, None, None, None, None, "No", "No", "Gdpr request"),
            ("Gone", None, None, None, None, None, "No", "No", "Not in use"),
        ],
    }


def test_headings_stay_in_sight_and_columns_fit(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    keep(database, organisation(acme), contact(acme, "k1", "n" * 30), contact(acme, "k2", "A", email="e" * 300))
    workbook = opened(exported(exports, birch.ada, acme).content)
    sheet = workbook["Contacts"]
    assert {each.freeze_panes for each in workbook.worksheets} == {"A2"}
    assert [cell.font.b for cell in sheet[1]] == [True] * 9
    assert [sheet.column_dimensions[column].width for column in "ABD"] == [32, 12, 62]


def test_what_a_program_would_run_is_text_and_what_no_file_can_hold_is_left_out(
    database: Database, exports: ExportService, birch: Office
) -> None:
    client_id = created(add_client(database), birch.ada, "=Acme/..\\<&> 'Ltd'").client_id
    long = "😀" * 20_000
    keep(
        database,
        organisation(client_id),
        contact(client_id, "k1", '=HYPERLINK("http://evil.example","x")', first_name="+44 20", last_name="-1"),
        contact(client_id, "k2", "@SUM(1)", first_name=" \t=1+1", last_name="＝1+1", email="#N/A"),
        contact(client_id, "k3", "a\x01b\x0b\x1f\uffffc", first_name="\x02=1", last_name="x\r\ny\rz", email=long),
    )

    export = exported(exports, birch.ada, client_id)
    workbook = opened(export.content)
    rows = [row[:4] for row in values(workbook, "Contacts")[1:]]

    assert rows == [
        ('\'=HYPERLINK("http://evil.example","x")', "'+44 20", "'-1", None),
        ("'@SUM(1)", "' \t=1+1", "'＝1+1", "#N/A"),
        ("abc", "'=1", "x\ny\nz", "😀" * 16_383),
    ]
    assert {cell.data_type for row in workbook["Contacts"].iter_rows() for cell in row if cell.value} == {"s"}
    assert values(workbook, "Organisation")[1] == ("Client", "'=Acme/..\\<&> 'Ltd'")
    assert export.file_name == "Acme .. Ltd 2026-07-01 09-00-07.xlsx"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("../../etc/passwd", "etc passwd 2026"),
        ("\u202efdp.exe", "fdp.exe 2026"),
        ("//", "Client 2026"),
        ("W" * 200, "W" * 60 + " 2026"),
        ("Café Ünïcode", "Café Ünïcode 2026"),
    ],
)
def test_a_file_is_named_so_that_every_disk_takes_it(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID, name: str, start: str
) -> None:
    with database.begin() as session:
        session.execute(update(Client).values(name=name))
        index_clients(session, [acme])
    keep(database, organisation(acme))
    file_name = exported(exports, birch.ada, acme).file_name
    assert file_name.startswith(start)
    assert re.fullmatch(r"[\w .-]{1,90}\.xlsx", file_name)


def test_ten_thousand_contacts_are_all_in_the_file(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    keep(database, *(contact(acme, f"k{n:05}", f"Contact {n:05}") for n in range(10_000)))
    keep(database, refresh(acme, StandardList.CONTACTS, active=10_000))
    workbook = load_workbook(io.BytesIO(exported(exports, birch.ada, acme).content), read_only=True)
    names = [row[0] for row in workbook["Contacts"].iter_rows(min_row=2, max_col=1, values_only=True)]
    workbook.close()
    assert names == [f"Contact {n:05}" for n in range(10_000)]


def test_asking_puts_one_message_and_says_so_in_the_audit_trail(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID, clock: Clock
) -> None:
    keep(database, organisation(acme))
    exports.request(birch.ada, acme)
    [job] = jobs(database)
    assert (job.practice_id, job.args) == (
        birch.practice_id,
        {
            "client_id": str(acme),
            "colleague_id": str(birch.ada.colleague_id),
            "asked_at": clock.now().isoformat(),
        },
    )
    with database.read() as session:
        [entry] = session.scalars(select(AuditEntry).where(AuditEntry.action == "client.exported"))
        assert (entry.practice_id, entry.colleague_id, entry.subject_id, entry.after) == (
            birch.practice_id,
            birch.ada.colleague_id,
            acme,
            {"content": "standard information"},
        )


def test_a_double_click_is_one_file_and_a_later_or_another_persons_click_is_another(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID, clock: Clock
) -> None:
    keep(database, organisation(acme))
    exports.request(birch.ada, acme)
    clock.advance(timedelta(seconds=59))
    exports.request(birch.ada, acme)
    assert len(jobs(database)) == 1
    exports.request(birch.clem, acme)
    clock.advance(timedelta(seconds=1))
    exports.request(birch.ada, acme)
    assert [job.args["colleague_id"] for job in jobs(database)] == [
        str(actor.colleague_id) for actor in (birch.ada, birch.clem, birch.ada)
    ]


def test_a_client_that_is_not_connected_has_nothing_to_export(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    with pytest.raises(NotFoundError, match="Acme Ltd is not connected to its accounting software yet"):
        exports.request(birch.ada, acme)
    assert jobs(database) == []


def test_a_connection_from_which_nothing_has_come_yet_is_named(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    connect(database, birch, acme)
    keep(database, refresh(acme, StandardList.ACCOUNTS, refreshed_at=None, failure="Xero did not answer."))
    with pytest.raises(NotFoundError, match="Nothing has come from Xero for Acme Ltd yet"):
        exports.request(birch.ada, acme)
    assert jobs(database) == []


def test_what_was_fetched_can_be_exported_after_the_connection_was_removed(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    keep(database, refresh(acme, StandardList.CURRENCIES))
    exports.request(birch.ada, acme)
    workbook = opened(exported(exports, birch.ada, acme).content)
    assert values(workbook, "Organisation")[3:5] == [
        ("Accounting software", "Not connected"),
        ("Organisation, fetched (Europe/London)", "Not yet"),
    ]
    assert len(jobs(database)) == 1


def test_only_those_who_see_the_client_get_its_file(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    keep(database, organisation(acme))
    with pytest.raises(NotFoundError, match="no such client"):
        exports.request(birch.sam, acme)
    keep(database, ClientAccess(client_id=acme, colleague_id=birch.sam.colleague_id))
    exports.request(birch.sam, acme)
    assert exported(exports, birch.sam, acme).client_name == "Acme Ltd"


def test_access_that_ended_before_the_file_was_made_counts(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    keep(database, organisation(acme))
    exports.request(birch.ada, acme)
    with pytest.raises(NotFoundError, match="no such client"):
        exported(exports, birch.sam, acme)
    with database.begin() as session:
        session.execute(update(Colleague).where(Colleague.slack_user_id == "U_ADA").values(active=False))
    with pytest.raises(NotPermittedError):
        exported(exports, birch.ada, acme)


def test_another_practices_client_is_not_there(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    keep(database, organisation(acme))
    other = office(database, slack_key="T_OAK").ada
    with pytest.raises(NotFoundError, match="no such client"):
        exports.request(other, acme)
    with pytest.raises(NotFoundError, match="no such client"):
        exported(exports, other, acme)
    with pytest.raises(NotFoundError, match="no longer a colleague"):
        exports.workbook(asked(Actor(other.practice_id, birch.ada.colleague_id), ASKED), acme)
    assert jobs(database) == []


def test_another_clients_lists_are_not_in_the_file(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    zenith = created(add_client(database), birch.ada, "Zenith Ltd").client_id
    keep(database, organisation(acme), contact(acme, "k1", "Ours"), contact(zenith, "k1", "Theirs"))
    keep(database, Currency(client_id=zenith, external_id="EUR", name="Euro", status=None, active=True))
    workbook = opened(exported(exports, birch.ada, acme).content)
    assert [row[0] for row in values(workbook, "Contacts")[1:]] == ["Ours"]
    assert values(workbook, "Currencies")[1:] == []


def test_a_time_zone_that_is_not_known_is_utc(
    database: Database, exports: ExportService, birch: Office, acme: uuid.UUID
) -> None:
    with database.begin() as session:
        session.execute(update(Colleague).values(timezone="Mars/Olympus"))
    keep(database, organisation(acme))
    export = exported(exports, birch.ada, acme)
    assert export.file_name == "Acme Ltd 2026-07-01 08-00-07.xlsx"
    assert values(opened(export.content), "Organisation")[-6][0] == "Organisation, fetched (UTC)"
