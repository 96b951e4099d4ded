import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.worker import Health, LaneSettings, Worker
from db.models import Job, JobOutcome, Lane
from db.session import Database
from services import jobs
from services.jobs import Claim, GiveUp, Jobs, Kind, NewJob, Retry
from tests.fakes import Clock

SOON = 10.0
LEASE = timedelta(minutes=1)
LANES = {
    Lane.MAIL: LaneSettings(threads=3, lease=LEASE),
    Lane.SLACK: LaneSettings(threads=2, lease=LEASE, interval=timedelta(seconds=1), burst=2),
}


def kind(run: Callable[[Claim], None], **options: object) -> Kind:
    return Kind(name="test.mail", lane=Lane.MAIL, run=run, **options)  # type: ignore[arg-type]


def mail(key: str, **options: object) -> NewJob:
    return NewJob(lane=Lane.MAIL, kind="test.mail", key=key, **options)  # type: ignore[arg-type]


def put(database: Database, *new: NewJob) -> None:
    with database.begin() as session:
        jobs.put(session, *new)


def outcomes(database: Database) -> dict[str, JobOutcome | None]:
    with database.read() as session:
        return {key: outcome for key, outcome in session.execute(select(Job.key, Job.outcome))}  # noqa: C416


def worker_of(database: Database, *kinds: Kind) -> Worker:
    return Worker(database, kinds, LANES, chance=lambda: 0.5)


@contextmanager
def working(database: Database, *kinds: Kind) -> Iterator[Worker]:
    worker = worker_of(database, *kinds)
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop(timedelta(seconds=SOON))


def nothing(_: Claim) -> None:
    pass


def test_a_job_without_effects_is_finished_for_it(database: Database) -> None:
    ran: list[str] = []
    put(database, mail("one"), mail("two"))

    assert worker_of(database, kind(lambda claim: ran.append(claim.key))).run_due() == 2

    assert ran == ["one", "two"]
    assert outcomes(database) == {"one": JobOutcome.DONE, "two": JobOutcome.DONE}


def test_a_job_that_finishes_in_its_own_transaction_is_left_so(database: Database) -> None:
    def run(claim: Claim) -> None:
        with database.begin() as session:
            jobs.put(session, NewJob(lane=Lane.SMS, kind="test.sms", key=f"after {claim.key}"))
            jobs.finish(session, claim)

    put(database, mail("one"))

    worker_of(database, kind(run)).run_due()

    assert outcomes(database) == {"one": JobOutcome.DONE, "after one": None}


def test_what_a_job_puts_is_run_too(database: Database) -> None:
    def run(claim: Claim) -> None:
        if claim.key != "aaa":
            put(database, mail(f"a{claim.key}"))

    put(database, mail(""))

    assert worker_of(database, kind(run)).run_due() == 4


def test_a_job_that_fails_is_tried_later_and_later_and_then_given_up(database: Database, clock: Clock) -> None:
    ran: list[float] = []
    begun = clock.now()

    def run(_: Claim) -> None:
        ran.append((clock.now() - begun).total_seconds())
        raise ConnectionError("Refused, with Bearer abc.def")

    def tell(session: Session, claim: Claim, error: str) -> None:
        jobs.put(session, NewJob(lane=Lane.SMS, kind="test.tell", key=f"tell of {claim.key}", args={"error": error}))

    worker = worker_of(database, kind(run, max_attempts=4, on_failure=tell))
    put(database, mail("one"))
    for _ in range(100):
        worker.run_due()
        clock.advance(timedelta(seconds=5))

    assert ran == [0, 5, 20, 65]
    assert outcomes(database) == {"one": JobOutcome.FAILED, "tell of one": None}
    [failed] = Jobs(database).failed(10)
    assert failed.error == "ConnectionError: Refused, with Bearer ***"


def test_a_job_that_gives_up_is_not_tried_again(database: Database, clock: Clock) -> None:
    def run(_: Claim) -> None:
        raise GiveUp("No such address")

    put(database, mail("one"))

    worker_of(database, kind(run)).run_due()

    [failed] = Jobs(database).failed(10)
    assert (failed.error, failed.tries) == ("No such address", 1)


