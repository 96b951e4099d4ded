"""The web process: Slack's requests, the pages, and what an operator's monitoring asks for."""

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from slack_bolt import App, BoltRequest, BoltResponse
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot import metrics
from bot.after import AfterPool
from bot.errors import ErrorMapper
from db.models import Practice
from db.session import Database
from handlers.pages import failure_page
from handlers.pages.bodies import read_body
from services.jobs import Jobs

_T = TypeVar("_T")
LONGEST_BODY = 1_000_000
"""Bytes. A view is at most 250 KB, and comes form-encoded."""
THREADS = 16
_PATIENCE = 5.0
"""Seconds that a health check waits for the database."""

_log = logging.getLogger(__name__)


class SignatureCheck:
    """Slack's signature over the raw body. Whatever is wrong with it, the answer is no, never an error.

    `refused` counts the noes.
    """

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self.refused = 0
        self._secret = secret.encode()
        self._now = now

    def passes(self, body: bytes, timestamp: str | None, signature: str | None) -> bool:
        passes = self._matches(body, timestamp, signature)
        self.refused += not passes
        return passes

    def _matches(self, body: bytes, timestamp: str | None, signature: str | None) -> bool:
        if not timestamp or not signature or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
            return False
        if abs(self._now() - int(timestamp)) > 60 * 5:
            return False
        # Over the bytes as they came: slack_sdk's verifier fails on a body that is no UTF-8.
        expected = hmac.new(self._secret, b"v0:" + timestamp.encode() + b":" + body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(f"v0={expected}".encode(), signature.encode())


def build(
    bolt: App,
    database: Database,
    signing_secret: str,
    pages: Sequence[BaseRoute],
    errors: ErrorMapper,
    after: AfterPool,
    beside: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Starlette:
    """`beside` is entered when the server starts and left when it stops."""
    check = SignatureCheck(signing_secret)
    jobs = Jobs(database)
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="web")

    async def slack_events(request: Request) -> Response:
        body = await read_body(request, LONGEST_BODY)
        if body is None:
            return PlainTextResponse("Too large", 413)
        headers = request.headers
        if not check.passes(body, headers.get("x-slack-request-timestamp"), headers.get("x-slack-signature")):
            return PlainTextResponse("The signature does not match", 401)
        with after.urgent():
            # Bolt's own adapter would run the app on the event loop, one request at a time.
            return await asyncio.get_running_loop().run_in_executor(threads, _dispatch, bolt, body, dict(headers))

    async def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(_: Request) -> Response:
        # Of a table of ours: SQLite makes a missing database anew, and empty.
        is_there = await _in_time(lambda: _first(database))
        return PlainTextResponse("The database does not answer", 503) if is_there is None else PlainTextResponse("ok")

    async def show_metrics(_: Request) -> Response:
        lanes = await _in_time(jobs.counts)
        text = metrics.render(
            lanes,
            refused_signatures=check.refused,
            unexpected_failures=errors.unexpected,
            after_tasks=after.open_tasks,
        )
        return Response(text, media_type=metrics.CONTENT_TYPE)

    def broken(_: Request, error: Exception) -> Response:
        return failure_page(errors.log(error))

    routes = [
        Route("/slack/events", slack_events, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", show_metrics),
        *pages,
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with beside():
            yield
        threads.shutdown()

    return Starlette(routes=routes, lifespan=lifespan, exception_handlers={Exception: broken})


def _dispatch(bolt: App, body: bytes, headers: Mapping[str, str]) -> Response:
    try:
        # Bolt takes a body that was parsed only as if it came over Socket Mode.
        content = _parse(body, headers.get("content-type", ""))
        answer: BoltResponse = bolt.dispatch(BoltRequest(body=content, headers={**headers}, mode="socket_mode"))
    except Exception:  # noqa: BLE001
        # The listeners have a boundary of their own, so this is a request of a shape that Slack never sends.
        _log.warning("A signed request could not be read", exc_info=True)
        return PlainTextResponse("Not a request of Slack's", 400)
    return Response(answer.body, answer.status, {name: values[0] for name, values in answer.headers.items()})


def _parse(body: bytes, content_type: str) -> dict[str, Any]:
    """JSON, a form, or JSON in a form's field `payload`. Bolt's own parser takes any form with that word in it for
    the latter, and so loses a command with that word in its text."""
    content = body.decode()
    if content_type.partition(";")[0].strip() == "application/json" or content.startswith("{"):
        found = json.loads(content)
    else:
        fields = dict(parse_qsl(content, keep_blank_values=True))
        found = json.loads(fields["payload"]) if "payload" in fields else fields
    if not isinstance(found, dict):
        raise TypeError("The body is no object")
    return found


def _first(database: Database) -> bool:
    with database.read() as session:
        session.execute(select(Practice.id).limit(1))
        return True


async def _in_time(ask: Callable[[], _T]) -> _T | None:
    """What the database answers, or None."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(ask), _PATIENCE)
    except (SQLAlchemyError, TimeoutError) as error:
        _log.warning("The database does not answer: %s", error)
        return None
