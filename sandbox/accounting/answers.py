"""Answers that both stand-ins can give."""

import gzip
import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

_SMALLEST_GZIPPED = 860


def drop(request: Request) -> Response:
    """The connection breaks off; nobody receives what is returned."""
    request.scope.get("extensions", {})["sandbox.drop"]()
    return Response(status_code=500)


def json_of(request: Request, body: Any) -> Response:
    """JSON, gzipped when that is asked for."""
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {"Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", "") and len(content) >= _SMALLEST_GZIPPED:
        content = gzip.compress(content, 1, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(content, media_type="application/json", headers=headers)
