"""Real processes on a real database, killed and frozen: nothing in the database is lost or happens twice."""

import itertools
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import select

from db.models import Job, JobOutcome
from db.session import Database
from services import jobs
from services.jobs import Jobs, NewJob
from tests.chaos.process import DOOMS, LEASE, POISON_TRIES, Doom, Order, effects, lane_of

pytestmark = pytest.mark.chaos

ROOT = Path(__file__).parents[2]
PATIENCE = 30.0
KINDS = ["effect", "send", "slow", "chain", "flaky", "idle", "paced", "hopeless"]
FROZEN = 1.5 * LEASE.total_seconds()
AT_ONCE = 6
BUSY = 16


class Chaos:
    """The scene: a database, processes on it, and what they sent."""

    def __init__(self, database: Database, url: str, home: Path, nursery: subprocess.Popen[bytes]) -> None:
        self.database = database
        self.jobs = Jobs(database)
        self.processes: list[psutil.Process] = []
        self._url = url
        self._home = home
        self._nursery = nursery
        self._numbers = itertools.count()

    def start(self, doom: Doom | None = None) -> psutil.Process:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(Order(self._url, str(self._home), doom).line())
        self._nursery.stdin.flush()
        process = psutil.Process(int(self._nursery.stdout.readline()))
        self.processes.append(process)
        return process

    def put(self, *kinds: str) -> None:
        new = [(kind, f"{kind}-{next(self._numbers)}") for kind in kinds]
        with self.database.begin() as session:
            jobs.put(session, *[NewJob(lane=lane_of(kind), kind=kind, key=key, pace=kind) for kind, key in new])

    @contextmanager
    def putting(self) -> Iterator[None]:
        """Keeps the processes busy, from a thread of its own: on SQLite a frozen process holds up all that write."""
        over = threading.Event()

        def keep_putting() -> None:
            while not over.wait(0.02):
                if self.jobs.counts()[lane_of("effect")].due < BUSY:
                    self.put(*KINDS)

        thread = threading.Thread(target=keep_putting)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def struck(self, doom: Doom) -> bool:
        return (self._home / doom.name).exists()

    def sent(self) -> Counter[str]:
        file = self._home / "sent"
        return Counter(file.read_text().splitlines()) if file.exists() else Counter()

    def meet(self, dooms: Sequence[Doom]) -> None:
        """Sends processes into their dooms, some at a time. The frozen thaw when their leases have ended."""
        waiting = list(dooms)
        under_way: dict[Doom, psutil.Process] = {}
        frozen: dict[Doom, float] = {}
        end = time.monotonic() + PATIENCE
        while waiting or under_way:
            assert time.monotonic() < end, f"not reached: {[doom.name for doom in under_way]}"
            while waiting and len(under_way) < AT_ONCE:
                doom = waiting.pop()
                under_way[doom] = self.start(doom)
            for doom, process in list(under_way.items()):
                if not process.is_running():
                    del under_way[doom]
                elif doom not in frozen and is_frozen(process):
                    frozen[doom] = time.monotonic()
                elif doom in frozen and time.monotonic() > frozen[doom] + FROZEN:
                    process.resume()
                    process.terminate()  # what it was doing goes on to its end
                    del under_way[doom]
            time.sleep(0.01)

    def rage(self, chance: random.Random, seconds: float) -> None:
        """Kills and freezes whom it happens to meet."""
        frozen: dict[psutil.Process, float] = {}
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(chance.uniform(0.05, 0.15))
            for process in [process for process, until in frozen.items() if time.monotonic() > until]:
                process.resume()
                del frozen[process]
            victim = chance.choice([process for process in self.processes if process.is_running()])
            if victim in frozen:
                continue
            if chance.random() < 0.5:
                victim.kill()
                self.start()
            else:
                victim.suspend()
                frozen[victim] = time.monotonic() + FROZEN
        for process in frozen:
            process.resume()

    def finish(self) -> None:
        """Lets healthy processes do what is left, and ends them."""
        wait_for(lambda: all(lane.due + lane.waiting == 0 for lane in self.jobs.counts().values()))
        for process in self.processes:
            if process.is_running():
                process.terminate()
        wait_for(lambda: not any(process.is_running() for process in self.processes))

    def check(self) -> None:
        """Lost 0, doubled 0; sent again only under the same key, by a later claim."""
        with self.database.read() as session:
            rows = session.execute(select(Job.key, Job.kind, Job.attempt, Job.outcome)).all()
            happened = Counter(session.execute(select(effects.c.key)).scalars())
        hopeless = {key for key, kind, _, _ in rows if kind in {"hopeless", "poison"}}
        assert {key for key, _, _, outcome in rows if outcome is not JobOutcome.DONE} == hopeless
        assert {key for key, _, _, outcome in rows if outcome is JobOutcome.FAILED} == hopeless
        keys = {key for key, _, _, _ in rows}
        assert {f"{key}-next" for key, kind, _, _ in rows if kind == "chain"} <= keys
        assert {f"{key}-told" for key, kind, _, _ in rows if kind == "hopeless"} <= keys
        assert happened == Counter(key for key, kind, _, _ in rows if kind not in {"idle", "hopeless", "poison"})
        sent = self.sent()
        assert sent.keys() == {key for key, kind, _, _ in rows if kind in {"send", "paced"}}
        attempts = {key: attempt for key, _, attempt, _ in rows}
        assert [key for key, times in sent.items() if times > attempts[key]] == []


@pytest.fixture(scope="module")
def nursery() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.chaos.process"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.fixture
def chaos(database_url: str, tmp_path: Path, nursery: subprocess.Popen[bytes]) -> Iterator[Chaos]:
    database = Database(database_url)
    effects.create(database.engine)
    scene = Chaos(database, database_url, tmp_path, nursery)
    yield scene
    for process in scene.processes:
        if process.is_running():
            process.kill()
    wait_for(lambda: not any(process.is_running() for process in scene.processes))
    effects.drop(database.engine)
    database.close()


def test_nothing_is_lost_or_doubled_when_processes_die_or_freeze_at_any_commit(chaos: Chaos) -> None:
    chaos.start()
    chaos.start()
    with chaos.putting():
        chaos.meet(DOOMS)
    chaos.finish()

    assert all(chaos.struck(doom) for doom in DOOMS)
    assert max(chaos.sent().values()) > 1  # somebody did die between sending and saying so
    chaos.check()


def test_nothing_is_lost_or_doubled_when_processes_die_or_freeze_at_random(chaos: Chaos) -> None:
    for _ in range(4):
        chaos.start()
    with chaos.putting():
        chaos.rage(random.Random(1), seconds=3)
    chaos.finish()

    chaos.check()


def test_a_job_that_kills_every_process_is_stopped_and_the_others_are_done(chaos: Chaos) -> None:
    chaos.put("poison", *KINDS)
    deaths = -1

    def over() -> bool:
        nonlocal deaths
        if not any(process.is_running() for process in chaos.processes):
            chaos.start()
            deaths += 1
        return all(lane.due + lane.waiting == 0 for lane in chaos.jobs.counts().values())

    wait_for(over)

    chaos.finish()

    assert deaths == POISON_TRIES
    chaos.check()


def is_frozen(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "It never came"
        time.sleep(0.02)
