"""A process that works as the product's worker does, with kinds that do harm, and a nursery that forks many of them.

Forking saves each of them the second that the imports take. The nursery has no threads and no connections.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, MetaData, Table, Text, event, insert

from bot.clock import Clock
from bot.worker import LaneSettings, Worker
from db.models import Lane
from db.session import Database
from services import jobs
from services.jobs import Claim, GiveUp, Jobs, Kind, NewJob

LEASE = timedelta(milliseconds=500)
LANES = {
    Lane.LOCAL: LaneSettings(threads=4, lease=LEASE),
    Lane.SLACK: LaneSettings(threads=2, lease=LEASE, interval=timedelta(milliseconds=20)),
}
POISON_TRIES = 3
MANY = 1_000
SOON = timedelta(milliseconds=20)

# One row for each time that a job took effect in the database. Nothing but the fence keeps it from having two.
effects = Table("chaos_effect", MetaData(), Column("key", Text, nullable=False))


@dataclass(frozen=True)
class Doom:
    """Where the process strikes itself: at a commit of `site`, just before or after it, or at a place inside a job."""

    site: str
    when: str
    how: str

    @property
    def name(self) -> str:
        return f"{self.site}-{self.when}-{self.how}"


COMMIT_SITES = ["claim", "run", "close", "retry", "fail", "postpone", "renew"]
DOOMS = [
    *[Doom(site, when, how) for site in COMMIT_SITES for when in ("before", "after") for how in ("kill", "freeze")],
    *[Doom(site, "inside", how) for site in ("begun", "sent") for how in ("kill", "freeze")],
]


class _Process:
    def __init__(self, url: str, home: Path, doom: Doom | None) -> None:
        self._database = Database(url, pool_size=10)
        self._jobs = Jobs(self._database)
        self._home = home
        self._doom = doom
        self._site = threading.local()
        self._struck = threading.Lock()
        if doom is not None:
            self._watch_commits()

    def work(self) -> None:
        """Until SIGTERM; then what runs may end."""
        stop = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stop.set())
        worker = Worker(self._database, self._kinds(), LANES)
        clock = Clock(worker.ticks())
        worker.start()
        clock.start()
        while not stop.wait(1):
            pass
        worker.stop(timedelta(seconds=5))
        clock.stop()

    def _kinds(self) -> list[Kind]:
        runs: dict[str, Callable[[Claim], None]] = {
            "effect": self._effect,
            "send": self._send,
            "slow": self._slow,
            "chain": self._chain,
            "flaky": self._flaky,
            "idle": self._idle,
            "paced": self._send,
        }
        kinds = [
            Kind(name=name, lane=lane_of(name), run=self._begin(run), max_attempts=MANY, backoff=SOON)
            for name, run in runs.items()
        ]
        hopeless = Kind(name="hopeless", lane=Lane.LOCAL, run=self._give_up, max_attempts=MANY, on_failure=_tell)
        poison = Kind(name="poison", lane=Lane.LOCAL, run=_die, max_attempts=POISON_TRIES)
        return [*kinds, hopeless, poison]

    def _begin(self, run: Callable[[Claim], None]) -> Callable[[Claim], None]:
        def begun(claim: Claim) -> None:
            self._site.name = "run"
            self._strike_at("begun", "inside")
            run(claim)

        return begun

    def _effect(self, claim: Claim) -> None:
        with self._database.begin() as session:
            session.execute(insert(effects).values(key=claim.key))
            jobs.finish(session, claim)

    def _send(self, claim: Claim) -> None:
        with (self._home / "sent").open("a") as sent:
            sent.write(f"{claim.key}\n")
        self._strike_at("sent", "inside")
        self._effect(claim)

    def _slow(self, claim: Claim) -> None:
        time.sleep(LEASE.total_seconds())
        self._effect(claim)

    def _chain(self, claim: Claim) -> None:
        with self._database.begin() as session:
            jobs.put(session, NewJob(lane=Lane.LOCAL, kind="effect", key=f"{claim.key}-next"))
            session.execute(insert(effects).values(key=claim.key))
            jobs.finish(session, claim)

    def _flaky(self, claim: Claim) -> None:
        if claim.tries == 1:
            raise ConnectionError
        self._effect(claim)

    def _idle(self, claim: Claim) -> None:
        pass

    def _give_up(self, claim: Claim) -> None:
        raise GiveUp("It never works")

    def _watch_commits(self) -> None:
        for name in set(COMMIT_SITES) - {"run"}:
            setattr(Jobs, name, self._noting(name, getattr(Jobs, name)))
        event.listen(self._database.engine, "commit", lambda _: self._strike_at(self._here(), "before"))
        event.listen(self._database.sessions, "after_commit", lambda _: self._strike_at(self._here(), "after"))

    def _noting(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def noted(jobs: Jobs, *args: Any, **options: Any) -> Any:
            # A look that finds nothing commits too, but that is no place worth dying at.
            self._site.name = name if name != "claim" or jobs.counts()[args[0]].due else None
            return method(jobs, *args, **options)

        return noted

    def _here(self) -> str | None:
        return getattr(self._site, "name", None)

    def _strike_at(self, site: str | None, when: str) -> None:
        if self._doom is None or (site, when) != (self._doom.site, self._doom.when):
            return
        if not self._struck.acquire(blocking=False):
            return
        (self._home / self._doom.name).touch()
        os.kill(os.getpid(), signal.SIGKILL if self._doom.how == "kill" else signal.SIGSTOP)


def lane_of(kind: str) -> Lane:
    return Lane.SLACK if kind == "paced" else Lane.LOCAL


def _tell(session: Any, claim: Claim, _: str) -> None:
    jobs.put(session, NewJob(lane=Lane.LOCAL, kind="effect", key=f"{claim.key}-told"))


def _die(_: Claim) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Order:
    """What the nursery reads from its standard input, as JSON, a line each. It answers with the process's id."""

    url: str
    home: str
    doom: Doom | None = None

    def line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"


def _nursery() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead vanish at once
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            doom = Doom(**order["doom"]) if order["doom"] else None
            _Process(order["url"], Path(order["home"]), doom).work()
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    _nursery()
