"""What an installation gives, in the shapes in which Slack answers."""

from collections.abc import Iterator
from typing import Any

import pytest

from bot.consent import SlackConsent
from bot.errors import ErrorMapper
from bot.slack_api import SlackTransport
from handlers.ports import ConsentRefusedError
from tests.canned import CannedSlack

ANSWER: dict[str, Any] = {
    "access_token": "xoxb-1",
    "token_type": "bot",
    "scope": "chat:write,commands",
    "bot_user_id": "U_BOT",
    "app_id": "A_1",
    "team": {"id": "T_NORTH", "name": "North"},
    "enterprise": None,
    "authed_user": {"id": "U_ADA"},
    "is_enterprise_install": False,
}
ORGANISATION = {"id": "E_ORG", "name": "Birch Group"}


@pytest.fixture
def slack() -> Iterator[CannedSlack]:
    with CannedSlack(oauth_v2_access=ANSWER, users_info={"user": {"id": "U_ADA", "real_name": "Ada Marsh"}}) as slack:
        yield slack


@pytest.fixture
def consent(slack: CannedSlack) -> Iterator[SlackConsent]:
    transport = SlackTransport(slack.api_url)
    yield SlackConsent(transport, ErrorMapper(), "1.2", "hush")
    transport.close()


@pytest.mark.parametrize(
    ("changes", "slack_key", "team_id", "name"),
    [
        ({}, "T_NORTH", "T_NORTH", "North"),
        ({"enterprise": ORGANISATION}, "T_NORTH", "T_NORTH", "North"),
        ({"enterprise": ORGANISATION, "is_enterprise_install": True}, "E_ORG", "T_NORTH", "Birch Group"),
        ({"enterprise": ORGANISATION, "is_enterprise_install": True, "team": None}, "E_ORG", None, "Birch Group"),
        ({"enterprise": {"id": "E_ORG"}, "is_enterprise_install": True, "team": None}, "E_ORG", None, "E_ORG"),
    ],
    ids=[
        "a workspace",
        "a workspace of an organisation",
        "an organisation, from a workspace",
        "an organisation",
        "nameless",
    ],
)
def test_an_installation_is_the_workspaces_or_the_whole_organisations(
    slack: CannedSlack, consent: SlackConsent, changes: dict[str, Any], slack_key: str, team_id: str | None, name: str
) -> None:
    slack.answers["oauth.v2.access"] = {**ANSWER, **changes}
    grant = consent.exchange("code", "https://desk.example/slack/oauth_redirect")
    assert (grant.slack_key, grant.team_id, grant.practice_name) == (slack_key, team_id, name)
    assert (grant.bot_token, grant.bot_user_id, grant.scopes) == ("xoxb-1", "U_BOT", "chat:write,commands")
    assert (grant.installer.slack_user_id, grant.installer.name) == ("U_ADA", "Ada Marsh")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ok": False, "error": "invalid_code"}, "invalid_code"),
        ({"token_type": "user"}, "no bot token"),
        ({"access_token": None}, "no bot token"),
        ({"refresh_token": "xoxe-1", "expires_in": 43200}, "token rotation"),
    ],
    ids=["refused", "a person's token", "no token", "a token that ends"],
)
def test_what_clientdesk_cannot_use_is_refused_in_words(
    slack: CannedSlack, consent: SlackConsent, changes: dict[str, Any], words: str
) -> None:
    slack.answers["oauth.v2.access"] = {**ANSWER, **changes}
    with pytest.raises(ConsentRefusedError, match=words):
        consent.exchange("code", "https://desk.example/slack/oauth_redirect")


def test_a_slack_that_cannot_be_reached_is_a_refusal() -> None:
    consent = SlackConsent(SlackTransport("http://127.0.0.1:9/api/"), ErrorMapper(), "1.2", "hush")
    with pytest.raises(ConsentRefusedError, match="could not be reached"):
        consent.exchange("code", "https://desk.example/slack/oauth_redirect")


@pytest.mark.parametrize("api_url", ["https://slack.com/api/", "https://slack.com/api"])
def test_the_consent_page_is_beside_the_api(api_url: str) -> None:
    consent = SlackConsent(SlackTransport(api_url), ErrorMapper(), "1.2", "hush")
    address = consent.address("s", "https://desk.example/slack/oauth_redirect")
    assert address.startswith("https://slack.com/oauth/v2/authorize?client_id=1.2&scope=chat%3Awrite")
