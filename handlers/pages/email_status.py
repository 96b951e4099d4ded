"""What the mail service says becomes of an e-mail."""

import hmac
import json
from collections.abc import Callable, Sequence

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from handlers.pages.bodies import read_body
from services.invitations.delivery import EmailEvent, EmailReport

PATH = "/webhooks/email"
_LARGEST_BODY = 256 * 1024
OnReports = Callable[[Sequence[EmailReport]], None]
"""An e-mail that is not known is no failure."""


class _Event(BaseModel):
    """Other fields, and events of other kinds, are passed over."""

    message_id: str = Field(min_length=1, max_length=1000, pattern=r"^[^\x00]*$")
    event: str
    reason: str | None = None


_EVENTS = TypeAdapter(list[_Event])


def routes(secret: str, on_reports: OnReports) -> list[Route]:
    """Whoever reports gives the secret as a bearer token."""
    expected = f"Bearer {secret}".encode()

    async def receive(request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            return PlainTextResponse("The secret does not match", 403)
        body = await read_body(request, _LARGEST_BODY)
        if body is None:
            return PlainTextResponse("Too large", 413)
        try:
            content = json.loads(body)
            events = _EVENTS.validate_python(content if isinstance(content, list) else [content])
        except (ValueError, RecursionError, ValidationError):
            return PlainTextResponse("Not a report, nor a list of reports, in JSON", 400)
        reports = [
            EmailReport(each.message_id, EmailEvent(each.event), each.reason or "")
            for each in events
            if each.event in set(EmailEvent)
        ]
        await run_in_threadpool(on_reports, reports)
        return Response(status_code=204)

    return [Route(PATH, receive, methods=["POST"])]
