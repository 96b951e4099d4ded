"""Workers that read hundreds of organisations are killed at any moment: each organisation is a client once, with its
lists, and Xero was never asked with another person's sign-in.
"""

import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from bot.composition import Composition
from bot.settings import Settings
from db.models import (
    AuditEntry,
    Choice,
    Client,
    Connection,
    Contact,
    InformationState,
    ItemState,
    Job,
    ListRefresh,
    OrganisationInformation,
    Provider,
    SyncItem,
    SyncRun,
    SyncState,
)
from sandbox.app import SandboxConfig
from sandbox.driver import Sandbox
from sandbox.running import RunningSandbox
from sandbox.xero.world import XeroSettings
from services.accounting.consent import Purpose, PurposeKind
from services.accounting.information import LISTS
from services.actor import Actor
from services.client_sync.records import Goal, Wish
from tests.builders import Office, office
from tests.chaos.nursery import Nursery, nursery
from tests.processes.conftest import environment
from tests.stack import provider_settings

pytestmark = pytest.mark.chaos

ORGANISATIONS = 200
ADAS = 120
CONTACTS = 3
KILLS = 10
PATIENCE = 90.0
XERO = XeroSettings(
    organisations=ORGANISATIONS, odd=False, bulk=True, connection_cap=1_000, contacts=CONTACTS, latency=0.01
)


@dataclass
class Scene:
    """Birch & Co, its Xero and Slack, and workers."""

    composition: Composition
    office: Office
    sandbox: Sandbox
    settings: dict[str, str]
    nursery: Nursery
    chance: random.Random
    workers: list[psutil.Process] = field(default_factory=list)

    def sign_in(self, actor: Actor, login: str) -> None:
        """Through Xero's pages, with all organisations."""
        consents, browser = self.composition.services.consent, uuid.uuid4().hex
        link = consents.start_url(actor, Provider.XERO, Purpose(kind=PurposeKind.SYNC))
        [ticket] = parse_qs(urlsplit(link).query)["ticket"]
        back = self.sandbox.xero.consent(consents.start(Provider.XERO, ticket, browser=browser), login, "all")
        given = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
        consents.finish(Provider.XERO, browser=browser, state=given["state"], code=given["code"])

    def choose(self, actor: Actor, tenants: Sequence[str]) -> uuid.UUID:
        """A sync of these organisations, not begun."""
        syncs = self.composition.services.client_sync
        run_id = syncs.list_organisations(actor, Goal.ADD).run_id
        syncs.choose_none(actor, run_id, Wish())
        with self.composition.database.read() as session:
            chosen = session.scalars(
                select(SyncItem.id).where(SyncItem.run_id == run_id, SyncItem.tenant_id.in_(tenants))
            ).all()
        choices = dict.fromkeys(chosen, Choice.CREATE)
        syncs.keep(actor, run_id, choices, team_id=None, solutions=None)
        return run_id

    def start_worker(self) -> None:
        self.workers.append(self.nursery.start_worker(self.settings))

    def kill_worker(self) -> None:
        """One of them, and another takes its place. What it had in hand falls due at once, as if its leases were over;
        what others have in hand does too, as if they had been frozen."""
        victim = self.chance.choice(self.workers)
        victim.kill()
        self.workers.remove(victim)
        with self.composition.database.begin() as session:
            now = self.composition.database.time(session)
            session.execute(update(Job).where(Job.due > now).values(due=now - timedelta(seconds=1)))
        self.start_worker()

    def wait_for_steps(self, steps: int) -> None:
        """Until so many organisations and their lists have come to an end, together."""
        settled = SyncItem.state.in_((ItemState.CREATED, ItemState.SKIPPED, ItemState.FAILED))
        listed = SyncItem.information.in_((InformationState.DONE, InformationState.FAILED))
        query = select(func.count().filter(settled) + func.count().filter(listed)).select_from(SyncItem)
        self._wait(lambda session: session.scalars(query).one() >= steps)

    def wait_until_over(self) -> None:
        """The syncs, and what is told of them."""
        running = SyncRun.state == SyncState.RUNNING
        telling = Job.due.is_not(None) & or_(Job.batch.is_not(None), Job.kind.startswith("slack."))
        self._wait(
            lambda session: (
                not session.scalar(select(SyncRun.id).where(running).limit(1))
                and not session.scalar(select(Job.id).where(telling).limit(1))
            )
        )

    def _wait(self, is_so: Callable[[Session], bool]) -> None:
        end, pause = time.monotonic() + PATIENCE, threading.Event()
        while True:
            with self.composition.database.read() as session:
                if is_so(session):
                    return
            assert time.monotonic() < end, "It never came"
            pause.wait(0.01)

    def check_clients(self) -> None:
        """Every organisation is a client once, whole: with its lists, and created and connected once."""
        wanted = {str(each["id"]): str(each["name"]) for each in self.sandbox.xero.organisations()}
        with self.composition.database.read() as session:
            connected = session.execute(select(Connection.tenant_id, Connection.client_id, Client.name).join(Client))
            clients = {tenant: (client_id, name) for tenant, client_id, name in connected}
            assert {tenant: name for tenant, (_, name) in clients.items()} == wanted
            once = Counter(client_id for client_id, _ in clients.values())
            assert Counter(session.scalars(select(Client.id))) == once
            assert Counter(session.scalars(select(OrganisationInformation.client_id))) == once
            for action in ("client.created", "client.connected"):
                audited = select(AuditEntry.subject_id).where(AuditEntry.action == action)
                assert Counter(session.scalars(audited)) == once
            fetched = select(ListRefresh.client_id, ListRefresh.list_name).where(ListRefresh.failure.is_(None))
            found = Counter((client_id, which) for client_id, which in session.execute(fetched))
            assert found == Counter((client_id, which) for client_id in once for which in LISTS)
            contacts = session.execute(select(Contact.client_id, func.count()).group_by(Contact.client_id))
            assert dict(contacts.all()) == dict.fromkeys(once, CONTACTS)

    def check_messages(self, user: str) -> None:
        """One, however often it was tried, and it says how it ended."""
        told = [each.text for each in self.sandbox.person(user).messages() if "from Xero" in each.text]
        assert [text.partition(".")[0] for text in told] == ["Clients from Xero are added"]

    def asked_by(self) -> dict[str, set[str]]:
        """With whose sign-ins Xero was asked for each organisation."""
        asked = defaultdict(set)
        for call in self.sandbox.xero.calls(kind="api"):
            if call["tenant"]:
                asked[str(call["tenant"])].add(str(call["user"]))
        return asked


