"""What Xero's accounting API says of an organisation and of what it keeps, in our words."""

from typing import Any

from services.accounting.port import OrganisationFacts
from services.accounting.reading import UNNAMED, is_in_use, number, rate, text
from services.accounting.standard import AccountRow, ContactRow, CurrencyRow, TaxRateRow, TrackingCategoryRow

Json = dict[str, Any]


def organisation(found: Json) -> OrganisationFacts | None:
    get = found.get
    name = text(get("Name"))
    if name is None:
        return None
    return OrganisationFacts(
        name=name,
        legal_name=text(get("LegalName")),
        organisation_type=text(get("OrganisationEntityType")) or text(get("OrganisationType")),
        line_of_business=text(get("LineOfBusiness")),
        country_code=text(get("CountryCode")),
        currency=text(get("BaseCurrency")),
        tax_number=text(get("TaxNumber")),
        registration_number=text(get("RegistrationNumber")),
        year_end_day=number(get("FinancialYearEndDay")),
        year_end_month=number(get("FinancialYearEndMonth")),
        edition=text(get("Class")) or text(get("Edition")),
        sales_tax_basis=text(get("SalesTaxBasis")),
        sales_tax_period=text(get("SalesTaxPeriod")),
        timezone=text(get("Timezone")),
        short_code=text(get("ShortCode")),
        status=text(get("OrganisationStatus")),
        is_demo=get("IsDemoCompany") is True,
    )


def account(found: Json) -> AccountRow | None:
    get = found.get
    id_ = text(get("AccountID"))
    if id_ is None:
        return None
    status, code = text(get("Status")), text(get("Code"))
    return AccountRow(
        external_id=id_,
        name=text(get("Name")) or code or UNNAMED,
        status=status,
        active=is_in_use(status),
        code=code,
        account_type=text(get("Type")),
        account_class=text(get("Class")),
        tax_type=text(get("TaxType")),
        description=text(get("Description")),
    )


def tax_rate(found: Json) -> TaxRateRow | None:
    get = found.get
    name = text(get("Name"))
    id_ = text(get("TaxType")) or name
    if id_ is None:
        return None
    status = text(get("Status"))
    return TaxRateRow(
        external_id=id_,
        name=name or id_,
        status=status,
        active=is_in_use(status),
        rate=rate(get("EffectiveRate")),
        report_type=text(get("ReportTaxType")),
    )


def tracking_category(found: Json) -> TrackingCategoryRow | None:
    get = found.get
    id_ = text(get("TrackingCategoryID"))
    if id_ is None:
        return None
    status, options = text(get("Status")), get("Options")
    return TrackingCategoryRow(
        external_id=id_,
        name=text(get("Name")) or UNNAMED,
        status=status,
        active=is_in_use(status),
        options=tuple(
            {"name": text(each.get("Name")) or UNNAMED, "status": text(each.get("Status"))}
            for each in (options if isinstance(options, list) else ())
            if isinstance(each, dict)
        ),
    )


def currency(found: Json) -> CurrencyRow | None:
    code = text(found.get("Code"))
    return None if code is None else CurrencyRow(external_id=code, name=text(found.get("Description")) or code)


def contact(found: Json) -> ContactRow | None:
    get = found.get
    id_ = text(get("ContactID"))
    if id_ is None:
        return None
    status = text(get("ContactStatus"))
    return ContactRow(
        external_id=id_,
        name=text(get("Name")) or UNNAMED,
        status=status,
        active=is_in_use(status),
        first_name=text(get("FirstName")),
        last_name=text(get("LastName")),
        email=text(get("EmailAddress")),
        account_number=text(get("AccountNumber")),
        tax_number=text(get("TaxNumber")),
        is_customer=get("IsCustomer") is True,
        is_supplier=get("IsSupplier") is True,
    )
