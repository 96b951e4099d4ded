"""A file that somebody gives to the app is read from Slack only, and no further than 10 MB."""

from collections.abc import AsyncIterator, Iterator
from typing import Literal

import pytest
from slack_sdk.errors import SlackApiError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from bot.downloads import MOST_BYTES, DownloadError
from bot.slack_api import SlackClient, SlackTransport
from sandbox.app import SandboxConfig
from sandbox.driver import Sandbox
from sandbox.running import HOST, RunningSandbox
from services.errors import ServiceError
from tests.canned import CannedSlack
from tests.stack import listening, serving

SCOPES = ["chat:write", "files:read"]


@pytest.fixture(scope="module")
def running() -> Iterator[RunningSandbox]:
    with RunningSandbox(SandboxConfig(manifest={"oauth_config": {"scopes": {"bot": SCOPES}}})) as running:
        yield running


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[Sandbox]:
    with Sandbox(running.url) as sandbox:
        sandbox.reset()
        yield sandbox


@pytest.fixture
def slack(running: RunningSandbox) -> Iterator[SlackClient]:
    transport = SlackTransport(running.api_url)
    yield transport.client("xoxb-sandbox-T_BIRCH")
    transport.close()


def content(slack: SlackClient, file_id: str) -> bytes:
    with slack.download(file_id) as pieces:
        return b"".join(pieces)


def test_a_file_is_read_as_it_is(slack: SlackClient, sandbox: Sandbox) -> None:
    given = b"\xef\xbb\xbfName\r\n" + b"x" * 200_000
    assert content(slack, sandbox.upload("U_ADA", "clients é.csv", given)["id"]) == given


def test_a_page_is_a_file_like_others(slack: SlackClient, sandbox: Sandbox) -> None:
    assert content(slack, sandbox.upload("U_ADA", "page.html", b"<p>")["id"]) == b"<p>"


def test_a_file_that_is_gone_is_refused_in_words(slack: SlackClient, sandbox: Sandbox) -> None:
    with pytest.raises(ServiceError, match="no longer has this file"):
        content(slack, "F_NONE")


def test_no_more_than_10_mb_are_read_whatever_the_size_is_said_to_be(
    slack: SlackClient, sandbox: Sandbox, running: RunningSandbox
) -> None:
    assert len(content(slack, sandbox.upload("U_ADA", "most.csv", b"x" * MOST_BYTES)["id"])) == MOST_BYTES
    file = sandbox.upload("U_ADA", "more.csv", b"")
    running.world.files[file["id"]].content = b"x" * (MOST_BYTES + 1)
    with pytest.raises(ServiceError, match="larger than 10 MB"):
        content(slack, file["id"])


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://files.slack.com.evil.example",
        "https://evil.example/files.slack.com",
        "https://files.slack.com@evil.example",
        "http://files.slack.com",
        "https://files.slack.com:99999999",
        "//files.slack.com",
    ],
)
def test_the_token_is_sent_to_slack_only(
    slack: SlackClient, sandbox: Sandbox, running: RunningSandbox, elsewhere: str
) -> None:
    file = sandbox.upload("U_ADA", "clients.csv", b"Name")
    running.world.files[file["id"]].base_url = elsewhere
    with pytest.raises(ServiceError, match="not kept at Slack"):
        content(slack, file["id"])


def test_a_file_without_an_address_is_refused() -> None:
    with CannedSlack(files_info={"file": {"id": "F1"}}) as canned:
        transport = SlackTransport(canned.api_url)
        with pytest.raises(ServiceError, match="not kept at Slack"):
            content(transport.client("xoxb-1"), "F1")
        transport.close()


@pytest.mark.parametrize("kind", ["http500", "ratelimited"])
def test_what_slack_fails_to_send_may_be_asked_for_again(
    slack: SlackClient, sandbox: Sandbox, kind: Literal["http500", "ratelimited"]
) -> None:
    file = sandbox.upload("U_ADA", "clients.csv", b"Name")
    sandbox.fault("files.download", kind)
    with pytest.raises(DownloadError):
        content(slack, file["id"])
    assert content(slack, file["id"]) == b"Name"


async def _broken_off() -> AsyncIterator[bytes]:
    yield b"Name"
    raise ConnectionResetError("on purpose")


STRANGE: dict[str, Response] = {
    "redirect": RedirectResponse("/api/files.info", 302),
    "sign-in": HTMLResponse("<h1>Sign in</h1>"),
    "broken": StreamingResponse(_broken_off(), headers={"Content-Length": "1000"}),
}


@pytest.mark.parametrize("what", STRANGE)
def test_what_is_not_the_file_is_not_taken_for_it(what: str) -> None:
    asked: list[str] = []

    async def answer(request: Request) -> Response:
        asked.append(request.path_params["name"])
        if asked[-1] == "files.info":
            return JSONResponse({"ok": True, "file": {"mimetype": "text/csv", "url_private": f"{api_url}{what}"}})
        return STRANGE[what]

    with listening() as listener:
        api_url = f"http://{HOST}:{listener.getsockname()[1]}/api/"
        app = Starlette(routes=[Route("/api/{name}", answer, methods=["GET", "POST"])])
        with serving(app, listener):
            transport = SlackTransport(api_url)
            with pytest.raises(DownloadError):
                content(transport.client("xoxb-1"), "F1")
            transport.close()
    assert asked == ["files.info", what]


def test_without_the_right_to_read_files_none_is_read(
    slack: SlackClient, sandbox: Sandbox, running: RunningSandbox
) -> None:
    file = sandbox.upload("U_ADA", "clients.csv", b"Name")
    allowed, running.world.scopes = running.world.scopes, frozenset()
    try:
        with pytest.raises(SlackApiError, match="missing_scope"):
            content(slack, file["id"])
    finally:
        running.world.scopes = allowed
