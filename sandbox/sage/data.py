"""What Sage's API says of a business."""

from datetime import UTC, datetime
from typing import Any

from sandbox.accounting.invented import STREETS, business, dice, identifier, person
from sandbox.sage.world import BEGINNING, Business

Json = dict[str, Any]

_ACCOUNTS = """\
1100|Trade Debtors|CURRENT_ASSETS
1200|Current|BANK
1210|Savings|BANK
2100|Trade Creditors|CURRENT_LIABILITIES
2200|VAT on Sales|CURRENT_LIABILITIES
2201|VAT on Purchases|CURRENT_LIABILITIES
2210|PAYE/National Insurance|CURRENT_LIABILITIES
3000|Share Capital|CAPITAL
3200|Profit and Loss Account|CAPITAL
4000|Sales - Products|SALES
4010|Sales - Services|SALES
4900|Other income|OTHER_INCOME
5000|Cost of sales - goods|DIRECT_EXPENSES
6200|Advertising|OVERHEADS
7000|Gross Wages|OVERHEADS
7100|Rent and rates|OVERHEADS
7200|Gas and electric|OVERHEADS
7400|Travel and entertainment|OVERHEADS
7500|Office costs|OVERHEADS
7600|Accountancy|OVERHEADS
7900|Bank charges and interest|OVERHEADS
8100|Bad debts|OVERHEADS
9998|Suspense|OTHER
"""
_RATES = {
    "GB": {"GB_STANDARD": ("Standard", 20.0), "GB_LOWER": ("Lower Rate", 5.0), "GB_ZERO": ("Zero Rated", 0.0)},
    "IE": {"IE_STANDARD": ("Standard", 23.0), "IE_LOWER_1": ("Reduced", 13.5), "IE_ZERO": ("Zero Rated", 0.0)},
}
_CURRENCIES = {"GBP": ("Pound Sterling", "£"), "EUR": ("Euro", "€"), "USD": ("US Dollar", "$")}
LISTS = ("ledger_accounts", "tax_rates", "contacts", "currencies", "analysis_types")


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def business_of(of: Business) -> Json:
    rolls = dice(of.id, "business")
    return {
        **reference(of.id, of.name, "businesses"),
        "name": of.name,
        "created_at": moment(of.created),
        "updated_at": moment(of.changed),
        "address_line_1": f"{rolls.randint(1, 180)} {rolls.choice(STREETS)}",
        "city": "Newcastle upon Tyne" if of.country == "GB" else "Cork",
        "postal_code": f"NE{rolls.randint(1, 28)} {rolls.randint(1, 9)}XX",
        "country": reference(of.country, {"GB": "United Kingdom", "IE": "Ireland"}[of.country], "countries"),
        "telephone": f"0191 496 0{rolls.randint(100, 999)}",
        "website": None,
        "default_ledger_accounts": None,
    }


def financial_settings(of: Business) -> Json:
    rolls = dice(of.id, "financial settings")
    code = currency_of(of)
    return {
        "$path": "/financial_settings",
        "displayed_as": "Financial Settings",
        "updated_at": moment(of.changed),
        "year_end_date": rolls.choice(["2026-03-31", "2026-12-31", "2026-04-05", "2026-06-30"]),
        "year_end_lockdown_date": None,
        "accounting_type": "accrual",
        "base_currency": reference(code, f"{_CURRENCIES[code][0]} ({code})", "currencies"),
        "multi_currency_enabled": of.number % 2 == 0,
        "tax_scheme": reference(f"{of.country}_VAT_STANDARD", "Standard", "tax_schemes"),
        "tax_number": f"{of.country}{rolls.randrange(10**8, 10**9)}",
        "general_tax_number": None,
    }


def currency_of(of: Business) -> str:
    return "GBP" if of.country == "GB" else "EUR"


