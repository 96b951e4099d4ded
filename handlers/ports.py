"""What handlers are given beside Bolt's own arguments. The outer layer implements the Protocols."""

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from modals.blocks import Message, View
from services.people import Profile, Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who sent a request, by Slack's ids.

    `slack_key` is the team's id, or the enterprise's for an organisation-wide install.
    """

    slack_key: str
    team_id: str | None
    user_id: str
    is_outsider: bool
    trigger_id: str | None


class Slack(Protocol):
    """The practice's Slack, over a connection that is kept. Every call is a network call: never before the answer."""

    def open(self, trigger_id: str, loading: View, build: Callable[[], View]) -> Callable[[], None]:
        """Opens `loading` at once, since a trigger lasts 3 seconds. Gives back the rest, which puts what `build` makes
        in its place."""

    def update(self, view: dict[str, Any], new: View) -> None:
        """Replaces the view unless it changed or was closed meanwhile: then the person has moved on."""

    def replace(self, view_id: str, new: View) -> bool:
        """Replaces whatever a window shows now. False when it was closed."""

    def move_on(self, external_id: str, new: View) -> bool:
        """Replaces a view that waits, found by its external id. False when it was closed, or shows something else."""

    def fill(self, external_id: str, build: Callable[[], View]) -> None:
        """Puts what `build` makes, or its failure, in place of a view that this request's own answer shows. It is
        found by its external id only once Slack has that answer: an update by its id could come before, and be lost."""

    def publish_home(self, user_id: str, view: View) -> None: ...

    def say(self, user_id: str, message: Message) -> None:
        """A direct message."""

    def post(self, channel: str, message: Message) -> str | None:
        """In a channel. Slack's word for why the app may not write there; None where it did."""

    def update_message(self, channel: str, ts: str, message: Message) -> None:
        """Replaces one of the app's own messages, unless it was deleted meanwhile."""

    def edit_message(self, channel: str, ts: str, change: Callable[[dict[str, Any]], Message]) -> None:
        """The same with what `change` makes of the message as it is now."""

    def download(self, file_id: str) -> AbstractContextManager[Iterator[bytes]]:
        """The content of a file that somebody has given to the app, as it comes; at most 10 MB.

        Raises ServiceError with words for the person where it is gone, too large or not kept at Slack.
        """

    def owners(self) -> tuple[str, ...]:
        """The Slack ids of the workspace's owners and admins."""

    def members(self, user_ids: Iterable[str], caller: Caller) -> tuple[tuple[Profile, ...], tuple[str, ...]]:
        """What Slack says of these people: those who can be colleagues, and in words why the others can't."""


SlackOf = Callable[[uuid.UUID], Slack | None]
"""A practice's Slack; None once it uninstalled the app."""


class After(Protocol):
    """Does something once the answer is out; what the task gives back is done later still. What fails is told to the
    person and logged."""

    def __call__(self, task: Callable[..., Callable[[], None] | None], *args: Any) -> None: ...


class Admission(Protocol):
    """Knows who the caller is, making them known first when they are new. Makes network calls for newcomers."""

    def __call__(self, caller: Caller) -> Standing:
        """Raises NotPermittedError for people from other companies, guests and bots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What an installation gives. `team_id` is None where a whole organisation installed from outside a workspace."""

    slack_key: str
    team_id: str | None
    app_id: str
    practice_name: str
    bot_token: str
    bot_user_id: str
    scopes: str
    installer: Profile


class ConsentRefusedError(Exception):
    """Slack did not turn the code into a token. `code` says why, in a few words."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Consent(Protocol):
    """Slack's side of an installation. `site` is where its pages for people are."""

    site: str

    def address(self, state: str, return_to: str) -> str:
        """Slack's consent page."""

    def exchange(self, code: str, return_to: str) -> Grant:
        """A network call. Raises ConsentRefusedError."""


class Forget(Protocol):
    """Drops what this process keeps of a workspace in memory."""

    def __call__(self, slack_key: str) -> None: ...


class Ack(Protocol):
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...
