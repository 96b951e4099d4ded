from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.models import PeriodType
from services.solo.periods import (
    Quarter,
    Reminder,
    TaxYear,
    last_working_day,
    may_change_freely,
    next_deadline,
    next_reminder,
    quarters,
    reminder_days,
)

STANDARD, CALENDAR = PeriodType.STANDARD, PeriodType.CALENDAR
DAY = timedelta(days=1)
SATURDAY = 5

tax_years = st.integers(1990, 2200).map(TaxYear)
days = st.dates(date(1990, 1, 1), date(2200, 12, 31))
types = st.sampled_from(PeriodType)


@pytest.mark.parametrize(
    ("period_type", "published"),
    [
        (
            STANDARD,
            [
                ("2026-04-06", "2026-07-05", "2026-08-07"),
                ("2026-07-06", "2026-10-05", "2026-11-07"),
                ("2026-10-06", "2027-01-05", "2027-02-07"),
                ("2027-01-06", "2027-04-05", "2027-05-07"),
            ],
        ),
        (
            CALENDAR,
            [
                ("2026-04-01", "2026-06-30", "2026-08-07"),
                ("2026-07-01", "2026-09-30", "2026-11-07"),
                ("2026-10-01", "2026-12-31", "2027-02-07"),
                ("2027-01-01", "2027-03-31", "2027-05-07"),
            ],
        ),
    ],
)
def test_the_published_quarters_of_2026_27(period_type: PeriodType, published: list[tuple[str, str, str]]) -> None:
    found = quarters(TaxYear(2026), period_type)
    assert [(f"{q.start}", f"{q.end}", f"{q.due}") for q in found] == published
    assert [q.number for q in found] == [1, 2, 3, 4]


def test_updates_count_from_the_beginning_of_the_year() -> None:
    assert {q.cumulative_start for q in quarters(TaxYear(2026), STANDARD)} == {date(2026, 4, 6)}
    assert {q.cumulative_start for q in quarters(TaxYear(2026), CALENDAR)} == {date(2026, 4, 1)}


def test_a_tax_year_begins_on_the_sixth_of_april() -> None:
    assert [TaxYear.of(day).label for day in (date(2026, 4, 5), date(2026, 4, 6), date(2027, 4, 5))] == [
        "2025-26",
        "2026-27",
        "2026-27",
    ]
    year = TaxYear(2026)
    assert (year.start, year.end, year.final_declaration_due) == (
        date(2026, 4, 6),
        date(2027, 4, 5),
        date(2028, 1, 31),
    )
    assert TaxYear(2099).label == "2099-00"


@given(days)
def test_each_day_is_of_one_tax_year(day: date) -> None:
    year = TaxYear.of(day)
    assert year.start <= day <= year.end
    assert TaxYear(year.first + 1).start == year.end + DAY


@given(tax_years, types)
def test_quarters_tile_the_years_without_gap_or_overlap(year: TaxYear, period_type: PeriodType) -> None:
    following = TaxYear(year.first + 1)
    found = [*quarters(year, period_type), *quarters(following, period_type)]
    assert [q.tax_year for q in found] == [year] * 4 + [following] * 4
    assert all(before.end + DAY == after.start for before, after in pairwise(found))
    assert all(q.start < q.end < q.due for q in found)
    first = {STANDARD: year.start, CALENDAR: date(year.first, 4, 1)}[period_type]
    assert (found[0].start, sum((q.end - q.start).days + 1 for q in found[:4])) == (
        first,
        (first.replace(year=first.year + 1) - first).days,
    )


@given(tax_years, types)
def test_reminders_are_on_working_days_and_never_after_the_due_date(year: TaxYear, period_type: PeriodType) -> None:
    for quarter in quarters(year, period_type):
        found = reminder_days(quarter.due)
        assert len(found) == 3
        assert list(found) == sorted(found)
        assert all(quarter.end < day <= quarter.due and day.weekday() < SATURDAY for day in found)
        assert quarter.due - found[-1] <= 2 * DAY


