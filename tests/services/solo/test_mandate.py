from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.solo.mandate import Mandate, Reason, clean_income, in_words, judge, mandated_from
from services.solo.periods import TaxYear

incomes = st.decimals(0, 200_000, places=2)
years = st.none() | st.integers(2020, 2060).map(TaxYear)


@pytest.mark.parametrize(
    ("income", "day"),
    [
        ("50000.01", date(2026, 4, 6)),
        ("50000", date(2027, 4, 6)),
        ("30000.01", date(2027, 4, 6)),
        ("30000", date(2028, 4, 6)),
        ("20000.01", date(2028, 4, 6)),
        ("20000", None),
        ("0", None),
    ],
)
def test_only_income_strictly_over_a_threshold_mandates(income: str, day: date | None) -> None:
    assert mandated_from(Decimal(income), has_nino=True) == day


def test_without_a_nino_nobody_is_mandated() -> None:
    assert judge(Decimal(90_000), has_nino=False) == Mandate(reason=Reason.NO_NINO)


@pytest.mark.parametrize(
    ("of", "day", "over", "judged"),
    [
        (2024, date(2026, 4, 6), 50_000, 2024),
        (2025, date(2027, 4, 6), 30_000, 2025),
        (2026, date(2028, 4, 6), 20_000, 2026),
        (2030, date(2032, 4, 6), 20_000, 2030),
    ],
)
def test_a_years_income_is_judged_by_the_threshold_for_that_year(of: int, day: date, over: int, judged: int) -> None:
    assert judge(Decimal(60_000), has_nino=True, of=TaxYear(of)) == Mandate(
        reason=Reason.OVER_THRESHOLD, mandated_from=day, threshold=Decimal(over), judged=TaxYear(judged)
    )


def test_a_later_return_decides_when_the_years_own_threshold_is_not_reached() -> None:
    assert judge(Decimal(25_000), has_nino=True, of=TaxYear(2025)) == Mandate(
        reason=Reason.IF_IT_LASTS,
        mandated_from=date(2028, 4, 6),
        threshold=Decimal(20_000),
        judged=TaxYear(2026),
    )


def test_income_of_before_the_first_judged_year_decides_nothing_yet() -> None:
    judged = judge(Decimal(60_000), has_nino=True, of=TaxYear(2023))
    assert (judged.reason, judged.mandated_from) == (Reason.IF_IT_LASTS, date(2026, 4, 6))


@pytest.mark.parametrize(
    ("judged", "words"),
    [
        (
            judge(Decimal(40_000), has_nino=True),
            "Mandated from 6 April 2027: qualifying income over £30,000 on the 2025-26 return.",
        ),
        (
            judge(Decimal(25_000), has_nino=True, of=TaxYear(2025)),
            "Mandated from 6 April 2028 if qualifying income is still over £20,000 on the 2026-27 return.",
        ),
        (
            judge(Decimal(20_000), has_nino=True),
            "Not mandated: qualifying income is not over £20,000, the lowest threshold.",
        ),
        (
            judge(Decimal(40_000), has_nino=False),
            (
                "Without a National Insurance number, a person is exempt from Making Tax Digital for Income Tax. "
                "If there is one, enter it."
            ),
        ),
    ],
)
def test_it_is_said_in_words(judged: Mandate, words: str) -> None:
    assert in_words(judged) == words


@given(incomes, incomes, years)
def test_more_income_never_mandates_later(one: Decimal, other: Decimal, of: TaxYear | None) -> None:
    less, more = sorted([one, other])
    days = [mandated_from(income, has_nino=True, of=of) or date.max for income in (more, less)]
    assert days == sorted(days)


@given(incomes, years)
def test_the_first_day_is_that_of_the_tax_year_after_the_one_of_the_return(income: Decimal, of: TaxYear | None) -> None:
    found = judge(income, has_nino=True, of=of)
    assert in_words(found)
    if found.mandated_from is None:
        assert income <= 20_000
        return
    assert found.threshold is not None
    assert found.judged is not None
    assert income > found.threshold
    assert found.mandated_from == TaxYear(found.judged.first + 2).start
    assert of is None or found.judged >= of


@pytest.mark.parametrize(("typed", "income"), [("£50,000", "50000.00"), ("50000.01", "50000.01"), ("0", "0.00")])
def test_income_is_typed_in_pounds(typed: str, income: str) -> None:
    assert str(clean_income(typed)) == income


@pytest.mark.parametrize(("typed", "words"), [("-1", "less than zero"), ("$5", "in digits"), ("lots", "in digits")])
def test_what_is_no_income_is_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        clean_income(typed)
