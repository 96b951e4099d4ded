"""Installing the app from a browser, through the consent page, by any workspace."""

import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from db.base import Base
from db.models import Colleague, Installation, InstallState, Practice, Role
from modals import set_up
from sandbox.slack.world import World
from services.installs import LIFETIME
from tests.fakes import Clock
from tests.stack import SANDBOX, Stack

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # the services are tested on both


@pytest.fixture
def browser() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=10) as browser:
        yield browser


@pytest.fixture
def world(many: Stack) -> World:
    return many.running.world


def begin(many: Stack, browser: httpx.Client) -> str:
    """The address of Slack's consent page."""
    answer = browser.get(f"{many.url}/slack/install")
    assert answer.status_code == 302
    return answer.headers["location"]


def allow(consent: str, browser: httpx.Client, team: str = "T_BIRCH", user: str = "U_ADA") -> str:
    """The address to which Slack sends the browser back."""
    answer = browser.get(consent, params={**parse(consent), "team": team, "user": user})
    assert answer.status_code == 302
    return answer.headers["location"]


def parse(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def install(many: Stack, browser: httpx.Client, team: str = "T_BIRCH", user: str = "U_ADA") -> httpx.Response:
    return browser.get(allow(begin(many, browser), browser, team, user))


def count(many: Stack, model: type[Base]) -> int:
    with many.composition.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def heading(page: httpx.Response) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page.text)
    assert found is not None
    return found[1]


def test_the_consent_page_is_asked_for_what_the_manifest_says(many: Stack, browser: httpx.Client) -> None:
    answer = browser.get(f"{many.url}/slack/install")
    asked = parse(answer.headers["location"])
    assert answer.headers["location"].startswith(f"{many.running.url}/oauth/v2/authorize?")
    assert asked["client_id"] == SANDBOX.client_id
    assert asked["redirect_uri"] == f"{many.url}/slack/oauth_redirect"
    assert asked["scope"].split(",") == (SANDBOX.manifest or {})["oauth_config"]["scopes"]["bot"]
    assert len(asked["state"]) >= 32
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Max-Age=600"))
    assert asked["state"] not in cookie


def test_a_person_installs_sets_up_and_becomes_the_practice_admin(many: Stack, browser: httpx.Client) -> None:
    consent = browser.get(begin(many, browser))
    assert "Allow in Birch &amp; Co" in consent.text
    page = install(many, browser, user="U_SAM")
    assert page.status_code == 200
    assert heading(page) == "Clientdesk is installed at Birch &amp; Co"
    assert f'href="{many.running.url}/app_redirect?app=A_CLIENTDESK&amp;team=T_BIRCH"' in page.text

    many.run_due()
    sam = many.person("U_SAM")
    message = sam.wait_message("Set it up", "app_dm")
    assert "Birch & Co" in message.text
    sam.click("Set up")
    sam.wait_view(callback_id=set_up.SUBMIT)
    sam.fill("region", "Canada")
    sam.fill("bundle", "25")
    sam.submit()
    sam.wait_view(containing="Clientdesk is ready")
    with many.composition.database.read() as session:
        assert session.scalars(select(Colleague.role)).all() == [Role.PRACTICE_ADMIN]
    assert not any(message for message in many.person("U_ADA").messages("app_dm"))


def test_each_workspace_is_served_with_its_own_token(many: Stack, browser: httpx.Client) -> None:
    install(many, browser, "T_BIRCH", "U_ADA")
    install(many, browser, "T_OTHER", "U_EVE")
    assert count(many, Practice) == 2
    many.run_due()
    many.person("U_ADA").wait_message("Set it up", "app_dm")
    assert {call["team_id"] for call in many.sandbox.calls("chat.postMessage")} == {"T_BIRCH", "T_OTHER"}


def test_a_workspace_that_never_installed_learns_so_where_it_asks(many: Stack) -> None:
    sam = many.person("U_SAM")
    assert sam.command("/add-client").ok
    assert sam.wait_message("Clientdesk is not installed here any more").ephemeral
    assert count(many, Practice) == 0


def test_cancelling_changes_nothing(many: Stack, browser: httpx.Client) -> None:
    consent = browser.get(begin(many, browser)).text
    found = re.search(r'href="([^"]*error=access_denied[^"]*)"', consent)
    assert found is not None
    page = browser.get(found[1].replace("&amp;", "&"))
    assert (page.status_code, heading(page)) == (200, "Clientdesk was not installed")
    assert 'href="/slack/install"' in page.text
    assert count(many, Practice) == 0


def test_a_state_is_used_once(many: Stack, browser: httpx.Client, world: World) -> None:
    back = allow(begin(many, browser), browser)
    assert browser.get(back).status_code == 200
    world.codes[parse(back)["code"]] = ("T_OTHER", "U_EVE")
    assert browser.get(back).status_code == 400
    assert count(many, Installation) == 1


@pytest.mark.parametrize("state", ["", "forged", "x" * 43, "é" * 10_000])
def test_a_forged_state_is_refused(many: Stack, browser: httpx.Client, world: World, state: str) -> None:
    begin(many, browser)
    world.codes["code"] = ("T_BIRCH", "U_ADA")
    page = browser.get(f"{many.url}/slack/oauth_redirect", params={"code": "code", "state": state[:1000]})
    assert page.status_code == 400
    assert "code" in world.codes
    assert count(many, Practice) == 0


