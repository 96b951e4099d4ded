"""Sage Accounting v3.1: a small client of our own, for there is none that is maintained."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from pydantic_core import from_json
from typing_extensions import override

from db.models import Provider, StandardList
from services.accounting import sage_rows
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
from services.accounting.reading import read_rows
from services.accounting.standard import ListAnswer

_PAGE = 200
_MOST_PAGES = 1000
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
        found, _ = self._pages(access_token, "businesses")
        named = ((each.get("id"), sage_rows.name_of(each)) for each in found if isinstance(each, dict))
        return tuple(
            Organisation(tenant_id=str(id_), name=name or "Unnamed business") for id_, name in named if id_ is not None
        )

    @override
    def organisation(self, access_token: str, tenant_id: str) -> OrganisationFacts:
        business = self._get(access_token, f"/businesses/{quote(tenant_id, safe='')}", tenant_id)
        if sage_rows.name_of(business) is None:
            _log.warning("Sage gave a business that can't be read")
            raise ProviderUnavailable(self.provider)
        try:
            settings = self._get(access_token, "/financial_settings", tenant_id)
        except NotAuthorised:  # the person may see the business, and not these
            settings = {}
        return sage_rows.organisation(business, settings)

    @override
    def standard_list(
        self, access_token: str, tenant_id: str, which: StandardList, *, since: datetime | None
    ) -> ListAnswer:
        name, row = _LISTS[which]
        since = since if which in _TOLD_BY_TIME else None
        options = {"attributes": "all"}
        if since is not None:
            options["updated_or_created_since"] = f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        found, is_all = self._pages(access_token, name, tenant_id, options)
        return ListAnswer(rows=read_rows(row, found), whole=since is None and is_all)

    @override
    def disconnect(self, access_token: str, organisation: Organisation) -> None:
        """Sage has no way to end one business's link; only a person can end the whole sign-in, at Sage."""

    def _pages(
        self, access_token: str, name: str, tenant_id: str | None = None, options: Mapping[str, str] | None = None
    ) -> tuple[list[Any], bool]:
        """A list, and whether it is as long as Sage says: one that moved between two pages may have been missed."""
        found: list[Any] = []
        for page in range(1, _MOST_PAGES + 1):
            query = urlencode({"items_per_page": _PAGE, "page": page, **(options or {})})
            answer = self._get(access_token, f"/{name}?{query}", tenant_id)
            items = answer.get("$items")
            if not isinstance(items, list):
                _log.warning("Sage gave a list of %s that can't be read", name)
                raise ProviderUnavailable(self.provider)
            found += items
            total = answer.get("$total")
            if not items or (len(found) >= total if isinstance(total, int) else len(items) < _PAGE):
                return found, total in {None, len(found)}
        return found, False

    def _get(self, access_token: str, path: str, tenant_id: str | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json", "Accept-Encoding": "gzip"}
        if tenant_id is not None:
            headers["X-Business"] = tenant_id  # without it, Sage silently answers for the person's lead business
        try:
            answer = self._pool.request("GET", f"{self._api_url}{path}", headers=headers)
            found = from_json(answer.data)
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


_LISTS = {
    StandardList.ACCOUNTS: ("ledger_accounts", sage_rows.account),
    StandardList.TAX_RATES: ("tax_rates", sage_rows.tax_rate),
    StandardList.TRACKING_CATEGORIES: ("analysis_types", sage_rows.tracking_category),
    StandardList.CURRENCIES: ("currencies", sage_rows.currency),
    StandardList.CONTACTS: ("contacts", sage_rows.contact),
}
_TOLD_BY_TIME = frozenset({StandardList.ACCOUNTS, StandardList.CONTACTS})
