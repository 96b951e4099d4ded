"""The stand-in Xero behaves as Xero's pages and our measurements say."""

import base64
import gzip
import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient
from xero_python.api_client.configuration import Configuration
from xero_python.api_client.oauth2 import OAuth2Token
from xero_python.exceptions import HTTPStatusException
from xero_python.identity import IdentityApi

from sandbox.accounting.grants import challenge_of
from sandbox.driver import Sandbox, SandboxError
from sandbox.running import RunningSandbox
from sandbox.xero.world import XeroSettings
from tests.e2e import chromium
from tests.sandbox.apps import ManualClock

Json = dict[str, Any]
SCOPES = "openid profile email offline_access accounting.settings.read accounting.contacts.read"
BACK = "http://127.0.0.1:1/connect/xero/callback"
SETTINGS = XeroSettings()


@pytest.fixture
def running(module_sandbox: RunningSandbox) -> RunningSandbox:
    module_sandbox.parts.xero.reset()
    return module_sandbox


@dataclass
class App:
    """An app as the product is one, with its own idea of what it asks for."""

    url: str
    driver: Sandbox
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    http: httpx.Client = field(default_factory=lambda: httpx.Client(trust_env=False, timeout=10))

    def start(self, **changes: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": SETTINGS.client_id,
            "redirect_uri": BACK,
            "scope": SCOPES,
            "state": "s1",
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
            **changes,
        }
        return f"{self.url}/xero/identity/connect/authorize?{urlencode(asked)}"

    def code(self, user: str = "priya", organisations: Any = None) -> str:
        return returned(self.driver.xero.consent(self.start(), user, organisations))["code"]

    def token(self, secret: str = SETTINGS.client_secret, **body: str) -> httpx.Response:
        return self.http.post(f"{self.url}/xero/connect/token", data=body, auth=(SETTINGS.client_id, secret))

    def exchange(self, code: str, **changes: str) -> httpx.Response:
        body = {"code": code, "redirect_uri": BACK, "code_verifier": self.verifier, **changes}
        return self.token(grant_type="authorization_code", **body)

    def refresh(self, token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def tokens(self, user: str = "priya", organisations: Any = None) -> Json:
        found: Json = self.exchange(self.code(user, organisations)).raise_for_status().json()
        return found

    def connections(self, access: str, **query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {access}"}
        return self.http.get(f"{self.url}/xero/connections", params=query, headers=headers)

    def get(
        self, access: str, tenant: str, resource: str, query: Json | None = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        usual = {"Authorization": f"Bearer {access}", "Xero-Tenant-Id": tenant, "Accept": "application/json"}
        given = usual | (headers or {})
        return self.http.get(f"{self.url}/xero/api.xro/2.0/{resource}", params=query, headers=given)


@pytest.fixture
def app(running: RunningSandbox, sandbox: Sandbox) -> Iterator[App]:
    found = App(running.url, sandbox)
    yield found
    found.http.close()


@pytest.fixture
def several(app: App) -> App:
    app.driver.xero.change_settings(bulk=True, organisations=12)
    return app


def returned(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def claims(token: str) -> Json:
    body = token.split(".")[1]
    found: Json = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


def first(app: App, user: str = "priya", organisations: Any = None) -> tuple[str, str]:
    """An access token and the first organisation it reaches."""
    access = app.tokens(user, organisations)["access_token"]
    return access, app.connections(access).json()[0]["tenantId"]


# Consent


def test_a_consent_leads_back_with_a_code_and_the_state(app: App) -> None:
    address = app.driver.xero.consent(app.start(state="a b&c"))

    assert address.startswith(f"{BACK}?")
    assert returned(address)["state"] == "a b&c"
    assert returned(address)["code"]


def test_a_cancelled_consent_leads_back_with_access_denied_and_connects_nothing(app: App) -> None:
    assert returned(app.driver.xero.consent(app.start(), cancel=True)) == {"error": "access_denied", "state": "s1"}
    assert app.driver.xero.connections() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "another"},
        {"redirect_uri": "javascript:alert(1)"},
        {"response_type": "token"},
        {"scope": "accounting.everything"},
        {"code_challenge_method": "plain"},
    ],
)
def test_a_wrong_authorise_address_is_refused_on_the_page(app: App, wrong: dict[str, str]) -> None:
    assert app.http.get(app.start(**wrong)).status_code == 400


def test_without_bulk_connections_each_consent_adds_one_organisation(app: App) -> None:
    names = [each["name"] for each in app.driver.xero.organisations()]
    app.tokens(organisations=[names[0]])

    access = app.tokens(organisations=[names[1], names[2]])["access_token"]

    assert [each["tenantName"] for each in app.connections(access).json()] == [names[0], names[1]]


def test_with_bulk_connections_one_consent_adds_all_that_are_ticked(several: App) -> None:
    page = several.http.get(several.start())
    assert "Priya Nair" in page.text

    access = several.tokens(organisations="all")["access_token"]

    assert len(several.connections(access).json()) == 12


def test_the_consent_page_says_how_many_and_escapes_names(several: App) -> None:
    request = several.http.get(several.start()).text.partition('name="request" value="')[2].partition('"')[0]
    base = f"{several.url}/xero/identity/connect"

    page = several.http.post(f"{base}/login", data={"request": request, "user": "priya"}, follow_redirects=True).text

    assert "Continue with 12 organisations" in page
    assert "&lt;b&gt;Bold&lt;/b&gt;" in page
    assert "<b>Bold" not in page


def test_somebody_without_organisations_can_still_consent(app: App) -> None:
    access = app.tokens("nora")["access_token"]

    answer = app.connections(access)

    assert (answer.status_code, answer.json()) == (200, [])


def test_a_page_sent_twice_is_over_the_second_time(app: App) -> None:
    request = app.http.get(app.start()).text.partition('name="request" value="')[2].partition('"')[0]
    base = f"{app.url}/xero/identity/connect"
    app.http.post(f"{base}/login", data={"request": request, "user": "nora", "action": "log_in"})
    body = {"request": request, "action": "allow"}

    assert app.http.post(f"{base}/consent", data=body).status_code == 303
    assert app.http.post(f"{base}/consent", data=body).status_code == 400


def test_at_the_cap_even_a_connected_organisation_cannot_be_renewed(app: App) -> None:
    app.driver.xero.change_settings(connection_cap=1)
    app.tokens()

    with pytest.raises(SandboxError, match="limit of 1 connections"):
        app.code()


def test_a_consent_that_would_pass_the_cap_connects_nothing(several: App) -> None:
    several.driver.xero.change_settings(connection_cap=5)

    with pytest.raises(SandboxError, match="5 connections"):
        several.code(organisations="all")
    assert several.driver.xero.connections() == []


# Tokens


def test_a_code_is_exchanged_for_tokens_of_the_user(app: App) -> None:
    found = app.tokens()

    assert found["expires_in"] == 1800
    assert found["token_type"] == "Bearer"
    assert found["scope"] == SCOPES
    said = claims(found["access_token"])
    assert said["xero_userid"] == next(
        each["xero_userid"] for each in app.driver.xero.state()["users"] if each["id"] == "priya"
    )
    assert said["authentication_event_id"] == app.connections(found["access_token"]).json()[0]["authEventId"]
    assert claims(found["id_token"])["email"] == "priya@birch.example"


def test_a_code_works_once(app: App) -> None:
    code = app.code()
    app.exchange(code).raise_for_status()

    again = app.exchange(code)

    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})


