"""Making Tax Digital for Income Tax in figures: all thresholds and dates, in this one place.

As of November 2026. The due dates are from third parties: compare them with HMRC's before each tax year. A tax year is
named by the calendar year that it begins in, a day of the year by month and day.
"""

from dataclasses import dataclass
from decimal import Decimal

Day = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Qualifying income strictly over this mandates: judged on the return for one tax year, from a later one on.

    It stands until the next threshold's year is judged.
    """

    over: Decimal
    judged: int
    mandated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarterDays:
    """The first days of a quarter by period type, and when its update is due. It ends where the next one begins."""

    standard: Day
    calendar: Day
    due: Day


THRESHOLDS = (
    Threshold(over=Decimal(50_000), judged=2024, mandated=2026),
    Threshold(over=Decimal(30_000), judged=2025, mandated=2027),
    Threshold(over=Decimal(20_000), judged=2026, mandated=2028),
)

QUARTERS = (
    QuarterDays(standard=(4, 6), calendar=(4, 1), due=(8, 7)),
    QuarterDays(standard=(7, 6), calendar=(7, 1), due=(11, 7)),
    QuarterDays(standard=(10, 6), calendar=(10, 1), due=(2, 7)),
    QuarterDays(standard=(1, 6), calendar=(1, 1), due=(5, 7)),
)

TAX_YEAR_BEGINS: Day = (4, 6)
FINAL_DECLARATION_DUE: Day = (1, 31)
FIRST_TAX_YEAR = THRESHOLDS[0].mandated
"""Before it, there are no quarterly updates."""

REMINDED_BEFORE = (14, 3, 0)
"""Our own choice: days before a due date."""
