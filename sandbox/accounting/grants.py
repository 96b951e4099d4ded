"""The issuing side of OAuth: codes, access tokens and refresh tokens that belong to a user of one app."""

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

Clock = Callable[[], float]


class GrantError(Exception):
    """A refusal of the token endpoint, by its OAuth error code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Asked:
    """What an app asked for when it sent somebody to the consent page."""

    client_id: str
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    challenge: str = ""


@dataclass(frozen=True)
class Lifetimes:
    """In seconds. `grace`: for how long a refresh token may be used again after its first use."""

    code: float
    access: float
    refresh: float
    grace: float


@dataclass
class Access:
    token: str
    user: str
    scopes: tuple[str, ...]
    event: str
    expires_at: float


@dataclass
class Refresh:
    token: str
    id: str
    user: str
    scopes: tuple[str, ...]
    event: str
    usable_until: float
    used: bool = False


@dataclass(frozen=True)
class Issued:
    access: Access
    refresh: Refresh


@dataclass(frozen=True)
class _Code:
    asked: Asked
    user: str
    event: str
    expires_at: float


@dataclass
class Grants:
    """Every token that was issued. `write_access(user, scopes, event, now, until)` makes an access token's text."""

    clock: Clock
    lifetimes: Lifetimes
    write_access: Callable[[str, tuple[str, ...], str, float, float], str]
    _codes: dict[str, _Code] = field(default_factory=dict)
    _access: dict[str, Access] = field(default_factory=dict)
    _refresh: dict[str, Refresh] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _issued: int = 0

    def new_code(self, asked: Asked, user: str, event: str) -> str:
        code = secrets.token_urlsafe(24)
        with self._lock:
            self._codes[code] = _Code(asked, user, event, self.clock() + self.lifetimes.code)
        return code

    def exchange(self, code: str, client_id: str, redirect_uri: str, verifier: str) -> Issued:
        """Tokens for a code: once, in time, for the same app, address and verifier."""
        with self._lock:
            found = self._codes.pop(code, None)
            if found is None or self.clock() >= found.expires_at:
                raise GrantError("invalid_grant")
            asked = found.asked
            if client_id != asked.client_id or redirect_uri != asked.redirect_uri:
                raise GrantError("invalid_grant")
            if asked.challenge and not hmac.compare_digest(challenge_of(verifier), asked.challenge):
                raise GrantError("invalid_grant")
            return self._issue(found.user, asked.scopes, found.event)

    def refresh(self, token: str) -> Issued:
        """New tokens. The refresh token that was used lives on for the time of grace only."""
        with self._lock:
            found = self._refresh.get(token)
            now = self.clock()
            if found is None or now >= found.usable_until:
                raise GrantError("invalid_grant")
            if not found.used:
                found.used = True
                found.usable_until = now + self.lifetimes.grace
            return self._issue(found.user, found.scopes, found.event)

    def find_access(self, token: str) -> Access | None:
        return self._access.get(token)

    def find_refresh(self, token: str) -> Refresh | None:
        return self._refresh.get(token)

    def kill(self, user: str) -> None:
        """No refresh token of this user can be used any more."""
        with self._lock:
            for each in self._refresh.values():
                if each.user == user:
                    each.usable_until = 0.0

    def expire(self, user: str | None = None) -> None:
        """Access tokens, of this user or all, are expired from now on."""
        with self._lock:
            for each in self._access.values():
                if user in {None, each.user}:
                    each.expires_at = min(each.expires_at, self.clock())

    def clear(self) -> None:
        with self._lock:
            self._codes.clear()
            self._access.clear()
            self._refresh.clear()

    def _issue(self, user: str, scopes: tuple[str, ...], event: str) -> Issued:
        now = self.clock()
        until = now + self.lifetimes.access
        self._issued += 1
        access = Access(self.write_access(user, scopes, event, now, until), user, scopes, event, until)
        refresh = Refresh(
            secrets.token_urlsafe(32), f"r{self._issued}", user, scopes, event, now + self.lifetimes.refresh
        )
        self._access[access.token] = access
        self._refresh[refresh.token] = refresh
        return Issued(access, refresh)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a PKCE verifier."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def client_of(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    """The client id and secret by HTTP Basic, or else from the body."""
    kind, _, given = authorization.partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        name, _, secret = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return unquote_plus(name), unquote_plus(secret)


def is_client(given: tuple[str, str], client_id: str, client_secret: str) -> bool:
    pairs = zip(given, (client_id, client_secret), strict=True)
    return all(hmac.compare_digest(one.encode(), other.encode()) for one, other in pairs)
