import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from db import models
from db.session import Database
from sandbox.app import SandboxConfig
from sandbox.driver import Sandbox
from sandbox.running import RunningSandbox
from services.accounting.calls import ProviderCalls
from services.accounting.consent import Consent, ConsentService, Purpose, PurposeKind
from services.accounting.http import ProviderPool
from services.accounting.linking import ConnectionCard, ConnectionService
from services.accounting.port import AccountingProvider
from services.accounting.sage import Sage
from services.accounting.tokens import TokenManager
from services.accounting.xero import Xero
from services.actor import Actor
from tests.builders import KEYS, Office, add_client, created, office
from tests.fakes import Clock
from tests.services.accounting.provider import Provider, running

BROWSER = "browser of the person"
XERO, SAGE = models.Provider.XERO, models.Provider.SAGE
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


@dataclass
class World:
    """Ada's practice with its services, beside the sandbox; one clock for all."""

    database: Database
    ada: Actor
    sandbox: Sandbox
    consent: ConsentService
    connections: ConnectionService
    tokens: TokenManager
    providers: Providers

    def begin(self, provider: models.Provider, purpose: Purpose) -> str:
        link = self.consent.start_url(self.ada, provider, purpose)
        [ticket] = parse_qs(urlsplit(link).query)["ticket"]
        return self.consent.start(provider, ticket, browser=BROWSER)

    def finish(self, provider: models.Provider, back: str) -> Consent:
        assert back.startswith(f"{PUBLIC_URL}/connect/{provider}/callback?")
        given = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        return self.consent.finish(
            provider,
            browser=BROWSER,
            state=given["state"],
            code=given.get("code"),
            error=given.get("error"),
        )

    def client(self, name: str = "Acme") -> uuid.UUID:
        return created(add_client(self.database), self.ada, name).client_id

    def connected(self, organisation: str, *, user: str = "priya") -> uuid.UUID:
        """A client that is connected to the organisation."""
        client_id = self.client(f"For {organisation}")
        url = self.begin(XERO, Purpose(kind=PurposeKind.CLIENT, id=client_id))
        self.finish(XERO, self.sandbox.xero.consent(url, user, [organisation]))
        return client_id

    def card(self, client_id: uuid.UUID) -> ConnectionCard:
        card = self.connections.card(self.ada, client_id)
        assert card is not None
        return card


@pytest.fixture
def sandbox(clock: Clock) -> Iterator[Sandbox]:
    config = SandboxConfig(clock=lambda: clock.now().timestamp())
    with RunningSandbox(config) as running, Sandbox(running.url) as sandbox:
        yield sandbox


@pytest.fixture
def world(database: Database, birch: Office, sandbox: Sandbox, pool: ProviderPool, clock: Clock) -> World:
    url = sandbox.url
    providers: Providers = {
        XERO: Xero(
            pool,
            client_id="xero-sandbox",
            client_secret="xero-sandbox-secret",
            login_url=f"{url}/xero",
            identity_url=f"{url}/xero",
            api_url=f"{url}/xero",
        ),
        SAGE: Sage(
            pool,
            client_id="sage-sandbox",
            client_secret="sage-sandbox-secret",
            authorize_url=f"{url}/sage/oauth2/auth/central",
            token_url=f"{url}/sage/token",
            api_url=f"{url}/sage/v3.1",
        ),
    }
    tokens = TokenManager(database, KEYS, providers, wait=advancing(clock))
    return World(
        database,
        birch.ada,
        sandbox,
        ConsentService(database, KEYS, providers, public_url=PUBLIC_URL, connection_cap={}),
        ConnectionService(database, ProviderCalls(database, tokens), providers),
        tokens,
        providers,
    )


@pytest.fixture
def names(sandbox: Sandbox) -> list[str]:
    """Of the organisations at Xero."""
    return [str(each["name"]) for each in sandbox.xero.organisations()]
