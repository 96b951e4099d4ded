"""Files that people give to the app, read as they come."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import urllib3
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from services.errors import ServiceError

MOST_BYTES = 10 * 1024 * 1024
"""What Slack takes in a form."""
_AT_ONCE = 64 * 1024
_FILES = ("https", "files.slack.com")
_NOT_THERE = frozenset({"file_deleted", "file_not_found"})
_GONE = "Slack no longer has this file, or Clientdesk can't open it. Send it again."
_ELSEWHERE = (
    "This file is not kept at Slack, so Clientdesk does not fetch it. Save it on your computer and send it from there."
)
_TOO_LARGE = f"This file is larger than {MOST_BYTES // 1024 // 1024} MB. Split it into several and send each."


class DownloadError(Exception):
    """A file's content could not be had now."""


class Fetch(Protocol):
    """Opens an address with a token and follows no redirect, which could lead the token elsewhere."""

    def __call__(self, url: str, token: str) -> AbstractContextManager[urllib3.BaseHTTPResponse]: ...


@contextmanager
def download(client: WebClient, fetch: Fetch, file_id: str) -> Iterator[Iterator[bytes]]:
    """The file's content. What Slack says of its size is not believed.

    Raises ServiceError, with words for the person, for a file that is gone, that is too large or that Slack does not
    keep itself; DownloadError where another try may succeed; and what the client raises.
    """
    try:
        file: dict[str, Any] = client.files_info(file=file_id)["file"]
    except SlackApiError as error:
        if error.response["error"] in _NOT_THERE:
            raise ServiceError(_GONE) from error
        raise
    url = str(file.get("url_private_download") or file.get("url_private") or "")
    if not _is_slack_s(url, client.base_url):
        raise ServiceError(_ELSEWHERE)
    try:
        with fetch(url, client.token or "") as answer:
            if answer.status in {404, 410}:
                raise ServiceError(_GONE)
            # Without the right to read files, Slack leads to a page for people to sign in.
            if answer.status != 200 or _is_page(answer, file):
                raise DownloadError(f"a download was answered with {answer.status}")
            yield _content(answer)
    except urllib3.exceptions.HTTPError as error:
        raise DownloadError(f"a download broke off: {type(error).__name__}") from error


def _is_slack_s(url: str, api_url: str) -> bool:
    """The token goes to where Slack keeps files, and to the host of its API, which stands in for it elsewhere."""
    try:
        given, api = urlsplit(url), urlsplit(api_url)
        place = (given.scheme, given.hostname, given.port)
    except ValueError:
        return False
    return given.username is None and place in {(*_FILES, None), (*_FILES, 443), (api.scheme, api.hostname, api.port)}


def _is_page(answer: urllib3.BaseHTTPResponse, file: dict[str, Any]) -> bool:
    return answer.headers.get("content-type", "").startswith("text/html") and file.get("mimetype") != "text/html"


def _content(answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    size = 0
    for piece in answer.stream(_AT_ONCE, decode_content=False):
        size += len(piece)
        if size > MOST_BYTES:
            raise ServiceError(_TOO_LARGE)
        yield piece
