"""Reading what a provider answers: fields may be new, missing or odd, and cost nothing but themselves."""

import logging
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

UNNAMED = "Unnamed"
_ENDED = frozenset({"ARCHIVED", "DELETED", "GDPRREQUEST"})
_LARGEST_RATE = Decimal(10_000)
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


def read_rows(read: Callable[[dict[str, Any]], _T | None], found: Sequence[Any]) -> tuple[_T, ...]:
    """Those that can be read: `read` gives None for a row without what names it."""
    rows = tuple(row for each in found if isinstance(each, dict) and (row := read(each)) is not None)
    if len(rows) < len(found):
        _log.warning("%d of %d rows can't be read", len(found) - len(rows), len(found), extra={"reader": read.__name__})
    return rows


def text(value: object) -> str | None:
    """None for what says nothing. PostgreSQL takes no NUL."""
    if value is None or value == "":
        return None
    found = value if type(value) is str else str(value)
    return found.replace("\0", "") if "\0" in found else found


def number(value: object) -> int | None:
    return value if type(value) is int and abs(value) < 2**31 else None


def rate(value: object) -> Decimal | None:
    """None for what is no percentage."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < _LARGEST_RATE else None


def is_in_use(status: str | None) -> bool:
    """A status that is not known does not end anything."""
    return status is None or status.upper() not in _ENDED
