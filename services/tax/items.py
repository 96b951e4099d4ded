"""Costs and sales as they stand in a row of a file."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeVar

from db.models import TaxCategories, TaxSide
from services.errors import InvalidError
from services.tax.amounts import clean_amount, is_exact
from services.tax.categories import Category, find

DATE, DESCRIPTION, CATEGORY, AMOUNT = COLUMNS = ("Date", "Description", "Category", "Amount")
LONGEST_DESCRIPTION = 300
_LONGEST_DATE = 60
_YEARS = range(1900, 2200)
_YEAR_FIRST = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})")
_SHORT_YEAR = re.compile(r"[0-9]{1,2}([-/.])[0-9]{1,2}\1[0-9]{2}")
_MIDNIGHT = re.compile(r"[T ]0?0:00(?::00)?(?:\.0+)?$")
"""What many programs add to a day."""

_WRITTEN = {
    TaxCategories.SCHEDULE_C: "such as 04/30/2026 or 2026-04-30",
    TaxCategories.T2125: "such as 2026-04-30",
}

_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class Item:
    """One cost or sale, in whole cents. A negative amount takes back, such as a refund."""

    dated_on: date
    description: str
    category: Category
    amount: Decimal

    def __post_init__(self) -> None:
        if not is_exact(self.amount):
            raise ValueError(f"{self.amount} is not in whole cents, or too large.")

    @property
    def side(self) -> TaxSide:
        return self.category.side


def read_item(cells: Mapping[str, str], listed: TaxCategories) -> Item:
    """The item of a row, by `COLUMNS`; a column that is missing is empty.

    Raises InvalidError with a text for each column to blame.
    """
    problems: dict[str, str] = {}

    def read(column: str, clean: Callable[[str], _Read]) -> _Read | None:
        try:
            return clean(cells.get(column, ""))
        except ValueError as error:
            problems[column] = str(error)
            return None

    dated_on = read(DATE, lambda text: clean_date(text, listed))
    description = read(DESCRIPTION, clean_description)
    category = read(CATEGORY, lambda text: find(listed, text))
    amount = read(AMOUNT, clean_amount)
    if dated_on is None or description is None or category is None or amount is None:
        raise InvalidError(problems)
    return Item(dated_on, description, category, amount)


def clean_date(text: str, listed: TaxCategories) -> date:
    """ISO everywhere; the month first in the US. In Canada, either may be first where only one makes a day.

    Raises ValueError with words for the person.
    """
    like = _WRITTEN[listed]
    if len(text) > _LONGEST_DATE:
        raise ValueError(f"This is too long for a date. Write it in digits, {like}.")
    written = _MIDNIGHT.sub("", _plain(text))
    if not written:
        raise ValueError(f"Enter a date, {like}.")
    if found := _YEAR_FIRST.fullmatch(written):
        return _day(found[1], found[3], found[4], written)
    if found := _YEAR_LAST.fullmatch(written):
        if listed is TaxCategories.SCHEDULE_C:
            return _day(found[4], found[1], found[3], written)
        return _either(found[4], found[1], found[3], written)
    if _SHORT_YEAR.fullmatch(written):
        raise ValueError(f"Write the year with four digits, {like}.")
    if written.isdigit():
        raise ValueError(f"This is a number, not a date. Format its column as a date, {like}.")
    raise ValueError(f"Write the date in digits, {like}.")


def clean_description(text: str) -> str:
    """On one line, without what is invisible. Raises ValueError with words for the person."""
    kept = "".join(c for c in text if c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"})
    description = " ".join(kept.split())
    if not description:
        raise ValueError("Enter what this was for.")
    if len(description) > LONGEST_DESCRIPTION:
        raise ValueError(f"This description is too long: {LONGEST_DESCRIPTION} characters is the most.")
    return description


def _plain(text: str) -> str:
    """Digits in ASCII, without what is invisible."""
    kept = (c for c in text if unicodedata.category(c) != "Cf")
    return "".join(str(unicodedata.decimal(c, c)) for c in kept).strip()


def _either(year: str, one: str, other: str, written: str) -> date:
    """For where both orders are in use."""
    if int(one) > 12 or int(one) == int(other):
        return _day(year, other, one, written)
    if int(other) > 12:
        return _day(year, one, other, written)
    first, second = (_day(year, month, day, written) for month, day in ((other, one), (one, other)))
    raise ValueError(
        f"{written} may be {first.day} {first:%B} or {second.day} {second:%B}. "
        f"Write {first.isoformat()} or {second.isoformat()}."
    )


def _day(year: str, month: str, day: str, written: str) -> date:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        raise ValueError(f"There is no day {written}. Check the day and the month.") from None
    if found.year not in _YEARS:
        raise ValueError(f"Check the year of {written}.")
    return found
