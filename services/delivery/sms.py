"""Sending text messages, through Twilio."""

import hmac
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import urllib3

from services.accounting.http import NoAnswer, ProviderPool, Refused
from services.delivery.sms_codes import OPERATORS, REASONS, WAIT

TIMEOUT = urllib3.Timeout(connect=3, read=10)
"""For the pool that a TwilioTexter is given."""
LONGEST_BODY = 1_600
CALLBACK_PATH = "/webhooks/sms"
"""Where Twilio tells what becomes of a message, at PUBLIC_URL. Its query is signed too."""
_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=1)
_CLOCKS_DIFFER = timedelta(minutes=5)
_LOOKED_AT = 200
_DATES = ("date_created", "date_sent", "date_updated")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """`to` is in E.164. Twilio tells `callback_url` what becomes of the message."""

    to: str
    body: str = field(repr=False)
    callback_url: str


class SmsStatus(StrEnum):
    """What became of a message. The last three are final."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    FAILED = "failed"

    @classmethod
    def read(cls, word: str) -> "SmsStatus | None":
        """Twilio's word for it; None for one that says nothing of a message that was sent."""
        return _READ.get(word)

    @property
    def is_final(self) -> bool:
        return _ORDER[self] == _FINAL

    def follows(self, earlier: "SmsStatus") -> bool:
        """Twilio's callbacks come in any order: one that does not follow what is known changes nothing."""
        return _ORDER[self] > _ORDER[earlier]


_FINAL = 3
_ORDER = {
    SmsStatus.QUEUED: 0,
    SmsStatus.SENDING: 1,
    SmsStatus.SENT: 2,
    SmsStatus.DELIVERED: _FINAL,
    SmsStatus.UNDELIVERED: _FINAL,
    SmsStatus.FAILED: _FINAL,
}
_READ = {status.value: status for status in SmsStatus} | {
    "accepted": SmsStatus.QUEUED,
    "scheduled": SmsStatus.QUEUED,
    "canceled": SmsStatus.FAILED,
    "read": SmsStatus.DELIVERED,
}
_WORDS = {
    SmsStatus.QUEUED: "Waiting to be sent.",
    SmsStatus.SENDING: "Being sent.",
    SmsStatus.SENT: "Sent. The mobile network has not said yet whether it arrived.",
    SmsStatus.DELIVERED: "Delivered.",
    SmsStatus.UNDELIVERED: "The mobile network did not deliver it.",
    SmsStatus.FAILED: "It could not be sent.",
}


def status_words(status: SmsStatus, error_code: int | None = None) -> str:
    """What became of a message, for the person who had it sent."""
    if error_code is None or status not in {SmsStatus.UNDELIVERED, SmsStatus.FAILED}:
        return _WORDS[status]
    return REASONS.get(error_code) or f"{_WORDS[status]} Twilio's reason has the number {error_code}."


@dataclass(frozen=True, slots=True, kw_only=True)
class SentSms:
    """A message that Twilio has taken, and how it stands. Callbacks name it by `sid`."""

    sid: str
    status: SmsStatus
    error_code: int | None = None


