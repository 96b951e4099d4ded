"""The adapter for Sage: its own ways, and the same meanings."""

import math
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from db.models import StandardList
from services.accounting.port import (
    AccessExpired,
    AuthorisationDead,
    ClientRejected,
    CodeRefused,
    Limited,
    LimitScope,
    NotAuthorised,
    Organisation,
    OrganisationFacts,
    ProviderError,
    ProviderUnavailable,
)
from services.accounting.sage import Sage
from services.accounting.standard import ContactRow, ListAnswer
from tests.services.accounting.provider import TOKEN, Extended, Lost, Provider, Reply

BUSINESSES = "/v3.1/businesses"
SETTINGS = "/v3.1/financial_settings"
ACME = f"{BUSINESSES}/acme"
BACK = "https://clientdesk.example/connect/sage/callback"


def page(first: int, count: int, total: int) -> Reply:
    items = [{"id": f"b{n}", "displayed_as": f"Business {n}"} for n in range(first, first + count)]
    return Reply(200, {"$total": total, "$items": items})


def test_the_consent_page_is_asked_for_the_api_we_speak(sage: Sage, provider: Provider) -> None:
    parts = urlsplit(sage.authorise_url("state1", "challenge1", BACK))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{provider.url}/oauth2/auth/central"
    assert {name: value for name, [value] in parse_qs(parts.query).items()} == {
        "filter": "apiv3.1",
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": BACK,
        "scope": "readonly",
        "state": "state1",
        "code_challenge": "challenge1",
        "code_challenge_method": "S256",
    }


def test_a_code_becomes_tokens_of_whoever_asked_for_them(sage: Sage, provider: Provider) -> None:
    provider.script(TOKEN, Extended({"expires_in": None}))
    grant = sage.exchange("code-jo", "verifier", BACK)
    assert (grant.provider_user_id, grant.consent_id) == ("jo", None)
    assert grant.tokens.expires_in == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        (Reply(400, {"error": "invalid_grant"}), CodeRefused),
        (Reply(401, {"error": "invalid_client"}), ClientRejected),
        (Extended({"requested_by_id": None}), ProviderUnavailable),
        (Extended({"refresh_token": None}), ProviderUnavailable),
    ],
    ids=str,
)
def test_a_code_without_use_says_why(
    sage: Sage, provider: Provider, script: Reply | Extended, failure: type[ProviderError]
) -> None:
    provider.script(TOKEN, script)
    with pytest.raises(failure):
        sage.exchange("code-jo", "verifier", BACK)


def test_a_used_refresh_token_is_dead(sage: Sage, provider: Provider) -> None:
    provider.grace = timedelta()
    _, refresh = provider.sign_in("jo")
    sage.refresh(refresh)
    with pytest.raises(AuthorisationDead):
        sage.refresh(refresh)


def test_all_businesses_are_listed_page_by_page(sage: Sage, provider: Provider) -> None:
    provider.script(BUSINESSES, page(0, 200, 450), page(200, 200, 450), page(400, 50, 450))
    found = sage.organisations("token")
    assert [each.tenant_id for each in found] == [f"b{n}" for n in range(450)]
    assert found[0] == Organisation(tenant_id="b0", name="Business 0")
    asked = [dict(each.query) for each in provider.asked(BUSINESSES)]
    assert asked == [{"items_per_page": "200", "page": str(n)} for n in (1, 2, 3)]


@pytest.mark.parametrize("total", [None, 1000, math.pi])
def test_a_total_that_is_wrong_does_not_keep_us_asking(sage: Sage, provider: Provider, total: float | None) -> None:
    provider.script(BUSINESSES, Reply(200, {"$total": total, "$items": [{"id": 7}]}), page(0, 0, 1000))
    assert sage.organisations("token") == (Organisation(tenant_id="7", name="Unnamed business"),)


def test_a_business_is_told_with_its_financial_settings_and_every_call_about_it_names_it(
    sage: Sage, provider: Provider
) -> None:
    provider.script(ACME, Reply(200, {"name": "Acme Ltd", "country": {"id": "GB"}}))
    settings = {
        "year_end_date": "2026-04-05",
        "base_currency": {"id": "GBP"},
        "tax_number": "GB1",
        "tax_scheme": {"displayed_as": "Flat Rate"},
    }
    provider.script(SETTINGS, Reply(200, settings))
    assert sage.organisation("token", "acme") == OrganisationFacts(
        name="Acme Ltd",
        country_code="GB",
        currency="GBP",
        tax_number="GB1",
        year_end_day=5,
        year_end_month=4,
        sales_tax_basis="Flat Rate",
    )
    asked = [(each.path, each.headers["x-business"], each.bearer) for each in provider.asked()]
    assert asked == [(ACME, "acme", "token"), (SETTINGS, "acme", "token")]


def test_what_is_null_or_odd_in_a_business_is_left_out(sage: Sage, provider: Provider) -> None:
    provider.script(ACME, Reply(200, {"name": None, "displayed_as": "Acme", "country": "GB"}))
    odd = {"year_end_date": "soon", "base_currency": "GBP", "tax_number": "", "tax_scheme": None}
    provider.script(SETTINGS, Reply(200, odd))
    assert sage.organisation("token", "acme") == OrganisationFacts(name="Acme")


