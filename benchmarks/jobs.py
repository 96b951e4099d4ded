"""How much the job table adds to the work itself: 1,000 jobs of 50 ms, 20 at once."""

import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import db.models  # noqa: F401 -- fills the metadata
from bot.worker import LaneSettings, Worker
from db.base import Base
from db.models.job import Lane
from db.session import Database
from services import jobs
from services.jobs import Claim, Kind, NewJob
from tests.postgresql import postgresql_server

JOBS = 1_000
AT_ONCE = 20
WORK = 0.05
GOAL = 1.5


def run() -> dict[str, dict[str, float]]:
    results: dict[str, dict[str, float]] = {}
    for name, databases in {"sqlite": _sqlite, "postgresql": _postgresql}.items():
        floor = _floor()
        with databases() as database:
            Base.metadata.create_all(database.engine)
            seconds = _seconds(database)
        ratio = seconds / floor
        results[f"jobs_{name}"] = {"figure": seconds, "floor": floor, "ratio": ratio, "goal": GOAL}
        print(f"{JOBS} jobs on {name}: {seconds:.2f} s, bare threads {floor:.2f} s, ratio {ratio:.2f}, goal {GOAL}")
    return results


def _floor() -> float:
    start = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(JOBS):
            pool.submit(time.sleep, WORK)
    return time.perf_counter() - start


def _seconds(database: Database) -> float:
    left = threading.Semaphore(0)

    def work(claim: Claim) -> None:
        time.sleep(WORK)
        with database.begin() as session:
            jobs.finish(session, claim)
        left.release()

    kind = Kind(name="benchmark.work", lane=Lane.LOCAL, run=work)
    worker = Worker(database, [kind], {Lane.LOCAL: LaneSettings(threads=AT_ONCE)})
    worker.start()
    start = time.perf_counter()
    with database.begin() as session:
        jobs.put(session, *[NewJob(lane=Lane.LOCAL, kind=kind.name, key=f"{n}") for n in range(JOBS)])
    for _ in range(JOBS):
        left.acquire()
    seconds = time.perf_counter() - start
    worker.stop(timedelta(seconds=10))
    return seconds


@contextmanager
def _sqlite() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as home:
        database = Database(f"sqlite:///{Path(home) / 'benchmark.db'}")
        yield database
        database.close()


@contextmanager
def _postgresql() -> Iterator[Database]:
    with postgresql_server(durable=True) as server:
        database = Database(server.url)
        yield database
        database.close()


if __name__ == "__main__":
    run()
