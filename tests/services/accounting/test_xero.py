"""The adapter against a server that behaves, and one that does not."""

import base64
import gzip
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from services.accounting.http import ProviderPool
from services.accounting.oauth import challenge_of
from services.accounting.port import (
    AccessExpired,
    AnswerLost,
    AuthorisationDead,
    ClientRejected,
    CodeRefused,
    Limited,
    LimitScope,
    NotAuthorised,
    Offline,
    Organisation,
    OrganisationFacts,
    ProviderError,
    ProviderUnavailable,
    Tokens,
)
from services.accounting.xero import SCOPES, Xero
from tests.services.accounting.conftest import xero_at
from tests.services.accounting.provider import (
    CONNECTIONS,
    ORGANISATION,
    TOKEN,
    Extended,
    Lost,
    Provider,
    Reply,
    Silence,
    connection,
    jwt,
    organisation,
)

HTML = Reply(200, b"<!doctype html><h1>We'll be back soon</h1>", {"Content-Type": "text/html"})
BACK = "https://clientdesk.example/connect/xero/callback"
ACME = Organisation(tenant_id="acme", name="Acme Ltd", connection_id="link-acme")


@pytest.fixture
def access(provider: Provider) -> str:
    provider.organisations["ada"] = ["acme"]
    return provider.sign_in("ada")[0]


def test_no_request_of_eight_people_at_once_goes_out_with_anothers_token(xero: Xero, provider: Provider) -> None:
    people = [f"person{n}" for n in range(8)]
    signed_in = {person: provider.sign_in(person)[0] for person in people}
    for person in people:
        provider.organisations[person] = [f"{person}-org"]
    begin = threading.Barrier(len(people))

    def ask(person: str) -> None:
        begin.wait()
        for _ in range(15):
            [found] = xero.organisations(signed_in[person])
            assert found.tenant_id == f"{person}-org"
            xero.organisation(signed_in[person], f"{person}-org")

    with ThreadPoolExecutor(len(people)) as threads:
        list(threads.map(ask, people))

    calls = provider.asked(ORGANISATION)
    assert len(calls) == 8 * 15
    assert [call for call in calls if call.bearer != signed_in[call.headers["xero-tenant-id"][:-4]]] == []


def test_the_consent_page_is_asked_for_with_the_s256_of_the_verifier(xero: Xero, provider: Provider) -> None:
    parts = urlsplit(xero.authorise_url("state1", challenge_of("verifier"), BACK))

    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{provider.url}/identity/connect/authorize"
    assert {name: value for name, [value] in parse_qs(parts.query).items()} == {
        "response_type": "code",
        "client_id": "app",
        "redirect_uri": BACK,
        "scope": SCOPES,
        "state": "state1",
        "code_challenge": "iMnq5o6zALKXGivsnlom_0F5_WYda32GHkxlV7mq7hQ",
        "code_challenge_method": "S256",
    }


def test_a_code_becomes_tokens_of_the_user_that_the_access_token_names(xero: Xero, provider: Provider) -> None:
    grant = xero.exchange(provider.code("ada"), "verifier", BACK)

    assert (grant.provider_user_id, grant.consent_id) == ("ada", "event")
    assert grant.tokens.expires_in == timedelta(minutes=30)
    [asked] = provider.asked(TOKEN)
    assert asked.form == {
        "grant_type": "authorization_code",
        "code": "code-ada",
        "redirect_uri": BACK,
        "code_verifier": "verifier",
    }
    assert asked.headers["authorization"] == f"Basic {base64.b64encode(b'app:app-secret').decode()}"


def test_a_code_that_is_no_good_any_more_is_refused_in_words(xero: Xero, provider: Provider) -> None:
    provider.script(TOKEN, Reply(400, {"error": "invalid_grant"}))
    with pytest.raises(CodeRefused, match="took too long"):
        xero.exchange("old", "verifier", BACK)


def test_a_token_that_names_no_user_is_of_no_use(xero: Xero, provider: Provider) -> None:
    provider.script(TOKEN, Extended({"access_token": "opaque"}))
    with pytest.raises(ProviderUnavailable):
        xero.exchange("code-ada", "verifier", BACK)


def test_fields_that_are_new_odd_or_missing_do_not_cost_the_rotated_token(xero: Xero, provider: Provider) -> None:
    _, refresh = provider.sign_in("ada")
    odd = {"scope": ["a", "b"], "expires_in": None, "token_type": None, "id_token": 7, "brand_new": {"x": 1}}
    provider.script(TOKEN, Extended({**odd, "access_token": "new-access", "refresh_token": "new-refresh"}))

    got = xero.refresh(refresh)

    assert got == Tokens(access_token="new-access", refresh_token="new-refresh", expires_in=timedelta(minutes=30))