def rows(of: Business, name: str, since: float) -> list[tuple[str, int]]:
    """Which entries a list has, as (key, number); contacts and ledger accounts only if they changed since then."""
    match name:
        case "ledger_accounts":
            keys = [line.partition("|")[0] for line in _ACCOUNTS.splitlines()] if of.changed >= since else []
        case "tax_rates":
            keys = list(_RATES[of.country])
        case "currencies":
            keys = list(_CURRENCIES)
        case "analysis_types":
            keys = ["Department", "Project"][: of.number % 3]
        case _:
            found = range(1, of.contacts + 1)
            keys = [str(number) for number in found if _contact_changed(of, number) >= since]
    return [(key, int(key) if key.isdigit() else 0) for key in keys]


def entry(of: Business, name: str, key: str, number: int, *, whole: bool) -> Json:
    """One entry of a list; unless it is asked for whole only its id, name and path."""
    match name:
        case "ledger_accounts":
            return _ledger_account(of, key, whole=whole)
        case "tax_rates":
            label, percent = _RATES[of.country][key]
            brief = reference(key, f"{label} {percent:g}%", name)
            more: Json = {"name": label, "percentage": str(percent), "is_visible": True, "retailer": False}
        case "currencies":
            label, symbol = _CURRENCIES[key]
            brief = reference(key, f"{label} ({key})", name)
            more = {"name": label, "iso_code": key, "symbol": symbol}
        case "analysis_types":
            brief = reference(identifier(of.id, key).replace("-", ""), key, name)
            more = {"name": key, "active_areas": ["SALES", "PURCHASES"], "analysis_type_categories": []}
        case _:
            return _contact(of, number, whole=whole)
    return brief | more if whole else brief


def reference(key: str, label: str, place: str) -> Json:
    return {"id": key, "displayed_as": label, "$path": f"/{place}/{key}"}


def _ledger_account(of: Business, code: str, *, whole: bool) -> Json:
    row = next(line for line in _ACCOUNTS.splitlines() if line.startswith(code))
    _, label, kind = row.split("|")
    brief = reference(identifier(of.id, "ledger", code).replace("-", ""), f"{label} ({code})", "ledger_accounts")
    if not whole:
        return brief
    return brief | {
        "created_at": moment(of.created),
        "updated_at": moment(of.changed),
        "ledger_account_type": reference(kind, kind.replace("_", " ").capitalize(), "ledger_account_types"),
        "name": label,
        "display_name": label,
        "nominal_code": int(code),
        "included_in_chart": True,
        "tax_rate": None,
        "is_control_account": kind.startswith("CURRENT"),
        "control_name": None,
    }


def _contact_changed(of: Business, number: int) -> float:
    return float(BEGINNING + (number * 15_485_863 + of.number * 104_729) % (300 * 86_400))


def _contact(of: Business, number: int, *, whole: bool) -> Json:
    label = business(number, of.id)
    brief = reference(identifier(of.id, "contact", number).replace("-", ""), f"{label} (C{number:04})", "contacts")
    if not whole:
        return brief
    first, last = person(dice(of.id, "contact", number))
    kind = "CUSTOMER" if number % 3 else "VENDOR"
    return brief | {
        "created_at": moment(of.created),
        "updated_at": moment(_contact_changed(of, number)),
        "contact_types": [reference(kind, kind.capitalize(), "contact_types")],
        "name": label,
        "reference": f"C{number:04}",
        "tax_number": None,
        "notes": None,
        "currency": reference(currency_of(of), currency_of(of), "currencies"),
        "email": f"{first}.{number}@customer.example".lower(),
        "telephone": f"0191 496 0{number % 1000:03}",
        "main_contact_person": {"name": f"{first} {last}", "job_title": None},
        "main_address": {
            "address_line_1": f"{number} {STREETS[number % len(STREETS)]}",
            "city": "Newcastle upon Tyne",
            "postal_code": f"NE{number % 28 + 1} 4XX",
            "country": reference(of.country, of.country, "countries"),
        },
        "deleted_at": None,
    }
