"""Calls keep to the limits, by what all processes reserve and what the answers say."""

import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.worker import LaneSettings, Worker
from db import models
from db.models import Job, JobOutcome, Lane
from db.session import Database
from services import jobs
from services.accounting import budgets
from services.accounting.calls import ProviderCalls
from services.accounting.port import AccessExpired, Limited, LimitScope, NotAuthorised, Offline
from services.accounting.tokens import TokenManager
from services.accounting.xero import Xero
from services.errors import NotFoundError
from services.jobs import Claim, Kind, NewJob, Retry
from tests.builders import Office
from tests.fakes import Clock
from tests.services.accounting.conftest import World
from tests.services.accounting.provider import ORGANISATION, Provider, Reply, organisation
from tests.services.accounting.test_tokens import authorised

XERO, SAGE = models.Provider.XERO, models.Provider.SAGE
MINUTE, APP_MINUTE, DAY = "X-MinLimit-Remaining", "X-AppMinLimit-Remaining", "X-DayLimit-Remaining"
SECOND = timedelta(seconds=1)


@pytest.fixture
def ada(database: Database, birch: Office, provider: Provider) -> uuid.UUID:
    provider.organisations["ada"] = ["acme", "bolt"]
    return authorised(database, birch.ada, provider)


def limited_to(
    database: Database, tokens: TokenManager, *, minute: int = 60, day: int = 5_000, app: int = 10_000
) -> ProviderCalls:
    allowed = {XERO: budgets.xero(per_minute=minute, per_day=day, app_per_minute=app)}
    return ProviderCalls(database, tokens, allowed)


def went(
    calls: ProviderCalls, authorisation_id: uuid.UUID, tenant: str | None, times: int = 100, count: int = 1
) -> int:
    """How many times it went before it was turned away."""
    for number in range(times):
        try:
            calls.call(authorisation_id, str, tenant_id=tenant, calls=count)
        except Limited:
            return number
    return times


def turned_away(calls: ProviderCalls, authorisation_id: uuid.UUID, tenant: str | None) -> tuple[timedelta, LimitScope]:
    asked: list[str] = []
    with pytest.raises(Limited) as refusal:
        calls.call(authorisation_id, asked.append, tenant_id=tenant)
    assert asked == []
    return refusal.value.retry_after, refusal.value.scope


def say(provider: Provider, headers: Mapping[str, int], status: int = 200) -> None:
    given = {name: str(value) for name, value in headers.items()}
    body = {"Organisations": [organisation("acme")]} if status == 200 else {"Detail": "AuthenticationUnsuccessful"}
    provider.script(ORGANISATION, Reply(status, body, given))


def test_an_organisation_at_its_limit_waits_and_holds_up_no_other(
    database: Database, tokens: TokenManager, clock: Clock, ada: uuid.UUID
) -> None:
    calls = limited_to(database, tokens, minute=24)
    assert went(calls, ada, "acme") == 12
    assert turned_away(calls, ada, "acme") == (6 * SECOND, LimitScope.TENANT)
    assert went(calls, ada, "bolt", 3) == 3
    assert went(calls, ada, None, 3) == 3
    clock.advance(timedelta(minutes=1))
    assert went(calls, ada, "acme") == 10


def test_several_calls_are_reserved_at_once_or_not_at_all(
    database: Database, tokens: TokenManager, ada: uuid.UUID
) -> None:
    calls = limited_to(database, tokens, minute=24)
    assert went(calls, ada, "acme", count=5) == 2
    assert went(calls, ada, "acme") == 2


def test_an_organisation_at_its_limit_of_the_day_waits_for_longer(
    database: Database, tokens: TokenManager, clock: Clock, ada: uuid.UUID
) -> None:
    calls = limited_to(database, tokens, day=24)
    assert went(calls, ada, "acme") == 12
    assert turned_away(calls, ada, "acme") == (timedelta(days=1) / 10, LimitScope.TENANT)
    clock.advance(timedelta(hours=3))
    assert went(calls, ada, "acme") == 1


