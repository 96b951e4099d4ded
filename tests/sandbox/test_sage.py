"""The stand-in Sage behaves as Sage's pages say."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from sandbox.driver import Sandbox, SandboxError
from sandbox.running import RunningSandbox
from sandbox.sage.world import SageSettings
from tests.sandbox.apps import ManualClock

Json = dict[str, Any]
BACK = "http://127.0.0.1:1/connect/sage/callback"
SETTINGS = SageSettings()
LISTS = ("ledger_accounts", "tax_rates", "contacts", "currencies", "analysis_types")


class App:
    """An app as the product is one."""

    def __init__(self, url: str, driver: Sandbox) -> None:
        self.url = url
        self.driver = driver
        self.http = httpx.Client(trust_env=False, timeout=10)

    def start(self, **changes: str) -> str:
        asked = {
            "filter": "apiv3.1",
            "response_type": "code",
            "client_id": SETTINGS.client_id,
            "redirect_uri": BACK,
            "scope": "readonly",
            "state": "s1",
            **changes,
        }
        return f"{self.url}/sage/oauth2/auth/central?{urlencode(asked)}"

    def code(self, user: str = "harriet") -> str:
        return returned(self.driver.sage.consent(self.start(), user))["code"]

    def token(self, **body: str) -> httpx.Response:
        client = {"client_id": SETTINGS.client_id, "client_secret": SETTINGS.client_secret}
        return self.http.post(f"{self.url}/sage/token", data={**client, **body})

    def exchange(self, code: str, **changes: str) -> httpx.Response:
        return self.token(grant_type="authorization_code", code=code, **{"redirect_uri": BACK, **changes})

    def refresh(self, token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def tokens(self, user: str = "harriet") -> Json:
        found: Json = self.exchange(self.code(user)).raise_for_status().json()
        return found

    def get(self, access: str, path: str, business: str | None = None, **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {access}"}
        if business is not None:
            headers["X-Business"] = business
        return self.http.get(f"{self.url}/sage/v3.1/{path}", params=query, headers=headers)


@pytest.fixture
def app(running: RunningSandbox, sandbox: Sandbox) -> Iterator[App]:
    running.parts.sage.reset()
    found = App(running.url, sandbox)
    yield found
    found.http.close()


@pytest.fixture
def access(app: App) -> str:
    return str(app.tokens()["access_token"])


@pytest.fixture
def businesses(app: App) -> list[str]:
    return [each["id"] for each in app.driver.sage.businesses()]


def returned(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


# Consent and tokens


def test_a_consent_leads_back_with_a_code_and_the_state(app: App) -> None:
    address = app.driver.sage.consent(app.start(state="a&b"))

    assert address.startswith(f"{BACK}?")
    assert returned(address)["state"] == "a&b"


def test_a_cancelled_consent_leads_back_with_access_denied(app: App) -> None:
    assert returned(app.driver.sage.consent(app.start(), cancel=True)) == {"error": "access_denied", "state": "s1"}


@pytest.mark.parametrize("wrong", [{"client_id": "another"}, {"filter": "apiv3"}, {"scope": "everything"}])
def test_a_wrong_authorise_address_is_refused_on_the_page(app: App, wrong: dict[str, str]) -> None:
    assert app.http.get(app.start(**wrong)).status_code == 400


def test_a_code_is_exchanged_once(app: App) -> None:
    code = app.code()
    found = app.exchange(code).json()

    assert (found["expires_in"], found["refresh_token_expires_in"]) == (300, 31 * 86_400)
    assert found["requested_by_id"] == app.driver.sage.state()["users"][0]["guid"]
    assert app.exchange(code).json() == {"error": "invalid_grant"}


def test_a_code_is_bound_to_its_address(app: App) -> None:
    assert app.exchange(app.code(), redirect_uri=f"{BACK}/").json() == {"error": "invalid_grant"}


def test_an_access_token_lives_for_five_minutes(app: App, access: str, clock: ManualClock) -> None:
    clock.advance(299)
    assert app.get(access, "businesses").status_code == 200
    clock.advance(1)
    assert app.get(access, "businesses").status_code == 401


def test_a_refresh_token_works_once_and_has_no_grace(app: App) -> None:
    before = app.tokens()["refresh_token"]
    after = app.refresh(before).json()["refresh_token"]

    assert app.refresh(before).json() == {"error": "invalid_grant"}
    assert app.refresh(after).status_code == 200


def test_a_refresh_token_lapses_after_thirty_one_days(app: App, clock: ManualClock) -> None:
    token = app.tokens()["refresh_token"]
    clock.advance(31 * 86_400)

    assert app.refresh(token).json() == {"error": "invalid_grant"}


def test_a_lost_answer_to_a_refresh_costs_the_authorisation(app: App) -> None:
    token = app.tokens()["refresh_token"]
    app.driver.sage.fault("lost_refresh", times=1)

    with pytest.raises(httpx.TransportError):
        app.refresh(token)

    assert app.refresh(token).json() == {"error": "invalid_grant"}


def test_a_wrong_secret_is_invalid_client(app: App) -> None:
    body = {"grant_type": "refresh_token", "refresh_token": "x", "client_secret": "wrong"}

    assert app.token(**body).json() == {"error": "invalid_client"}


# Businesses


def test_the_businesses_of_a_user_are_listed(app: App, access: str, businesses: list[str]) -> None:
    found = app.get(access, "businesses").json()

    assert found["$total"] == 3
    assert [each["id"] for each in found["$items"]] == businesses
    assert set(found["$items"][0]) == {"id", "displayed_as", "$path"}
    assert app.get(app.tokens("iris")["access_token"], "businesses").json()["$items"] == []


def test_without_x_business_the_lead_business_answers_silently(app: App, access: str, businesses: list[str]) -> None:
    silent = app.get(access, "contacts", attributes="all").json()

    assert silent == app.get(access, "contacts", businesses[0], attributes="all").json()
    assert silent != app.get(access, "contacts", businesses[1], attributes="all").json()
    assert {call["tenant"] for call in app.driver.sage.calls(path="contacts")} == set(businesses[:2])


def test_a_business_of_somebody_else_is_not_found(app: App, businesses: list[str]) -> None:
    access = app.tokens("omar")["access_token"]

    assert app.get(access, "contacts", businesses[0]).status_code == 200
    assert app.get(access, "contacts", businesses[1]).status_code == 404
    assert app.get(access, f"businesses/{businesses[1]}").status_code == 404


def test_a_business_and_its_settings_are_told(app: App, access: str, businesses: list[str]) -> None:
    found = app.get(access, f"businesses/{businesses[2]}").json()
    settings = app.get(access, "financial_settings", businesses[2]).json()

    assert found["name"] == "<i>Slanted</i> *Signs* & Co"
    assert settings["base_currency"]["id"] == "GBP"


# Lists


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_the_same_each_time(app: App, access: str, businesses: list[str], name: str) -> None:
    found = app.get(access, name, businesses[1], attributes="all").json()

    assert found["$items"]
    assert app.get(access, name, businesses[1], attributes="all").json() == found


def test_lists_come_in_pages_of_up_to_two_hundred(app: App, access: str, businesses: list[str]) -> None:
    pages = [app.get(access, "contacts", businesses[1], items_per_page=500, page=page).json() for page in (1, 2, 3)]

    assert [len(page["$items"]) for page in pages] == [200, 200, 31]
    assert {page["$total"] for page in pages} == {431}
    assert [page["$next"] for page in pages] == [
        "/contacts?page=2&items_per_page=200",
        "/contacts?page=3&items_per_page=200",
        None,
    ]
    assert len({each["id"] for page in pages for each in page["$items"]}) == 431


def test_without_asking_for_attributes_entries_are_brief(app: App, access: str, businesses: list[str]) -> None:
    brief = app.get(access, "ledger_accounts", businesses[0]).json()["$items"][0]
    whole = app.get(access, "ledger_accounts", businesses[0], attributes="all").json()["$items"][0]

    assert set(brief) == {"id", "displayed_as", "$path"}
    assert whole["nominal_code"] == 1100


def test_contacts_can_be_asked_for_by_their_last_change(app: App, access: str, businesses: list[str]) -> None:
    stamp = "2025-06-01T00:00:00Z"
    query = {"attributes": "all", "items_per_page": 200, "updated_or_created_since": stamp}

    found = app.get(access, "contacts", businesses[1], **query).json()

    assert 0 < found["$total"] < 431
    assert all(each["updated_at"] >= stamp for each in found["$items"])


# Refusals


@pytest.mark.parametrize(("kind", "status"), [("no_subscription", 401), ("offline", 503), ("http500", 500)])
def test_faults_meet_the_business_they_are_for(
    app: App, access: str, businesses: list[str], kind: str, status: int
) -> None:
    app.driver.sage.fault(kind, tenant=businesses[1])

    refused = app.get(access, "contacts", businesses[1])

    assert refused.status_code == status
    assert refused.json()[0]["$severity"] == "error"
    assert app.get(access, "contacts", businesses[0]).status_code == 200


def test_limits_are_per_business(app: App, access: str, businesses: list[str], clock: ManualClock) -> None:
    app.driver.sage.change_settings(calls_per_minute=1)
    app.get(access, "contacts", businesses[0]).raise_for_status()

    refused = app.get(access, "contacts", businesses[0])

    assert refused.status_code == 429
    assert app.get(access, "contacts", businesses[1]).status_code == 200
    clock.advance(int(refused.headers["retry-after"]))
    assert app.get(access, "contacts", businesses[0]).status_code == 200


def test_a_dead_authorisation_is_told_by_invalid_grant(app: App) -> None:
    found = app.tokens()
    app.driver.sage.kill("harriet")

    assert app.get(found["access_token"], "businesses").status_code == 401
    assert app.refresh(found["refresh_token"]).json() == {"error": "invalid_grant"}


def test_a_business_can_be_put_out_of_reach(app: App, access: str, businesses: list[str]) -> None:
    app.driver.sage.revoke(businesses[1])

    assert app.get(access, "contacts", businesses[1]).status_code == 404
    assert app.get(access, "businesses").json()["$total"] == 2


def test_a_business_can_be_renamed(app: App, access: str, businesses: list[str]) -> None:
    app.driver.sage.rename(businesses[0], "Tideway Yachts Ltd")

    assert app.get(access, "businesses").json()["$items"][0]["displayed_as"] == "Tideway Yachts Ltd"


def test_a_wrong_wish_is_refused_with_words(app: App) -> None:
    with pytest.raises(SandboxError, match="no setting organisations"):
        app.driver.sage.change_settings(organisations=3)


def test_the_page_for_people_lists_the_businesses(app: App) -> None:
    assert "&lt;i&gt;Slanted&lt;/i&gt;" in app.http.get(f"{app.url}/sage").text
