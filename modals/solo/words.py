"""Self-employed clients in words."""

from datetime import date
from decimal import Decimal

from db.models import AccountingMethod, BusinessType, PeriodType
from services.solo.mandate import Mandate, in_words
from services.solo.periods import Quarter

BUSINESS_TYPES = {BusinessType.SELF_EMPLOYMENT: "Self-employment", BusinessType.UK_PROPERTY: "UK property"}
METHODS = {AccountingMethod.CASH: "Cash basis", AccountingMethod.ACCRUALS: "Accruals"}
PERIODS = {PeriodType.STANDARD: "Standard", PeriodType.CALENDAR: "Calendar"}


def day(on: date) -> str:
    return f"{on.day} {on:%B %Y}"


def described(business_type: BusinessType, method: AccountingMethod, period_type: PeriodType) -> str:
    return f"{BUSINESS_TYPES[business_type]} · {METHODS[method].lower()} · {PERIODS[period_type].lower()} quarters"


def next_update(quarter: Quarter) -> str:
    return f"Next quarterly update due {day(quarter.due)} (Q{quarter.number})"


def mandate(found: Mandate | None) -> str:
    return "not known without the qualifying income" if found is None else in_words(found)


def pounds(amount: Decimal) -> str:
    return f"£{amount:,.0f}" if amount == amount.to_integral_value() else f"£{amount:,.2f}"
