"""From when a self-employed client has to keep to Making Tax Digital for Income Tax."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from services.solo.periods import TaxYear
from services.solo.table import THRESHOLDS, Threshold
from services.tax.amounts import clean_amount


class Reason(StrEnum):
    """Why a client is mandated, or is not. IF_IT_LASTS: the return that decides is one for a later tax year."""

    OVER_THRESHOLD = "over_threshold"
    IF_IT_LASTS = "if_it_lasts"
    NOT_OVER_THRESHOLD = "not_over_threshold"
    NO_NINO = "no_nino"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """`mandated_from` is None for who is not mandated. `threshold` is the one that decides, on the return for
    `judged`; both are None for who is exempt."""

    reason: Reason
    mandated_from: date | None = None
    threshold: Decimal | None = None
    judged: TaxYear | None = None


def judge(qualifying_income: Decimal, *, has_nino: bool, of: TaxYear | None = None) -> Mandate:
    """What follows from the gross income from self-employment and property, all sources of the person together.

    `of` is the tax year that the income is of; without one, it is taken for what it is each year. Later years are
    taken to be like it.
    """
    if not has_nino:
        return Mandate(reason=Reason.NO_NINO)
    first = THRESHOLDS[0].judged if of is None else of.first
    found = next((each for each in _judgements(first) if qualifying_income > each.over), None)
    if found is None:
        lowest = _judgements(first)[-1]
        return Mandate(reason=Reason.NOT_OVER_THRESHOLD, threshold=lowest.over, judged=TaxYear(lowest.judged))
    is_of_that_year = of is None or found.judged == of.first
    return Mandate(
        reason=Reason.OVER_THRESHOLD if is_of_that_year else Reason.IF_IT_LASTS,
        mandated_from=TaxYear(found.mandated).start,
        threshold=found.over,
        judged=TaxYear(found.judged),
    )


def mandated_from(qualifying_income: Decimal, *, has_nino: bool, of: TaxYear | None = None) -> date | None:
    """The day alone; None for who is not mandated."""
    return judge(qualifying_income, has_nino=has_nino, of=of).mandated_from


def in_words(mandate: Mandate) -> str:
    """For the form and the client card."""
    if mandate.threshold is None or mandate.judged is None:
        return (
            "Without a National Insurance number, a person is exempt from Making Tax Digital for Income Tax. "
            "If there is one, enter it."
        )
    over, year = f"£{mandate.threshold:,.0f}", mandate.judged.label
    if mandate.mandated_from is None:
        return f"Not mandated: qualifying income is not over {over}, the lowest threshold."
    start = f"{mandate.mandated_from.day} {mandate.mandated_from:%B %Y}"
    if mandate.reason is Reason.IF_IT_LASTS:
        return f"Mandated from {start} if qualifying income is still over {over} on the {year} return."
    return f"Mandated from {start}: qualifying income over {over} on the {year} return."


def clean_income(text: str) -> Decimal:
    """Qualifying income in pounds. Raises ValueError with words for the person who typed it."""
    income = clean_amount(text, symbol="£")
    if income < 0:
        raise ValueError("Income can't be less than zero. Enter the turnover before costs.")
    return income


def _judgements(first: int) -> list[Threshold]:
    """What decides on the returns for this tax year and later ones, in order, each threshold once."""
    known = [each for each in THRESHOLDS if each.judged > first]
    in_force = [each for each in THRESHOLDS if each.judged <= first][-1:]
    # A return is filed in the year after its own, and mandates from the one after that.
    now = [Threshold(over=each.over, judged=first, mandated=first + each.mandated - each.judged) for each in in_force]
    return now + known