def test_a_code_lives_for_five_minutes(app: App, clock: ManualClock) -> None:
    code = app.code()
    clock.advance(5 * 60)

    assert app.exchange(code).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize("wrong", [{"redirect_uri": f"{BACK}/"}, {"code_verifier": "x" * 43}])
def test_a_code_is_bound_to_its_address_and_its_verifier(app: App, wrong: dict[str, str]) -> None:
    assert app.exchange(app.code(), **wrong).json() == {"error": "invalid_grant"}


def test_a_wrong_secret_is_invalid_client(app: App) -> None:
    answer = app.token("wrong", grant_type="refresh_token", refresh_token="x")

    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


def test_the_previous_refresh_token_lives_on_for_thirty_minutes(app: App, clock: ManualClock) -> None:
    before = app.tokens()["refresh_token"]
    after = app.refresh(before).raise_for_status().json()["refresh_token"]
    assert after != before

    clock.advance(30 * 60 - 1)
    assert app.refresh(before).status_code == 200
    clock.advance(1)
    assert app.refresh(before).json() == {"error": "invalid_grant"}
    assert app.refresh(after).status_code == 200


def test_a_refresh_token_that_is_not_used_lapses_after_sixty_days(app: App, clock: ManualClock) -> None:
    token = app.tokens()["refresh_token"]
    clock.advance(60 * 86_400)

    assert app.refresh(token).json() == {"error": "invalid_grant"}


