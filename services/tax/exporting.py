"""The Tax summary as files, and the empty table that items are uploaded with."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from db.models import TaxSide
from services import files
from services.spreadsheet import Money, Sheet, Value, xlsx
from services.tax.categories import CATEGORIES, NAMES
from services.tax.items import AMOUNT, CATEGORY, COLUMNS, DATE, DESCRIPTION, Item
from services.tax.reading import NOTE, SIDE
from services.tax.records import TaxClient, TaxFile
from services.tax.summary import Line, Summary

SIDES = {TaxSide.COSTS: "Costs", TaxSide.SALES: "Sales"}
_TOTALS = ("Line", CATEGORY, "Items", "Total")


class Form(StrEnum):
    EXCEL = "xlsx"
    CSV = "csv"


def template(client: TaxClient, at: datetime) -> TaxFile:
    """`at` is when it was asked for, by the person's clock; so in `summary_file`."""
    example = CATEGORIES[client.listed][1]
    notes = {
        DATE: f"{NOTE} Such as 2026-04-30",
        DESCRIPTION: "What it was for",
        CATEGORY: f"Line or name, such as {example.code} or {example.name}. The client’s card lists them all",
        AMOUNT: "Such as 1234.50. A refund is below zero",
        SIDE: "Costs or Sales, or leave it empty: the category says it",
    }
    columns = (*COLUMNS, SIDE)
    title = f"Items for {NAMES[client.listed]}"
    return TaxFile(
        client_name=client.name,
        listed=client.listed,
        year=None,
        file_name=f"{title} ({_stamp(at)}).csv",
        title=title,
        content=_csv([columns, [notes[column] for column in columns]]),
    )


def summary_file(client: TaxClient, made: Summary, items: Sequence[Item], form: Form, at: datetime) -> TaxFile:
    title = f"{client.name}: Tax summary {made.year}"
    is_sheet = form is Form.EXCEL
    content = xlsx(title, list(_sheets(client, made, items, at))) if is_sheet else _csv(_summary_rows(made))
    return TaxFile(
        client_name=client.name,
        listed=client.listed,
        year=made.year,
        file_name=f"{files.fit_for_disks(client.name)} tax summary {made.year} ({_stamp(at)}).{form}",
        title=title,
        content=content,
    )


def _sheets(client: TaxClient, made: Summary, items: Sequence[Item], at: datetime) -> Iterator[Sheet]:
    yield Sheet(
        title="Tax summary",
        headings=("Tax summary", "Value"),
        rows=[
            ("Client", client.name),
            ("Form", NAMES[made.listed]),
            ("Tax year", str(made.year)),
            ("Items", len(items)),
            ("Total sales", Money(made.total_sales)),
            ("Total costs", Money(made.total_costs)),
            ("Profit", Money(made.net)),
            (f"As of ({at.tzname()})", at.replace(tzinfo=None)),
        ],
    )
    for side, lines, total in _parts(made):
        rows: list[tuple[Value, ...]] = [
            (each.category.code, each.category.name, each.items, Money(each.total)) for each in lines
        ]
        rows.append((None, f"Total {SIDES[side].lower()}", _count(lines), Money(total)))
        yield Sheet(title=SIDES[side], headings=_TOTALS, rows=rows)
    yield Sheet(
        title="Items",
        headings=(DATE, DESCRIPTION, SIDE, "Line", CATEGORY, AMOUNT),
        rows=[
            (
                each.dated_on,
                each.description,
                SIDES[each.side],
                each.category.code,
                each.category.name,
                Money(each.amount),
            )
            for each in items
        ],
    )


def _summary_rows(made: Summary) -> Iterator[Sequence[str]]:
    yield (SIDE, *_TOTALS)
    for side, lines, total in _parts(made):
        for each in lines:
            yield SIDES[side], each.category.code, each.category.name, str(each.items), f"{each.total:.2f}"
        yield SIDES[side], "", f"Total {SIDES[side].lower()}", str(_count(lines)), f"{total:.2f}"
    yield "", "", "Profit", "", f"{made.net:.2f}"


def _parts(made: Summary) -> tuple[tuple[TaxSide, tuple[Line, ...], Decimal], ...]:
    return (
        (TaxSide.COSTS, made.costs, made.total_costs),
        (TaxSide.SALES, made.sales, made.total_sales),
    )


def _count(lines: Iterable[Line]) -> int:
    return sum(each.items for each in lines)


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    """All of it is words of ours and numbers: nothing in it is a formula, and an amount below zero stays a number."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H-%M-%S}"
