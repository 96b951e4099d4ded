"""Who is asking: from Slack's ids to a practice and a colleague."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from bot.errors import ErrorMapper
from bot.profiles import is_bot, is_from_elsewhere, is_guest, profile_of
from bot.slack_api import PracticeSlack, SlackTransport
from handlers.ports import Caller
from services.errors import NotPermittedError
from services.people import PeopleService, Standing
from services.workspaces import WorkspaceService

_MOST_KEPT = 20_000
_KEPT = 60.0
"""Seconds for which a colleague's ids and a workspace's token are kept in memory. Roles are never kept."""

_K = TypeVar("_K")
_V = TypeVar("_V")


class Identity:
    def __init__(
        self,
        people: PeopleService,
        workspaces: WorkspaceService,
        transport: SlackTransport,
        errors: ErrorMapper,
        *,
        single_token: str | None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._people = people
        self._workspaces = workspaces
        self._transport = transport
        self._errors = errors
        self._single_token = single_token
        self._monotonic = monotonic
        self._standings: dict[tuple[str, str], tuple[float, Standing]] = {}
        self._tokens: dict[str, tuple[float, str]] = {}
        self._own_team: tuple[str, str | None] | None = None
        self._lock = threading.Lock()

    def standing(self, caller: Caller) -> Standing | None:
        """From memory or the database; None before the first contact. No network."""
        if caller.is_outsider:
            return None
        key = (caller.slack_key, caller.user_id)
        kept = self._standings.get(key)
        if kept is not None and kept[0] > self._monotonic():
            return kept[1]
        standing = self._people.find(*key)
        if standing is not None and standing.set_up:
            _keep(self._standings, key, (self._monotonic() + _KEPT, standing))
        return standing

    def token(self, slack_key: str) -> str | None:
        """The bot's token for a workspace, or None where the app is not installed. No network."""
        if self._single_token is not None:
            return self._single_token
        kept = self._tokens.get(slack_key)
        if kept is not None and kept[0] > self._monotonic():
            return kept[1]
        token = self._workspaces.bot_token(slack_key)
        if token is not None:  # that there is none may change at any moment, in another process
            _keep(self._tokens, slack_key, (self._monotonic() + _KEPT, token))
        return token

    def slack(self, slack_key: str) -> PracticeSlack:
        return PracticeSlack(self._transport.client(self.token(slack_key)), self._errors)

    def forget(self, slack_key: str) -> None:
        """After an install or uninstall: what is kept of the workspace is out of date."""
        self._tokens.pop(slack_key, None)
        for key in [key for key in tuple(self._standings) if key[0] == slack_key]:
            self._standings.pop(key, None)

    def admit(self, caller: Caller) -> Standing:
        """Makes a newcomer known by what Slack says of them. Raises NotPermittedError for people from elsewhere."""
        known = self.standing(caller)
        if known is not None:
            return known
        slack = self.slack(caller.slack_key)
        self._require_own_team(caller, slack)
        user = slack.profile(caller.user_id)
        if caller.is_outsider or is_from_elsewhere(user, caller):
            raise NotPermittedError(
                "Clientdesk here belongs to another company, so you can't use it in this workspace."
            )
        if is_bot(user) or is_guest(user):
            raise NotPermittedError("Guests can't use Clientdesk. Ask a member of this workspace to do it for you.")
        return self._people.first_contact(
            caller.slack_key, slack.workspace_name(caller.team_id), profile_of(caller.user_id, user)
        )

    def _require_own_team(self, caller: Caller, slack: PracticeSlack) -> None:
        """One token serves one workspace: a request that names another must not make a practice of it."""
        if self._single_token is None:
            return
        with self._lock:
            if self._own_team is None:
                self._own_team = slack.own_team()
        if caller.slack_key not in self._own_team:
            raise NotPermittedError("Clientdesk is not installed in your workspace.")


def _keep(kept: dict[_K, _V], key: _K, value: _V) -> None:
    if len(kept) >= _MOST_KEPT:
        kept.clear()
    kept[key] = value