def test_the_answer_to_a_refresh_can_be_lost_and_fetched_with_the_previous_token(app: App) -> None:
    token = app.tokens()["refresh_token"]
    app.driver.xero.fault("lost_refresh", times=1)

    with pytest.raises(httpx.TransportError):
        app.refresh(token)

    assert app.refresh(token).status_code == 200
    refreshes = app.driver.xero.calls(kind="token", path="refresh_token")
    assert [each["outcome"] for each in refreshes] == ["lost", "ok"]
    assert len({each["token"] for each in refreshes}) == 1


def test_a_dead_authorisation_is_told_by_invalid_grant(app: App) -> None:
    found = app.tokens()
    app.driver.xero.kill("priya")

    assert app.connections(found["access_token"]).status_code == 401
    assert app.refresh(found["refresh_token"]).json() == {"error": "invalid_grant"}


def test_revocation_ends_all_of_the_users_connections(several: App) -> None:
    mine = several.tokens(organisations="all")
    theirs = several.tokens("tom", "all")
    auth = (SETTINGS.client_id, SETTINGS.client_secret)

    answer = several.http.post(
        f"{several.url}/xero/connect/revocation", data={"token": mine["refresh_token"]}, auth=auth
    )

    assert answer.status_code == 200
    assert several.connections(mine["access_token"]).json() == []
    assert several.refresh(mine["refresh_token"]).json() == {"error": "invalid_grant"}
    assert len(several.connections(theirs["access_token"]).json()) == 12


def test_a_token_answer_can_have_a_field_that_nobody_knows(app: App) -> None:
    app.driver.xero.fault("new_token_field", times=1)

    assert "token_binding" in app.tokens()


# Connections


def test_connections_are_listed_with_the_documented_fields(app: App) -> None:
    access = app.tokens()["access_token"]

    (found,) = app.connections(access).json()

    assert list(found) == [
        *("id", "authEventId", "tenantId", "tenantType", "tenantName", "createdDateUtc", "updatedDateUtc")
    ]
    assert found["tenantType"] == "ORGANISATION"
    assert found["tenantName"] == "Larkspur Interiors Ltd"
    assert found["createdDateUtc"].endswith("0000000")


def test_connections_can_be_filtered_by_the_consent(app: App) -> None:
    app.tokens(organisations=["Larkspur Interiors Ltd"])
    access = app.tokens(organisations=["Whitfield & Daughters"])["access_token"]

    found = app.connections(access, authEventId=claims(access)["authentication_event_id"]).json()

    assert [each["tenantName"] for each in found] == ["Whitfield & Daughters"]


def test_a_token_reaches_what_a_later_consent_of_the_same_user_added(app: App) -> None:
    before = app.tokens(organisations=["Larkspur Interiors Ltd"])["access_token"]
    app.tokens(organisations=["Whitfield & Daughters"])

    assert len(app.connections(before).json()) == 2


