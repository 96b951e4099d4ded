"""What is kept of a client's costs and sales, added up in the database."""

from datetime import date
from decimal import Decimal

from sqlalchemy import BigInteger, ColumnElement, Numeric, cast, extract, func, select
from sqlalchemy.orm import Session

from db.models import Client, TaxCategories, TaxItem, TaxSide
from services.errors import NotFoundError
from services.tax.categories import CATEGORIES, by_code
from services.tax.items import Item
from services.tax.records import TaxCard, YearTotals
from services.tax.summary import Line, Summary

_YEARS = range(1900, 2200)
# Whole cents: SQLite keeps amounts as floats, and would add them up as such.
_CENTS = func.sum(cast(func.round(TaxItem.amount * 100, type_=Numeric()), BigInteger), type_=Numeric(asdecimal=False))
_COUNT = func.count()


def items_of(client: Client) -> ColumnElement[bool]:
    return (TaxItem.practice_id == client.practice_id) & (TaxItem.client_id == client.id)


def items_of_year(client: Client, year: int) -> ColumnElement[bool]:
    """A tax year is a calendar year. Raises NotFoundError for what is no year."""
    if year not in _YEARS:
        raise NotFoundError("There is no such tax year.")
    return items_of(client) & TaxItem.dated_on.between(date(year, 1, 1), date(year, 12, 31))


def tax_card(session: Session, client: Client, on: date) -> TaxCard | None:
    """None for a client without tax categories."""
    if client.tax_categories is None:
        return None
    before = _totals(session, client, on.year - 1)
    return TaxCard(client.tax_categories, _totals(session, client, on.year), before if before.items else None)


def years_of(session: Session, client: Client) -> tuple[tuple[int, int], ...]:
    """The years with items, the newest first, and how many."""
    year = extract("year", TaxItem.dated_on)
    rows = session.execute(select(year, _COUNT).where(items_of(client)).group_by(year).order_by(year.desc()))
    return tuple((int(found), count) for found, count in rows)


def summary_of(session: Session, client: Client, listed: TaxCategories, year: int) -> Summary:
    """The same as `services.tax.summary.summary` makes of the items themselves."""
    query = select(TaxItem.line, _COUNT, _CENTS).where(items_of_year(client, year)).group_by(TaxItem.line)
    found = {line: (count, _money(cents)) for line, count, cents in session.execute(query)}
    lines = [Line(each, *found.get(each.code, (0, Decimal("0.00")))) for each in CATEGORIES[listed]]
    return Summary(
        listed=listed,
        year=year,
        costs=tuple(line for line in lines if line.category.side is TaxSide.COSTS),
        sales=tuple(line for line in lines if line.category.side is TaxSide.SALES),
        outside=(),
    )


def kept_items(session: Session, client: Client, listed: TaxCategories, year: int) -> list[Item]:
    """Those of the year, the earliest first."""
    columns = select(TaxItem.dated_on, TaxItem.description, TaxItem.line, TaxItem.amount)
    query = columns.where(items_of_year(client, year)).order_by(TaxItem.dated_on, TaxItem.id)
    return [
        Item(dated_on, description, by_code(listed, line), amount)
        for dated_on, description, line, amount in session.execute(query)
    ]


def _totals(session: Session, client: Client, year: int) -> YearTotals:
    query = select(TaxItem.side, _COUNT, _CENTS).where(items_of_year(client, year)).group_by(TaxItem.side)
    found = {side: (count, _money(cents)) for side, count, cents in session.execute(query)}
    return YearTotals(
        year,
        sum(count for count, _ in found.values()),
        *(found.get(side, (0, Decimal("0.00")))[1] for side in (TaxSide.SALES, TaxSide.COSTS)),
    )


def _money(cents: float) -> Decimal:
    return Decimal(int(cents)).scaleb(-2)
