"""Client Sync, from the press of Create to the last list: beside bare threads that make the same requests, and beside
xero-python as its README has it; what others notice meanwhile; and what ten times as many organisations cost.
"""

import asyncio
import json
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psutil
import urllib3
from sqlalchemy import func, select

from benchmarks import practices, processes
from benchmarks.report import Result, line, quantile
from benchmarks.slack import Slack, command, connect
from bot.composition import Composition
from bot.settings import Settings
from db.models import Authorisation, Client, Colleague, InformationState, Provider, Source, SyncItem, SyncRun, SyncState
from sandbox.driver import Sandbox
from services.accounting.consent import Purpose, PurposeKind
from services.actor import Actor
from services.client_sync.records import Goal
from services.keys import Keyring
from tests.postgresql import postgresql_server

ORGANISATIONS = 1_000
MANY = 10_000
LATENCY = 0.3
SEQUENTIAL = 25
CONCURRENCY = 50
IDLE_COMMANDS = 400
LARGEST = 300
"""Megabytes that a worker may hold."""
GOALS = {"time": 1.25, "acks": 2.0, "memory": 1.0, "growth": 1.2}

_RESOURCES = ("Organisation", "Accounts", "TaxRates", "TrackingCategories", "Currencies")
_RESOURCES_WITH_QUERY = (*_RESOURCES, "Contacts?page=1&pageSize=1000&includeArchived=true")
_BETWEEN_COMMANDS = 0.05
_LOOKED_EVERY = 0.1
_PATIENCE = 1_800.0
_NO_LIMIT = 10_000_000
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class _Scene:
    """A practice whose first colleague signed in at a Xero with some organisations, a web process and a worker."""

    composition: Composition
    actor: Actor
    users: Sequence[str]
    xero: Sandbox
    web_port: int
    worker: psutil.Process

    @property
    def token(self) -> str:
        with self.composition.database.read() as session:
            return Keyring(self.composition.settings.keys).decrypt(
                session.scalars(select(Authorisation.access_token)).one()
            )


@dataclass(frozen=True)
class _Sync:
    seconds: float
    megabytes: float
    """The most that the worker held."""
    cpu: float
    """Seconds of the worker's, which the machine's other work changes less."""


def run(
    *,
    databases: Sequence[str] = ("sqlite", "postgresql"),
    organisations: int = ORGANISATIONS,
    many: int = MANY,
    latency: float = LATENCY,
    sequential: int = SEQUENTIAL,
    idle_commands: int = IDLE_COMMANDS,
) -> dict[str, Result]:
    """With `many` 0, it is not measured how the cost grows."""
    results: dict[str, Result] = {}
    for name in databases:
        with _DATABASES[name]() as new_database:
            results |= asyncio.run(
                _beside_floors(name, new_database(), organisations, latency, sequential, idle_commands)
            )
            if many:
                results |= asyncio.run(_growing(name, new_database, organisations, many))
    return results


async def _beside_floors(
    name: str, database_url: str, organisations: int, latency: float, sequential: int, idle_commands: int
) -> dict[str, Result]:
    async with Slack() as slack:
        with _scene(database_url, slack.api_url, organisations, latency) as scene:
            idle: list[float] = []
            await _notice(scene, idle, lambda: len(idle) >= idle_commands)
            during: list[float] = []
            syncing = asyncio.create_task(asyncio.to_thread(_sync, scene))
            await _notice(scene, during, syncing.done)
            sync = await syncing
            if not slack.edits:
                raise RuntimeError("the message was never edited")
            scene.xero.xero.change_settings(app_calls_per_minute=_NO_LIMIT)  # the sync has used it up
            tenants = [each["tenant"] for each in scene.xero.xero.connections()]
            threads = await asyncio.to_thread(_bare_threads, scene, tenants)
            alone = await asyncio.to_thread(_one_by_one, scene, tenants[:sequential])
    results: dict[str, Result] = {
        f"client_sync_{name}": {
            "figure": sync.seconds,
            "floor": threads,
            "ratio": sync.seconds / threads,
            "goal": GOALS["time"],
            "xero_python": alone / len(tenants[:sequential]) * organisations,
            "edits": slack.edits,
        },
        f"client_sync_acks_{name}": {
            "figure": quantile(during, 0.99),
            "floor": quantile(idle, 0.99),
            "ratio": quantile(during, 0.99) / quantile(idle, 0.99),
            "goal": GOALS["acks"],
            "median": quantile(during, 0.5),
            "idle_median": quantile(idle, 0.5),
        },
    }
    time_name, acks_name = results
    print(
        f"{line(time_name, results[time_name], 's')}, xero-python alone {results[time_name]['xero_python']:.0f} s, "
        f"{slack.edits} edits"
    )
    print(f"{line(f'{acks_name} p99', results[acks_name])}")
    return results


