"""Sage Accounting v3.1: a small client of our own, for there is none that is maintained."""

import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from typing_extensions import override

from db.models import Provider
from services.accounting.http import NoAnswer, ProviderPool, Refused
from services.accounting.oauth import TokenEndpoint, retry_after
from services.accounting.port import (
    AccessExpired,
    AccountingProvider,
    Grant,
    Limited,
    LimitScope,
    NotAuthorised,
    Organisation,
    OrganisationFacts,
    ProviderError,
    ProviderUnavailable,
    Tokens,
)

_PAGE = 200
_MOST_PAGES = 100
_NO_SUBSCRIPTION = "noactivesubscription"  # a code or a sentence, as it comes
_log = logging.getLogger(__name__)


class Sage(AccountingProvider):
    provider = Provider.SAGE
    refresh_grace = timedelta()

    def __init__(
        self,
        pool: ProviderPool,
        *,
        client_id: str,
        client_secret: str,
        authorize_url: str,
        token_url: str,
        api_url: str,
    ) -> None:
        self._pool = pool
        self._client_id = client_id
        self._authorize_url = authorize_url
        self._api_url = api_url
        self._endpoint = TokenEndpoint(
            self.provider, pool, token_url, client_id, client_secret, lifetime=timedelta(minutes=5)
        )

    @override
    def authorise_url(self, state: str, challenge: str, redirect_uri: str) -> str:
        query = {
            "filter": "apiv3.1",
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": "readonly",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._authorize_url}?{urlencode(query)}"

    @override
    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        answer = self._endpoint.exchange(code, verifier, redirect_uri)
        user = answer.requested_by_id
        if not answer.refresh_token or not isinstance(user, str):
            _log.error("Sage's token names no user, or comes without a refresh token")
            raise ProviderUnavailable(self.provider)
        return Grant(tokens=self._endpoint.tokens(answer), refresh_token=answer.refresh_token, provider_user_id=user)

    @override
    def refresh(self, refresh_token: str) -> Tokens:
        answer = self._endpoint.ask({"grant_type": "refresh_token", "refresh_token": refresh_token})
        return self._endpoint.tokens(answer)

    @override
    def organisations(self, access_token: str, consent_id: str | None = None) -> tuple[Organisation, ...]:
        """Sage knows no single consents: always all businesses."""
        found: list[Any] = []
        for page in range(1, _MOST_PAGES + 1):
            answer = self._get(access_token, f"/businesses?items_per_page={_PAGE}&page={page}")
            items = answer.get("$items")
            found += items if isinstance(items, list) else []
            if not items or len(found) >= _number(answer.get("$total")):
                break
        named = ((each.get("id"), _name(each)) for each in found if isinstance(each, dict))
        return tuple(
            Organisation(tenant_id=str(id_), name=name or "Unnamed business") for id_, name in named if id_ is not None
        )

    @override
    def organisation(self, access_token: str, tenant_id: str) -> OrganisationFacts:
        found = self._get(access_token, f"/businesses/{quote(tenant_id, safe='')}", tenant_id)
        name = _name(found)
        if name is None:
            _log.warning("Sage gave a business that can't be read")
            raise ProviderUnavailable(self.provider)
        country = found.get("country")
        return OrganisationFacts(
            name=name, country_code=_text(country.get("id")) if isinstance(country, dict) else None
        )

    @override
    def disconnect(self, access_token: str, organisation: Organisation) -> None:
        """Sage has no way to end one business's link; only a person can end the whole sign-in, at Sage."""

    def _get(self, access_token: str, path: str, tenant_id: str | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json", "Accept-Encoding": "gzip"}
        if tenant_id is not None:
            headers["X-Business"] = tenant_id  # without it, Sage silently answers for the person's lead business
        try:
            answer = self._pool.request("GET", f"{self._api_url}{path}", headers=headers)
            found = json.loads(answer.data)
        except NoAnswer as silence:
            _log.warning("Sage gave no answer: %s", silence)
            raise ProviderUnavailable(self.provider) from None
        except Refused as refused:
            raise self._failure(refused, tenant_id) from None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            _log.warning("Sage gave an answer that can't be read")
            raise ProviderUnavailable(self.provider)
        return found

    def _failure(self, refused: Refused, tenant_id: str | None) -> ProviderError:
        if refused.status == 401 and _NO_SUBSCRIPTION in "".join(filter(str.isalpha, refused.text)).casefold():
            return NotAuthorised(self.provider, "This business has no active subscription at Sage.")
        if refused.status == 401:
            return AccessExpired(self.provider)
        if refused.status in {403, 404} and tenant_id is not None:
            return NotAuthorised(self.provider)
        if refused.status == 429:
            wait = retry_after(refused) or timedelta(minutes=1)
            return Limited(self.provider, wait, LimitScope.TENANT if tenant_id else LimitScope.APP)
        _log.warning("Sage answered %s", refused.status)
        return ProviderUnavailable(self.provider)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _name(business: dict[str, Any]) -> str | None:
    return _text(business.get("name")) or _text(business.get("displayed_as"))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
