"""What follows for a self-employed client from what is known of them: mandated or not, and which update is next. Pure.

Somebody whose National Insurance number nobody has entered may well have one, and income that nobody has entered may be
over any threshold: both have their deadlines until it is known better.
"""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from db.models import PeriodType
from services.solo.mandate import Mandate, judge, mandated_from
from services.solo.periods import Quarter, TaxYear, next_deadline
from services.solo.table import FIRST_TAX_YEAR

_LONDON = ZoneInfo("Europe/London")


def today(now: datetime) -> date:
    """The day by which tax is due."""
    return now.astimezone(_LONDON).date()


def mandate_of(income: Decimal | None, *, has_nino: bool) -> Mandate | None:
    """None while the income is not known."""
    return None if income is None else judge(income, has_nino=has_nino)


def updates_since(income: Decimal | None) -> date | None:
    """From when quarterly updates are due; None for somebody who is known not to be mandated."""
    return TaxYear(FIRST_TAX_YEAR).start if income is None else mandated_from(income, has_nino=True)


def next_update(on: date, period_type: PeriodType, income: Decimal | None) -> Quarter | None:
    since = updates_since(income)
    return None if since is None else next_deadline(on, period_type, mandated_from=since)