async def _growing(name: str, new_database: Callable[[], str], some: int, many: int) -> dict[str, Result]:
    """Without latency or limits, so that all that is left is our own work."""
    syncs = {}
    async with Slack() as slack:
        for organisations in (some, many):
            with _scene(new_database(), slack.api_url, organisations, 0) as scene:
                syncs[organisations] = await asyncio.to_thread(_sync, scene)
    each = {organisations: sync.seconds / organisations * 1000 for organisations, sync in syncs.items()}
    results: dict[str, Result] = {
        f"client_sync_growth_{name}": {
            "figure": each[many],
            "floor": each[some],
            "ratio": each[many] / each[some],
            "goal": GOALS["growth"],
            "cpu": syncs[many].cpu / many * 1000,
            "floor_cpu": syncs[some].cpu / some * 1000,
        },
        f"client_sync_memory_{name}": {
            "figure": syncs[many].megabytes,
            "floor": syncs[some].megabytes,
            "ratio": syncs[many].megabytes / LARGEST,
            "goal": GOALS["memory"],
        },
    }
    growth, memory = results
    print(
        f"{line(growth, results[growth])}; of it the worker's own CPU {results[growth]['cpu']:.1f} ms, "
        f"floor {results[growth]['floor_cpu']:.1f} ms: each of {many:,} organisations beside each of {some:,}"
    )
    print(
        f"{memory}: {syncs[many].megabytes:.0f} MB, with {some:,} {syncs[some].megabytes:.0f} MB, at most {LARGEST} MB"
    )
    return results


@contextmanager
def _scene(database_url: str, slack_api_url: str, organisations: int, latency: float) -> Iterator[_Scene]:
    limits = str(10_000 if latency else _NO_LIMIT)
    with ExitStack() as stack:
        users = practices.seed(database_url)
        options = [
            *("--xero-organisations", str(organisations), "--xero-connection-cap", str(2 * MANY)),
            *("--xero-latency", str(latency), "--xero-app-calls-per-minute", limits),
        ]
        url = stack.enter_context(processes.sandbox("--xero-plain", "--xero-bulk", *options))
        environment = {
            **processes.product(database_url, slack_api_url),
            "XERO_CLIENT_ID": "xero-sandbox",
            "XERO_CLIENT_SECRET": "xero-sandbox-secret",
            "XERO_LOGIN_URL": f"{url}/xero",
            "XERO_IDENTITY_URL": f"{url}/xero",
            "XERO_API_URL": f"{url}/xero",
            "XERO_BULK_CONNECTIONS": "true",
            "XERO_APP_CALLS_PER_MINUTE": limits,
            "SYNC_CONCURRENCY": str(CONCURRENCY),
        }
        xero = stack.enter_context(Sandbox(url))
        composition = stack.enter_context(Composition(Settings.from_environment(environment), connections=4))
        actor = _first_colleague(composition, users[0])
        _sign_in(composition, actor, xero)
        web = stack.enter_context(processes.serving("bot", "web", **environment))
        worker = stack.enter_context(processes.working(**environment))
        yield _Scene(composition, actor, users, xero, web.port, psutil.Process(worker.pid))


def _first_colleague(composition: Composition, user: str) -> Actor:
    with composition.database.read() as session:
        row = session.scalars(select(Colleague).where(Colleague.slack_user_id == user)).one()
        return Actor(row.practice_id, row.id, Source.SLACK)


def _sign_in(composition: Composition, actor: Actor, xero: Sandbox) -> None:
    """All organisations are ticked on the consent page."""
    consents, browser = composition.services.consent, uuid.uuid4().hex
    link = consents.start_url(actor, Provider.XERO, Purpose(kind=PurposeKind.SYNC))
    [ticket] = parse_qs(urlsplit(link).query)["ticket"]
    back = xero.xero.consent(consents.start(Provider.XERO, ticket, browser=browser), "priya", "all")
    given = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    consents.finish(Provider.XERO, browser=browser, state=given["state"], code=given["code"])


