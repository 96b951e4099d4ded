"""The answers that Xero's endpoints share."""

import uuid
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.accounting.grants import Access

Json = dict[str, Any]


def problem(status: int, title: str, detail: str) -> Response:
    body = {"Type": None, "Title": title, "Status": status, "Detail": detail}
    return JSONResponse({**body, "Instance": str(uuid.uuid4()), "Extensions": {}}, status)


def unauthorised(access: Access | None, now: float) -> Response | None:
    """The 401 for no token, or one that expired."""
    if access is None:
        return problem(401, "Unauthorized", "AuthenticationUnsuccessful")
    if now >= access.expires_at:
        expired = datetime.fromtimestamp(access.expires_at, UTC).strftime("%m/%d/%Y %H:%M:%S")
        return problem(401, "Unauthorized", f"TokenExpired: token expired at {expired}")
    return None