def test_a_failure_that_cannot_be_told_is_still_a_failure(database: Database) -> None:
    def run(_: Claim) -> None:
        raise GiveUp("No such address")

    def tell(session: Session, claim: Claim, error: str) -> None:
        raise ZeroDivisionError

    put(database, mail("one"))

    worker_of(database, kind(run, on_failure=tell)).run_due()

    assert outcomes(database) == {"one": JobOutcome.FAILED}


def test_waiting_as_the_other_side_asked_uses_up_no_try(database: Database, clock: Clock) -> None:
    tries: list[int] = []

    def run(claim: Claim) -> None:
        tries.append(claim.tries)
        if len(tries) <= 20:
            raise Retry("Rate limited", timedelta(seconds=30))

    worker = worker_of(database, kind(run, max_attempts=2))
    put(database, mail("one"))
    for _ in range(20):
        assert worker.run_due() == 1
        clock.advance(timedelta(seconds=29))
        assert worker.run_due() == 0
        clock.advance(timedelta(seconds=1))
    assert worker.run_due() == 1

    assert set(tries) == {1}
    assert outcomes(database) == {"one": JobOutcome.DONE}


def test_waiting_as_the_other_side_asked_ends_some_day(database: Database, clock: Clock) -> None:
    def run(_: Claim) -> None:
        raise Retry("Rate limited", timedelta(seconds=30))

    worker = worker_of(database, kind(run, max_attempts=3))
    put(database, mail("one"))
    for _ in range(200):
        worker.run_due()
        clock.advance(timedelta(seconds=60))

    assert outcomes(database) == {"one": JobOutcome.FAILED}


def test_a_job_that_kills_its_process_stops_too(database: Database, clock: Clock) -> None:
    put(database, mail("one"))
    for _ in range(3):
        Jobs(database).claim(Lane.MAIL, 1, LEASE)  # and never heard of again
        clock.advance(LEASE)
    ran: list[Claim] = []

    worker_of(database, kind(ran.append, max_attempts=3)).run_due()

    assert ran == []
    assert outcomes(database) == {"one": JobOutcome.FAILED}


def test_a_kind_of_a_newer_version_is_left_to_others(database: Database) -> None:
    put(database, NewJob(lane=Lane.MAIL, kind="test.newer", key="one"))

    assert worker_of(database, kind(nothing)).run_due() == 0

    [claim] = Jobs(database).claim(Lane.MAIL, 1, LEASE)
    assert claim.attempt == 1


def test_messages_to_one_channel_keep_its_pace(database: Database, clock: Clock) -> None:
    sent: list[tuple[float, str]] = []
    begun = clock.now()

    def run(claim: Claim) -> None:
        sent.append(((clock.now() - begun).total_seconds(), claim.key))

    worker = worker_of(database, Kind(name="test.post", lane=Lane.SLACK, run=run, max_attempts=1))
    channels = [("C1", 4), ("C2", 1)]
    put(
        database,
        *[
            NewJob(lane=Lane.SLACK, kind="test.post", key=f"{channel} {n}", pace=channel)
            for channel, count in channels
            for n in range(count)
        ],
    )
    for _ in range(4):
        worker.run_due()
        clock.advance(timedelta(seconds=1))

    assert [(at, key[:2]) for at, key in sent] == [(0, "C1"), (0, "C1"), (0, "C2"), (1, "C1"), (2, "C1")]


def test_a_channel_that_asks_to_wait_is_left_alone_by_all(database: Database, clock: Clock) -> None:
    sent: list[float] = []
    begun = clock.now()

    def run(_: Claim) -> None:
        sent.append((clock.now() - begun).total_seconds())
        if len(sent) == 1:
            raise Retry("Rate limited", timedelta(seconds=30))

    worker = worker_of(database, Kind(name="test.post", lane=Lane.SLACK, run=run))
    put(database, *[NewJob(lane=Lane.SLACK, kind="test.post", key=f"{n}", pace="C1") for n in range(4)])
    for _ in range(40):
        worker.run_due()
        clock.advance(timedelta(seconds=1))

    assert sent == [0, 30, 30, 31, 32]
    assert set(outcomes(database).values()) == {JobOutcome.DONE}


def test_a_put_is_run_at_once_by_the_same_process(database: Database) -> None:
    done = threading.Event()
    with working(database, kind(lambda _: done.set())):
        put(database, mail("one"))
        assert done.wait(SOON)
    assert outcomes(database) == {"one": JobOutcome.DONE}


