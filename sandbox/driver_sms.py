"""The phones, and what goes wrong on the way to them."""

import time
from typing import Any

import httpx

from sandbox.errors import SandboxError

Json = dict[str, Any]
_WAIT_SECONDS = 5.0


class Sms:
    """The stand-in Twilio. Messages have sid, to, from, body, status, error_code, history, encoding, segments,
    callback, created."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def messages(self, number: str | None = None) -> list[Json]:
        """Those to this number or all, newest first, whether they arrived or not."""
        return list(self._get("", **({"to": number} if number else {})))

    def wait_message(
        self, number: str, *, containing: str = "", status: str | None = None, timeout: float = _WAIT_SECONDS
    ) -> Json:
        """The newest message to this number that says this, once it stands as `status`."""
        until = time.monotonic() + timeout
        while True:
            found = self.messages(number)
            for message in found:
                if containing in message["body"] and status in {None, message["status"]}:
                    return message
            if time.monotonic() > until:
                seen = [(each["to"], each["status"], each["body"]) for each in self.messages()]
                raise SandboxError(f"no text message to {number} with {containing=} {status=}; there is {seen}")
            time.sleep(0.02)

    def callbacks(self, sid: str | None = None) -> list[Json]:
        """What the app was told, oldest first: sid, status, url, and its answer (a status, or what went wrong)."""
        return list(self._get("callbacks", **({"sid": sid} if sid else {})))

    def wait_callbacks(self, sid: str, *statuses: str, timeout: float = _WAIT_SECONDS) -> list[Json]:
        """Those about this message, once the app was told of these statuses."""
        until = time.monotonic() + timeout
        while True:
            found = self.callbacks(sid)
            if set(statuses) <= {each["status"] for each in found}:
                return found
            if time.monotonic() > until:
                raise SandboxError(f"the app was not told {statuses} of {sid}, but {found}")
            time.sleep(0.02)

    def fault(self, kind: str, number: str | None = None, *, times: int | None = 1, **more: Any) -> None:
        """What goes wrong with the next messages to this number or any: refused, undelivered, failed (with `code`),
        ratelimited (`retry_after`), http500, slow (`delay`), drop, lost. `method="GET"`: with looking for them."""
        self._post("faults", {"kind": kind, "number": number, "times": times, **more})

    def clear_faults(self) -> None:
        self._http.delete("/sandbox/sms/faults").raise_for_status()

    def change_settings(self, **settings: Any) -> None:
        """Such as `delay=0.0`, the seconds from one status to the next."""
        self._post("settings", settings)

    def _get(self, path: str, /, **query: str) -> Any:
        return self._http.get(f"/sandbox/sms/{path}".rstrip("/"), params=query).raise_for_status().json()

    def _post(self, path: str, body: Json) -> None:
        answer = self._http.post(f"/sandbox/sms/{path}", json=body)
        if answer.status_code != httpx.codes.OK:
            raise SandboxError(f"{path} of the text messages: {answer.text}")
