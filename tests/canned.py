"""A Slack that answers what a test tells it to: for answers that the sandbox's workspaces never give."""

from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.running import HOST
from tests.stack import listening, serving


class CannedSlack:
    """`answers` are by method; `calls` are the methods that were called, in order."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {name.replace("_", "."): answer for name, answer in answers.items()}
        self.calls: list[str] = []
        self.api_url = ""
        self._open = ExitStack()

    def __enter__(self) -> Self:
        async def answer(request: Request) -> JSONResponse:
            method = request.path_params["method"]
            self.calls.append(method)
            return JSONResponse({"ok": True, **self.answers[method]})

        listener = self._open.enter_context(listening())
        self.api_url = f"http://{HOST}:{listener.getsockname()[1]}/api/"
        app = Starlette(routes=[Route("/api/{method}", answer, methods=["GET", "POST"])])
        self._open.enter_context(serving(app, listener))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()