def test_a_put_of_another_process_is_seen_at_the_next_look(database: Database, database_url: str, clock: Clock) -> None:
    other = Database(database_url, now=clock.now)
    done = threading.Event()
    with working(database, kind(lambda _: done.set())) as worker:
        put(other, mail("one"))
        worker.look()
        assert done.wait(SOON)
    other.close()


def test_no_more_is_claimed_than_there_are_free_threads(database: Database) -> None:
    begun = threading.Semaphore(0)
    go = threading.Event()

    def run(_: Claim) -> None:
        begun.release()
        go.wait(SOON)

    put(database, *[mail(f"{n}") for n in range(10)])
    with working(database, kind(run)) as worker:
        for _ in range(3):
            assert begun.acquire(timeout=SOON)
        assert Jobs(database).counts()[Lane.MAIL].due == 7
        assert worker.health().running == {Lane.MAIL: 3, Lane.SLACK: 0}
        go.set()
        for _ in range(7):
            assert begun.acquire(timeout=SOON)
    assert set(outcomes(database).values()) == {JobOutcome.DONE}


def test_stopping_lets_what_runs_end_and_takes_no_more(database: Database) -> None:
    begun = threading.Semaphore(0)
    go = threading.Event()

    def run(_: Claim) -> None:
        begun.release()
        go.wait(SOON)

    put(database, *[mail(f"{n}") for n in range(5)])
    worker = worker_of(database, kind(run))
    worker.start()
    for _ in range(3):
        assert begun.acquire(timeout=SOON)
    assert not worker.stop(timedelta(0))
    go.set()
    assert worker.stop(timedelta(seconds=SOON))

    counts = Jobs(database).counts()[Lane.MAIL]
    assert (counts.due, counts.waiting) == (2, 0)
    assert list(outcomes(database).values()).count(JobOutcome.DONE) == 3


def test_a_worker_that_never_started_stops_too(database: Database) -> None:
    assert worker_of(database).stop(timedelta(0))


def test_a_long_job_keeps_its_lease(database: Database, clock: Clock) -> None:
    begun = threading.Event()
    go = threading.Event()

    def run(_: Claim) -> None:
        begun.set()
        go.wait(SOON)

    put(database, mail("one"))
    with working(database, kind(run)) as worker:
        assert begun.wait(SOON)
        for _ in range(5):
            clock.advance(LEASE / 2)
            worker.renew()
            assert Jobs(database).claim(Lane.MAIL, 1, LEASE) == []
        go.set()
    assert outcomes(database) == {"one": JobOutcome.DONE}


def test_the_worker_goes_on_when_the_database_was_away(database: Database) -> None:
    with working(database, kind(nothing)) as worker:
        with database.begin() as session:
            session.connection().exec_driver_sql("ALTER TABLE job RENAME TO away")
        worker.look()
        with database.begin() as session:
            session.connection().exec_driver_sql("ALTER TABLE away RENAME TO job")
        put(database, mail("one"))
        wait_for(lambda: outcomes(database) == {"one": JobOutcome.DONE})


def test_health_tells_when_the_database_last_answered(database: Database, clock: Clock) -> None:
    worker = worker_of(database)
    assert worker.health() == Health(looked_at=None, running={Lane.MAIL: 0, Lane.SLACK: 0})

    worker.start()
    wait_for(lambda: worker.health().looked_at == clock.now())
    worker.stop(timedelta(seconds=SOON))


def test_a_worker_refuses_kinds_that_it_cannot_tell_apart_or_has_no_lane_for(database: Database) -> None:
    with pytest.raises(ValueError, match="same name"):
        worker_of(database, kind(nothing), kind(nothing))
    with pytest.raises(ValueError, match=r"test\.sms"):
        worker_of(database, Kind(name="test.sms", lane=Lane.SMS, run=nothing))


def test_the_worker_asks_the_clock_to_look_each_second_and_to_renew_in_time(database: Database) -> None:
    ticks = {tick.name: tick.every for tick in worker_of(database).ticks()}

    assert ticks == {"jobs.look": timedelta(seconds=1), "jobs.renew": LEASE / 3}


def wait_for(condition: Callable[[], bool]) -> None:
    """Asks again and again, as long as it may take on a busy machine."""
    never = threading.Event()
    for _ in range(1_000):
        if condition():
            return
        never.wait(SOON / 1_000)
    raise AssertionError("It never came")