@pytest.mark.parametrize(
    ("due", "reminded"),
    [
        # Saturday, Sunday, Friday, Monday.
        (date(2026, 11, 7), (date(2026, 10, 23), date(2026, 11, 4), date(2026, 11, 6))),
        (date(2027, 2, 7), (date(2027, 1, 22), date(2027, 2, 4), date(2027, 2, 5))),
        (date(2026, 8, 7), (date(2026, 7, 24), date(2026, 8, 4), date(2026, 8, 7))),
        (date(2028, 8, 7), (date(2028, 7, 24), date(2028, 8, 4), date(2028, 8, 7))),
    ],
)
def test_a_reminder_that_falls_on_a_weekend_comes_on_the_friday_before(due: date, reminded: tuple[date, ...]) -> None:
    assert reminder_days(due) == reminded


@given(days)
def test_the_last_working_day_is_the_day_itself_or_the_friday_before(day: date) -> None:
    found = last_working_day(day)
    assert found == day if day.weekday() < SATURDAY else found.weekday() == 4 and day - found <= 2 * DAY


def second(period_type: PeriodType = STANDARD) -> Quarter:
    return quarters(TaxYear(2026), period_type)[1]


@pytest.mark.parametrize(
    ("on", "due"),
    [
        (date(2020, 1, 1), date(2026, 8, 7)),
        (date(2026, 8, 7), date(2026, 8, 7)),
        (date(2026, 8, 8), date(2026, 11, 7)),
        (date(2027, 4, 6), date(2027, 5, 7)),
        (date(2027, 5, 7), date(2027, 5, 7)),
        (date(2027, 5, 8), date(2027, 8, 7)),
    ],
)
def test_the_next_deadline_is_today_at_the_earliest(on: date, due: date) -> None:
    assert [next_deadline(on, each).due for each in PeriodType] == [due, due]


def test_the_next_deadline_knows_its_period() -> None:
    on = date(2026, 11, 1)
    assert [next_deadline(on, each) for each in PeriodType] == [second(STANDARD), second(CALENDAR)]


def test_nothing_is_due_before_a_person_is_mandated() -> None:
    found = next_deadline(date(2026, 11, 1), STANDARD, mandated_from=date(2028, 4, 6))
    assert found == quarters(TaxYear(2028), STANDARD)[0]


@given(days, types)
def test_deadlines_follow_each_other(on: date, period_type: PeriodType) -> None:
    found = next_deadline(on, period_type)
    assert found.due >= on
    assert found in quarters(found.tax_year, period_type)
    following = next_deadline(found.due + DAY, period_type)
    assert following.start == found.end + DAY


def test_reminders_follow_each_other_and_go_on_with_the_next_quarter() -> None:
    third = quarters(TaxYear(2026), STANDARD)[2]
    found = [next_reminder(date(2026, 10, 1), STANDARD)]
    while len(found) < 4:
        found.append(next_reminder(found[-1].day, STANDARD))
    assert found == [
        Reminder(date(2026, 10, 23), second()),
        Reminder(date(2026, 11, 4), second()),
        Reminder(date(2026, 11, 6), second()),
        Reminder(date(2027, 1, 22), third),
    ]


def test_nobody_is_reminded_of_what_is_before_their_mandate() -> None:
    found = next_reminder(date(2026, 10, 1), CALENDAR, mandated_from=date(2027, 4, 6))
    assert found == Reminder(date(2027, 7, 23), quarters(TaxYear(2027), CALENDAR)[0])


@given(days, types)
def test_the_next_reminder_is_later_and_none_is_left_out(after: date, period_type: PeriodType) -> None:
    found = next_reminder(after, period_type)
    assert found.day > after
    assert found.day in reminder_days(found.quarter.due)
    assert next_reminder(found.day - DAY, period_type) == found


def test_a_period_type_is_changed_freely_until_the_years_first_update_is_due() -> None:
    year = TaxYear(2026)
    found = [may_change_freely(year, day) for day in (date(2026, 4, 1), date(2026, 8, 7), date(2026, 8, 8))]
    assert found == [True, True, False]
