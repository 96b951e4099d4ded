"""What becomes of a message once it was taken, and telling the app."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urldefrag

import httpx

from sandbox.sms.world import Callback, SmsWorld, TextMessage

_PATIENCE = 15.0


def sign(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """Twilio's signature of a request to the app."""
    signed = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), hashlib.sha1)).decode()


class Deliveries:
    """Each message has a task of its own."""

    def __init__(self, world: SmsWorld) -> None:
        self._world = world
        self._http: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._http = httpx.AsyncClient(trust_env=False, timeout=_PATIENCE)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    def begin(self, message: TextMessage) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, message: TextMessage) -> None:
        fate = message.fate
        match fate.kind if fate is not None else "":
            case "undelivered":
                course = ["queued", "sent", "undelivered"]
            case "failed":
                course = ["queued", "failed"]
            case _:
                course = ["queued", "sent", "delivered"]
        for status in course:
            code = fate.code if fate is not None and status == fate.kind else None
            if not self._world.move(message, status, code):
                return
            await self._tell(message, status, code)
            if status != course[-1]:
                await asyncio.sleep(self._world.settings.delay)

    async def _tell(self, message: TextMessage, status: str, code: int | None) -> None:
        if message.callback is None or self._http is None:
            return
        settings = self._world.settings
        form = {
            "AccountSid": settings.account_sid,
            "ApiVersion": "2010-04-01",
            "From": message.sender,
            "MessageSid": message.sid,
            "MessageStatus": status,
            "SmsSid": message.sid,
            "SmsStatus": status,
            "To": message.to,
        }
        if code is not None:
            form["ErrorCode"] = str(code)
        url = urldefrag(message.callback).url
        headers = {"X-Twilio-Signature": sign(settings.auth_token, url, form), "User-Agent": "TwilioProxy/1.1"}
        try:
            answer: int | str = (await self._http.post(url, data=form, headers=headers)).status_code
        except httpx.HTTPError as error:
            answer = type(error).__name__
        self._world.told(Callback(message.sid, status, url, answer))
