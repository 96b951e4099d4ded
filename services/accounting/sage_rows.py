"""What Sage's API says of a business and of what it keeps, in our words."""

from datetime import date
from typing import Any

from services.accounting.port import OrganisationFacts
from services.accounting.reading import UNNAMED, rate, text
from services.accounting.standard import AccountRow, ContactRow, CurrencyRow, TaxRateRow, TrackingCategoryRow

Json = dict[str, Any]


def name_of(found: Json) -> str | None:
    return text(found.get("name")) or text(found.get("displayed_as"))


def organisation(business: Json, settings: Json) -> OrganisationFacts:
    """`settings` are its financial settings, as far as they are known."""
    year_end = _date(settings.get("year_end_date"))
    return OrganisationFacts(
        name=name_of(business) or UNNAMED,
        organisation_type=_label(business.get("business_type")),
        line_of_business=_label(business.get("business_activity_type")),
        country_code=_id(business.get("country")),
        currency=_id(settings.get("base_currency")),
        tax_number=text(settings.get("tax_number")),
        year_end_day=year_end.day if year_end else None,
        year_end_month=year_end.month if year_end else None,
        sales_tax_basis=_label(settings.get("tax_scheme")),
        sales_tax_period=_label(settings.get("tax_return_frequency")),
    )


def account(found: Json) -> AccountRow | None:
    get = found.get
    id_ = text(get("id"))
    if id_ is None:
        return None
    return AccountRow(
        external_id=id_,
        name=name_of(found) or UNNAMED,
        code=text(get("nominal_code")),
        account_type=_label(get("ledger_account_type")),
        account_class=_label(get("ledger_account_group")),
        tax_type=_id(get("tax_rate")),
        active=get("included_in_chart") is not False,
    )


def tax_rate(found: Json) -> TaxRateRow | None:
    get = found.get
    id_ = text(get("id"))
    if id_ is None:
        return None
    return TaxRateRow(
        external_id=id_,
        name=name_of(found) or id_,
        active=get("is_visible") is not False,
        rate=rate(get("percentage")),
    )


def tracking_category(found: Json) -> TrackingCategoryRow | None:
    get = found.get
    id_, options = text(get("id")), get("analysis_type_categories")
    if id_ is None:
        return None
    return TrackingCategoryRow(
        external_id=id_,
        name=name_of(found) or UNNAMED,
        options=tuple(
            {"name": name_of(each) or UNNAMED, "status": None}
            for each in (options if isinstance(options, list) else ())
            if isinstance(each, dict)
        ),
    )


def currency(found: Json) -> CurrencyRow | None:
    code = text(found.get("iso_code")) or text(found.get("id"))
    return None if code is None else CurrencyRow(external_id=code, name=name_of(found) or code)


def contact(found: Json) -> ContactRow | None:
    get = found.get
    id_ = text(get("id"))
    if id_ is None:
        return None
    person, kinds = get("main_contact_person"), get("contact_types")
    called = (text(person.get("name")) if isinstance(person, dict) else None) or ""
    first, _, last = called.rpartition(" ")
    deleted = text(get("deleted_at")) is not None
    types = {_id(each) for each in (kinds if isinstance(kinds, list) else ())}
    return ContactRow(
        external_id=id_,
        name=name_of(found) or UNNAMED,
        status="DELETED" if deleted else None,
        active=not deleted,
        first_name=first or None,
        last_name=last or None,
        email=text(get("email")),
        account_number=text(get("reference")),
        tax_number=text(get("tax_number")),
        is_customer="CUSTOMER" in types,
        is_supplier="VENDOR" in types,
    )


def _id(reference: object) -> str | None:
    return text(reference.get("id")) if isinstance(reference, dict) else None


def _label(reference: object) -> str | None:
    return text(reference.get("displayed_as")) if isinstance(reference, dict) else None


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
