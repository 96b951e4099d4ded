"""Xero, by its SDK where that is sound: it never holds a refresh token, never parses, and sends through our pool.

The only module that knows xero_python. It is imported at the first call.
"""

import base64
import binascii
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode

import urllib3
from pydantic import BaseModel, BeforeValidator, Field, ValidationError
from pydantic_core import from_json
from typing_extensions import override

from db.models import Provider, StandardList
from services.accounting import xero_rows
from services.accounting.http import NoAnswer, ProviderPool, Refused
from services.accounting.oauth import TokenEndpoint, retry_after
from services.accounting.port import (
    AccessExpired,
    AccountingProvider,
    Grant,
    Limited,
    LimitScope,
    NotAuthorised,
    Offline,
    Organisation,
    OrganisationFacts,
    ProviderError,
    ProviderUnavailable,
    Tokens,
)
from services.accounting.reading import read_rows
from services.accounting.standard import ContactRow, ListAnswer

SCOPES = "openid profile email offline_access accounting.settings.read accounting.contacts.read"
_WAITS = {"minute": timedelta(minutes=1), "day": timedelta(hours=1), "appminute": timedelta(minutes=1)}
_ALREADY_GONE = frozenset({401, 403, 404})
_NOT_MODIFIED = 304
_PAGE = 1000
_MOST_PAGES = 500
_Row = TypeVar("_Row", bound=BaseModel)
_log = logging.getLogger(__name__)

Text = Annotated[str | None, BeforeValidator(lambda value: None if value is None else str(value))]


class _Connection(BaseModel):
    id: str
    tenant_id: str = Field(alias="tenantId")
    tenant_type: Text = Field(None, alias="tenantType")
    tenant_name: Text = Field(None, alias="tenantName")


