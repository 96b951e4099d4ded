"""Xero as the sync needs it, in memory: organisations by sign-in, what goes wrong, and who asked for what."""

import threading
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta

from typing_extensions import override

from db.models import Provider, StandardList
from services.accounting.port import AccountingProvider, Grant, NotAuthorised, Organisation, OrganisationFacts, Tokens
from services.accounting.standard import AccountRow, ContactRow, CurrencyRow, ListAnswer, StandardRow, TaxRateRow

ROWS: dict[StandardList, tuple[StandardRow, ...]] = {
    StandardList.ACCOUNTS: (AccountRow(external_id="a", name="Sales", code="200"),),
    StandardList.TAX_RATES: (TaxRateRow(external_id="t", name="20% VAT"),),
    StandardList.TRACKING_CATEGORIES: (),
    StandardList.CURRENCIES: (CurrencyRow(external_id="GBP", name="British Pound"),),
    StandardList.CONTACTS: (ContactRow(external_id="c", name="Basket Case"), ContactRow(external_id="d", name="Odd")),
}


class FakeXero(AccountingProvider):
    """An access token is the name of who signed in. `before` is called in the middle of every call for a tenant."""

    provider = Provider.XERO
    refresh_grace = timedelta(minutes=30)

    def __init__(self) -> None:
        self.reach: dict[str, dict[str, str]] = defaultdict(dict)
        self.failures: dict[str, list[Exception]] = defaultdict(list)
        self.list_failures: dict[str, list[Exception]] = defaultdict(list)
        self.asked: list[tuple[str, str]] = []
        self.before: Callable[[str], None] = lambda _: None
        self._lock = threading.Lock()

    def give(self, user: str, *names: str) -> None:
        self.reach[user] |= {f"{name}-id": name for name in names}

    @override
    def authorise_url(self, state: str, challenge: str, redirect_uri: str) -> str:
        return f"https://xero.example/?state={state}"

    @override
    def exchange(self, code: str, verifier: str, redirect_uri: str) -> Grant:
        return Grant(tokens=self.refresh(code), refresh_token=code, provider_user_id=code)

    @override
    def refresh(self, refresh_token: str) -> Tokens:
        return Tokens(access_token=refresh_token, refresh_token=None, expires_in=timedelta(days=9999))

    @override
    def organisations(self, access_token: str, consent_id: str | None = None) -> tuple[Organisation, ...]:
        return tuple(
            Organisation(tenant_id=tenant, name=name, connection_id=f"link-{tenant}")
            for tenant, name in self.reach[access_token].items()
        )

    @override
    def organisation(self, access_token: str, tenant_id: str) -> OrganisationFacts:
        self._ask(access_token, tenant_id, self.failures)
        name = self.reach[access_token][tenant_id]
        return OrganisationFacts(name=name, legal_name=f"{name} (legal)", country_code="GB", currency="GBP")

    @override
    def standard_list(
        self, access_token: str, tenant_id: str, which: StandardList, *, since: datetime | None
    ) -> ListAnswer:
        self._ask(access_token, tenant_id, self.list_failures)
        return ListAnswer(rows=ROWS[which], whole=True)

    @override
    def disconnect(self, access_token: str, organisation: Organisation) -> None:
        del self.reach[access_token][organisation.tenant_id]

    def _ask(self, user: str, tenant_id: str, failures: dict[str, list[Exception]]) -> None:
        with self._lock:
            self.asked.append((user, tenant_id))
            failure = failures[tenant_id].pop(0) if failures[tenant_id] else None
        self.before(tenant_id)
        if failure is not None:
            raise failure
        if tenant_id not in self.reach[user]:
            raise NotAuthorised(Provider.XERO)
