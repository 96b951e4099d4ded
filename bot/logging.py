"""What goes to the log: text for people or one JSON object a line, and never a secret."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Literal, TextIO

from typing_extensions import override

_MASK = "***"
_SECRETS = [
    re.compile(r"(xox[a-z](?:\.xox[a-z])?-|xapp-)[\w-]+"),  # Slack's tokens
    re.compile(r"(\bbearer\s+)[\w.~+/=-]+", re.IGNORECASE),
    re.compile(r"(://[^/\s:@]*:)[^/\s@]+(?=@)"),  # passwords in URLs
    re.compile(r"([?&](?:code|state|token|ticket|access_token|refresh_token|client_secret)=)[^&\s\"']+"),
    re.compile(r"(/i/)[\w-]{16,}"),  # invitation links
    re.compile(r"(hooks\.slack\.com/)[^\s\"']+"),
]
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def mask(text: str) -> str:
    """The text without tokens, passwords and links that work like one."""
    for secret in _SECRETS:
        text = secret.sub(rf"\1{_MASK}", text)
    return text


def set_up(level: str, form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """Replaces the root logger's handlers by one that writes to `stream` (standard error)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)  # a line for every look otherwise


class _Text(logging.Formatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        # The finished line is masked, and not the record, because tracebacks hold secrets too.
        extras = "".join(f" {name}={value}" for name, value in _extras(record).items() if value is not None)
        line = f"{_time(record)} {record.levelname} {record.name}: {record.getMessage()}{extras}"
        return mask(line + _trouble(self, record, "\n"))


class _Json(logging.Formatter):
    @override
    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if trouble := _trouble(self, record, ""):
            fields["exception"] = trouble
        plain = {
            name: value if isinstance(value, int | float | None) else mask(str(value)) for name, value in fields.items()
        }
        return json.dumps(plain, ensure_ascii=False)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _trouble(formatter: logging.Formatter, record: logging.LogRecord, before: str) -> str:
    parts = [formatter.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
    if record.stack_info:
        parts.append(record.stack_info)
    return before + "\n".join(parts) if parts else ""