def _sync(scene: _Scene) -> _Sync:
    """Creates them all, and fetches their lists."""
    database, syncs = scene.composition.database, scene.composition.services.client_sync
    chooser = syncs.list_organisations(scene.actor, Goal.ADD)
    megabytes, cpu = 0.0, _cpu(scene.worker)
    start = time.perf_counter()
    syncs.start(scene.actor, chooser.run_id)
    while True:
        megabytes = max(megabytes, scene.worker.memory_info().rss / _MEGABYTE)
        with database.read() as session:
            state = session.scalars(select(SyncRun.state).where(SyncRun.id == chooser.run_id)).one()
        seconds = time.perf_counter() - start
        if state is SyncState.FINISHED:
            break
        if seconds > _PATIENCE:
            raise TimeoutError("The sync does not end")
        time.sleep(_LOOKED_EVERY)
    with database.read() as session:
        done = SyncItem.information == InformationState.DONE
        found = session.scalar(
            select(func.count()).select_from(SyncItem).join(Client, Client.id == SyncItem.client_id).where(done)
        )
    if found != chooser.total:
        raise RuntimeError(f"{found} of {chooser.total} organisations are clients with their lists")
    return _Sync(seconds, megabytes, _cpu(scene.worker) - cpu)


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _notice(scene: _Scene, times: list[float], is_over: Callable[[], bool]) -> None:
    """Has people type `/clients help` and notes when, in milliseconds, they are answered."""
    connection = await connect(scene.web_port)
    while not is_over():
        for user in scene.users:
            answer = await connection.post(command(user, "T0", name="/clients", text="help"))
            if answer.status != 200:
                raise RuntimeError(f"the app answered {answer.status}: {answer.body!r}")
            times.append(answer.seconds * 1000)
            await asyncio.sleep(_BETWEEN_COMMANDS)
            if is_over():
                break
    connection.transport.close()


def _bare_threads(scene: _Scene, tenants: Sequence[str]) -> float:
    """The floor: as many threads as the worker has make the same requests and read what is answered."""
    pool, token, url = urllib3.PoolManager(maxsize=CONCURRENCY), scene.token, scene.xero.url
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json", "Accept-Encoding": "gzip"}

    def fetch(tenant: str) -> None:
        for resource in _RESOURCES_WITH_QUERY:
            answer = pool.request(
                "GET", f"{url}/xero/api.xro/2.0/{resource}", headers={**headers, "xero-tenant-id": tenant}
            )
            if answer.status != 200 or not json.loads(answer.data):
                raise RuntimeError(f"Xero answered {answer.status}")

    start = time.perf_counter()
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        list(threads.map(fetch, tenants))
    return time.perf_counter() - start


def _one_by_one(scene: _Scene, tenants: Sequence[str]) -> float:
    """xero-python as its README has it."""
    from xero_python.accounting import AccountingApi
    from xero_python.api_client import ApiClient
    from xero_python.api_client.configuration import Configuration
    from xero_python.api_client.oauth2 import OAuth2Token

    token: Mapping[str, Any] = {"access_token": scene.token, "scope": (), "expires_in": 1800, "token_type": "Bearer"}
    configuration = Configuration()
    configuration.oauth2_token = OAuth2Token()
    api = AccountingApi(
        ApiClient(configuration, oauth2_token_getter=lambda: token), base_url=f"{scene.xero.url}/xero/api.xro/2.0"
    )
    start = time.perf_counter()
    for tenant in tenants:
        api.get_organisations(tenant)
        api.get_accounts(tenant)
        api.get_tax_rates(tenant)
        api.get_tracking_categories(tenant)
        api.get_currencies(tenant)
        api.get_contacts(tenant, page=1, page_size=1000, include_archived="true")
    return time.perf_counter() - start


@contextmanager
def _sqlite() -> Iterator[Callable[[], str]]:
    with tempfile.TemporaryDirectory() as home:
        yield lambda: f"sqlite:///{home}/{uuid.uuid4().hex}.db"


@contextmanager
def _postgresql() -> Iterator[Callable[[], str]]:
    with postgresql_server(durable=True) as server, ExitStack() as stack:
        yield lambda: stack.enter_context(server.database(f"benchmark_{uuid.uuid4().hex}"))


_DATABASES = {"sqlite": _sqlite, "postgresql": _postgresql}