def test_a_connection_that_is_deleted_is_gone(app: App) -> None:
    access, tenant = first(app)
    connection = app.connections(access).json()[0]["id"]
    headers = {"Authorization": f"Bearer {access}"}

    assert app.http.delete(f"{app.url}/xero/connections/{connection}", headers=headers).status_code == 204
    assert app.http.delete(f"{app.url}/xero/connections/{connection}", headers=headers).status_code == 404
    assert app.get(access, tenant, "Organisation").status_code == 403


def test_nobody_can_delete_another_users_connection(app: App) -> None:
    connection = app.connections(app.tokens()["access_token"]).json()[0]["id"]
    headers = {"Authorization": f"Bearer {app.tokens('tom')['access_token']}"}

    assert app.http.delete(f"{app.url}/xero/connections/{connection}", headers=headers).status_code == 403


def test_a_practice_is_listed_as_another_kind_of_tenant(app: App) -> None:
    app.driver.xero.change_settings(practice_tenant=True)
    access = app.tokens()["access_token"]

    found = {each["tenantType"]: each["tenantId"] for each in app.connections(access).json()}

    assert set(found) == {"ORGANISATION", "PRACTICE"}
    assert app.get(access, found["PRACTICE"], "Organisation").status_code == 403


# Refusals


def test_an_expired_access_token_is_told_so(app: App, clock: ManualClock) -> None:
    access, tenant = first(app)
    clock.advance(30 * 60)

    for answer in (app.get(access, tenant, "Organisation"), app.connections(access)):
        assert answer.status_code == 401
        assert answer.json()["Detail"].startswith("TokenExpired: ")


def test_an_organisation_that_was_not_connected_is_refused(app: App) -> None:
    access, _ = first(app)
    other = app.driver.xero.organisations()[2]["id"]

    for tenant in (other, ""):
        answer = app.get(access, tenant, "Organisation")
        assert (answer.status_code, answer.json()["Detail"]) == (403, "AuthenticationUnsuccessful")


def test_a_revoked_organisation_is_refused_and_the_others_are_not(several: App) -> None:
    access = several.tokens(organisations="all")["access_token"]
    gone, kept = (several.driver.xero.organisations()[at]["id"] for at in (0, 1))
    assert several.driver.xero.revoke(gone) == 1

    assert several.get(access, gone, "Organisation").status_code == 403
    assert several.get(access, kept, "Organisation").status_code == 200
    assert gone not in {each["tenantId"] for each in several.connections(access).json()}


def test_a_scope_that_was_not_granted_is_missed(app: App) -> None:
    url = app.start(scope="offline_access accounting.settings.read")
    access = app.exchange(returned(app.driver.xero.consent(url))["code"]).json()["access_token"]
    tenant = app.connections(access).json()[0]["tenantId"]

    answer = app.get(access, tenant, "Contacts")

    assert answer.status_code == 401
    assert "insufficient_scope" in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [("offline", 503, "organisation is offline"), ("http500", 500, "error"), ("html", 200, "<!doctype html>")],
)
def test_faults_meet_the_organisation_they_are_for(several: App, kind: str, status: int, words: str) -> None:
    access = several.tokens(organisations="all")["access_token"]
    one, other = (several.driver.xero.organisations()[at]["id"] for at in (0, 1))
    several.driver.xero.fault(kind, tenant=one)

    for _ in range(2):
        answer = several.get(access, one, "Organisation")
        assert answer.status_code == status
        assert words in answer.text
    assert several.get(access, other, "Organisation").json()["Status"] == "OK"
    several.driver.xero.clear_faults()
    assert several.get(access, one, "Organisation").json()["Status"] == "OK"


# Limits


def test_every_answer_says_what_is_left(app: App) -> None:
    access, tenant = first(app)

    headers = app.get(access, tenant, "Organisation").headers

    assert headers["x-minlimit-remaining"] == "59"
    assert headers["x-daylimit-remaining"] == "4999"
    assert headers["x-appminlimit-remaining"] == "9998"


