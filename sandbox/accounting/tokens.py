"""JSON Web Tokens as the stand-ins sign them."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from typing import Any

_KEY = secrets.token_bytes(32)


def sign(claims: Mapping[str, Any]) -> str:
    parts = ({"alg": "HS256", "kid": "SANDBOX", "typ": "JWT"}, claims)
    signed = ".".join(_encode(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    return f"{signed}.{_encode(hmac.digest(_KEY, signed.encode(), hashlib.sha256))}"


def _encode(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
