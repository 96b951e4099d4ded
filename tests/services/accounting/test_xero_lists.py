"""The lists at Xero, from a server that behaves, and one that does not."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from db.models import StandardList
from services.accounting.port import AccountingProvider, ProviderUnavailable
from services.accounting.standard import (
    AccountRow,
    ContactRow,
    CurrencyRow,
    ListAnswer,
    StandardRow,
    TaxRateRow,
    TrackingCategoryRow,
)
from services.accounting.xero import Xero
from tests.services.accounting.books import ACCOUNTS, CONTACTS, CURRENCIES, TAX_RATES, TRACKING
from tests.services.accounting.provider import Provider, Reply

SINCE = datetime(2026, 3, 2, 9, 0, 0, 999, tzinfo=UTC)
PATHS = {
    ACCOUNTS: "/api.xro/2.0/accounts",
    TAX_RATES: "/api.xro/2.0/taxrates",
    TRACKING: "/api.xro/2.0/trackingcategories",
    CURRENCIES: "/api.xro/2.0/currencies",
    CONTACTS: "/api.xro/2.0/contacts",
}
NAMES = {
    ACCOUNTS: "Accounts",
    TAX_RATES: "TaxRates",
    TRACKING: "TrackingCategories",
    CURRENCIES: "Currencies",
    CONTACTS: "Contacts",
}


def asked_for(xero: AccountingProvider, which: StandardList, *, since: datetime | None = None) -> ListAnswer:
    return xero.standard_list("token", "acme", which, since=since)


def page(start: int, count: int, total: object) -> Reply:
    rows = [{"ContactID": f"c{number}", "Name": "Fenwick"} for number in range(start, start + count)]
    return Reply(200, {"Contacts": rows, "pagination": {"pageSize": 1000, "itemCount": total}})


@pytest.mark.parametrize("which", StandardList)
@pytest.mark.parametrize("since", [None, SINCE])
def test_each_list_is_asked_for_zipped_for_one_organisation_and_by_time_where_xero_can_tell(
    xero: Xero, provider: Provider, which: StandardList, since: datetime | None
) -> None:
    provider.script(PATHS[which], Reply(200, {NAMES[which]: []}))

    got = asked_for(xero, which, since=since)

    by_time = since is not None and which in {ACCOUNTS, CONTACTS}
    assert got == ListAnswer(rows=(), whole=not by_time)
    [asked] = provider.asked()
    wanted = {
        "authorization": "Bearer token",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "xero-tenant-id": "acme",
        **({"if-modified-since": "2026-03-02T09:00:00"} if by_time else {}),
    }
    assert {name: asked.headers[name] for name in (*wanted, "if-modified-since") if name in asked.headers} == wanted
    assert dict(asked.query) == {
        CONTACTS: {"page": "1", "pageSize": "1000", "includeArchived": "true"},
        TRACKING: {"includeArchived": "true"},
    }.get(which, {})


def test_contacts_come_page_by_page(xero: Xero, provider: Provider) -> None:
    provider.script(PATHS[CONTACTS], page(0, 1000, 2000), page(1000, 1000, 2000))
    got = asked_for(xero, CONTACTS)
    assert ([row.external_id for row in got.rows], got.whole) == ([f"c{number}" for number in range(2000)], True)
    assert [asked.query["page"] for asked in provider.asked()] == ["1", "2"]


@pytest.mark.parametrize("total", [None, "many"])
def test_a_page_that_is_not_full_is_the_last_where_xero_does_not_say_how_many_there_are(
    xero: Xero, provider: Provider, total: object
) -> None:
    provider.script(PATHS[CONTACTS], page(0, 1000, total), page(1000, 1, total))
    got = asked_for(xero, CONTACTS)
    assert (len(got.rows), len(provider.asked())) == (1001, 2)


def test_fewer_contacts_than_xero_says_are_not_taken_for_all(xero: Xero, provider: Provider) -> None:
    provider.script(PATHS[CONTACTS], page(0, 1000, 1500), page(1000, 499, 1500), page(0, 0, 1500))
    got = asked_for(xero, CONTACTS)
    assert (len(got.rows), got.whole) == (1499, False)


@pytest.mark.parametrize("which", [ACCOUNTS, CONTACTS])
def test_nothing_modified_is_no_failure(xero: Xero, provider: Provider, which: StandardList) -> None:
    provider.script(PATHS[which], Reply(304, b""))
    assert asked_for(xero, which, since=SINCE) == ListAnswer(rows=(), whole=False)


@pytest.mark.parametrize("which", StandardList)
@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"<!doctype html><h1>We'll be back soon</h1>", {"Content-Type": "text/html"}),
        Reply(200, []),
        Reply(200, {"Something": []}),
        Reply(200, dict.fromkeys(NAMES.values())),
        Reply(500, b"oops"),
    ],
)
def test_an_answer_without_the_list_is_no_empty_list(
    xero: Xero, provider: Provider, which: StandardList, reply: Reply
) -> None:
    provider.script(PATHS[which], reply)
    with pytest.raises(ProviderUnavailable):
        asked_for(xero, which)


@pytest.mark.parametrize(
    ("which", "good", "read", "bare", "read_bare"),
    [
        (
            ACCOUNTS,
            {"AccountID": "a", "Name": "Sales", "Status": "NEW_STATUS", "Type": "CRYPTO", "Code": 200, "Class": None},
            AccountRow(external_id="a", name="Sales", status="NEW_STATUS", account_type="CRYPTO", code="200"),
            {"AccountID": "b", "Status": "DELETED"},
            AccountRow(external_id="b", name="Unnamed", status="DELETED", active=False),
        ),
        (
            TAX_RATES,
            {"TaxType": "T1", "Name": "A\0B", "EffectiveRate": 8.25, "ReportTaxType": "MOONTAX", "Status": "ACTIVE"},
            TaxRateRow(external_id="T1", name="AB", rate=Decimal("8.25"), report_type="MOONTAX", status="ACTIVE"),
            {"Name": "Odd", "EffectiveRate": "NaN"},
            TaxRateRow(external_id="Odd", name="Odd"),
        ),
        (
            TRACKING,
            {"TrackingCategoryID": "t", "Name": "Region", "Options": [{"Name": "North", "Status": "ACTIVE"}, None]},
            TrackingCategoryRow(external_id="t", name="Region", options=({"name": "North", "status": "ACTIVE"},)),
            {"TrackingCategoryID": "u", "Options": "none", "Status": "archived"},
            TrackingCategoryRow(external_id="u", name="Unnamed", status="archived", active=False),
        ),
        (
            CURRENCIES,
            {"Code": "GBP", "Description": "British Pound"},
            CurrencyRow(external_id="GBP", name="British Pound"),
            {"Code": "XBC", "Description": ""},
            CurrencyRow(external_id="XBC", name="XBC"),
        ),
        (
            CONTACTS,
            {"ContactID": "c", "Name": "Fenwick", "EmailAddress": "f@x.example", "IsCustomer": True, "IsSupplier": 1},
            ContactRow(external_id="c", name="Fenwick", email="f@x.example", is_customer=True),
            {"ContactID": "d", "Name": None, "ContactStatus": "GDPRREQUEST"},
            ContactRow(external_id="d", name="Unnamed", status="GDPRREQUEST", active=False),
        ),
    ],
)
def test_a_row_that_can_not_be_read_costs_itself_only_and_odd_values_nothing(
    xero: Xero,
    provider: Provider,
    which: StandardList,
    good: dict[str, object],
    read: StandardRow,
    bare: dict[str, object],
    read_bare: StandardRow,
) -> None:
    provider.script(PATHS[which], Reply(200, {NAMES[which]: [good, {"Nothing": 1}, None, "nonsense", bare]}))
    assert asked_for(xero, which) == ListAnswer(rows=(read, read_bare), whole=True)


@pytest.mark.parametrize("rate", ["1e400", "Infinity", 10_000, None, "x", [1], True])
def test_what_is_no_percentage_is_left_out(xero: Xero, provider: Provider, rate: object) -> None:
    provider.script(PATHS[TAX_RATES], Reply(200, {"TaxRates": [{"TaxType": "T", "EffectiveRate": rate}]}))
    assert asked_for(xero, TAX_RATES).rows == (TaxRateRow(external_id="T", name="T"),)