def test_the_minute_limit_is_per_tenant_and_rolls(several: App, clock: ManualClock) -> None:
    several.driver.xero.change_settings(calls_per_minute=3)
    access = several.tokens(organisations="all")["access_token"]
    one, other = (several.driver.xero.organisations()[at]["id"] for at in (0, 1))
    for _ in range(3):
        several.get(access, one, "Organisation").raise_for_status()
        clock.advance(10)

    refused = several.get(access, one, "Organisation")

    assert refused.status_code == 429
    assert refused.headers["x-rate-limit-problem"] == "minute"
    assert 30 <= int(refused.headers["retry-after"]) <= 31
    assert several.get(access, other, "Organisation").status_code == 200
    clock.advance(int(refused.headers["retry-after"]))
    assert several.get(access, one, "Organisation").status_code == 200


def test_the_day_limit_says_how_long_to_wait(app: App, clock: ManualClock) -> None:
    app.driver.xero.change_settings(calls_per_day=1)
    access, tenant = first(app)
    app.get(access, tenant, "Organisation").raise_for_status()
    clock.advance(20 * 60)

    refused = app.get(access, tenant, "Organisation")

    assert refused.headers["x-rate-limit-problem"] == "day"
    assert 86_400 - 20 * 60 <= int(refused.headers["retry-after"]) <= 86_401 - 20 * 60


def test_the_apps_limit_names_no_time(app: App) -> None:
    access, tenant = first(app)
    app.driver.xero.change_settings(app_calls_per_minute=1)

    refused = app.get(access, tenant, "Organisation")

    assert refused.status_code == 429
    assert refused.headers["x-rate-limit-problem"] == "appminute"
    assert "retry-after" not in refused.headers


def test_a_sixth_call_at_once_is_refused_without_a_time(app: App) -> None:
    access, tenant = first(app)
    app.driver.xero.change_settings(latency=0.6)

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(lambda _: app.get(access, tenant, "Organisation"), range(6)))

    assert sorted(each.status_code for each in answers) == [200] * 5 + [429]
    refused = next(each for each in answers if each.status_code == 429)
    assert refused.headers["x-rate-limit-problem"] == "concurrent"
    assert "retry-after" not in refused.headers
    assert app.driver.xero.peak(tenant) == 6


# Data


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        ("Organisation", "Organisations"),
        ("Accounts", "Accounts"),
        ("TaxRates", "TaxRates"),
        ("TrackingCategories", "TrackingCategories"),
        ("Currencies", "Currencies"),
        ("Contacts", "Contacts"),
    ],
)
def test_the_same_data_is_there_each_time(app: App, resource: str, name: str) -> None:
    access, tenant = first(app)

    found = app.get(access, tenant, resource).json()[name]

    assert found
    assert app.get(access, tenant, resource).json()[name] == found


def test_contacts_come_in_pages_of_up_to_a_thousand(app: App) -> None:
    access, tenant = first(app, organisations=["Whitfield & Daughters"])

    one, two = (
        app.get(access, tenant, "Contacts", {"page": page, "pageSize": 1000, "includeArchived": "true"}).json()
        for page in (1, 2)
    )

    assert one["pagination"] == {"page": 1, "pageSize": 1000, "pageCount": 2, "itemCount": 1204}
    assert (len(one["Contacts"]), len(two["Contacts"])) == (1000, 204)
    assert len({each["ContactID"] for each in one["Contacts"] + two["Contacts"]}) == 1204
    assert app.get(access, tenant, "Contacts", {"page": 1, "pageSize": 1001}).status_code == 400


def test_only_what_changed_since_then_is_returned(app: App, clock: ManualClock) -> None:
    access, tenant = first(app)
    clock.advance(60)
    since = datetime.fromtimestamp(clock.now, UTC).replace(tzinfo=None)
    app.driver.xero.change(tenant, contacts=["Newcomer Ltd"])
    everything = len(app.get(access, tenant, "Contacts").json()["Contacts"])

    def names(stamp: str) -> list[str]:
        found = app.get(access, tenant, "Contacts", headers={"If-Modified-Since": stamp}).json()["Contacts"]
        return [each["Name"] for each in found]

    assert names(since.isoformat(timespec="seconds")) == ["Newcomer Ltd"]
    assert names((since + timedelta(seconds=1)).isoformat(timespec="seconds")) == []
    assert len(names(since.isoformat(timespec="milliseconds"))) == everything
    assert len(names(f"{since.isoformat(timespec='seconds')}Z")) == everything
    stamp = {"If-Modified-Since": since.isoformat(timespec="seconds")}
    assert app.get(access, tenant, "Accounts", headers=stamp).json()["Accounts"] == []
    assert app.get(access, tenant, "TaxRates", headers=stamp).json()["TaxRates"]


