"""The token endpoint, which Xero and Sage have alike, and the way there."""

import base64
import hashlib
import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import urllib3
from pydantic import BaseModel, BeforeValidator, ValidationError

from db.models import Provider
from services.accounting.http import NoAnswer, ProviderPool, Refused
from services.accounting.port import (
    NAMES,
    AnswerLost,
    AuthorisationDead,
    ClientRejected,
    CodeRefused,
    Limited,
    LimitScope,
    ProviderUnavailable,
    Tokens,
)

_LEAST_WAIT = timedelta(seconds=1)
_log = logging.getLogger(__name__)


def _seconds(value: object) -> object:
    return value if isinstance(value, (int, float, str)) and str(value).strip() else None


class TokenAnswer(BaseModel):
    """What is needed of it; a field that is new, missing or odd must not cost us the rotated token."""

    access_token: Annotated[str, BeforeValidator(lambda value: value or None)]
    refresh_token: str | None = None
    expires_in: Annotated[float | None, BeforeValidator(_seconds)] = None
    requested_by_id: Any = None


class TokenEndpoint:
    def __init__(
        self,
        provider: Provider,
        pool: ProviderPool,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        lifetime: timedelta,
    ) -> None:
        """`lifetime` is of an access token whose answer does not tell."""
        self._provider = provider
        self._pool = pool
        self._url = url
        self._headers = {
            **urllib3.make_headers(basic_auth=f"{client_id}:{client_secret}"),
            "Accept": "application/json",
        }
        self._lifetime = lifetime

    def ask(self, fields: Mapping[str, str]) -> TokenAnswer:
        """Raises AuthorisationDead for `invalid_grant`, ClientRejected, Limited, AnswerLost, ProviderUnavailable."""
        headers = {**self._headers, "Content-Type": "application/x-www-form-urlencoded"}
        try:
            answer = self._pool.request("POST", self._url, body=urlencode(fields), headers=headers)
        except NoAnswer as silence:
            raise (AnswerLost if silence.sent else ProviderUnavailable)(self._provider) from None
        except Refused as refused:
            raise self._failure(refused) from None
        try:
            return TokenAnswer.model_validate_json(answer.data)
        except ValidationError:
            _log.error("The token endpoint of %s gave an answer that can't be read", NAMES[self._provider])
            raise AnswerLost(self._provider) from None

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> TokenAnswer:
        """The answer for a consent's code. Raises as `ask`, but CodeRefused for a code that is no good any more."""
        try:
            return self.ask(
                {
                    "grant_type": "authorization_code",
                    "code": code,
                    "redirect_uri": redirect_uri,
                    "code_verifier": verifier,
                }
            )
        except AuthorisationDead:
            raise CodeRefused(self._provider) from None

    def tokens(self, answer: TokenAnswer) -> Tokens:
        return Tokens(
            access_token=answer.access_token,
            refresh_token=answer.refresh_token or None,
            expires_in=self._lifetime if answer.expires_in is None else timedelta(seconds=answer.expires_in),
        )

    def _failure(self, refused: Refused) -> Exception:
        error = refused.data.get("error")
        if error == "invalid_grant":
            return AuthorisationDead(self._provider)
        if error in {"invalid_client", "unauthorized_client"}:
            _log.critical(
                "%s refuses this installation's id or secret, and so serves nobody. Check %s_CLIENT_SECRET",
                NAMES[self._provider],
                self._provider.upper(),
            )
            return ClientRejected(self._provider)
        if refused.status == 429:
            return Limited(self._provider, retry_after(refused) or timedelta(minutes=1), LimitScope.APP)
        _log.error("The token endpoint of %s answered %s %s", NAMES[self._provider], refused.status, error or "")
        return ProviderUnavailable(self._provider)


def retry_after(refused: Refused) -> timedelta | None:
    given = refused.headers.get("Retry-After", "").strip()
    return max(timedelta(seconds=int(given)), _LEAST_WAIT) if given.isascii() and given.isdigit() else None


def new_verifier() -> str:
    return secrets.token_urlsafe(48)


def challenge_of(verifier: str) -> str:
    """PKCE's S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