class Xero(AccountingProvider):
    provider = Provider.XERO
    refresh_grace = timedelta(minutes=30)

    def __init__(
        self,
        pool: ProviderPool,
        *,
        client_id: str,
        client_secret: str,
        login_url: str,
        identity_url: str,
        api_url: str,
    ) -> None:
        self._pool = pool
        self._client_id = client_id
        self._login_url = login_url
        self._api_url = api_url
        self._endpoint = TokenEndpoint(
            self.provider,
            pool,
            f"{identity_url}/connect/token",
            client_id,
            client_secret,
            lifetime=timedelta(minutes=30),
        )

    @override
    def authorise_url(self, state: str, challenge: str, redirect_uri: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPES,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self._login_url}/identity/connect/authorize?{urlencode(query)}"

    @override
    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        answer = self._endpoint.exchange(code, verifier, redirect_uri)
        claims = _claims(answer.access_token)
        user = claims.get("xero_userid")
        if not answer.refresh_token or not isinstance(user, str):
            _log.error("Xero's token names no user, or comes without a refresh token")
            raise ProviderUnavailable(self.provider)
        consent = claims.get("authentication_event_id")
        return Grant(
            tokens=self._endpoint.tokens(answer),
            refresh_token=answer.refresh_token,
            provider_user_id=user,
            consent_id=consent if isinstance(consent, str) else None,
        )

    @override
    def refresh(self, refresh_token: str) -> Tokens:
        answer = self._endpoint.ask({"grant_type": "refresh_token", "refresh_token": refresh_token})
        return self._endpoint.tokens(answer)

    @override
    def organisations(self, access_token: str, consent_id: str | None = None) -> tuple[Organisation, ...]:
        from xero_python.identity import IdentityApi

        api = IdentityApi(self._client(access_token), base_url=self._api_url)
        only = {"auth_event_id": consent_id} if consent_id else {}
        found = self._json(lambda: api.get_connections(**only, _preload_content=False))
        if not isinstance(found, list):
            raise self._unreadable("connections")
        return tuple(
            Organisation(tenant_id=row.tenant_id, name=row.tenant_name or "Unnamed organisation", connection_id=row.id)
            for row in _rows(_Connection, found)
            if row.tenant_type == "ORGANISATION"
        )

    @override
    def organisation(self, access_token: str, tenant_id: str) -> OrganisationFacts:
        api = self._accounting(access_token)
        _, found = self._listed(lambda: api.get_organisations(tenant_id, _preload_content=False), "Organisations")
        rows = read_rows(xero_rows.organisation, found)
        if not rows:
            raise self._unreadable("organisation")
        return rows[0]

    @override
    def standard_list(
        self, access_token: str, tenant_id: str, which: StandardList, *, since: datetime | None
    ) -> ListAnswer:
        api = self._accounting(access_token)
        if which is StandardList.CONTACTS:
            return self._contacts(api, tenant_id, since)
        name, row = _LISTS[which]
        options: dict[str, str] = {}
        if which is StandardList.ACCOUNTS:
            options = _modified(since)
        elif which is StandardList.TRACKING_CATEGORIES:
            options = {"include_archived": "true"}
        ask = {
            StandardList.ACCOUNTS: api.get_accounts,
            StandardList.TAX_RATES: api.get_tax_rates,
            StandardList.TRACKING_CATEGORIES: api.get_tracking_categories,
            StandardList.CURRENCIES: api.get_currencies,
        }[which]
        found = self._listed(lambda: ask(tenant_id, **options, _preload_content=False), name)[1]
        return ListAnswer(rows=read_rows(row, found), whole="if_modified_since" not in options)

    def _contacts(self, api: Any, tenant_id: str, since: datetime | None) -> ListAnswer:
        """`whole` only if there are as many as Xero says: one that moved between two pages may have been missed."""
        rows: list[ContactRow] = []
        count, total = 0, None
        for page in range(1, _MOST_PAGES + 1):
            ask = partial(
                api.get_contacts,
                tenant_id,
                **_modified(since),
                page=page,
                page_size=_PAGE,
                include_archived="true",
                _preload_content=False,
            )
            answer, found = self._listed(ask, "Contacts")
            rows += read_rows(xero_rows.contact, found)
            count += len(found)
            pages = answer.get("pagination")
            total = pages.get("itemCount") if isinstance(pages, dict) else None
            if not found or (count >= total if isinstance(total, int) else len(found) < _PAGE):
                break
        return ListAnswer(rows=tuple(rows), whole=since is None and total in {None, count})

    @override
    def disconnect(self, access_token: str, organisation: Organisation) -> None:
        from xero_python.identity import IdentityApi

        api = IdentityApi(self._client(access_token), base_url=self._api_url)
        try:
            self._send(lambda: api.delete_connection(organisation.connection_id, _preload_content=False))
        except Refused as refused:
            if refused.status not in _ALREADY_GONE or _is_expired(refused):
                raise self._failure(refused) from None

    def _client(self, access_token: str) -> Any:
        """One for each call. `Configuration(oauth2_token=...)` would keep the first token of the process for all."""
        from xero_python.api_client import ApiClient
        from xero_python.api_client.configuration import Configuration
        from xero_python.api_client.oauth2 import OAuth2Token

        configuration = Configuration()
        configuration.oauth2_token = OAuth2Token()
        # Without `expires_at` and `refresh_token` the SDK has neither reason nor means to refresh.
        token = {"access_token": access_token, "scope": (), "expires_in": 0, "token_type": "Bearer"}
        client = ApiClient(configuration, oauth2_token_getter=lambda: token)
        client.rest_client.pool_manager = self._pool
        client.set_default_header("Accept-Encoding", "gzip")
        return client

    def _accounting(self, access_token: str) -> Any:
        from xero_python.accounting import AccountingApi

        return AccountingApi(self._client(access_token), base_url=f"{self._api_url}/api.xro/2.0")

    def _listed(self, send: Callable[[], urllib3.BaseHTTPResponse], name: str) -> tuple[dict[str, Any], list[Any]]:
        """The answer of the accounting API, and the list that it is about."""
        answer = self._json(send)
        if answer is None:
            return {}, []
        found = answer.get(name) if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise self._unreadable(name)
        return answer, found

    def _json(self, send: Callable[[], urllib3.BaseHTTPResponse]) -> Any:
        """None when nothing was modified."""
        try:
            answer = self._send(send)
        except Refused as refused:
            if refused.status == _NOT_MODIFIED:
                return None
            raise self._failure(refused) from None
        try:
            return from_json(answer.data)
        except ValueError:
            raise self._unreadable("answer") from None

    def _send(self, send: Callable[[], urllib3.BaseHTTPResponse]) -> urllib3.BaseHTTPResponse:
        try:
            return send()
        except NoAnswer as silence:
            _log.warning("Xero gave no answer: %s", silence)
            raise ProviderUnavailable(self.provider) from None

    def _failure(self, refused: Refused) -> ProviderError:
        if refused.status == 401 and "AuthorizationUnsuccessful" not in refused.text:  # that is a scope we lack
            return AccessExpired(self.provider)
        if refused.status == 403 and "AuthenticationUnsuccessful" in refused.text:
            return NotAuthorised(self.provider)
        if refused.status == 429:
            problem = refused.headers.get("X-Rate-Limit-Problem", "").casefold()
            wait = retry_after(refused) or _WAITS.get(problem, timedelta(seconds=1))
            scope = LimitScope.APP if problem == "appminute" else LimitScope.TENANT
            return Limited(self.provider, wait, scope)
        if refused.status == 503 and "offline" in refused.text.casefold():
            return Offline(self.provider)
        _log.warning("Xero answered %s", refused.status)
        return ProviderUnavailable(self.provider)

    def _unreadable(self, what: str) -> ProviderError:
        _log.warning("Xero gave an %s that can't be read", what)
        return ProviderUnavailable(self.provider)


_LISTS = {
    StandardList.ACCOUNTS: ("Accounts", xero_rows.account),
    StandardList.TAX_RATES: ("TaxRates", xero_rows.tax_rate),
    StandardList.TRACKING_CATEGORIES: ("TrackingCategories", xero_rows.tracking_category),
    StandardList.CURRENCIES: ("Currencies", xero_rows.currency),
}


def _modified(since: datetime | None) -> dict[str, Any]:
    """To any other form than this, to the second and without a zone, Xero answers as if it were not there."""
    return {} if since is None else {"if_modified_since": f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"}


def _is_expired(refused: Refused) -> bool:
    return refused.status == 401 and "TokenExpired" in refused.text


def _rows(model: type[_Row], found: list[Any]) -> list[_Row]:
    """Those that can be read; an odd one costs nothing but itself."""
    rows = []
    for each in found:
        try:
            rows.append(model.model_validate(each))
        except ValidationError as error:
            _log.warning("Xero gave a %s that can't be read: %s", model.__name__, error.errors()[0]["loc"])
    return rows


def _claims(token: str) -> dict[str, Any]:
    """What a JWT says. Its signature needs no check: the token endpoint itself handed it to us."""
    parts = token.split(".")
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return found if isinstance(found, dict) else {}
