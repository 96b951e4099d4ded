"""What Twilio says becomes of a text message."""

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from handlers.pages.bodies import read_body
from services.delivery.sms import CALLBACK_PATH, SmsStatus

_LARGEST_BODY = 16 * 1024
_MOST_FIELDS = 100
_LONGEST_SID = 64
Verify = Callable[[str, str, Mapping[str, str]], bool]
OnStatus = Callable[[str, str, SmsStatus, int | None], None]
"""Gets what the callback's address names as its `link`, a message's sid, how it stands, and Twilio's number for what
went wrong. One that is not known is no failure."""


def routes(verify: Verify, on_status: OnStatus, *, public_url: str) -> list[Route]:
    """`verify` gets the signature, the address at `public_url` that Twilio was given, and the form."""

    async def receive(request: Request) -> Response:
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/x-www-form-urlencoded":
            return PlainTextResponse("Not a form", 415)
        body = await read_body(request, _LARGEST_BODY)
        if body is None:
            return PlainTextResponse("Too large", 413)
        form = _parse(body)
        if form is None:
            return PlainTextResponse("Not a form", 400)
        # Not the address that the request came to: a proxy may have changed it.
        query = request.url.query
        url = public_url + CALLBACK_PATH + (f"?{query}" if query else "")
        if not verify(request.headers.get("x-twilio-signature", ""), url, form):
            return PlainTextResponse("The signature does not match", 403)
        sid, word = form.get("MessageSid", ""), form.get("MessageStatus", "")
        if not 0 < len(sid) <= _LONGEST_SID or not word:
            return PlainTextResponse("Names no message", 400)
        status = SmsStatus.read(word)
        if status is not None:
            link = request.query_params.get("link", "")
            await run_in_threadpool(on_status, link, sid, status, _number(form.get("ErrorCode", "")))
        return Response(status_code=204)

    return [Route(CALLBACK_PATH, receive, methods=["POST"])]


def _parse(body: bytes) -> dict[str, str] | None:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
