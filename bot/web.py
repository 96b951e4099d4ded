"""The web process: Slack's requests, the invitation pages, and health."""

import asyncio
import hmac
import time
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial

from slack_bolt import App, BoltRequest, BoltResponse
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from db.session import Database

LONGEST_BODY = 1_000_000
"""Bytes. A view is at most 250 KB, and comes form-encoded."""
THREADS = 16


class SignatureCheck:
    """Slack's signature over the raw body. Whatever is wrong with it, the answer is no, never an error."""

    def __init__(self, secret: str, now: Callable[[], float] = time.time) -> None:
        self._verifier = SignatureVerifier(secret)
        self._now = now

    def passes(self, body: bytes, timestamp: str | None, signature: str | None) -> bool:
        if not timestamp or not signature or not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
            return False
        if abs(self._now() - int(timestamp)) > 60 * 5:
            return False
        expected = self._verifier.generate_signature(timestamp=timestamp, body=body)
        return expected is not None and hmac.compare_digest(expected.encode(), signature.encode())


def build(
    bolt: App,
    database: Database,
    signing_secret: str,
    pages: Sequence[BaseRoute],
    beside: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Starlette:
    """`beside` is entered when the server starts and left when it stops."""
    check = SignatureCheck(signing_secret)
    threads = ThreadPoolExecutor(THREADS, thread_name_prefix="web")

    async def slack_events(request: Request) -> Response:
        body = await _read(request)
        if body is None:
            return PlainTextResponse("Too large", 413)
        headers = request.headers
        if not check.passes(body, headers.get("x-slack-request-timestamp"), headers.get("x-slack-signature")):
            return PlainTextResponse("The signature does not match", 401)
        try:
            content = body.decode()
        except UnicodeDecodeError:
            return PlainTextResponse("Not UTF-8", 400)
        bolt_request = BoltRequest(body=content, headers={name: [value] for name, value in headers.items()})
        # Bolt's own adapter would run the app on the event loop, one request at a time.
        answer: BoltResponse = await asyncio.get_running_loop().run_in_executor(
            threads, partial(bolt.dispatch, bolt_request)
        )
        return Response(answer.body, answer.status, {name: values[0] for name, values in answer.headers.items()})

    def healthz(_: Request) -> Response:
        return PlainTextResponse("ok")

    def readyz(_: Request) -> Response:
        with database.read() as session:
            session.execute(text("SELECT 1"))
        return PlainTextResponse("ok")

    routes = [
        Route("/slack/events", slack_events, methods=["POST"]),
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        *pages,
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with beside():
            yield

    return Starlette(routes=routes, lifespan=lifespan)


async def _read(request: Request) -> bytes | None:
    """The body, or None when it is too large; read no further than that."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LONGEST_BODY:
            return None
        chunks.append(chunk)
    return b"".join(chunks)
