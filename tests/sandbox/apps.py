"""Small real Bolt apps and what serves them."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from slack_bolt import App, BoltRequest
from slack_sdk import WebClient
from typing_extensions import override

from sandbox.app import SandboxConfig
from sandbox.running import RunningSandbox

Json = dict[str, Any]
START = 1_780_000_000.0


class ManualClock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class AppServer:
    """An HTTP server on a free port that gives each request to `answer`: (status, headers, body)."""

    def __init__(self) -> None:
        self.answer: Callable[[str, Json], tuple[int, Json, str]] = lambda _body, _headers: (404, {}, "")
        self.requests: list[tuple[str, Json]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append((body, headers))
                status, answered, text = outer.answer(body, headers)
                content = text.encode()
                self.send_response(status)
                for name, value in answered.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            @override
            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def serve(self, app: App) -> None:
        """Give the requests to this Bolt app."""
        self.requests.clear()

        def answer(body: str, headers: Json) -> tuple[int, Json, str]:
            answered = app.dispatch(BoltRequest(body=body, headers=headers))
            return answered.status, {name: values[0] for name, values in answered.headers.items()}, answered.body

        self.answer = answer

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def bolt(running: RunningSandbox, **more: Any) -> App:
    """A Bolt app that answers when its listener returns, for the workspace of the sandbox."""
    client = WebClient(token="xoxb-sandbox-T_BIRCH", base_url=running.api_url)
    return App(
        client=client,
        signing_secret=SandboxConfig.signing_secret,
        process_before_response=True,
        **more,
    )


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": words(text), "action_id": action_id, **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def entry(block_id: str, label: str, element: Json | None = None, **more: Any) -> Json:
    chosen = element or {"type": "plain_text_input"}
    return {
        "type": "input",
        "block_id": block_id,
        "label": words(label),
        "element": {"action_id": "value", **chosen},
        **more,
    }


def modal(title: str, *blocks: Json, **more: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": words(title),
        "submit": words("Next"),
        "blocks": list(blocks) or [section("Words")],
        **more,
    }
