"""Slack's Web API over connections that are kept, and what handlers need of it."""

import json
import logging
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any
from urllib.request import Request

import urllib3
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from typing_extensions import override

from bot.downloads import download
from bot.errors import ErrorMapper
from bot.profiles import profile_of, why_not
from handlers.ports import Caller
from modals.blocks import Message, View
from services.people import Profile

_log = logging.getLogger(__name__)
_UNKNOWN = frozenset({"user_not_found", "user_not_visible"})
_CLOSED = frozenset({"not_found", "view_not_found"})
_NOT_THERE = frozenset({"channel_not_found", "not_in_channel", "is_archived", "no_permission"})
_UNTIL_SHOWN = (0.1, 0.2, 0.4, 0.8, 1.5)
"""Seconds between looks for a view that an answer of ours shows. Slack takes an answer for 3 seconds."""
_TIMEOUT = urllib3.Timeout(connect=3, read=10)


class UploadError(Exception):
    """Slack did not take a file's content."""

    def __init__(self, status: int) -> None:
        super().__init__(f"an upload was answered with {status}")


class SlackTransport:
    """One pool of connections and one TLS context for every call of this process.

    Nothing is retried here: a post whose answer was lost may have been made.
    """

    def __init__(self, api_url: str, *, connections: int = 64) -> None:
        self.api_url = api_url
        self._connections = connections

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        """Made at the first call: the TLS context takes 16 ms, a tenth of what the process adds to a start."""
        return urllib3.PoolManager(
            maxsize=self._connections, retries=False, timeout=_TIMEOUT, ssl_context=ssl.create_default_context()
        )

    def client(self, token: str | None) -> "SlackClient":
        return SlackClient(self, token)

    def request(self, url: str, body: Any, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        return self._pool.request("POST", url, body=body, headers=headers)

    def upload(self, upload_url: str, content: bytes) -> None:
        """Sends a file's content to where Slack wants it. Raises UploadError."""
        answer = self.request(upload_url, content, {"Content-Type": "application/octet-stream"})
        if answer.status != 200:
            raise UploadError(answer.status)

    @contextmanager
    def fetch(self, url: str, token: str) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer whose body is read as it comes. A redirect is not followed."""
        headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
        answer = self._pool.request("GET", url, headers=headers, redirect=False, preload_content=False)
        try:
            yield answer
        finally:
            answer.close()
            answer.release_conn()

    def respond(self, response_url: str, message: Message) -> None:
        """Answers where a command or button was used, to that person only."""
        body = json.dumps({"response_type": "ephemeral", "replace_original": False, **message})
        answer = self.request(response_url, body.encode(), {"Content-Type": "application/json"})
        if answer.status != 200:
            _log.warning("A response_url answered %s", answer.status)

    @property
    def site(self) -> str:
        """Where Slack's pages for people are: beside its API."""
        return self.api_url.removesuffix("/").removesuffix("/api")

    def close(self) -> None:
        self._pool.clear()


class SlackClient(WebClient):
    """slack_sdk opens a connection, and on Python 3.11 builds a TLS context, for each call; this one keeps both."""

    def __init__(self, transport: SlackTransport, token: str | None) -> None:
        super().__init__(token=token, base_url=transport.api_url, retry_handlers=[])
        self._transport = transport

    @override
    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        answer = self._transport.request(url, req.data, dict(req.header_items()))
        return {"status": answer.status, "headers": answer.headers, "body": answer.data.decode()}

    def download(self, file_id: str) -> AbstractContextManager[Iterator[bytes]]:
        """As `bot.downloads.download`."""
        return download(self, self._transport.fetch, file_id)


def retry_after(error: SlackApiError) -> int | None:
    """The seconds that Slack asks to wait, if that is what it answered."""
    if error.response.status_code != 429 and error.response["error"] != "ratelimited":
        return None
    given = {name.lower(): value for name, value in error.response.headers.items()}.get("retry-after", "")
    return int(given) if given.isascii() and given.isdigit() else 1


class PracticeSlack:
    """One practice's Slack. Implements the handlers' Protocol."""

    def __init__(self, client: SlackClient, errors: ErrorMapper, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._errors = errors
        self._wait = wait

    def open(self, trigger_id: str, loading: View, build: Callable[[], View]) -> Callable[[], None]:
        opened = self._client.views_open(trigger_id=trigger_id, view=loading)["view"]

        def replace() -> None:
            self.update(opened, self._built(build))

        return replace

    def update(self, view: dict[str, Any], new: View) -> None:
        try:
            self._client.views_update(view_id=view["id"], hash=view["hash"], view=new)
        except SlackApiError as error:
            if error.response["error"] not in _CLOSED | {"hash_conflict"}:
                raise
            _log.info("View %s was closed or has moved on", view["id"])

    def replace(self, view_id: str, new: View) -> bool:
        try:
            self._client.views_update(view_id=view_id, view=new)
        except SlackApiError as error:
            if error.response["error"] not in _CLOSED:
                raise
            _log.info("View %s was closed", view_id)
            return False
        return True

    def move_on(self, external_id: str, new: View) -> bool:
        try:
            self._client.views_update(external_id=external_id, view=new)
        except SlackApiError as error:
            if error.response["error"] not in _CLOSED:
                raise
            _log.info("View %s was closed", external_id)
            return False
        return True

    def fill(self, external_id: str, build: Callable[[], View]) -> None:
        view = self._built(build)
        for wait in _UNTIL_SHOWN:
            try:
                self._client.views_update(external_id=external_id, view=view)
            except SlackApiError as error:
                if error.response["error"] not in _CLOSED:
                    raise
                # Not there: closed by now, or the answer that shows it has not reached Slack yet.
                self._wait(wait)
            else:
                return
        _log.info("View %s was closed", external_id)

    def _built(self, build: Callable[[], View]) -> View:
        try:
            return build()
        except Exception as error:  # noqa: BLE001 - the person looks at "Opening…": tell them there
            return self._errors.as_view(error)

    def push(self, trigger_id: str, view: View) -> None:
        self._client.views_push(trigger_id=trigger_id, view=view)

    def publish_home(self, user_id: str, view: View) -> None:
        self._client.views_publish(user_id=user_id, view=view)

    def say(self, user_id: str, message: Message) -> None:
        self._client.chat_postMessage(channel=user_id, **message)

    def post(self, channel: str, message: Message) -> str | None:
        try:
            self._client.chat_postMessage(channel=channel, **message)
        except SlackApiError as error:
            code = str(error.response["error"])
            if code not in _NOT_THERE and not code.startswith("restricted_action"):
                raise
            return code
        return None

    def update_message(self, channel: str, ts: str, message: Message) -> None:
        try:
            self._client.chat_update(channel=channel, ts=ts, **message)
        except SlackApiError as error:
            if error.response["error"] != "message_not_found":
                raise
            _log.info("Message %s in %s was deleted", ts, channel)

    def edit_message(self, channel: str, ts: str, change: Callable[[dict[str, Any]], Message]) -> None:
        found = self._client.conversations_history(channel=channel, latest=ts, oldest=ts, inclusive=True, limit=1)
        for message in found["messages"]:
            self.update_message(channel, ts, change(message))

    def download(self, file_id: str) -> AbstractContextManager[Iterator[bytes]]:
        return self._client.download(file_id)

    def owners(self) -> tuple[str, ...]:
        people = self._client.users_list(limit=200)["members"]
        return tuple(
            person["id"]
            for person in people
            if (person.get("is_owner") or person.get("is_admin"))
            and not person.get("deleted")
            and not person.get("is_bot")
        )

    def profile(self, user_id: str) -> dict[str, Any]:
        """Slack's own record of a person."""
        user: dict[str, Any] = self._client.users_info(user=user_id)["user"]
        return user

    def members(self, user_ids: Iterable[str], caller: Caller) -> tuple[tuple[Profile, ...], tuple[str, ...]]:
        found, refused = list[Profile](), list[str]()
        for user_id in user_ids:
            try:
                user = self.profile(user_id)
            except SlackApiError as error:
                if error.response["error"] not in _UNKNOWN:
                    raise
                refused.append("Somebody whom you chose is not in this workspace.")
                continue
            why = why_not(user, caller)
            if why is None:
                found.append(profile_of(user_id, user))
            else:
                refused.append(why)
        return tuple(found), tuple(refused)

    def workspace_name(self, team_id: str | None) -> str:
        team: dict[str, Any] = self._client.team_info(team=team_id)["team"]
        return str(team["name"])

    def own_team(self) -> tuple[str, str | None]:
        """The team and enterprise that the token belongs to."""
        answer = self._client.auth_test()
        return str(answer["team_id"]), answer.get("enterprise_id")