def test_answers_are_gzipped_when_that_is_asked_for(app: App) -> None:
    access, tenant = first(app)
    headers = {"Authorization": f"Bearer {access}", "Xero-Tenant-Id": tenant, "Accept": "application/json"}
    url = f"{app.url}/xero/api.xro/2.0/Accounts"

    with app.http.stream("GET", url, headers={**headers, "Accept-Encoding": "gzip"}) as zipped:
        content = b"".join(zipped.iter_raw())
    plain = app.http.get(url, headers={**headers, "Accept-Encoding": "identity"})

    assert zipped.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(content))["Accounts"] == plain.json()["Accounts"]
    assert "content-encoding" not in plain.headers


def test_without_asking_for_json_xml_comes(app: App) -> None:
    access, tenant = first(app)

    assert (
        app.get(access, tenant, "Organisation", headers={"Accept": "*/*"})
        .headers["content-type"]
        .startswith("text/xml")
    )


def test_there_are_equal_odd_and_demo_organisations(several: App) -> None:
    found = several.driver.xero.organisations()

    names = [each["name"] for each in found]
    assert names.count("Larkspur Interiors Ltd") == 2
    assert len({each.casefold() for each in names}) == len(set(names)) - 1
    assert any("<b>" in each for each in names)
    assert [each["name"] for each in found if each["demo"]] == ["Demo Company (UK)"]


def test_one_organisation_has_values_that_nobody_knows_and_one_answers_html(several: App) -> None:
    access = several.tokens(organisations="all")["access_token"]
    odd, html = (
        next(each["id"] for each in several.driver.xero.organisations() if each[name])
        for name in ("odd_values", "html_resource")
    )

    assert several.get(access, odd, "Organisation").json()["Organisations"][0]["Class"] == "NEBULA"
    assert several.get(access, html, "Organisation").json()["Status"] == "OK"
    assert several.get(access, html, "Contacts").headers["content-type"].startswith("text/html")


def test_ten_thousand_organisations_have_names_of_their_own_and_can_all_be_connected(app: App) -> None:
    app.driver.xero.change_settings(organisations=10_000, bulk=True, connection_cap=10_000, odd=False)

    access = app.tokens(organisations="all")["access_token"]

    found = app.connections(access).json()
    assert len({each["tenantName"] for each in found}) == len({each["tenantId"] for each in found}) == 10_000


def test_the_log_says_whose_token_came_for_which_organisation(app: App) -> None:
    access, tenant = first(app, "tom")
    app.get(access, tenant, "Accounts")

    (call,) = app.driver.xero.calls(path="accounts")

    assert (call["user"], call["tenant"], call["status"]) == ("tom", tenant, 200)


def test_a_wrong_wish_is_refused_with_words(app: App) -> None:
    with pytest.raises(SandboxError, match="bulk can't be 'yes'"):
        app.driver.xero.change_settings(bulk="yes")
    with pytest.raises(SandboxError, match="no organisation nowhere"):
        app.driver.xero.revoke("nowhere")
    with pytest.raises(SandboxError, match="no setting organizations"):
        app.driver.xero.change_settings(organizations=3)
    with pytest.raises(SandboxError, match="kind is one of"):
        app.driver.xero.fault("gremlin")


def test_resetting_forgets_what_was_changed(app: App) -> None:
    access, tenant = first(app)
    app.driver.xero.change(tenant, name="Renamed Ltd")
    app.driver.xero.change_settings(organisations=5)

    app.driver.reset()

    assert app.driver.xero.organisations()[0]["name"] == "Larkspur Interiors Ltd"
    assert len(app.driver.xero.organisations()) == SETTINGS.organisations
    assert app.connections(access).status_code == 401


