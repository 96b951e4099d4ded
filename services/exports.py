"""A client's standard information as an Excel file, sent to the colleague who asks for it."""

import calendar
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from db.models import (
    Account,
    Client,
    Connection,
    Contact,
    Currency,
    ListRefresh,
    OrganisationInformation,
    StandardList,
    TaxRate,
    TrackingCategory,
)
from db.session import Database
from services import files
from services.accounting.port import NAMES
from services.actor import Actor
from services.clients.visibility import get_client
from services.errors import NotFoundError
from services.files import Asked
from services.practice import get_colleague
from services.spreadsheet import Sheet, Value, xlsx
from services.zones import zone

EXPORT = "slack.client_export"
_EXPORTED = "client.exported"
_Table = Account | TaxRate | TrackingCategory | Currency | Contact
_TITLES = {
    StandardList.ACCOUNTS: "Accounts",
    StandardList.TAX_RATES: "Tax rates",
    StandardList.TRACKING_CATEGORIES: "Tracking categories",
    StandardList.CURRENCIES: "Currencies",
    StandardList.CONTACTS: "Contacts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """`file_name` is the same for each try of one request, and another for each request of a person."""

    client_name: str
    file_name: str
    title: str
    content: bytes


class ExportService:
    def __init__(self, database: Database) -> None:
        self._database = database

    def request(self, actor: Actor, client_id: uuid.UUID) -> None:
        """Has the file sent to the actor. Asked again within a minute, it is one file.

        Raises NotFoundError, also when there is nothing to export yet, or NotPermittedError.
        """
        with self._database.begin() as session:
            colleague = get_colleague(session, actor)
            client = get_client(session, colleague, client_id, lock=True)
            _require_content(session, client)
            files.ask(
                session,
                actor,
                EXPORT,
                action=_EXPORTED,
                subject_id=client.id,
                told={"content": "standard information"},
                args={"client_id": str(client.id)},
                now=self._database.now(),
            )

    def workbook(self, asked: Asked, client_id: uuid.UUID) -> Export:
        """The file. Raises NotFoundError or NotPermittedError when the colleague may not have it any more."""
        with self._database.read() as session:
            colleague = get_colleague(session, asked.actor)
            client = get_client(session, colleague, client_id)
            _require_content(session, client)
            local = zone(colleague.timezone)
            sheets = [_organisation(session, client, local), *_lists(session, client)]
        title = f"{client.name}: standard information"
        return Export(
            client_name=client.name,
            file_name=f"{files.fit_for_disks(client.name)} {asked.at.astimezone(local):%Y-%m-%d %H-%M-%S}.xlsx",
            title=title,
            content=xlsx(title, sheets),
        )


def _connection(session: Session, client: Client) -> Connection | None:
    return session.scalar(
        select(Connection).where(Connection.practice_id == client.practice_id, Connection.client_id == client.id)
    )


def _require_content(session: Session, client: Client) -> None:
    organisation = exists().where(OrganisationInformation.client_id == client.id)
    lists = exists().where(ListRefresh.client_id == client.id, ListRefresh.refreshed_at.is_not(None))
    if session.scalar(select(organisation | lists)):
        return
    connection = _connection(session, client)
    if connection is None:
        raise NotFoundError(
            f"{client.name} is not connected to its accounting software yet, so there is nothing to export. "
            "Connect it first."
        )
    raise NotFoundError(
        f"Nothing has come from {NAMES[connection.provider]} for {client.name} yet. "
        "Refresh its connection, and export in a few minutes."
    )


def _organisation(session: Session, client: Client, local: tzinfo) -> Sheet:
    connection = _connection(session, client)
    fetched = f"fetched ({local})"
    rows: list[tuple[Value, ...]] = [
        ("Client", client.name),
        ("Practice code", client.practice_code),
        ("Accounting software", "Not connected" if connection is None else NAMES[connection.provider]),
    ]
    known = session.get(OrganisationInformation, client.id)
    if known is not None:
        rows += [
            ("Organisation", known.name),
            ("Legal name", known.legal_name),
            ("Type", known.organisation_type),
            ("Line of business", known.line_of_business),
            ("Country", known.country_code),
            ("Currency", known.currency),
            ("Tax number", known.tax_number),
            ("Registration number", known.registration_number),
            ("Year end", _day(known.year_end_day, known.year_end_month)),
            ("Sales tax basis", known.sales_tax_basis),
            ("Sales tax period", known.sales_tax_period),
            ("Time zone", known.timezone),
            ("Edition", known.edition),
            ("Short code", known.short_code),
            ("Status", known.status),
            ("Demo company", _yes(known.is_demo)),
        ]
    rows.append((f"Organisation, {fetched}", "Not yet" if known is None else _local(known.refreshed_at, local)))
    refreshes = {
        each.list_name: each for each in session.scalars(select(ListRefresh).where(ListRefresh.client_id == client.id))
    }
    for which, title in _TITLES.items():
        refresh = refreshes.get(which)
        at = None if refresh is None else refresh.refreshed_at
        rows.append((f"{title}, {fetched}", "Not yet" if at is None else _local(at, local)))
        if refresh is not None and refresh.failure is not None:
            rows.append((f"{title}, not fetched since", refresh.failure))
    return Sheet(title="Organisation", headings=("Standard information", "Value"), rows=rows)


def _lists(session: Session, client: Client) -> Iterator[Sheet]:
    """Those in use first. Columns, not objects: there may be tens of thousands of contacts."""

    def found(table: type[_Table], *columns: Any) -> list[Any]:
        query = select(table.external_id, table.name, table.status, table.active, *columns)
        rows = session.execute(query.where(table.client_id == client.id)).all()
        return sorted(rows, key=lambda row: (not row.active, row.name.casefold(), row.external_id))

    accounts = found(
        Account, Account.code, Account.account_type, Account.account_class, Account.tax_type, Account.description
    )
    yield Sheet(
        title=_TITLES[StandardList.ACCOUNTS],
        headings=("Code", "Name", "Type", "Class", "Tax type", "Description", "Status"),
        rows=[
            (row.code, row.name, row.account_type, row.account_class, row.tax_type, row.description, _status(row))
            for row in sorted(accounts, key=lambda row: (not row.active, row.code or ""))
        ],
    )
    yield Sheet(
        title=_TITLES[StandardList.TAX_RATES],
        headings=("Tax type", "Name", "Rate (%)", "Report type", "Status"),
        rows=[
            (row.external_id, row.name, row.rate, row.report_type, _status(row))
            for row in found(TaxRate, TaxRate.rate, TaxRate.report_type)
        ],
    )
    yield Sheet(
        title=_TITLES[StandardList.TRACKING_CATEGORIES],
        headings=("Category", "Status", "Option", "Option’s status"),
        rows=[
            (row.name, _status(row), option.get("name"), _in_words(option.get("status")))
            for row in found(TrackingCategory, TrackingCategory.options)
            for option in row.options or [{}]
        ],
    )
    yield Sheet(
        title=_TITLES[StandardList.CURRENCIES],
        headings=("Code", "Name", "Status"),
        rows=[(row.external_id, row.name, _status(row)) for row in found(Currency)],
    )
    yield Sheet(
        title=_TITLES[StandardList.CONTACTS],
        headings=(
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
        rows=[
            (
                row.name,
                row.first_name,
                row.last_name,
                row.email,
                row.account_number,
                row.tax_number,
                _yes(row.is_customer),
                _yes(row.is_supplier),
                _status(row),
            )
            for row in found(
                Contact,
                Contact.first_name,
                Contact.last_name,
                Contact.email,
                Contact.account_number,
                Contact.tax_number,
                Contact.is_customer,
                Contact.is_supplier,
            )
        ],
    )


def _status(row: Any) -> str:
    """In our word where it is in use, else in the provider's."""
    return "In use" if row.active else _in_words(row.status) or "Not in use"


def _in_words(status: str | None) -> str | None:
    return status and status.replace("_", " ").capitalize()


def _yes(answer: bool) -> str:
    return "Yes" if answer else "No"


def _day(day: int | None, month: int | None) -> str | None:
    return f"{day} {calendar.month_name[month]}" if day and month and 1 <= month <= 12 else None


def _local(at: datetime, local: tzinfo) -> datetime:
    """As a clock there showed it: a spreadsheet knows no zones."""
    return at.astimezone(local).replace(tzinfo=None)