def test_an_answer_without_a_refresh_token_says_so(xero: Xero, provider: Provider) -> None:
    _, refresh = provider.sign_in("ada")
    provider.script(TOKEN, Extended({"refresh_token": None, "expires_in": "600"}))
    got = xero.refresh(refresh)
    assert (got.refresh_token, got.expires_in) == (None, timedelta(minutes=10))


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(400, {"error": "invalid_grant"}), AuthorisationDead),
        (Reply(400, {"error": "invalid_client"}), ClientRejected),
        (Reply(401, {"error": "invalid_client"}), ClientRejected),
        (Reply(400, {"error": "unauthorized_client"}), ClientRejected),
        (Reply(400, b"Bad Request"), ProviderUnavailable),
        (Reply(400, b"[]"), ProviderUnavailable),
        (Reply(400, {"error": "something_new"}), ProviderUnavailable),
        (Reply(429, b"", {"Retry-After": "66975"}), Limited),
        (Reply(503, b"busy"), ProviderUnavailable),
        (HTML, AnswerLost),
        (Reply(200, {"access_token": None}), AnswerLost),
        (Lost(), AnswerLost),
    ],
    ids=str,
)
def test_what_the_token_endpoint_says_has_a_meaning(
    xero: Xero, provider: Provider, reply: Reply | Lost, failure: type[ProviderError]
) -> None:
    provider.script(TOKEN, reply)
    with pytest.raises(ProviderError) as caught:
        xero.refresh("r1")
    assert type(caught.value) is failure
    assert len(provider.asked(TOKEN)) == 1


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        (Reply(401, {"Detail": "TokenExpired: token expired at 09:00"}), AccessExpired),
        (Reply(401, {"Detail": "AuthorizationUnsuccessful"}), ProviderUnavailable),
        (Reply(403, {"Title": "Forbidden", "Detail": "AuthenticationUnsuccessful"}), NotAuthorised),
        (Reply(403, b"<h1>Blocked</h1>"), ProviderUnavailable),
        (Reply(503, {"Detail": "The organisation is offline"}), Offline),
        (Reply(503, b"Service Unavailable"), ProviderUnavailable),
        (Reply(500, b""), ProviderUnavailable),
        (Reply(400, b"not JSON"), ProviderUnavailable),
        (Reply(404, b"<h1>Not found</h1>"), ProviderUnavailable),
        (Reply(302, b"", {"Location": "https://elsewhere.example"}), ProviderUnavailable),
        (HTML, ProviderUnavailable),
        (Reply(200, {"Organisations": []}), ProviderUnavailable),
        (Reply(200, []), ProviderUnavailable),
        (Lost(), ProviderUnavailable),
    ],
    ids=str,
)
def test_what_the_api_says_has_a_meaning(
    xero: Xero, provider: Provider, access: str, reply: Reply | Lost, failure: type[ProviderError]
) -> None:
    provider.script(ORGANISATION, reply)
    with pytest.raises(ProviderError) as caught:
        xero.organisation(access, "acme")
    assert type(caught.value) is failure
    assert len(provider.asked(ORGANISATION)) == 1


@pytest.mark.parametrize(
    ("problem", "headers", "wait", "scope"),
    [
        ("day", {"Retry-After": "66975"}, timedelta(seconds=66975), LimitScope.TENANT),
        ("minute", {"Retry-After": "12"}, timedelta(seconds=12), LimitScope.TENANT),
        ("concurrent", {}, timedelta(seconds=1), LimitScope.TENANT),
        ("appminute", {}, timedelta(minutes=1), LimitScope.APP),
        ("minute", {"Retry-After": "Fri, 31 Dec"}, timedelta(minutes=1), LimitScope.TENANT),
    ],
)
def test_a_limit_says_who_waits_how_long_and_nothing_sleeps(
    xero: Xero,
    provider: Provider,
    access: str,
    problem: str,
    headers: dict[str, str],
    wait: timedelta,
    scope: LimitScope,
) -> None:
    provider.script(ORGANISATION, Reply(429, b"", {"X-Rate-Limit-Problem": problem, **headers}))
    begun = time.monotonic()

    with pytest.raises(Limited) as caught:
        xero.organisation(access, "acme")

    assert (caught.value.retry_after, caught.value.scope) == (wait, scope)
    assert len(provider.asked(ORGANISATION)) == 1
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("path", [TOKEN, CONNECTIONS, ORGANISATION])
def test_a_server_that_does_not_answer_is_left_after_the_time_out(provider: Provider, access: str, path: str) -> None:
    provider.script(path, Silence())
    impatient = ProviderPool(timeout=urllib3.Timeout(connect=0.3, read=0.3))
    xero = xero_at(provider.url, impatient)
    calls: dict[str, Callable[[], object]] = {
        TOKEN: lambda: xero.refresh("r1"),
        CONNECTIONS: lambda: xero.organisations(access),
        ORGANISATION: lambda: xero.organisation(access, "acme"),
    }
    begun = time.monotonic()

    with pytest.raises(ProviderUnavailable):
        calls[path]()

    assert time.monotonic() - begun < 2
    assert len(provider.asked(path)) == 1
    impatient.clear()


