"""Buckets that all processes share."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Provider
from db.models.pace import Pace
from db.session import Database
from services import pace
from services.accounting import budgets
from services.pace import Bucket, Taken, Wait, endless
from tests.fakes import Clock

SECOND = timedelta(seconds=1)
APP, ONE, OTHER = (Bucket("app", SECOND, 6), Bucket("one", 10 * SECOND, 3), Bucket("other", 10 * SECOND, 3))


def take(database: Database, *buckets: Bucket, count: int = 1) -> Taken | Wait:
    with database.begin() as session:
        return pace.take(session, buckets, count, database.now())


def taken(database: Database) -> dict[str, datetime]:
    with database.read() as session:
        return dict(session.execute(select(Pace.scope, Pace.next_at)).all())


def test_a_bucket_gives_its_burst_and_then_one_each_interval(database: Database, clock: Clock) -> None:
    assert [take(database, ONE) for _ in range(4)] == [Taken((2,)), Taken((1,)), Taken((0,)), Wait(ONE, 10 * SECOND)]
    clock.advance(9 * SECOND)
    assert take(database, ONE) == Wait(ONE, SECOND)
    clock.advance(SECOND)
    assert [take(database, ONE) for _ in range(2)] == [Taken((0,)), Wait(ONE, 10 * SECOND)]
    clock.advance(timedelta(hours=1))
    assert take(database, ONE, count=3) == Taken((0,))


def test_all_buckets_give_or_none_does(database: Database, clock: Clock) -> None:
    assert take(database, APP, ONE, count=2) == Taken((4, 1))
    before = taken(database)
    assert take(database, APP, ONE, count=2) == Wait(ONE, 10 * SECOND)
    assert take(database, APP, OTHER, count=2) == Taken((2, 1))
    assert take(database, APP, OTHER) == Taken((1, 0))
    assert taken(database)["one"] == before["one"]


def test_an_empty_bucket_that_all_share_stops_all(database: Database) -> None:
    assert take(database, APP, ONE, count=3) == Taken((3, 0))
    assert take(database, APP, OTHER, count=3) == Taken((0, 0))
    third = Bucket("third", 10 * SECOND, 3)
    assert take(database, APP, third, count=2) == Wait(APP, 2 * SECOND)
    assert take(database, APP, OTHER) == Wait(OTHER, 10 * SECOND)


def test_more_than_a_burst_is_had_from_a_full_bucket_and_made_up_for(database: Database, clock: Clock) -> None:
    assert take(database, ONE, count=5) == Taken((-2,))
    assert take(database, ONE) == Wait(ONE, 30 * SECOND)
    assert take(database, ONE, count=5) == Wait(ONE, 50 * SECOND)
    clock.advance(50 * SECOND)
    assert take(database, ONE, count=5) == Taken((-2,))


@pytest.mark.parametrize("bucket", [ONE, endless("one")], ids=["with a limit", "without"])
def test_a_held_bucket_gives_nothing_until_then(database: Database, clock: Clock, bucket: Bucket) -> None:
    with database.begin() as session:
        pace.hold(session, bucket.scope, clock.now() + 90 * SECOND, clock.now())
    assert take(database, APP, bucket) == Wait(bucket, 90 * SECOND)
    clock.advance(90 * SECOND)
    assert isinstance(take(database, APP, bucket), Taken)


def test_a_bucket_without_limit_gives_for_ever(database: Database) -> None:
    assert {take(database, endless("app"), count=50) for _ in range(3)} == {Taken((1,))}


def test_a_bucket_is_lowered_but_never_filled(database: Database) -> None:
    assert take(database, APP) == Taken((5,))
    for left in (2, 4):
        with database.begin() as session:
            pace.lower(session, APP, left, database.now())
    assert take(database, APP) == Taken((1,))


def test_threads_and_processes_together_get_no_more_than_there_is(database_url: str, clock: Clock) -> None:
    shared = Bucket("app", timedelta(hours=1), 60)
    own = [Bucket(f"tenant-{number}", timedelta(hours=1), 20) for number in range(5)]

    def work(database: Database, number: int) -> Counter[str]:
        got: Counter[str] = Counter()
        for turn in range(4):
            bucket = own[(number + turn) % 5]
            got[bucket.scope] += isinstance(take(database, shared, bucket), Taken)
        return got

    with (
        closing(Database(database_url, pool_size=8, now=clock.now)) as first,
        closing(Database(database_url, pool_size=8, now=clock.now)) as second,
        ThreadPoolExecutor(50) as threads,
    ):
        done = threads.map(work, [first, second] * 25, range(50))
        got = sum(done, Counter[str]())
    assert got.total() == 60
    assert max(got.values()) <= 20


@pytest.mark.parametrize("limit", [2, 6, 60])
@pytest.mark.parametrize("count", [1, 2])
def test_no_minute_sees_more_than_the_limit_however_greedy_one_is(
    tmp_path: Path, clock: Clock, limit: int, count: int
) -> None:
    _, bucket, _ = budgets.xero(per_minute=limit).of(Provider.XERO, "acme")
    with closing(Database(f"sqlite:///{tmp_path}/test.db", now=clock.now)) as database:
        Pace.metadata.create_all(database.engine, [Pace.metadata.tables["pace"]])
        times: list[datetime] = []
        while len(times) < 4 * limit:
            got = take(database, bucket, count=count)
            if isinstance(got, Wait):
                clock.advance(got.time)
            else:
                times += [clock.now()] * count
        assert all(later - earlier > budgets.MINUTE for earlier, later in zip(times, times[limit:], strict=False))
        assert all(later - earlier <= 2 * budgets.MINUTE for earlier, later in pairwise(times))
