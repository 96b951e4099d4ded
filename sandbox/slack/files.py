"""Files over HTTP: uploads, and what apps and people read."""

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.slack.records import File
from sandbox.slack.world import World

UPLOAD = "files.upload"
DOWNLOAD = "files.download"
"""What faults call the steps that are no methods of the Web API."""


class Files:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Sequence[BaseRoute]:
        return [
            Route("/files/upload/{file_id}", self._receive, methods=["POST"]),
            Route("/files/{file_id}/{name}", self._send, methods=["GET"]),
            Route("/sandbox/files/{file_id}", self._download, methods=["GET"]),
        ]

    async def _receive(self, request: Request) -> Response:
        file = self._world.files.get(request.path_params["file_id"])
        if file is None:
            return PlainTextResponse("no such upload", 404)
        fault = self._world.take_fault(UPLOAD)
        if fault is not None:
            if fault.kind != "slow":
                return PlainTextResponse(fault.kind, 429 if fault.kind == "ratelimited" else 500)
            await asyncio.sleep(fault.delay)
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with request.form() as form:
                parts = [value for _, value in form.multi_items() if not isinstance(value, str)]
                file.content = await parts[0].read() if parts else b""
        else:
            file.content = await request.body()
        return PlainTextResponse(f"OK - {len(file.content)}")

    async def _send(self, request: Request) -> Response:
        """A file's content, for its app only, as at Slack: without the right to read files, one is asked to sign in."""
        fault = self._world.take_fault(DOWNLOAD)
        if fault is not None:
            if fault.kind != "slow":
                return PlainTextResponse(fault.kind, 429 if fault.kind == "ratelimited" else 500)
            await asyncio.sleep(fault.delay)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        team = self._world.team_of_token(token)
        file = self._world.files.get(request.path_params["file_id"])
        if team is None or not team.installed:
            return JSONResponse({"ok": False, "error": "invalid_auth"}, 403)
        if file is None:
            return JSONResponse({"ok": False, "error": "file_not_found"}, 404)
        if self._world.scopes is not None and "files:read" not in self._world.scopes:
            return RedirectResponse("/?redir=files", 302)
        return Response(file.content, media_type=file.mimetype)

    async def _download(self, request: Request) -> Response:
        """A file for a person (`user`) in one of whose conversations it was shared, to keep."""
        file = self._shown(request.path_params["file_id"], request.query_params.get("user", ""))
        if file is None:
            return PlainTextResponse("This file was not shared with you.", 404)
        kept_as = f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        return Response(file.content, media_type=file.mimetype, headers={"Content-Disposition": kept_as})

    def _shown(self, file_id: str, user_id: str) -> File | None:
        with self._world.lock:
            for conversation in self._world.conversations_of(user_id):
                for message in conversation.messages.values():
                    for file in message.files:
                        if file.id == file_id:
                            return file
        return None
