"""What both control APIs share."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


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