@pytest.fixture(scope="module")
def workers() -> Iterator[Nursery]:
    with nursery() as found:
        yield found


@pytest.fixture
def scene(database_url: str, workers: Nursery) -> Iterator[Scene]:
    seed = random.randrange(1_000_000)
    print(f"chance is seeded with {seed}")
    with RunningSandbox(SandboxConfig(xero=XERO)) as running, Sandbox(running.url) as sandbox:
        settings = environment(
            database_url,
            SLACK_API_URL=running.api_url,
            SLACK_BOT_TOKEN="xoxb-sandbox-T_BIRCH",
            XERO_BULK_CONNECTIONS="true",
            SYNC_CONCURRENCY="10",
            LOG_LEVEL="ERROR",
            **provider_settings(running.url),
        )
        with Composition(Settings.from_environment(settings), connections=4) as composition:
            birch = office(composition.database, bundle=2 * ORGANISATIONS)
            scene = Scene(composition, birch, sandbox, settings, workers, random.Random(seed))
            yield scene
            for worker in scene.workers:
                worker.kill()
            psutil.wait_procs(scene.workers)


def how_many_workers(database_url: str) -> int:
    return 1 if database_url.startswith("sqlite") else 2


def test_each_organisation_is_a_client_once_though_workers_are_killed_all_the_time(
    scene: Scene, database_url: str
) -> None:
    ada, jo = scene.office.ada, scene.office.jo
    scene.sign_in(ada, "priya")
    scene.sign_in(jo, "tom")
    tenants = [str(each["id"]) for each in scene.sandbox.xero.organisations()]
    syncs = scene.composition.services.client_sync
    runs = {ada: scene.choose(ada, tenants[:ADAS]), jo: scene.choose(jo, tenants[ADAS:])}
    for actor, run_id in runs.items():
        syncs.start(actor, run_id)
    for _ in range(how_many_workers(database_url)):
        scene.start_worker()

    for moment in sorted(scene.chance.sample(range(2 * ORGANISATIONS), KILLS)):
        scene.wait_for_steps(moment)
        scene.kill_worker()
    scene.wait_until_over()

    ended = {actor: syncs.view(actor, run_id).counts for actor, run_id in runs.items()}
    assert ended == {ada: {ItemState.CREATED: ADAS}, jo: {ItemState.CREATED: ORGANISATIONS - ADAS}}
    scene.check_clients()
    assert scene.asked_by() == {tenant: {"priya" if number < ADAS else "tom"} for number, tenant in enumerate(tenants)}
    scene.check_messages("U_ADA")
    scene.check_messages("U_JO")


def test_the_same_organisations_synced_by_two_colleagues_at_once_are_clients_once(
    scene: Scene, database_url: str
) -> None:
    ada, jo = scene.office.ada, scene.office.jo
    scene.sign_in(ada, "priya")
    scene.sign_in(jo, "tom")
    tenants = [str(each["id"]) for each in scene.sandbox.xero.organisations()]
    syncs = scene.composition.services.client_sync
    runs = {actor: scene.choose(actor, tenants) for actor in (ada, jo)}
    for _ in range(how_many_workers(database_url)):
        scene.start_worker()
    for actor, run_id in runs.items():
        syncs.start(actor, run_id)
    scene.wait_until_over()

    ended = [syncs.view(actor, run_id).counts for actor, run_id in runs.items()]
    assert sum((Counter(counts) for counts in ended), Counter[ItemState]()) == {
        ItemState.CREATED: ORGANISATIONS,
        ItemState.SKIPPED: ORGANISATIONS,
    }
    scene.check_clients()
