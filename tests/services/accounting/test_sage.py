"""The adapter for Sage: its own ways, and the same meanings."""

import math
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

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