def test_at_the_limit_of_all_calls_all_wait_and_come_back_one_after_the_other(
    database: Database, tokens: TokenManager, clock: Clock, ada: uuid.UUID
) -> None:
    calls = limited_to(database, tokens, app=44)
    assert [went(calls, ada, tenant, times) for tenant, times in (("acme", 5), ("bolt", 5), (None, 1))] == [5, 5, 1]
    each = 2 * SECOND
    waits = [turned_away(calls, ada, tenant) for tenant in ("acme", "bolt", None)]
    assert waits == [(each, LimitScope.APP), (2 * each, LimitScope.APP), (3 * each, LimitScope.APP)]
    longest, _ = [turned_away(calls, ada, "acme") for _ in range(60)][-1]
    assert longest == timedelta(minutes=1) + each
    clock.advance(each)
    assert went(calls, ada, "acme") == 1


def test_several_processes_keep_one_limit(database: Database, tokens: TokenManager, ada: uuid.UUID) -> None:
    one, other = (limited_to(database, tokens, minute=24) for _ in range(2))
    assert went(one, ada, "acme", 7) + went(other, ada, "acme") == 12


def test_sage_is_kept_to_what_is_said_of_it(
    database: Database, tokens: TokenManager, birch: Office, provider: Provider
) -> None:
    omar = authorised(database, birch.ada, provider, user="omar", of=SAGE)
    calls = ProviderCalls(database, tokens)
    assert went(calls, omar, "1") == 50
    assert went(calls, omar, None, 60) == 60


def test_who_is_turned_away_uses_nothing_up(
    database: Database, tokens: TokenManager, clock: Clock, ada: uuid.UUID
) -> None:
    calls = limited_to(database, tokens, minute=24, app=100)
    assert went(calls, ada, "acme") == 12
    for _ in range(40):
        assert turned_away(calls, ada, "acme") == (6 * SECOND, LimitScope.TENANT)
    assert went(calls, ada, "bolt", 10) == 10


def test_an_answer_that_says_less_is_left_than_we_thought_is_believed(
    database: Database, tokens: TokenManager, xero: Xero, provider: Provider, ada: uuid.UUID
) -> None:
    calls = limited_to(database, tokens)
    say(provider, {MINUTE: 4, DAY: 4_000, APP_MINUTE: 9_000})
    calls.call(ada, lambda token: xero.organisation(token, "acme"), tenant_id="acme")
    assert went(calls, ada, "acme") == 4
    assert went(calls, ada, "bolt") == 30


@pytest.mark.parametrize(
    ("header", "wait", "scope"),
    [
        (MINUTE, timedelta(minutes=1), LimitScope.TENANT),
        (DAY, timedelta(hours=1), LimitScope.TENANT),
        (APP_MINUTE, timedelta(minutes=1), LimitScope.APP),
    ],
)
@pytest.mark.parametrize("status", [200, 403])
def test_once_nothing_is_left_nobody_is_refused_for_asking(
    database: Database,
    tokens: TokenManager,
    xero: Xero,
    provider: Provider,
    ada: uuid.UUID,
    header: str,
    wait: timedelta,
    scope: LimitScope,
    status: int,
) -> None:
    calls = limited_to(database, tokens)
    say(provider, {MINUTE: 50, DAY: 4_000, APP_MINUTE: 9_000, header: 0}, status)
    with suppress(NotAuthorised):
        calls.call(ada, lambda token: xero.organisation(token, "acme"), tenant_id="acme")
    assert turned_away(calls, ada, "acme") == (wait, scope)
    assert went(calls, ada, "bolt", 1) == (0 if scope is LimitScope.APP else 1)


def test_the_least_of_several_answers_counts(
    database: Database, tokens: TokenManager, xero: Xero, provider: Provider, ada: uuid.UUID
) -> None:
    for left in (9, 2, 8):
        say(provider, {MINUTE: left})
    calls = limited_to(database, tokens)

    def thrice(token: str) -> None:
        for _ in range(3):
            xero.organisation(token, "acme")

    calls.call(ada, thrice, tenant_id="acme", calls=3)
    assert went(calls, ada, "acme") == 2


@pytest.mark.parametrize("said", [{}, {MINUTE: 25, APP_MINUTE: 9_999}, {MINUTE: 59, DAY: 4_999}], ids=str)
def test_answers_that_agree_cost_no_second_transaction(
    database: Database, tokens: TokenManager, xero: Xero, provider: Provider, ada: uuid.UUID, said: dict[str, int]
) -> None:
    calls = limited_to(database, tokens)
    went(calls, ada, "acme", 1)
    begun: list[object] = []
    event.listen(database.engine, "begin", begun.append)
    say(provider, said)
    calls.call(ada, lambda token: xero.organisation(token, "acme"), tenant_id="acme")
    assert len(begun) == 1


