"""Sign-ins are kept alive and looked after, against the sandbox's Xero and Sage."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from typing_extensions import override

from bot.worker import LaneSettings, Worker
from db.models import (
    AuditEntry,
    Authorisation,
    Connection,
    ConnectionStatus,
    Job,
    JobOutcome,
    Lane,
    Practice,
    Provider,
    Source,
)
from db.session import Database
from sandbox.driver_accounting import Json, Sage
from sandbox.driver_accounting import Xero as XeroDriver
from services.accounting.calls import ProviderCalls
from services.accounting.consent import Purpose, PurposeKind
from services.accounting.http import ProviderPool
from services.accounting.port import Organisation
from services.accounting.tokens import ENDED
from services.accounting.upkeep import CHECK, CONNECTIONS_ENDED, KEEP_ALIVE, LAPSING, UpkeepNotice, UpkeepService
from services.accounting.xero import Xero
from tests.fakes import Clock
from tests.services.accounting.conftest import SAGE, XERO, World

AN_HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)
CONNECTED, DISCONNECTED, EXPIRED = (
    ConnectionStatus.CONNECTED,
    ConnectionStatus.DISCONNECTED,
    ConnectionStatus.EXPIRED,
)


@pytest.fixture
def upkeep(world: World) -> UpkeepService:
    return UpkeepService(world.database, ProviderCalls(world.database, world.tokens), world.providers)


def worker_of(world: World, upkeep: UpkeepService) -> Worker:
    return Worker(world.database, upkeep.kinds(), {Lane.PROVIDER: LaneSettings(threads=1)}, chance=lambda: 0.5)


class Hours:
    """What happens by itself as time passes: both ticks at each hour, and what is then due."""

    def __init__(self, world: World, upkeep: UpkeepService, clock: Clock) -> None:
        self._upkeep = upkeep
        self._clock = clock
        self._worker = worker_of(world, upkeep)

    def pass_(self, time: timedelta = timedelta()) -> None:
        end = self._clock.now() + time
        while True:
            self._upkeep.keep_alive()
            self._upkeep.check()
            self._worker.run_due()
            if self._clock.now() >= end:
                return
            self._clock.advance(AN_HOUR)


@pytest.fixture
def hours(world: World, upkeep: UpkeepService, clock: Clock) -> Hours:
    return Hours(world, upkeep, clock)


def sage_client(world: World) -> uuid.UUID:
    """A client that is connected to the business that Omar reaches."""
    client_id = world.client("For Omar")
    world.finish(
        SAGE, world.sandbox.sage.consent(world.begin(SAGE, Purpose(kind=PurposeKind.CLIENT, id=client_id)), "omar")
    )
    return client_id


def some_client(world: World, provider: Provider, names: list[str]) -> uuid.UUID:
    return world.connected(names[0]) if provider is XERO else sage_client(world)


def at(world: World, provider: Provider) -> XeroDriver | Sage:
    return world.sandbox.xero if provider is XERO else world.sandbox.sage


def kill(world: World, provider: Provider) -> None:
    at(world, provider).kill("priya" if provider is XERO else "omar")


def found(database: Database, kind: str) -> list[Job]:
    with database.read() as session:
        return list(session.scalars(select(Job).where(Job.kind == kind).order_by(Job.id)))


def refreshes(world: World, provider: Provider) -> list[Json]:
    return at(world, provider).calls(kind="token", path="refresh_token")


def lists(world: World) -> list[Json]:
    return world.sandbox.xero.calls(kind="api", path="connections")


def told(world: World, upkeep: UpkeepService, kind: str) -> list[UpkeepNotice | None]:
    """What each message of the kind would say now."""
    notices = []
    for job in found(world.database, kind):
        assert job.lane is Lane.SLACK
        practice_id, authorisation_id = world.ada.practice_id, uuid.UUID(job.args["authorisation_id"])
        assert job.practice_id == practice_id
        if kind == CONNECTIONS_ENDED:
            ended = [uuid.UUID(each) for each in job.args["connection_ids"]]
            notices.append(upkeep.connections_ended_notice(practice_id, authorisation_id, ended))
        else:
            notice = upkeep.ended_notice if kind == ENDED else upkeep.lapsing_notice
            notices.append(notice(practice_id, authorisation_id))
    return notices


@pytest.mark.parametrize(("provider", "idle"), [(XERO, 30), (SAGE, 7)])
def test_a_sign_in_that_lies_unused_is_refreshed_once(
    world: World, upkeep: UpkeepService, names: list[str], clock: Clock, provider: Provider, idle: int
) -> None:
    some_client(world, provider, names)
    worker = worker_of(world, upkeep)
    clock.advance(timedelta(days=idle))
    upkeep.keep_alive()
    assert worker.run_due() == 0
    clock.advance(AN_HOUR)
    for _ in range(3):
        upkeep.keep_alive()
        worker.run_due()
        clock.advance(AN_HOUR)
    assert [each["outcome"] for each in refreshes(world, provider)] == ["ok"]


def test_two_workers_refresh_and_list_once(world: World, upkeep: UpkeepService, names: list[str], clock: Clock) -> None:
    world.connected(names[0])
    world.sandbox.xero.revoke(world.sandbox.xero.tenant(names[0]))
    world.sandbox.xero.clear_calls()
    clock.advance(timedelta(days=31))

    def process(_: int) -> int:
        upkeep.keep_alive()
        upkeep.check()
        return worker_of(world, upkeep).run_due()

    with ThreadPoolExecutor(2) as processes:
        assert sum(processes.map(process, range(2))) >= 2
    assert len(refreshes(world, XERO)) == 1
    assert len(lists(world)) == 1
    assert len(told(world, upkeep, CONNECTIONS_ENDED)) == 1


@pytest.mark.parametrize(("provider", "lifetime"), [(XERO, 60), (SAGE, 31)])
def test_the_holder_is_told_once_before_a_sign_in_lapses_that_can_not_be_renewed(
    world: World,
    upkeep: UpkeepService,
    names: list[str],
    clock: Clock,
    provider: Provider,
    lifetime: int,
) -> None:
    begun = clock.now()
    client_id = some_client(world, provider, names)
    at(world, provider).fault("http500")
    worker = worker_of(world, upkeep)

    def days(until: int) -> None:
        while clock.now() < begun + timedelta(days=until):
            clock.advance(timedelta(hours=8))
            upkeep.keep_alive()
            worker.run_due()

    clock.advance(timedelta(days=lifetime - 9))
    days(lifetime - 8)
    assert refreshes(world, provider)
    assert told(world, upkeep, LAPSING) == []
    days(lifetime - 5)
    [notice] = told(world, upkeep, LAPSING)
    assert notice is not None
    assert notice.lapses_at == begun + timedelta(days=lifetime)
    assert (notice.provider, notice.slack_user_id) == (provider, "U_ADA")
    assert len(notice.clients) == 1

    at(world, provider).clear_faults()
    days(lifetime - 4)
    assert told(world, upkeep, LAPSING) == [None]
    assert world.card(client_id).status is CONNECTED


def test_a_sign_in_that_lay_long_unused_while_nothing_ran_is_renewed_without_a_word(
    world: World, hours: Hours, upkeep: UpkeepService, names: list[str], clock: Clock
) -> None:
    world.connected(names[0])
    clock.advance(timedelta(days=58))
    hours.pass_(AN_HOUR)
    assert told(world, upkeep, LAPSING) == []
    assert len(refreshes(world, XERO)) == 1


def test_an_organisation_that_ended_its_connection_is_found_alone_and_told_once(
    world: World, hours: Hours, upkeep: UpkeepService, names: list[str]
) -> None:
    first, second = world.connected(names[0]), world.connected(names[1])
    hours.pass_()
    world.sandbox.xero.revoke(world.sandbox.xero.tenant(names[0]))
    hours.pass_(A_DAY * 3)

    assert [world.card(each).status for each in (first, second)] == [DISCONNECTED, CONNECTED]
    [notice] = told(world, upkeep, CONNECTIONS_ENDED)
    assert notice is not None
    assert (notice.clients, notice.more, notice.slack_user_id) == ((f"For {names[0]}",), 0, "U_ADA")
    with world.database.read() as session:
        changes = session.execute(
            select(AuditEntry.subject_id, AuditEntry.after, AuditEntry.source).where(
                AuditEntry.action == "client.connection_changed"
            )
        ).all()
    assert [tuple(each) for each in changes] == [(first, {"status": "disconnected"}, Source.WORKER)]


def test_a_connection_that_is_back_is_connected_again_and_its_next_end_is_told_again(
    world: World, hours: Hours, upkeep: UpkeepService, names: list[str]
) -> None:
    client_id = world.connected(names[0])
    for count in (1, 2):
        world.sandbox.xero.revoke(world.sandbox.xero.tenant(names[0]))
        hours.pass_(A_DAY)
        assert world.card(client_id).status is DISCONNECTED
        assert len(told(world, upkeep, CONNECTIONS_ENDED)) == count
        url = world.begin(XERO, Purpose(kind=PurposeKind.CLIENT, id=client_id))
        world.sandbox.xero.consent(url, "priya", [names[0]])
        hours.pass_(A_DAY)
        assert world.card(client_id).status is CONNECTED
        assert told(world, upkeep, CONNECTIONS_ENDED) == [None] * count


def test_no_organisations_left_ends_all_connections_in_one_message(
    world: World, hours: Hours, upkeep: UpkeepService, names: list[str]
) -> None:
    clients = [world.connected(name) for name in names]
    for name in names:
        world.sandbox.xero.revoke(world.sandbox.xero.tenant(name))
    hours.pass_()
    assert {world.card(each).status for each in clients} == {DISCONNECTED}
    [notice] = told(world, upkeep, CONNECTIONS_ENDED)
    assert notice is not None
    assert len(notice.clients) == len(names)


def test_a_sage_business_out_of_reach_is_found(world: World, hours: Hours, upkeep: UpkeepService) -> None:
    client_id = sage_client(world)
    [first, *_] = world.sandbox.sage.businesses()
    world.sandbox.sage.revoke(str(first["id"]))
    hours.pass_(A_DAY)
    assert world.card(client_id).status is DISCONNECTED
    assert len(told(world, upkeep, CONNECTIONS_ENDED)) == 1


@pytest.mark.parametrize("provider", [XERO, SAGE])
def test_a_dead_sign_in_is_told_once_and_left_alone(
    world: World,
    hours: Hours,
    upkeep: UpkeepService,
    names: list[str],
    clock: Clock,
    provider: Provider,
) -> None:
    client_id = some_client(world, provider, names)
    kill(world, provider)
    clock.advance(AN_HOUR)
    hours.pass_(A_DAY * 2)
    assert world.card(client_id).status is EXPIRED
    [notice] = told(world, upkeep, ENDED)
    assert notice is not None
    assert (notice.provider, len(notice.clients)) == (provider, 1)
    assert told(world, upkeep, CONNECTIONS_ENDED) == []
    assert len(refreshes(world, provider)) == 1
    assert len(found(world.database, CHECK)) == 1


def test_a_new_consent_brings_back_all_that_rested_on_the_dead_sign_in_and_its_next_end_is_told_too(
    world: World, hours: Hours, upkeep: UpkeepService, names: list[str], clock: Clock
) -> None:
    first, second = world.connected(names[0]), world.connected(names[1])
    for count in (1, 2):
        clock.advance(AN_HOUR)
        kill(world, XERO)
        hours.pass_(A_DAY)
        assert [world.card(each).status for each in (first, second)] == [EXPIRED, EXPIRED]
        assert len(told(world, upkeep, ENDED)) == count
        url = world.begin(XERO, Purpose(kind=PurposeKind.CLIENT, id=first))
        world.finish(XERO, world.sandbox.xero.consent(url, "priya", [names[0]]))
        hours.pass_(AN_HOUR)
        assert [world.card(each).status for each in (first, second)] == [CONNECTED, CONNECTED]
        assert told(world, upkeep, ENDED) == [None] * count


@pytest.mark.parametrize("fault", ["http500", "html", "drop", "limited"])
def test_what_goes_wrong_for_a_while_ends_nothing_and_is_tried_again(
    world: World, hours: Hours, upkeep: UpkeepService, names: list[str], fault: str
) -> None:
    client_id = world.connected(names[0])
    world.sandbox.xero.fault(fault, path="connections", times=1, problem="appminute")
    world.sandbox.xero.clear_calls()
    hours.pass_()
    [job] = found(world.database, CHECK)
    assert (job.outcome, job.tries) == (None, 0 if fault == "limited" else 1)
    hours.pass_(AN_HOUR)
    [job] = found(world.database, CHECK)
    assert job.outcome is JobOutcome.DONE
    assert len(lists(world)) == 2
    assert world.card(client_id).status is CONNECTED
    assert told(world, upkeep, CONNECTIONS_ENDED) == told(world, upkeep, ENDED) == []


def test_while_the_provider_wants_to_be_left_alone_it_is_not_asked(
    world: World, hours: Hours, names: list[str], clock: Clock
) -> None:
    sage_client(world)
    world.sandbox.sage.fault("limited", path="businesses", times=1, retry_after=7200)
    world.sandbox.sage.clear_calls()
    hours.pass_(AN_HOUR)
    assert len(world.sandbox.sage.calls(path="businesses")) == 1
    hours.pass_(AN_HOUR)
    assert len(world.sandbox.sage.calls(path="businesses")) == 2


def test_our_own_secret_refused_ends_nothing_and_is_not_told_to_the_holder(
    world: World, hours: Hours, upkeep: UpkeepService, names: list[str], clock: Clock
) -> None:
    client_id = world.connected(names[0])
    clock.advance(AN_HOUR)
    world.sandbox.xero.fault("invalid_client", times=1)
    hours.pass_(AN_HOUR)
    assert [job.outcome for job in found(world.database, CHECK)] == [JobOutcome.FAILED]
    hours.pass_(A_DAY)
    assert [job.outcome for job in found(world.database, CHECK)] == [JobOutcome.FAILED, JobOutcome.DONE]
    assert world.card(client_id).status is CONNECTED
    assert told(world, upkeep, ENDED) == []


def test_a_sign_in_is_checked_once_a_day_and_many_are_spread_over_the_hour(
    world: World, hours: Hours, names: list[str], clock: Clock
) -> None:
    world.connected(names[0])
    world.connected(names[1], user="tom")
    world.sandbox.xero.clear_calls()
    began = clock.now()
    hours.pass_()
    assert len(lists(world)) == 1
    assert [job.due for job in found(world.database, CHECK) if job.outcome is None] == [began + AN_HOUR / 2]
    hours.pass_(A_DAY - AN_HOUR)
    assert len(lists(world)) == 2
    hours.pass_(AN_HOUR * 2)
    assert len(lists(world)) == 4


def test_a_practice_that_uninstalled_the_app_is_left_alone(
    world: World, hours: Hours, names: list[str], clock: Clock
) -> None:
    world.connected(names[0])
    world.sandbox.xero.clear_calls()
    with world.database.begin() as session:
        session.get_one(Practice, world.ada.practice_id).uninstalled_at = clock.now()
    clock.advance(timedelta(days=31))
    hours.pass_()
    assert found(world.database, CHECK) == found(world.database, KEEP_ALIVE) == []


class _Overtaken(Xero):
    """Between the provider's list and our reading it, something else happens."""

    meanwhile: Callable[[], object]

    @override
    def organisations(self, access_token: str, consent_id: str | None = None) -> tuple[Organisation, ...]:
        listed = super().organisations(access_token, consent_id)
        self.meanwhile()
        return listed


