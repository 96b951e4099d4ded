from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import urllib3

from db import models
from db.session import Database
from services.accounting.calls import ProviderCalls
from services.accounting.connections import ConnectionService
from services.accounting.consent import ConsentService
from services.accounting.http import ProviderPool
from services.accounting.port import AccountingProvider
from services.accounting.sage import Sage
from services.accounting.tokens import TokenManager
from services.accounting.xero import Xero
from tests.builders import KEYS, Office, office
from tests.fakes import Clock
from tests.services.accounting.provider import Provider, running

PUBLIC_URL = "https://clientdesk.example"
CAP = 50
Providers = dict[models.Provider, AccountingProvider]


@pytest.fixture
def provider(clock: Clock) -> Iterator[Provider]:
    with running(Provider(clock.now)) as provider:
        yield provider


@pytest.fixture
def pool() -> Iterator[ProviderPool]:
    pool = ProviderPool(timeout=urllib3.Timeout(connect=3, read=5))
    yield pool
    pool.clear()


def xero_at(url: str, pool: ProviderPool) -> Xero:
    return Xero(pool, client_id="app", client_secret="app-secret", login_url=url, identity_url=url, api_url=url)


@pytest.fixture
def xero(provider: Provider, pool: ProviderPool) -> Xero:
    return xero_at(provider.url, pool)


@pytest.fixture
def sage(provider: Provider, pool: ProviderPool) -> Sage:
    url = provider.url
    return Sage(
        pool,
        client_id="app",
        client_secret="app-secret",
        authorize_url=f"{url}/oauth2/auth/central",
        token_url=f"{url}/connect/token",
        api_url=f"{url}/v3.1",
    )


@pytest.fixture
def providers(xero: Xero, sage: Sage) -> Providers:
    return {models.Provider.XERO: xero, models.Provider.SAGE: sage}


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def tokens(database: Database, providers: Providers, clock: Clock) -> TokenManager:
    """Those who wait find that time has passed."""
    return TokenManager(database, KEYS, providers, wait=advancing(clock))


def advancing(clock: Clock) -> Callable[[float], None]:
    return lambda seconds: clock.advance(timedelta(seconds=seconds))


@pytest.fixture
def consent(database: Database, providers: Providers) -> ConsentService:
    return ConsentService(database, KEYS, providers, public_url=PUBLIC_URL, connection_cap={models.Provider.XERO: CAP})


@pytest.fixture
def connections(database: Database, providers: Providers, tokens: TokenManager) -> ConnectionService:
    return ConnectionService(database, ProviderCalls(database, tokens), providers)
