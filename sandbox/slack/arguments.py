"""A Web API call's arguments in the encodings Slack takes: query, form, JSON and multipart."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.types import Receive, Scope

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EncodedArguments:
    """The arguments as they came."""

    query: bytes
    body: bytes
    is_json: bool

    @property
    def broken(self) -> bool:
        """Whether the body says it is a JSON object but isn't."""
        return self.is_json and bool(self.body) and self._object() is None

    def decode(self) -> Json:
        args: Json = dict(parse_qsl(self.query.decode("latin-1"), keep_blank_values=True))
        if self.is_json:
            args |= self._object() or {}
        elif self.body:
            args |= parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return args

    def _object(self) -> Json | None:
        try:
            parsed = json.loads(self.body)
        except ValueError:
            return None
        return parsed if isinstance(parsed, dict) else None


async def read_arguments(scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]) -> EncodedArguments:
    """Read a request's arguments. Files of a multipart body are left out: no method here takes them."""
    content_type = headers.get(b"content-type", b"")
    if content_type.startswith(b"multipart/"):
        async with Request(scope, receive).form() as form:
            texts = {key: value for key, value in form.multi_items() if isinstance(value, str)}
        return EncodedArguments(scope["query_string"], json.dumps(texts).encode(), is_json=True)
    chunks: list[bytes] = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            break
    return EncodedArguments(scope["query_string"], b"".join(chunks), content_type.startswith(b"application/json"))