def test_a_person_who_may_not_see_the_financial_settings_still_has_the_business(sage: Sage, provider: Provider) -> None:
    provider.script(ACME, Reply(200, {"name": "Acme"}))
    provider.script(SETTINGS, Reply(403, []))
    assert sage.organisation("token", "acme") == OrganisationFacts(name="Acme")


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(401, [{"$dataCode": "AuthenticationFailure"}]), AccessExpired),
        (Reply(401, [{"$dataCode": "NoActiveSubscription"}]), NotAuthorised),
        (Reply(401, [{"$message": "No active subscription. (MSE)"}]), NotAuthorised),
        (Reply(403, b""), NotAuthorised),
        (Reply(404, b""), NotAuthorised),
        (Reply(500, b""), ProviderUnavailable),
        (Reply(200, b"<h1>Down for maintenance</h1>"), ProviderUnavailable),
        (Reply(200, []), ProviderUnavailable),
        (Reply(200, {"name": None}), ProviderUnavailable),
        (Lost(), ProviderUnavailable),
    ],
    ids=str,
)
def test_what_sage_says_has_a_meaning(
    sage: Sage, provider: Provider, reply: Reply | Lost, failure: type[ProviderError]
) -> None:
    provider.script(ACME, reply)
    with pytest.raises(ProviderError) as caught:
        sage.organisation("token", "acme")
    assert type(caught.value) is failure
    assert len(provider.asked()) == 1


def test_a_limit_says_who_waits_how_long(sage: Sage, provider: Provider) -> None:
    provider.script(ACME, Reply(429, b"", {"Retry-After": "7"}))
    provider.script(BUSINESSES, Reply(429, b""))
    with pytest.raises(Limited) as of_one:
        sage.organisation("token", "acme")
    with pytest.raises(Limited) as of_all:
        sage.organisations("token")
    assert (of_one.value.retry_after, of_one.value.scope) == (timedelta(seconds=7), LimitScope.TENANT)
    assert (of_all.value.retry_after, of_all.value.scope) == (timedelta(minutes=1), LimitScope.APP)


def test_a_list_is_asked_for_page_by_page_for_one_business(sage: Sage, provider: Provider) -> None:
    provider.script("/v3.1/contacts", page(0, 200, 201), page(200, 1, 201))
    got = sage.standard_list("token", "acme", StandardList.CONTACTS, since=None)
    assert (len(got.rows), got.whole) == (201, True)
    usual = {"items_per_page": "200", "attributes": "all"}
    assert [(each.headers["x-business"], dict(each.query)) for each in provider.asked()] == [
        ("acme", {**usual, "page": "1"}),
        ("acme", {**usual, "page": "2"}),
    ]


@pytest.mark.parametrize(
    ("which", "path", "by_time"),
    [
        (StandardList.ACCOUNTS, "/v3.1/ledger_accounts", True),
        (StandardList.TAX_RATES, "/v3.1/tax_rates", False),
        (StandardList.TRACKING_CATEGORIES, "/v3.1/analysis_types", False),
        (StandardList.CURRENCIES, "/v3.1/currencies", False),
        (StandardList.CONTACTS, "/v3.1/contacts", True),
    ],
)
def test_only_what_changed_is_asked_for_where_sage_can_tell(
    sage: Sage, provider: Provider, which: StandardList, path: str, *, by_time: bool
) -> None:
    provider.script(path, page(0, 0, 0))
    got = sage.standard_list("token", "acme", which, since=datetime(2026, 3, 2, 9, 0, 0, 999, tzinfo=UTC))
    assert got == ListAnswer(rows=(), whole=not by_time)
    [asked] = provider.asked(path)
    assert asked.query.get("updated_or_created_since") == ("2026-03-02T09:00:00Z" if by_time else None)


def test_fewer_rows_than_sage_says_are_not_taken_for_all(sage: Sage, provider: Provider) -> None:
    provider.script("/v3.1/contacts", page(0, 200, 300), page(200, 50, 300), page(0, 0, 300))
    got = sage.standard_list("token", "acme", StandardList.CONTACTS, since=None)
    assert (len(got.rows), got.whole) == (250, False)


def test_a_contact_that_was_deleted_and_odd_ones_are_read_as_far_as_they_go(sage: Sage, provider: Provider) -> None:
    rows = [
        {"id": "1", "name": "Fenwick", "deleted_at": "2026-01-01", "contact_types": [{"id": "VENDOR"}]},
        {"id": "2", "main_contact_person": {"name": "Ann Mary Bell"}, "contact_types": "none", "email": ""},
        {"name": "Nobody"},
        None,
    ]
    provider.script("/v3.1/contacts", Reply(200, {"$total": 4, "$items": rows}))
    assert sage.standard_list("token", "acme", StandardList.CONTACTS, since=None) == ListAnswer(
        rows=(
            ContactRow(external_id="1", name="Fenwick", status="DELETED", active=False, is_supplier=True),
            ContactRow(external_id="2", name="Unnamed", first_name="Ann Mary", last_name="Bell"),
        ),
        whole=True,
    )


@pytest.mark.parametrize("body", [{}, {"$items": None}, {"$items": {}}])
def test_an_answer_without_a_list_is_no_empty_list(sage: Sage, provider: Provider, body: object) -> None:
    provider.script("/v3.1/contacts", Reply(200, body))
    with pytest.raises(ProviderUnavailable):
        sage.standard_list("token", "acme", StandardList.CONTACTS, since=None)
