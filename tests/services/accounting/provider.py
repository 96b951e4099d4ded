"""A small accounting provider over real HTTP: it issues and rotates tokens, knows organisations, and can misbehave."""

import base64
import json
import threading
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from db.session import utc_now

TOKEN = "/connect/token"
CONNECTIONS = "/connections"
ORGANISATION = "/api.xro/2.0/organisation"
GRACE = timedelta(minutes=30)


@dataclass(frozen=True)
class Asked:
    """A request. `path` is in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]

    @property
    def bearer(self) -> str:
        return self.headers.get("authorization", "").removeprefix("Bearer ")


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lost:
    """The request is done as ever, but the answer does not arrive."""


@dataclass(frozen=True)
class Silence:
    """No answer at all until the server ends."""


@dataclass(frozen=True)
class Extended:
    """The usual answer with these fields over it; None takes one away."""

    fields: Mapping[str, object]


Script = Reply | Lost | Silence | Extended


@dataclass
class _Refresh:
    user: str
    replaced_at: datetime | None = None


class Provider:
    """`script` says what the next requests for a path meet; after that it does as Xero does."""

    url: str

    def __init__(self, now: Callable[[], datetime] = utc_now, grace: timedelta = GRACE) -> None:
        self.now = now
        self.grace = grace
        self.organisations: dict[str, list[str]] = defaultdict(list)
        self.ended = threading.Event()
        self._asked: list[Asked] = []
        self._scripts: dict[str, deque[Script]] = defaultdict(deque)
        self._access: dict[str, str] = {}
        self._refresh: dict[str, _Refresh] = {}
        self._lock = threading.Lock()

    def script(self, path: str, *replies: Script) -> None:
        self._scripts[path].extend(replies)

    def asked(self, path: str | None = None) -> list[Asked]:
        return [each for each in self._asked if path in {None, each.path}]

    def sign_in(self, user: str) -> tuple[str, str]:
        """An access token and a refresh token, as if `user` had consented."""
        with self._lock:
            issued = self._issue(user)
        return str(issued["access_token"]), str(issued["refresh_token"])

    def code(self, user: str) -> str:
        return f"code-{user}"

    def answer(self, asked: Asked) -> Reply | Silence | None:
        """None for an answer that gets lost."""
        with self._lock:
            self._asked.append(asked)
            scripts = self._scripts[asked.path]
            script = scripts.popleft() if scripts else None
            if isinstance(script, (Reply, Silence)):
                return script
            usual = self._usual(asked)
        if isinstance(script, Extended) and isinstance(usual.body, dict):
            merged = {**usual.body, **script.fields}
            return Reply(usual.status, {name: value for name, value in merged.items() if value is not None})
        return None if isinstance(script, Lost) else usual

    def _usual(self, asked: Asked) -> Reply:
        if asked.path == TOKEN:
            return self._token(asked.form)
        user = self._access.get(asked.bearer)
        if user is None:
            return Reply(401, {"Title": "Unauthorized", "Detail": "TokenExpired: token expired"})
        if asked.path == CONNECTIONS:
            return Reply(body=[connection(tenant) for tenant in self.organisations[user]])
        if asked.path == ORGANISATION:
            tenant = asked.headers.get("xero-tenant-id", "")
            if tenant not in self.organisations[user]:
                return Reply(403, {"Title": "Forbidden", "Detail": "AuthenticationUnsuccessful"})
            return Reply(body={"Organisations": [organisation(tenant)]})
        if asked.method == "DELETE":
            return Reply(204)
        return Reply(404)

    def _token(self, form: Mapping[str, str]) -> Reply:
        if form["grant_type"] == "authorization_code":
            return Reply(body=self._issue(form["code"].removeprefix("code-")))
        held = self._refresh.get(form["refresh_token"])
        now = self.now()
        if held is None or (held.replaced_at is not None and now >= held.replaced_at + self.grace):
            return Reply(400, {"error": "invalid_grant"})
        held.replaced_at = held.replaced_at or now
        return Reply(body=self._issue(held.user))

    def _issue(self, user: str) -> dict[str, object]:
        access, refresh = jwt(user), uuid.uuid4().hex
        self._access[access] = user
        self._refresh[refresh] = _Refresh(user)
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": 1800,
            "token_type": "Bearer",
            "scope": "openid offline_access",
            "requested_by_id": user,
        }


def jwt(user: str) -> str:
    claims = {"xero_userid": user, "authentication_event_id": "event", "jti": uuid.uuid4().hex}
    parts = ({"alg": "none"}, claims)
    return ".".join(
        [*(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts), "signature"]
    )


def connection(tenant: str, **fields: object) -> dict[str, object]:
    return {
        "id": f"link-{tenant}",
        "authEventId": "event",
        "tenantId": tenant,
        "tenantType": "ORGANISATION",
        "tenantName": f"{tenant.title()} Ltd",
        **fields,
    }


def organisation(tenant: str, **fields: object) -> dict[str, object]:
    name = f"{tenant.title()} Ltd"
    return {
        "OrganisationID": tenant,
        "Name": name,
        "LegalName": f"{name} (legal)",
        "CountryCode": "GB",
        "BaseCurrency": "GBP",
        "IsDemoCompany": False,
        **fields,
    }


class _Server(ThreadingHTTPServer):
    request_queue_size = 128  # with the usual 5, eight people at once are kept waiting for a second
    daemon_threads = True


@contextmanager
def running(provider: Provider) -> Iterator[Provider]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            reply = provider.answer(
                Asked(
                    self.command,
                    parts.path.lower(),
                    {name: values[0] for name, values in parse_qs(parts.query).items()},
                    {name.lower(): value for name, value in self.headers.items()},
                    {name: values[0] for name, values in parse_qs(body).items()},
                )
            )
            if isinstance(reply, Silence):
                provider.ended.wait()
                reply = None
            if reply is None:
                self.close_connection = True
                return
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(0 if reply.status == 204 else len(content)))
            self.end_headers()
            if reply.status != 204:
                self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 -- http.server's names

        @override
        def log_message(self, *_: Any) -> None:
            pass

    with _Server(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield provider
        provider.ended.set()
        server.shutdown()
        thread.join()
