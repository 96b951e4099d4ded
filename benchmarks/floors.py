"""What the product is measured against: Bolt on the same server, with nothing around it.

`python -m benchmarks.floors best` has the best settings we know, `defaults` those that Bolt comes with.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast
from urllib.request import Request as UrllibRequest

import urllib3
import uvicorn
from slack_bolt import Ack, App, BoltResponse
from slack_bolt.adapter.starlette.handler import SlackRequestHandler, to_bolt_request, to_starlette_response
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from typing_extensions import override

from benchmarks import slack

LOADING = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Add client", "emoji": False},
    "close": {"type": "plain_text", "text": "Close", "emoji": False},
    "blocks": [{"type": "section", "text": {"type": "plain_text", "text": "Opening…", "emoji": False}}],
}


class _KeptAliveClient(WebClient):
    _connections = urllib3.PoolManager(maxsize=64, retries=False)

    @override
    def _perform_urllib_http_request_internal(self, url: str, req: UrllibRequest) -> dict[str, Any]:
        body = cast("bytes", req.data)  # slack_sdk has made it so
        answer = self._connections.request("POST", url, body=body, headers=dict(req.header_items()))
        return {"status": answer.status, "headers": answer.headers, "body": answer.data.decode()}


class _Base(DeclarativeBase):
    pass


class _Note(_Base):
    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


def best(api_url: str) -> Starlette:
    """Answers when the listener returns; threads beside the event loop; a client whose connections are kept."""
    client = _KeptAliveClient(slack.BOT_TOKEN, base_url=api_url, retry_handlers=[])
    after = ThreadPoolExecutor(32)
    bolt = _bare_bolt()

    @bolt.command("/add-client")
    def _add_client(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        after.submit(client.views_open, trigger_id=body["trigger_id"], view=LOADING)

    return _served(_in_threads(bolt))


def answers(database: str, views: dict[str, Any]) -> Starlette:
    """Answers each page of the wizard with the view that the product answered, after one ORM get and insert."""
    engine = create_engine(f"sqlite:///{database}")

    @event.listens_for(engine, "connect")
    def _as_the_product(connection: Any, _: object) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    _Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(_Note(id=1, text=""))
        session.commit()
    bolt = _bare_bolt()

    @bolt.view({"type": "view_submission", "callback_id": slack.ANY})
    def _submitted(ack: Ack, view: dict[str, Any]) -> None:
        with Session(engine) as session:
            session.get_one(_Note, 1)
            session.add(_Note(text=json.dumps(view["state"])))
            session.commit()
        ack(response_action="update", view=views[json.loads(view["private_metadata"])["step"]])

    return _served(_in_threads(bolt))


def defaults(api_url: str) -> Starlette:
    """As Bolt's own examples have it."""
    bolt = App(client=WebClient(slack.BOT_TOKEN, base_url=api_url), signing_secret=slack.SIGNING_SECRET)

    @bolt.command("/add-client")
    def _add_client(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=LOADING)

    return _served(SlackRequestHandler(bolt).handle)


def _bare_bolt() -> App:
    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=slack.BOT_TOKEN)

    return App(
        signing_secret=slack.SIGNING_SECRET,
        authorize=authorize,
        process_before_response=True,
        ssl_check_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )


def _in_threads(bolt: App) -> Callable[[Request], Any]:
    threads = ThreadPoolExecutor(16)

    async def handle(request: Request) -> Response:
        bolt_request = to_bolt_request(request, await request.body())
        answer: BoltResponse = await asyncio.get_running_loop().run_in_executor(threads, bolt.dispatch, bolt_request)
        return to_starlette_response(answer)

    return handle


def _served(handle: Callable[[Request], Any]) -> Starlette:
    def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/slack/events", handle, methods=["POST"]), Route("/healthz", healthz)])


def _chosen(name: str) -> Starlette:
    match name:
        case "best":
            return best(os.environ["SLACK_API_URL"])
        case "defaults":
            return defaults(os.environ["SLACK_API_URL"])
        case _:
            return answers(os.environ["DATABASE"], json.loads(Path(os.environ["VIEWS"]).read_text()))


if __name__ == "__main__":
    uvicorn.run(
        _chosen(sys.argv[1]),
        host=os.environ["HOST"],
        port=int(os.environ["PORT"]),
        log_level="warning",
        access_log=False,
        server_header=False,
    )