def test_the_page_for_people_lists_connections_and_can_end_them(app: App) -> None:
    access, _ = first(app, organisations=["Whitfield & Daughters"])
    assert "Whitfield &amp; Daughters" in app.http.get(f"{app.url}/xero").text
    connection = app.connections(access).json()[0]["id"]

    page = app.http.post(f"{app.url}/xero/disconnect", data={"connection": connection}, follow_redirects=True)

    assert "Whitfield" not in page.text
    assert app.connections(access).json() == []


@pytest.mark.browser
@pytest.mark.skipif(not chromium.executable(), reason="Chromium is not installed")
def test_in_a_browser_organisations_are_searched_and_ticked(several: App) -> None:
    with chromium.running(chromium.executable() or "") as browser:
        page = browser.new_page()
        page.goto(several.start(redirect_uri=f"{several.url}/mail"))
        page.get_by_label("Tom Bell").check()
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("button", name="Select none").click()
        page.get_by_label("Search").fill("larkspur")
        page.get_by_role("button", name="Select all").click()
        page.get_by_role("button", name="Continue with 3 organisations").click()
        page.wait_for_url("**/mail?code=*")
        page.goto(several.url)
        with page.expect_popup() as opened:
            page.get_by_role("link", name="Xero").click()
        assert opened.value.get_by_role("button", name="Disconnect").count() == 3

    assert {each["user"] for each in several.driver.xero.connections()} == {"tom"}


# The real client


def sdk(found: Json) -> ApiClient:
    """xero-python with this token."""
    configuration = Configuration()
    configuration.oauth2_token = OAuth2Token()
    token = {name: found[name] for name in ("access_token", "scope", "expires_in", "token_type")}
    return ApiClient(configuration, oauth2_token_getter=lambda: token, oauth2_token_saver=lambda _: None)


def test_xero_python_works_with_it(app: App) -> None:
    client = sdk(app.tokens(organisations=["Whitfield & Daughters"]))
    identity = IdentityApi(client, base_url=f"{app.url}/xero")
    accounting = AccountingApi(client, base_url=f"{app.url}/xero/api.xro/2.0")

    (connection,) = identity.get_connections()
    tenant = connection.tenant_id
    organisation = accounting.get_organisations(tenant).organisations[0]
    accounts = accounting.get_accounts(tenant).accounts
    contacts = accounting.get_contacts(tenant, page=2, page_size=1000, include_archived=True)

    assert connection.tenant_name == organisation.name == "Whitfield & Daughters"
    assert organisation.base_currency.value == "GBP"
    assert {account.type.value for account in accounts} >= {"BANK", "REVENUE", "EQUITY"}
    assert accounting.get_tax_rates(tenant).tax_rates[0].effective_rate == 20
    assert [each.name for each in accounting.get_tracking_categories(tenant).tracking_categories]
    assert accounting.get_currencies(tenant).currencies[0].code.value == "GBP"
    assert contacts.pagination.item_count == 1204
    assert len(contacts.contacts) == 204
    identity.delete_connection(connection.id)
    assert identity.get_connections() == []


def test_xero_python_stumbles_over_what_it_stumbles_over_at_xero(app: App) -> None:
    found = app.tokens()
    tenant = app.connections(found["access_token"]).json()[0]["tenantId"]
    accounting = AccountingApi(sdk(found), base_url=f"{app.url}/xero/api.xro/2.0")

    for kind in ("unknown_enum", "html"):
        app.driver.xero.fault(kind, tenant=tenant, times=1)
        with pytest.raises(ValueError):  # noqa: PT011 -- its words are those of a JSON parser or an enum
            accounting.get_organisations(tenant)
    app.driver.xero.revoke(tenant)
    with pytest.raises(HTTPStatusException) as refused:
        accounting.get_organisations(tenant)
    assert refused.value.status == 403