class RefusedError(Exception):
    """This message will never reach this number. The text says why to the person who had it sent."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class UndeliveredError(Exception):
    """Not sent, as far as is known, and worth another try later: `after` a time, where Twilio asks for one."""

    def __init__(self, message: str, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.after = after


class AnswerLost(UndeliveredError):  # noqa: N818 -- says what happened
    """The same, but it may have been sent: the next try has to look for it first."""

    def __init__(self) -> None:
        super().__init__("Twilio can't be reached right now, or did not say whether it took the text message.")


class Texter(Protocol):
    """Twilio knows no idempotency keys: after a try whose outcome is unknown (AnswerLost, or a process that died), the
    next one asks `find` first, and sends only what it does not find. Bodies have to differ, by the link in them."""

    def send(self, sms: Sms) -> SentSms:
        """Returns once Twilio has taken the message. Raises RefusedError, UndeliveredError, AnswerLost."""
        ...

    def find(self, sms: Sms, *, since: datetime) -> SentSms | None:
        """The message to this number with this body that was made since then. Raises UndeliveredError."""
        ...


class TwilioTexter:
    """`sender` is a number in E.164, a short code, a name, or a messaging service (`MG…`).

    `pool` has to have TIMEOUT as its time-outs.
    """

    def __init__(
        self,
        pool: ProviderPool,
        *,
        account_sid: str,
        auth_token: str,
        sender: str,
        api_url: str = "https://api.twilio.com",
    ) -> None:
        self._connection = _Connection(pool)
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._sender = {"messaging_service_sid" if _SERVICE.fullmatch(sender) else "from_": sender}
        self._api_url = api_url

    def send(self, sms: Sms) -> SentSms:
        try:
            message = self._client.messages.create(
                to=sms.to, body=sms.body, status_callback=sms.callback_url, **self._sender
            )
        except NoAnswer as lost:
            if lost.sent:
                raise AnswerLost from lost
            raise UndeliveredError("Twilio can't be reached right now.") from lost
        except Refused as refused:
            raise _failure(refused) from refused
        return _sent(message)

    def find(self, sms: Sms, *, since: datetime) -> SentSms | None:
        """Among the newest 200 to this number. Not by the date of sending: a message that waits has none yet."""
        try:
            messages = self._client.messages.list(to=sms.to, limit=_LOOKED_AT)
        except NoAnswer as lost:
            raise UndeliveredError("Twilio can't be reached right now.") from lost
        except Refused as refused:
            failure = _failure(refused)
            # A refusal to look says nothing of the number.
            raise failure if isinstance(failure, UndeliveredError) else UndeliveredError(failure.message) from refused
        earliest = since - _CLOCKS_DIFFER
        for message in messages:
            # Trial accounts have words put before the body.
            if sms.body in (message.body or "") and _made(message, earliest) >= earliest:
                return _sent(message)
        return None

    def check(self) -> str:
        """Signs in. Raises UndeliveredError, RefusedError."""
        try:
            account = self._client.api.accounts(self._account_sid).fetch()
        except NoAnswer as lost:
            raise UndeliveredError("Twilio can't be reached right now.") from lost
        except Refused as refused:
            raise _failure(refused) from refused
        return f"{urlsplit(self._api_url).netloc}, account {account.status}"

    def verify_callback(self, signature: str, url: str, params: Mapping[str, str]) -> bool:
        """Whether Twilio signed this request to `url`, as it was written in the message, with this form."""
        from twilio.request_validator import RequestValidator, add_port, remove_port

        validator, parts = RequestValidator(self._auth_token), urlsplit(url)
        # Twilio is not of one mind about the port.
        expected = [validator.compute_signature(each, params) for each in (remove_port(parts), add_port(parts))]
        matches = [hmac.compare_digest(each.encode(), signature.encode()) for each in expected]
        return any(matches)

    @cached_property
    def _client(self) -> Any:
        # Costs a process that never sends nothing.
        from twilio.rest import Client

        # It would take its region from the process's environment.
        environment = {"TWILIO_REGION": "", "TWILIO_EDGE": ""}
        client = Client(self._account_sid, self._auth_token, http_client=self._connection, environment=environment)
        client.api.base_url = self._api_url
        return client


def is_sender(text: str) -> bool:
    """Whether it can be what text messages come from: a number, a short code, a messaging service or a name."""
    if _SERVICE.fullmatch(text) or re.fullmatch(r"\+[1-9][0-9]{6,14}|[0-9]{3,8}", text):
        return True
    return re.fullmatch(r"[A-Za-z0-9 &+_-]{1,11}", text) is not None and re.search(r"[A-Za-z]", text) is not None


@dataclass(frozen=True, slots=True)
class _Answer:
    """As the SDK reads one."""

    status_code: int
    text: str
    headers: Mapping[str, str]


class _Connection:
    """What the SDK sends through: the pool's time-outs, no retries, and nothing of a message in the log."""

    is_async = False

    def __init__(self, pool: ProviderPool) -> None:
        self._pool = pool

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        **_options: Any,
    ) -> _Answer:
        """Raises Refused, NoAnswer. An answer that can't be read is none."""
        query = f"?{urlencode(params)}" if params else ""
        credentials = urllib3.make_headers(basic_auth=":".join(auth)) if auth else {}
        answer = self._pool.request(
            method,
            url + query,
            headers={**(headers or {}), **credentials},
            body=urlencode(data) if data else None,
        )
        text = answer.data.decode("utf-8", "replace")
        if not _is_sound(text):
            raise NoAnswer(urllib3.exceptions.HTTPError("An answer that is none of Twilio's"), sent=True)
        return _Answer(answer.status, text, answer.headers)


def _is_sound(text: str) -> bool:
    """Whether it is one record, or a list of messages."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return False
    if not isinstance(found, dict):
        return False
    messages = found.get("messages", [found])
    return isinstance(messages, list) and all(map(_is_record, messages))


def _is_record(found: object) -> bool:
    if not isinstance(found, dict) or not isinstance(found.get("sid"), str) or not found["sid"]:
        return False
    try:
        for name in _DATES:
            if found.get(name) is not None:
                parsedate_to_datetime(found[name])
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _sent(message: Any) -> SentSms:
    status = SmsStatus.read(str(message.status)) or SmsStatus.QUEUED
    code = message.error_code
    return SentSms(sid=message.sid, status=status, error_code=code if isinstance(code, int) else None)


def _made(message: Any, unknown: datetime) -> datetime:
    made = message.date_created
    return made if isinstance(made, datetime) else unknown


def _failure(refused: Refused) -> RefusedError | UndeliveredError:
    code = refused.data.get("code")
    if not isinstance(code, int):
        code = None
    # No words of Twilio's: they hold the number, and the log is not the place for it.
    _log.info("Twilio refused a request: HTTP %s, code %s", refused.status, code)
    if refused.status == 429 or code in WAIT:
        return UndeliveredError("Twilio asks us to wait.", after=_wait(refused))
    if code in OPERATORS or (refused.status in {401, 403, 404} and code not in REASONS):
        _log.critical("Twilio does not serve this installation: HTTP %s, code %s. See TWILIO_*.", refused.status, code)
        return UndeliveredError(
            "Twilio does not accept this installation of Clientdesk. Whoever runs it has been alerted."
        )
    if refused.status >= 500 or refused.status == 408:
        return AnswerLost()
    if code is None:
        return UndeliveredError(f"What answers in Twilio's place says {refused.status}.")
    return RefusedError(REASONS.get(code) or f"Twilio refused it. Its reason has the number {code}.", code)


def _wait(refused: Refused) -> timedelta:
    given = refused.headers.get("Retry-After", "").strip()
    seconds = int(given) if given.isascii() and given.isdigit() and len(given) < 7 else 0
    return min(max(timedelta(seconds=seconds), _SHORTEST_WAIT), _LONGEST_WAIT)
