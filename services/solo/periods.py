"""Tax years, their quarters, and when a quarterly update is due and reminded of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count, pairwise
from typing import Self

from db.models import PeriodType
from services.solo.table import (
    FINAL_DECLARATION_DUE,
    FIRST_TAX_YEAR,
    QUARTERS,
    REMINDED_BEFORE,
    TAX_YEAR_BEGINS,
    Day,
)

_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True, order=True)
class TaxYear:
    """6 April to 5 April, named by the calendar year that it begins in."""

    first: int

    @classmethod
    def of(cls, day: date) -> Self:
        return cls(day.year if (day.month, day.day) >= TAX_YEAR_BEGINS else day.year - 1)

    @property
    def label(self) -> str:
        """`2026-27`."""
        return f"{self.first}-{(self.first + 1) % 100:02}"

    @property
    def start(self) -> date:
        return date(self.first, *TAX_YEAR_BEGINS)

    @property
    def end(self) -> date:
        return TaxYear(self.first + 1).start - _DAY

    @property
    def final_declaration_due(self) -> date:
        return _first(FINAL_DECLARATION_DUE, since=self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarter:
    """Both days belong to it. Its update counts from `cumulative_start`: all of the year so far."""

    tax_year: TaxYear
    number: int
    start: date
    end: date
    due: date
    cumulative_start: date


@dataclass(frozen=True, slots=True)
class Reminder:
    day: date
    quarter: Quarter


def quarters(tax_year: TaxYear, period_type: PeriodType) -> tuple[Quarter, ...]:
    """The four of a year, without gap or overlap. CALENDAR ones, too, belong to the tax year: from 1 April on."""
    is_standard = period_type is PeriodType.STANDARD
    days = [each.standard if is_standard else each.calendar for each in (*QUARTERS, QUARTERS[0])]
    starts = [date(tax_year.first, *days[0])]
    for day in days[1:]:
        starts.append(_first(day, since=starts[-1] + _DAY))
    return tuple(
        Quarter(
            tax_year=tax_year,
            number=number,
            start=start,
            end=following - _DAY,
            due=_first(QUARTERS[number - 1].due, since=following),
            cumulative_start=starts[0],
        )
        for number, (start, following) in enumerate(pairwise(starts), start=1)
    )


def next_deadline(on: date, period_type: PeriodType, *, mandated_from: date | None = None) -> Quarter:
    """The first quarter whose update is due on this day or later; none of before the person is mandated."""
    return next(each for each in _quarters_from(on, period_type, mandated_from) if each.due >= on)


def next_reminder(after: date, period_type: PeriodType, *, mandated_from: date | None = None) -> Reminder:
    """The first one on a later day than `after`."""
    found = (
        Reminder(day, quarter)
        for quarter in _quarters_from(after, period_type, mandated_from)
        for day in reminder_days(quarter.due)
    )
    return next(each for each in found if each.day > after)


def reminder_days(due: date) -> tuple[date, ...]:
    """When to remind of a due date, in order: working days, none later than it. The last one is the last on which
    the work can be done, for a due date doesn't move for a weekend."""
    return tuple(sorted({last_working_day(due - days * _DAY) for days in REMINDED_BEFORE}))


def last_working_day(day: date) -> date:
    """The day itself, or the Friday before a weekend. Bank holidays are not known here."""
    return day - max(day.weekday() - _SATURDAY + 1, 0) * _DAY


def may_change_freely(tax_year: TaxYear, on: date) -> bool:
    """Whether the period type can still be changed without a warning: until the year's first update is due."""
    return on <= quarters(tax_year, PeriodType.STANDARD)[0].due


def _quarters_from(day: date, period_type: PeriodType, mandated_from: date | None) -> Iterator[Quarter]:
    """All quarters whose updates can still be due on the day, in order, without end."""
    earliest = TaxYear(FIRST_TAX_YEAR) if mandated_from is None else TaxYear.of(mandated_from)
    # The last update of a year is due in the next one.
    for first in count(max(TaxYear.of(day).first - 1, earliest.first)):
        yield from quarters(TaxYear(first), period_type)


def _first(day: Day, *, since: date) -> date:
    """The first such day of a year that is not earlier."""
    return date(since.year if (since.month, since.day) <= day else since.year + 1, *day)
