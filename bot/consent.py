"""Slack's consent to an installation: the page to send people to, and the token that comes of it."""

import json
import logging
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from slack_sdk.errors import SlackApiError
from typing_extensions import override
from urllib3.exceptions import HTTPError

from bot.errors import ErrorMapper
from bot.profiles import profile_of
from bot.slack_api import PracticeSlack, SlackTransport
from handlers.ports import Consent, ConsentRefusedError, Grant
from services.people import Profile

MANIFEST = Path(__file__).parent.parent / "manifest.json"
_log = logging.getLogger(__name__)


class SlackConsent(Consent):
    def __init__(self, transport: SlackTransport, errors: ErrorMapper, client_id: str, client_secret: str) -> None:
        self.site = transport.site
        self._transport = transport
        self._errors = errors
        self._client_id = client_id
        self._client_secret = client_secret

    @override
    def address(self, state: str, return_to: str) -> str:
        asked = {"client_id": self._client_id, "scope": self._scopes, "state": state, "redirect_uri": return_to}
        return f"{self.site}/oauth/v2/authorize?{urlencode(asked)}"

    @override
    def exchange(self, code: str, return_to: str) -> Grant:
        try:
            answer = self._transport.client(None).oauth_v2_access(
                client_id=self._client_id, client_secret=self._client_secret, code=code, redirect_uri=return_to
            )
        except SlackApiError as refusal:
            _log.warning("Slack refused an installation: %s", refusal.response["error"])
            raise ConsentRefusedError(str(refusal.response["error"])[:100]) from refusal
        except HTTPError as error:
            _log.warning("Slack could not be asked to complete an installation", exc_info=error)
            raise ConsentRefusedError("it could not be reached") from error
        if answer.get("token_type") != "bot" or not answer.get("access_token"):
            raise ConsentRefusedError("it gave no bot token")
        if answer.get("refresh_token"):
            raise ConsentRefusedError("this Slack app has token rotation on, which Clientdesk can't use")
        return self._grant(answer)

    def _grant(self, answer: Any) -> Grant:
        team, enterprise = answer.get("team") or {}, answer.get("enterprise") or {}
        # An organisation's installation is its own, whichever workspace it was begun from.
        holder = enterprise if answer.get("is_enterprise_install") and enterprise else team
        user_id = str(answer["authed_user"]["id"])
        return Grant(
            slack_key=str(holder["id"]),
            team_id=team.get("id"),
            app_id=str(answer.get("app_id") or ""),
            practice_name=str(holder.get("name") or holder["id"]),
            bot_token=answer["access_token"],
            bot_user_id=str(answer["bot_user_id"]),
            scopes=str(answer.get("scope") or ""),
            installer=self._installer(answer["access_token"], user_id),
        )

    def _installer(self, token: str, user_id: str) -> Profile:
        try:
            user = PracticeSlack(self._transport.client(token), self._errors).profile(user_id)
        except (SlackApiError, HTTPError) as error:
            # The code is used up: an installation must not fail for want of a name.
            _log.warning("Slack did not say who installed the app", exc_info=error)
            user = {}
        return profile_of(user_id, user)

    @cached_property
    def _scopes(self) -> str:
        manifest = json.loads(MANIFEST.read_text(encoding="utf-8"))
        return ",".join(manifest["oauth_config"]["scopes"]["bot"])
