"""What the accounting API says of an organisation."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from sandbox.accounting.invented import STREETS, business, dice, identifier, person
from sandbox.xero.organisations import BEGINNING, Organisation

Json = dict[str, Any]

_PLACES = {
    "GB": ("UK", "GBP", "GMTSTANDARDTIME", "Leeds", "44"),
    "IE": ("GLOBAL", "EUR", "GMTSTANDARDTIME", "Cork", "353"),
    "US": ("US", "USD", "EASTERNSTANDARDTIME", "Albany", "1"),
    "AU": ("AU", "AUD", "AUSEASTERNSTANDARDTIME", "Geelong", "61"),
    "NZ": ("NZ", "NZD", "NEWZEALANDSTANDARDTIME", "Napier", "64"),
}
_CURRENCIES = {
    "GBP": "British Pound",
    "EUR": "Euro",
    "USD": "United States Dollar",
    "AUD": "Australian Dollar",
    "NZD": "New Zealand Dollar",
}
_CHART = """\
090|Business Bank Account|BANK|ASSET|NONE|
091|Business Savings Account|BANK|ASSET|NONE|
200|Sales|REVENUE|REVENUE|SALES|
260|Other Revenue|REVENUE|REVENUE|SALES|
270|Interest Income|REVENUE|REVENUE|NONE|
310|Cost of Goods Sold|DIRECTCOSTS|EXPENSE|COSTS|
320|Direct Wages|DIRECTCOSTS|EXPENSE|NONE|
325|Direct Expenses|DIRECTCOSTS|EXPENSE|COSTS|
400|Advertising & Marketing|OVERHEADS|EXPENSE|COSTS|
401|Audit & Accountancy fees|OVERHEADS|EXPENSE|COSTS|
404|Bank Fees|OVERHEADS|EXPENSE|NONE|
408|Cleaning|OVERHEADS|EXPENSE|COSTS|
412|Consulting|OVERHEADS|EXPENSE|COSTS|
416|Depreciation Expense|OVERHEADS|EXPENSE|NONE|
420|Entertainment|OVERHEADS|EXPENSE|NONE|
425|Postage, Freight & Courier|OVERHEADS|EXPENSE|COSTS|
429|General Expenses|OVERHEADS|EXPENSE|COSTS|
433|Insurance|OVERHEADS|EXPENSE|NONE|
441|Legal Expenses|OVERHEADS|EXPENSE|COSTS|
445|Light, Power, Heating|OVERHEADS|EXPENSE|COSTS|
449|Motor Vehicle Expenses|OVERHEADS|EXPENSE|COSTS|
461|Printing & Stationery|OVERHEADS|EXPENSE|COSTS|
463|IT Software and Consumables|OVERHEADS|EXPENSE|COSTS|
469|Rent|OVERHEADS|EXPENSE|COSTS|
473|Repairs & Maintenance|OVERHEADS|EXPENSE|COSTS|
477|Salaries|OVERHEADS|EXPENSE|NONE|
482|Pensions Costs|OVERHEADS|EXPENSE|NONE|
485|Subscriptions|OVERHEADS|EXPENSE|COSTS|
489|Telephone & Internet|OVERHEADS|EXPENSE|COSTS|
493|Travel - National|OVERHEADS|EXPENSE|COSTS|
497|Bank Revaluations|EXPENSE|EXPENSE|NONE|BANKCURRENCYGAIN
610|Accounts Receivable|CURRENT|ASSET|NONE|DEBTORS
620|Prepayments|CURRENT|ASSET|NONE|
630|Inventory|INVENTORY|ASSET|NONE|
710|Office Equipment|FIXED|ASSET|COSTS|
711|Less Accumulated Depreciation on Office Equipment|FIXED|ASSET|NONE|
800|Accounts Payable|CURRLIAB|LIABILITY|NONE|CREDITORS
814|Wages Payable|CURRLIAB|LIABILITY|NONE|
820|Sales Tax|CURRLIAB|LIABILITY|NONE|GST
835|Directors' Loan Account|CURRLIAB|LIABILITY|NONE|
840|Historical Adjustment|CURRLIAB|LIABILITY|NONE|HISTORICAL
850|Suspense|CURRLIAB|LIABILITY|NONE|
860|Rounding|CURRLIAB|LIABILITY|NONE|ROUNDING
900|Loan|TERMLIAB|LIABILITY|NONE|
960|Retained Earnings|EQUITY|EQUITY|NONE|RETAINEDEARNINGS
970|Owner A Share Capital|EQUITY|EQUITY|NONE|
"""
"""Code, name, type, class, tax, and for what Xero keeps itself its name."""
_RATES = {
    "GB": (
        "20% (VAT on Income)|OUTPUT2|20|S",
        "20% (VAT on Expenses)|INPUT2|20|P",
        "5% (VAT on Income)|RROUTPUT|5|S",
        "5% (VAT on Expenses)|RRINPUT|5|P",
        "Zero Rated Income|ZERORATEDOUTPUT|0|S",
        "Zero Rated Expenses|ZERORATEDINPUT|0|P",
        "Exempt Income|EXEMPTOUTPUT|0|S",
        "Exempt Expenses|EXEMPTINPUT|0|P",
        "Reverse Charge Expenses (20%)|REVERSECHARGES|20|P",
        "No VAT|NONE|0|N",
    ),
    "IE": (
        "23% (VAT on Income)|TAX001|23|S",
        "23% (VAT on Expenses)|TAX002|23|P",
        "13.5% (VAT on Income)|TAX003|13.5|S",
        "No VAT|NONE|0|N",
    ),
    "US": ("Sales Tax on Imports|GSTONIMPORTS|0|P", "Tax on Sales|OUTPUT|8.25|S", "Tax Exempt|NONE|0|N"),
    "AU": (
        "GST on Income|OUTPUT|10|S",
        "GST on Expenses|INPUT|10|P",
        "GST Free Income|EXEMPTOUTPUT|0|S",
        "GST Free Expenses|EXEMPTEXPENSES|0|P",
        "BAS Excluded|BASEXCLUDED|0|N",
    ),
    "NZ": (
        "15% GST on Income|OUTPUT2|15|S",
        "15% GST on Expenses|INPUT2|15|P",
        "Zero Rated|ZERORATEDOUTPUT|0|S",
        "No GST|NONE|0|N",
    ),
}


def date(moment: float) -> str:
    """A moment as the accounting API writes it."""
    return f"/Date({int(moment * 1000)}+0000)/"


def organisation(of: Organisation, *, odd_values: bool) -> Json:
    version, currency, timezone, city, code = _PLACES[of.country]
    rolls = dice(of.id, "organisation")
    street = f"{rolls.randint(1, 180)} {rolls.choice(STREETS)}"
    taxed = of.kind != "CLUB_OR_SOCIETY"
    found: Json = {
        "Name": of.name,
        "LegalName": of.legal_name,
        "PaysTax": taxed,
        "Version": version,
        "OrganisationType": of.kind,
        "BaseCurrency": currency,
        "CountryCode": of.country,
        "IsDemoCompany": of.demo,
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": of.year_end[0],
        "FinancialYearEndMonth": of.year_end[1],
        "SalesTaxBasis": "ACCRUALS" if taxed else "NONE",
        "SalesTaxPeriod": "QUARTERLY" if taxed else "NONE",
        "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Inclusive",
        "CreatedDateUTC": date(of.created),
        "OrganisationEntityType": of.kind,
        "Timezone": timezone,
        "ShortCode": f"!{of.id[:5]}",
        "OrganisationID": of.id,
        "Edition": "BUSINESS",
        "Class": "DEMO" if of.demo else rolls.choice(["STARTER", "STANDARD", "PREMIUM", "IGNITE", "GROW"]),
        "Addresses": [
            {
                "AddressType": "STREET",
                "AddressLine1": street,
                "City": city,
                "PostalCode": f"LS{rolls.randint(1, 28)} {rolls.randint(1, 9)}XX",
                "Country": of.country,
                "AttentionTo": "",
            }
        ],
        "Phones": [
            {
                "PhoneType": "OFFICE",
                "PhoneNumber": f"496 0{rolls.randint(100, 999)}",
                "PhoneAreaCode": "113",
                "PhoneCountryCode": code,
            }
        ],
        "ExternalLinks": [],
        "PaymentTerms": {},
    }
    if of.kind == "COMPANY":
        found["RegistrationNumber"] = f"{rolls.randrange(10**7, 10**8)}"
    if taxed:
        found["TaxNumber"] = f"{of.country}{rolls.randrange(10**8, 10**9)}"
    if of.line_of_business is not None:
        found["LineOfBusiness"] = of.line_of_business
    if odd_values:
        found |= {
            "OrganisationType": "PLATFORM_COOPERATIVE",
            "OrganisationEntityType": "PLATFORM_COOPERATIVE",
            "Class": "NEBULA",
            "SalesTaxPeriod": "FORTNIGHTLY",
            "RegistrationNumber": None,
            "LegalName": None,
        }
    return found


def accounts(of: Organisation, since: float, *, odd_values: bool) -> list[Json]:
    sales, costs = _taxes(of.country)
    taxes = {"SALES": sales, "COSTS": costs, "NONE": "NONE"}
    found = []
    for code, name, kind, group, tax, system in _chart():
        changed = max(of.changed, of.accounts_changed)
        if changed < since:
            continue
        account: Json = {
            "AccountID": identifier(of.id, "account", code),
            "Code": code,
            "Name": name,
            "Status": "ACTIVE" if code != "091" else "ARCHIVED",
            "Type": "CRYPTOASSET" if odd_values and code == "630" else kind,
            "TaxType": taxes[tax],
            "Class": group,
            "EnablePaymentsToAccount": code in {"835", "970"},
            "ShowInExpenseClaims": group == "EXPENSE",
            "ReportingCode": f"{group[:3]}.{code}",
            "ReportingCodeName": name,
            "HasAttachments": False,
            "UpdatedDateUTC": date(changed),
            "AddToWatchlist": False,
        }
        if system:
            account["SystemAccount"] = system
        if kind == "BANK":
            account |= {
                "BankAccountNumber": "20000012345678",
                "BankAccountType": "BANK",
                "CurrencyCode": currency_of(of),
            }
        else:
            account |= {"Description": f"{name}.", "BankAccountType": ""}
        found.append(account)
    return found


@lru_cache(maxsize=1)
def _chart() -> list[list[str]]:
    return [row.split("|") for row in _CHART.splitlines()]


@lru_cache
def _taxes(country: str) -> tuple[str, str]:
    """The usual tax of sales and of costs."""
    usual = {side: kind for _, kind, _, side in reversed([rate.split("|") for rate in _RATES[country]])}
    return usual["S"], usual["P"]


def currency_of(of: Organisation) -> str:
    return _PLACES[of.country][1]


def tax_rates(of: Organisation, *, odd_values: bool) -> list[Json]:
    found = []
    for row in _RATES[of.country]:
        name, kind, percent, side = row.split("|")
        rate = float(percent)
        found.append(
            {
                "Name": name,
                "TaxType": kind,
                "ReportTaxType": "MOONTAX" if odd_values else {"S": "OUTPUT", "P": "INPUT", "N": "NONE"}[side],
                "CanApplyToAssets": side != "S",
                "CanApplyToEquity": side != "S",
                "CanApplyToExpenses": side != "S",
                "CanApplyToLiabilities": side != "S",
                "CanApplyToRevenue": side != "P",
                "DisplayTaxRate": rate,
                "EffectiveRate": rate,
                "Status": "PENDINGREVIEW" if odd_values else "ACTIVE",
                "TaxComponents": [{"Name": "VAT", "Rate": rate, "IsCompound": False, "IsNonRecoverable": False}],
            }
        )
    return found


def tracking_categories(of: Organisation) -> list[Json]:
    names = {"Region": ["North", "South", "East"], "Department": ["Sales", "Workshop", "Office"]}
    chosen = list(names)[: of.number % 3]
    return [
        {
            "Name": name,
            "Status": "ACTIVE",
            "TrackingCategoryID": identifier(of.id, "tracking", name),
            "Options": [
                {
                    "TrackingOptionID": identifier(of.id, "option", name, option),
                    "Name": option,
                    "Status": "ACTIVE",
                    "HasValidationErrors": False,
                    "IsDeleted": False,
                    "IsArchived": False,
                    "IsActive": True,
                }
                for option in names[name]
            ],
        }
        for name in chosen
    ]


def currencies(of: Organisation, *, odd_values: bool) -> list[Json]:
    base = currency_of(of)
    codes = [base, *[code for code in _CURRENCIES if code != base][: of.number % 3]]
    found = [{"Code": code, "Description": _CURRENCIES[code]} for code in codes]
    return [*found, {"Code": "XBC", "Description": "Bancor"}] if odd_values else found


def contacts(of: Organisation, since: float, *, archived: bool) -> list[tuple[int, float]]:
    """Which contacts changed since then, as (number, when), in the order in which they are shown."""
    numbers = _seeded(of, since, archived=archived) if of.contacts else iter(())
    added = [(of.contacts + at, when) for at, (_, when) in enumerate(of.added, 1) if when >= since]
    return [*numbers, *added]


def _seeded(of: Organisation, since: float, *, archived: bool) -> Iterator[tuple[int, float]]:
    for number in range(1, of.contacts + 1):
        when = BEGINNING + (number * 15_485_863 + of.number * 104_729) % (300 * 86_400)
        if when >= since and (archived or number % 29):
            yield number, float(when)


def contact(of: Organisation, number: int, changed: float, *, odd_values: bool) -> Json:
    """Contact `number`; every 29th is archived."""
    first, last = person(dice(of.id, "contact", number))
    late = number > of.contacts
    name = of.added[number - of.contacts - 1][0] if late else business(number, of.id)
    code = _PLACES[of.country][4]
    street = {
        "AddressType": "STREET",
        "AddressLine1": f"{number} {STREETS[number % len(STREETS)]}",
        "City": _PLACES[of.country][3],
        "Region": "",
        "PostalCode": f"LS{number % 28 + 1} 4XX",
        "Country": of.country,
        "AttentionTo": f"{first} {last}",
    }
    return {
        "ContactID": identifier(of.id, "contact", number),
        "ContactNumber": f"C{number:05}",
        "ContactStatus": "ACTIVE" if late or number % 29 else "ARCHIVED",
        "Name": name,
        "FirstName": first,
        "LastName": last,
        "EmailAddress": f"{first}.{number}@customer.example".lower(),
        "BankAccountDetails": "",
        "TaxNumber": f"{of.country}{100_000_000 + number}",
        "AccountsReceivableTaxType": _taxes(of.country)[0],
        "AccountsPayableTaxType": "",
        "Addresses": [street, {**street, "AddressType": "POBOX"}],
        "Phones": [
            {
                "PhoneType": kind,
                "PhoneNumber": f"496 0{number % 1000:03}" if kind == "DEFAULT" else "",
                "PhoneAreaCode": "113" if kind == "DEFAULT" else "",
                "PhoneCountryCode": code if kind == "DEFAULT" else "",
            }
            for kind in ("DDI", "DEFAULT", "FAX", "MOBILE")
        ],
        "UpdatedDateUTC": date(changed),
        "ContactGroups": [],
        "IsSupplier": number % 3 == 0,
        "IsCustomer": number % 2 == 0,
        "DefaultCurrency": "XBC" if odd_values else currency_of(of),
        "SalesTrackingCategories": [],
        "PurchasesTrackingCategories": [],
        "ContactPersons": [],
        "HasAttachments": False,
        "HasValidationErrors": False,
    }
