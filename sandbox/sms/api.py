"""Twilio's API of 2010, as far as text messages need it."""

import asyncio
import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.accounting.answers import drop
from sandbox.sms.segments import segments
from sandbox.sms.world import SmsWorld, TextMessage, moment

LONGEST_BODY = 1_600
_BASE = "/2010-04-01/Accounts/{account}"
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_MOST_ON_A_PAGE = 1_000
_MESSAGES = {
    20001: "Unknown parameters",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    20500: "Internal Server Error",
    21211: "Invalid 'To' Phone Number",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number for this destination",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
}
_Endpoint = Callable[[Request], Awaitable[Response]]


class _RefusedError(Exception):
    def __init__(self, code: int, status: int = 400) -> None:
        super().__init__(code)
        self.code = code
        self.status = status


class Api:
    """`deliver` is given each message that was taken."""

    def __init__(self, world: SmsWorld, deliver: Callable[[TextMessage], None]) -> None:
        self._world = world
        self._deliver = deliver

    def routes(self) -> list[BaseRoute]:
        return [
            Route(f"{_BASE}.json", self._guarded(self._account), methods=["GET"]),
            Route(f"{_BASE}/Messages.json", self._guarded(self._list), methods=["GET"]),
            Route(f"{_BASE}/Messages.json", self._guarded(self._create), methods=["POST"]),
            Route(f"{_BASE}/Messages/{{sid}}.json", self._guarded(self._show), methods=["GET"]),
        ]

    def _guarded(self, endpoint: _Endpoint) -> _Endpoint:
        async def answer(request: Request) -> Response:
            try:
                self._authenticate(request)
                return await endpoint(request)
            except _RefusedError as refused:
                return _error(refused.code, refused.status)
            except ValueError:
                return _error(20001, 400)

        return answer

    def _authenticate(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        settings = self._world.settings
        try:
            credentials = base64.b64decode(given, validate=True) if scheme.lower() == "basic" else b""
        except binascii.Error:
            credentials = b""
        if not hmac.compare_digest(credentials, f"{settings.account_sid}:{settings.auth_token}".encode()):
            raise _RefusedError(20003, 401)
        if request.path_params["account"] != settings.account_sid:
            raise _RefusedError(20404, 404)

    async def _account(self, request: Request) -> Response:
        return JSONResponse(
            {
                "sid": request.path_params["account"],
                "friendly_name": "Sandbox",
                "status": "active",
                "type": "Full",
                "uri": request.url.path,
            }
        )

    async def _create(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        to = form.get("To", "").replace(" ", "")
        if (trouble := await self._trouble(request, to)) is not None:
            return trouble
        self._check(to, form)
        if (refusal := self._world.take("refused", number=to)) is not None:
            raise _RefusedError(refusal.code or 21211)
        message = self._world.add(
            to=to,
            sender=form.get("From") or self._world.settings.sender,
            service=form.get("MessagingServiceSid"),
            body=form["Body"],
            callback=form.get("StatusCallback"),
        )
        answer = JSONResponse(self._record(message), 201)
        self._deliver(message)
        return drop(request) if self._world.take("lost", number=to) is not None else answer

    def _check(self, to: str, form: Mapping[str, str]) -> None:
        body, sender, service = (form.get(name, "") for name in ("Body", "From", "MessagingServiceSid"))
        callback = urlsplit(form.get("StatusCallback", "http://none"))
        checks = {
            21604: bool(to),
            21211: _NUMBER.fullmatch(to) is not None,
            21603: bool(sender or service),
            21606: _SERVICE.fullmatch(service) is not None if service else sender == self._world.settings.sender,
            21602: bool(body),
            21617: len(body) <= LONGEST_BODY,
            21609: callback.scheme in {"http", "https"} and bool(callback.hostname),
        }
        for code, holds in checks.items():
            if not holds:
                raise _RefusedError(code)

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        if (trouble := await self._trouble(request, query.get("To", ""))) is not None:
            return trouble
        size = min(max(int(query.get("PageSize", "50")), 1), _MOST_ON_A_PAGE)
        page = max(int(query.get("Page", "0")), 0)
        found = [each for each in self._world.newest_first(query.get("To")) if _fits(each, query)]
        shown = found[page * size : (page + 1) * size]

        def uri(number: int) -> str:
            wanted = {name: value for name, value in query.items() if name not in {"Page", "PageSize"}}
            return f"{request.url.path}?{urlencode({**wanted, 'PageSize': size, 'Page': number})}"

        return JSONResponse(
            {
                "messages": [self._record(each) for each in shown],
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": page * size + max(len(shown) - 1, 0),
                "uri": uri(page),
                "first_page_uri": uri(0),
                "previous_page_uri": uri(page - 1) if page else None,
                "next_page_uri": uri(page + 1) if (page + 1) * size < len(found) else None,
            }
        )

    async def _show(self, request: Request) -> Response:
        message = self._world.find(request.path_params["sid"])
        if message is None:
            raise _RefusedError(20404, 404)
        return JSONResponse(self._record(message))

    async def _trouble(self, request: Request, number: str) -> Response | None:
        """An answer that has nothing to do with what was asked."""
        fault = self._world.take("slow", "ratelimited", "http500", "drop", number=number, method=request.method)
        if fault is None:
            return None
        match fault.kind:
            case "slow":
                await asyncio.sleep(fault.delay)
            case "ratelimited":
                return _error(20429, 429, {"Retry-After": str(fault.retry_after)})
            case "http500":
                return _error(20500, 500)
            case _:
                return drop(request)
        return None

    def _record(self, message: TextMessage) -> dict[str, Any]:
        uri = f"/2010-04-01/Accounts/{self._world.settings.account_sid}/Messages/{message.sid}"
        return {
            "sid": message.sid,
            "account_sid": self._world.settings.account_sid,
            "api_version": "2010-04-01",
            "body": message.body,
            "date_created": _date(message.created),
            "date_sent": _date(message.sent) if message.sent is not None else None,
            "date_updated": _date(message.updated),
            "direction": "outbound-api",
            "error_code": message.error_code,
            "error_message": None,
            "from": message.sender,
            "messaging_service_sid": message.service,
            "num_media": "0",
            "num_segments": str(segments(message.body).count),
            "price": None,
            "price_unit": "USD",
            "status": message.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": message.to,
            "uri": f"{uri}.json",
        }


def _fits(message: TextMessage, query: Mapping[str, str]) -> bool:
    """A message that waits has no date of sending, and so fits none."""
    if "From" in query and query["From"] != message.sender:
        return False
    for name, value in query.items():
        if not name.startswith("DateSent"):
            continue
        if message.sent is None:
            return False
        sent, (start, end) = moment(message.sent), _span(value)
        if (name != "DateSent<" and sent < start) or (name != "DateSent>" and sent >= end):
            return False
    return True


def _span(value: str) -> tuple[datetime, datetime]:
    """The day or the second that is meant."""
    start = datetime.fromisoformat(value).replace(tzinfo=UTC)
    return start, start + (timedelta(seconds=1) if "T" in value else timedelta(days=1))


def _date(seconds: float) -> str:
    return format_datetime(moment(seconds))


def _error(code: int, status: int, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse(
        {
            "code": code,
            "message": _MESSAGES.get(code, "The request was refused"),
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        },
        status,
        headers,
    )
