"""What both control APIs share."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_S = TypeVar("_S", bound="DataclassInstance")


class ControlError(Exception):
    """A wish that can't be granted, with words."""


def refusals(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """What is wrong with a request as JSON with a status, not as a failure of the server."""

    async def answered(request: Request) -> Response:
        try:
            return await answer(request)
        except (ControlError, KeyError, ValueError, TypeError, AttributeError) as wrong:
            return JSONResponse({"ok": False, "error": str(wrong)}, 400)

    return answered


def changed(settings: _S, wishes: Mapping[str, Any]) -> _S:
    """Other settings. Raises ControlError for one that there isn't, or a value of another kind."""
    known = {each.name for each in fields(settings)}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in wishes.items()}
    for name, value in values.items():
        if name not in known:
            raise ControlError(f"no setting {name}")
        if not _is_like(value, getattr(type(settings), name)):
            raise ControlError(f"{name} can't be {value!r}")
    return replace(settings, **values)


def _is_like(value: object, usual: object) -> bool:
    if usual is None:
        return value is None or type(value) is int
    return type(value) is type(usual) or (isinstance(usual, float) and type(value) is int)
