"""The Web API over HTTP: body encodings, tokens, scopes, faults, errors and the log around each method."""

import asyncio
import base64
import json
from collections.abc import Mapping
from typing import Any

from starlette.types import Receive, Scope, Send

from sandbox.slack.arguments import EncodedArguments, read_arguments
from sandbox.slack.methods import METHODS, Method, Request
from sandbox.slack.records import Call, Fault, SlackError, Team
from sandbox.slack.socket_mode import SocketHub
from sandbox.slack.world import World

Json = dict[str, Any]
Headers = list[tuple[bytes, bytes]]
APP_TOKEN_PREFIX = "xapp-"


class WebApi:
    """The ASGI endpoint of `/api/{method}`.

    Plain ASGI, because benchmarks of the product run against it and each layer would be measured with them.
    """

    def __init__(self, world: World, sockets: SocketHub, *, client_id: str = "", client_secret: str = "") -> None:
        self._world = world
        self._sockets = sockets
        self._client = (client_id, client_secret)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name: str = scope["path_params"]["method"]
        headers = dict(scope["headers"])
        encoded = await read_arguments(scope, receive, headers)
        fault = self._world.take_fault(name)
        if fault is not None:
            done = await self._suffer(fault, name, encoded, scope, send)
            if done:
                return
        answer, team = self._answer(name, encoded, headers, base_url(scope))
        self._log(name, encoded, team, answer)
        extra: Headers = []
        if team is not None and self._world.scopes is not None:
            extra.append((b"x-oauth-scopes", ",".join(sorted(self._world.scopes)).encode()))
        await _respond(send, 200, answer, extra)

    def _answer(
        self, name: str, encoded: EncodedArguments, headers: Mapping[bytes, bytes], address: str
    ) -> tuple[Json, Team | None]:
        team: Team | None = None
        try:
            args = encoded.decode()
            method = _method(name)
            team = self._authenticate(method, args, headers)
            if not args and encoded.broken:
                return _refusal(SlackError("invalid_json")), team
            with self._world.lock:
                caller = team if team is not None else next(iter(self._world.teams.values()))
                request = Request(self._world, caller, args, address, self._sockets)
                if method.scope:
                    request.must_have(method.scope)
                return {"ok": True, **method.run(request)}, team
        except SlackError as refusal:
            return _refusal(refusal), team

    def _authenticate(self, method: Method, args: Json, headers: Mapping[bytes, bytes]) -> Team | None:
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        if method.token == "none":
            if METHODS["oauth.v2.access"] is method:
                self._check_client(args, authorization)
            return None
        token = authorization[7:].strip() if authorization[:7].lower() == "bearer " else args.get("token")
        if not token:
            raise SlackError("not_authed")
        is_app_token = str(token).startswith(APP_TOKEN_PREFIX)
        if is_app_token != (method.token == "app"):
            known = is_app_token or self._world.team_of_token(str(token)) is not None
            raise SlackError("not_allowed_token_type" if known else "invalid_auth")
        if is_app_token:
            return None
        team = self._world.team_of_token(str(token))
        if team is None:
            raise SlackError("invalid_auth")
        if not team.installed:
            raise SlackError("account_inactive")
        return team

    def _check_client(self, args: Json, authorization: str) -> None:
        given = (str(args.get("client_id", "")), str(args.get("client_secret", "")))
        if authorization[:6].lower() == "basic ":
            try:
                name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            except ValueError:
                name, secret = "", ""
            given = (name, secret)
        wanted_id, wanted_secret = self._client
        if wanted_id and given[0] != wanted_id:
            raise SlackError("invalid_client_id")
        if wanted_secret and given[1] != wanted_secret:
            raise SlackError("bad_client_secret")

    async def _suffer(self, fault: Fault, name: str, encoded: EncodedArguments, scope: Scope, send: Send) -> bool:
        """Let a fault happen; true when the call ends with it."""
        if fault.kind == "slow":
            await asyncio.sleep(fault.delay)
            return False
        self._log(name, encoded, None, {"ok": False, "error": fault.kind})
        if fault.kind == "ratelimited":
            retry = (b"retry-after", str(fault.retry_after).encode())
            await _respond(send, 429, {"ok": False, "error": "ratelimited"}, [retry])
        elif fault.kind == "http500":
            await _respond(send, 500, {"ok": False, "error": "internal_error"}, [])
        else:
            drop = scope.get("extensions", {}).get("sandbox.drop")
            if drop is None:
                raise ConnectionResetError("dropped on request")
            drop()
            # The connection is gone after the loop's next turn; until then the server would complain of no answer.
            await asyncio.sleep(0)
        return True

    def _log(self, name: str, encoded: EncodedArguments, team: Team | None, answer: Json) -> None:
        team_id = team.id if team else None
        self._world.log_call(Call(name, self._world.clock(), team_id, encoded, answer["ok"], answer.get("error")))


def base_url(scope: Scope) -> str:
    """The address under which the caller reached the sandbox."""
    for key, value in scope["headers"]:
        if key == b"host":
            return f"http://{value.decode('latin-1')}"
    host, port = scope["server"]
    return f"http://{host}:{port}"


def _method(name: str) -> Method:
    found = METHODS.get(name)
    if found is None:
        raise SlackError("unknown_method", req_method=name)
    return found


def _refusal(refusal: SlackError) -> Json:
    answer: Json = {"ok": False, "error": refusal.code, **refusal.details}
    if refusal.problems:
        messages = [f"[ERROR] {problem}" for problem in refusal.problems]
        answer["response_metadata"] = {"messages": messages}
        if refusal.code == "invalid_blocks":
            answer["errors"] = [str(problem) for problem in refusal.problems]
    return answer


async def _respond(send: Send, status: int, answer: Json, extra: Headers) -> None:
    body = json.dumps(answer, separators=(",", ":"), default=repr).encode()
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        *extra,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