def test_a_list_from_before_a_consent_ends_nothing_that_the_consent_brought(
    world: World, names: list[str], pool: ProviderPool, clock: Clock
) -> None:
    client_id = world.connected(names[0])
    world.sandbox.xero.revoke(world.sandbox.xero.tenant(names[0]))
    url = f"{world.sandbox.url}/xero"
    overtaken = _Overtaken(
        pool,
        client_id="xero-sandbox",
        client_secret="xero-sandbox-secret",
        login_url=url,
        identity_url=url,
        api_url=url,
    )
    consents: list[object] = []

    def consent() -> None:
        if not consents:
            url = world.begin(XERO, Purpose(kind=PurposeKind.CLIENT, id=client_id))
            consents.append(world.finish(XERO, world.sandbox.xero.consent(url, "priya", [names[0]])))

    overtaken.meanwhile = consent
    upkeep = UpkeepService(world.database, ProviderCalls(world.database, world.tokens), {XERO: overtaken})
    upkeep.check()
    worker_of(world, upkeep).run_due()
    clock.advance(AN_HOUR)
    worker_of(world, upkeep).run_due()

    assert len(consents) == 1
    assert world.card(client_id).status is CONNECTED
    assert found(world.database, CONNECTIONS_ENDED) == []
    with world.database.read() as session:
        assert session.scalars(select(Authorisation.checked_at)).one() == clock.now()
        assert session.scalars(select(Connection.status)).one() is CONNECTED
