"""Templates, and the headers that every page carries."""

import base64
import hashlib
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse


class Renderer:
    def __init__(self) -> None:
        folder = Path(__file__).parent / "templates"
        style = (folder / "page.css").read_text()
        self._templates = Environment(
            loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.globals["style"] = Markup(style)  # noqa: S704 -- our own file
        style_hash = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{style_hash}'; img-src data:; form-action 'self'; "
                "base-uri 'none'; frame-ancestors 'none'"
            ),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "X-Robots-Tag": "noindex, nofollow",
        }

    def page(self, template: str, *, status: int = 200, retry_after: int | None = None, **values: Any) -> HTMLResponse:
        headers = self._headers if retry_after is None else {**self._headers, "Retry-After": str(retry_after)}
        return HTMLResponse(self._templates.get_template(template).render(values), status, headers)


def failure_page(reference: str) -> HTMLResponse:
    """For a page's unexpected failure. The reference is also in the log."""
    words = (
        "Something went wrong on our side. Try again in a few minutes. If it happens again, tell whoever invited you, "
        f"and quote the reference {reference}."
    )
    return Renderer().page("message.html", status=500, heading="That didn't work", words=words)