def test_a_state_of_another_browser_is_refused(many: Stack, browser: httpx.Client) -> None:
    back = allow(begin(many, browser), browser)
    with httpx.Client(trust_env=False) as other:
        assert other.get(back).status_code == 400
        begin(many, other)
        assert other.get(back).status_code == 400
    assert browser.get(back).status_code == 200


def test_a_cookie_of_somebody_elses_making_is_replaced(many: Stack, browser: httpx.Client) -> None:
    browser.cookies.set("clientdesk-install", "known", domain="127.0.0.1", path="/")
    begin(many, browser)
    assert "known" not in [cookie.value for cookie in browser.cookies.jar]


def test_two_tabs_of_a_browser_do_not_disturb_each_other(many: Stack, browser: httpx.Client) -> None:
    first, second = begin(many, browser), begin(many, browser)
    assert browser.get(allow(first, browser, "T_BIRCH", "U_ADA")).status_code == 200
    assert browser.get(allow(second, browser, "T_OTHER", "U_EVE")).status_code == 200


def test_a_state_that_is_too_old_is_refused(many: Stack, browser: httpx.Client, clock: Clock) -> None:
    back = allow(begin(many, browser), browser)
    clock.advance(LIFETIME + timedelta(seconds=1))
    page = browser.get(back)
    assert page.status_code == 400
    assert "too long ago" in page.text


def test_old_states_are_forgotten(many: Stack, browser: httpx.Client, clock: Clock) -> None:
    begin(many, browser)
    clock.advance(timedelta(days=2))
    begin(many, browser)
    many.composition.installs.prune()
    assert count(many, InstallState) == 1


def test_a_code_that_slack_does_not_know_is_refused_in_words(many: Stack, browser: httpx.Client, world: World) -> None:
    back = allow(begin(many, browser), browser)
    world.codes.clear()
    page = browser.get(back)
    assert page.status_code == 502
    assert "invalid_code" in page.text
    assert count(many, Practice) == 0


@pytest.mark.parametrize("kind", ["http500", "ratelimited", "drop"])
def test_slack_out_of_order_is_told_and_can_be_tried_again(many: Stack, browser: httpx.Client, kind: str) -> None:
    back = allow(begin(many, browser), browser)
    many.sandbox.fault("oauth.v2.access", kind)  # type: ignore[arg-type]
    page = browser.get(back)
    assert page.status_code == 502
    assert 'href="/slack/install"' in page.text
    assert install(many, browser).status_code == 200


def test_the_installer_needs_no_name_to_install(many: Stack, browser: httpx.Client) -> None:
    many.sandbox.fault("users.info", "http500")
    assert install(many, browser, user="U_SAM").status_code == 200
    many.run_due()
    many.person("U_SAM").wait_message("Set it up", "app_dm")


def test_what_slack_says_is_shown_as_text(many: Stack, browser: httpx.Client) -> None:
    state = parse(begin(many, browser))["state"]
    asked = {"error": "<script>alert(1)</script>", "state": state}
    page = browser.get(f"{many.url}/slack/oauth_redirect", params=asked)
    assert page.status_code == 400
    assert "<script>" not in page.text
    assert "&lt;script&gt;" in page.text


def test_a_return_without_anything_is_refused(many: Stack, browser: httpx.Client) -> None:
    assert browser.get(f"{many.url}/slack/oauth_redirect").status_code == 400


def test_after_an_uninstall_nothing_is_said_until_the_reinstall_which_restores_all(
    many: Stack, browser: httpx.Client, world: World, clock: Clock
) -> None:
    install(many, browser)
    ada = many.person("U_ADA")
    ada.command("/add-client")
    ada.wait_view(callback_id=set_up.SUBMIT)
    ada.fill("region", "Canada")
    ada.fill("bundle", "25")
    ada.submit()
    ada.close_all()

    clock.advance(timedelta(days=1))
    world.set_installed("T_BIRCH", installed=False)
    many.sandbox.event("T_BIRCH", {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U_BOT"]}})
    many.sandbox.event("T_BIRCH", {"type": "app_uninstalled"})
    posted = len(many.sandbox.calls("chat.postMessage"))
    many.run_due()
    assert len(many.sandbox.calls("chat.postMessage")) == posted

    clock.advance(timedelta(days=29))
    many.composition.services.workspaces.purge()
    page = install(many, browser, user="U_SAM")
    assert "Everything is as you left it" in page.text
    many.run_due()
    many.person("U_SAM").wait_message("Clientdesk is back", "app_dm")
    ada.command("/add-client")
    ada.wait_view(title="Add client")
    assert count(many, Practice) == 1


def test_one_token_means_no_installing(stack: Stack) -> None:
    assert httpx.get(f"{stack.url}/slack/install", trust_env=False).status_code == 404
    assert httpx.get(f"{stack.url}/slack/oauth_redirect", trust_env=False).status_code == 404


def test_the_pages_may_be_framed_or_kept_by_nobody(many: Stack, browser: httpx.Client) -> None:
    page = install(many, browser)
    assert page.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