def test_what_the_provider_asks_for_is_kept_by_all(
    database: Database, tokens: TokenManager, clock: Clock, ada: uuid.UUID
) -> None:
    calls, other = limited_to(database, tokens), limited_to(database, tokens)

    def refused(scope: LimitScope) -> None:
        def act(_: str) -> None:
            raise Limited(XERO, 90 * SECOND, scope)

        with pytest.raises(Limited):
            calls.call(ada, act, tenant_id="acme")

    refused(LimitScope.TENANT)
    assert turned_away(other, ada, "acme") == (90 * SECOND, LimitScope.TENANT)
    assert went(other, ada, "bolt", 1) == 1
    clock.advance(90 * SECOND)
    refused(LimitScope.APP)
    wait, scope = turned_away(other, ada, "bolt")
    assert (wait, scope) == (90 * SECOND, LimitScope.APP)
    clock.advance(90 * SECOND)
    assert went(other, ada, "bolt", 1) == 1


def test_other_failures_hold_nobody_up(database: Database, tokens: TokenManager, ada: uuid.UUID) -> None:
    calls = limited_to(database, tokens)
    for failure in (Offline(XERO), NotAuthorised(XERO), ZeroDivisionError()):

        def act(_: str, failure: Exception = failure) -> None:
            raise failure

        with pytest.raises(type(failure)):
            calls.call(ada, act, tenant_id="acme")
    assert went(calls, ada, "acme", 1) == 1


def test_a_refused_access_token_is_renewed_within_one_call(
    database: Database, tokens: TokenManager, ada: uuid.UUID
) -> None:
    seen: list[str] = []

    def act(token: str) -> str:
        seen.append(token)
        if len(seen) == 1:
            raise AccessExpired(XERO)
        return token

    assert limited_to(database, tokens).call(ada, act) == seen[1] != seen[0]


def test_a_sign_in_that_is_gone_is_told(database: Database, tokens: TokenManager) -> None:
    with pytest.raises(NotFoundError, match="no longer here"):
        limited_to(database, tokens).call(uuid.uuid4(), str)


def test_a_job_that_is_turned_away_waits_and_has_not_tried(
    database: Database, tokens: TokenManager, clock: Clock, ada: uuid.UUID
) -> None:
    calls, done = limited_to(database, tokens, minute=24), []

    def run(claim: Claim) -> None:
        try:
            calls.call(ada, lambda _: done.append(claim.tries), tenant_id="acme", calls=5)
        except Limited as limited:
            raise Retry(limited.message, after=limited.retry_after) from limited

    kind = Kind(name="read", lane=Lane.PROVIDER, run=run, max_attempts=1)
    worker = Worker(database, [kind], {Lane.PROVIDER: LaneSettings(threads=1)})
    with database.begin() as session:
        jobs.put(session, *[NewJob(lane=Lane.PROVIDER, kind="read", key=str(number)) for number in range(6)])
    worker.run_due()
    assert done == [1, 1]
    for _ in range(40):
        clock.advance(10 * SECOND)
        worker.run_due()
    assert done == [1] * 6
    with database.read() as session:
        assert {job.outcome for job in session.query(Job).where(Job.kind == "read")} == {JobOutcome.DONE}


@pytest.mark.parametrize("told", [True, False], ids=["as configured", "less than configured"])
def test_a_burst_beyond_the_limit_ends_in_waiting_and_not_in_refusals(
    world: World, names: list[str], clock: Clock, told: bool
) -> None:
    world.sandbox.xero.change_settings(calls_per_minute=12)
    world.connected(names[0])
    tenant = world.sandbox.xero.tenant(names[0])
    clock.advance(timedelta(minutes=2))
    world.sandbox.xero.clear_calls()
    calls = limited_to(world.database, world.tokens, minute=12 if told else 60)
    with world.database.read() as session:
        [sign_in] = session.query(models.Authorisation.id).all()
    waited, begun = 0, clock.now()
    while len(world.sandbox.xero.calls(path="organisation")) < 40:
        try:
            calls.call(sign_in[0], lambda token: world.providers[XERO].organisation(token, tenant), tenant_id=tenant)
        except Limited as limited:
            waited += 1
            clock.advance(limited.retry_after)
    assert waited > 0
    assert {call["status"] for call in world.sandbox.xero.calls(path="organisation")} == {200}
    assert clock.now() - begun < timedelta(minutes=7)