def test_a_request_that_never_left_is_no_lost_answer(pool: ProviderPool) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        xero_at("http://127.0.0.1:9", pool).refresh("r1")
    assert type(caught.value) is ProviderUnavailable


def test_one_connection_serves_call_after_call(xero: Xero, provider: Provider, access: str, pool: ProviderPool) -> None:
    for _ in range(5):
        xero.organisations(access)
        xero.organisation(access, "acme")
    assert pool.connection_from_url(provider.url).num_connections == 1


def test_only_organisations_are_offered_and_an_odd_one_costs_only_itself(
    xero: Xero, provider: Provider, access: str
) -> None:
    rows = [
        connection("acme"),
        connection("practice", tenantType="PRACTICE"),
        connection("nameless", tenantName=None),
        connection("broken", id=None),
        "nonsense",
        connection("newer", tenantType="SOMETHING_NEW", brandNew={"a": 1}),
        connection("numbered", tenantName=404),
    ]
    provider.script(CONNECTIONS, Reply(200, rows))

    assert xero.organisations(access) == (
        ACME,
        Organisation(tenant_id="nameless", name="Unnamed organisation", connection_id="link-nameless"),
        Organisation(tenant_id="numbered", name="404", connection_id="link-numbered"),
    )


def test_one_consents_organisations_can_be_asked_for(xero: Xero, provider: Provider, access: str) -> None:
    xero.organisations(access, "event7")
    xero.organisations(access)
    assert [dict(asked.query) for asked in provider.asked(CONNECTIONS)] == [{"authEventId": "event7"}, {}]


def test_unknown_values_and_nulls_in_an_organisation_are_taken_as_they_are(
    xero: Xero, provider: Provider, access: str
) -> None:
    odd = organisation(
        "acme",
        LegalName=None,
        CountryCode="ATLANTIS",
        BaseCurrency=None,
        OrganisationType="BRAND_NEW_TYPE",
        Version=None,
        IsDemoCompany=None,
        Addresses=None,
    )
    provider.script(ORGANISATION, Reply(200, {"Organisations": [odd]}))
    assert xero.organisation(access, "acme") == OrganisationFacts(
        name="Acme Ltd", country_code="ATLANTIS", organisation_type="BRAND_NEW_TYPE"
    )


def test_an_organisation_is_asked_for_as_json_and_zipped(xero: Xero, provider: Provider, access: str) -> None:
    facts = xero.organisation(access, "acme")

    assert facts == OrganisationFacts(
        name="Acme Ltd", legal_name="Acme Ltd (legal)", country_code="GB", currency="GBP", is_demo=False
    )
    [asked] = provider.asked(ORGANISATION)
    wanted = {"accept": "application/json", "accept-encoding": "gzip", "xero-tenant-id": "acme"}
    assert {name: asked.headers[name] for name in wanted} == wanted
    assert asked.bearer == access


def test_a_zipped_answer_is_read(xero: Xero, provider: Provider, access: str) -> None:
    zipped = gzip.compress(json.dumps([connection("acme")]).encode())
    provider.script(CONNECTIONS, Reply(200, zipped, {"Content-Encoding": "gzip"}))
    assert xero.organisations(access) == (ACME,)


@pytest.mark.parametrize("status", [204, 401, 403, 404])
def test_a_link_that_is_gone_already_counts_as_ended(xero: Xero, provider: Provider, access: str, status: int) -> None:
    provider.script("/connections/link-acme", Reply(status, b""))
    xero.disconnect(access, ACME)
    assert [asked.method for asked in provider.asked()] == ["DELETE"]


@pytest.mark.parametrize(
    ("reply", "failure"),
    [(Reply(401, {"Detail": "TokenExpired"}), AccessExpired), (Reply(500, b""), ProviderUnavailable)],
    ids=str,
)
def test_a_link_that_could_not_be_ended_is_a_failure(
    xero: Xero, provider: Provider, access: str, reply: Reply, failure: type[ProviderError]
) -> None:
    provider.script("/connections/link-acme", reply)
    with pytest.raises(failure):
        xero.disconnect(access, ACME)


def test_the_library_never_asks_for_tokens(xero: Xero, provider: Provider) -> None:
    for reply in (Reply(401, {"Detail": "TokenExpired"}), Reply(403, b"")):
        provider.script(CONNECTIONS, reply)
        with pytest.raises(ProviderError):
            xero.organisations(jwt("ada"))
    assert provider.asked(TOKEN) == []
