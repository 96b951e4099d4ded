"""Does what is due: claims jobs in small batches, runs them on bounded pools, and hands in how they went."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

from bot.clock import Tick
from bot.logging import mask
from db.models.job import Lane
from db.session import Database
from services import pace
from services.jobs import Claim, GiveUp, Jobs, Kind, LostClaim, Retry

log = logging.getLogger(__name__)

_BACKOFF_FACTOR = 3
_LONGEST_BACKOFF = timedelta(hours=1)
_CLAIMS_WITHOUT_END = 100  # after so many claims, waiting because the other side asked for it counts as a try too
_ERROR_LENGTH = 1_000
_MOST_RUN_AT_ONCE = 100_000


@dataclass(frozen=True, kw_only=True)
class LaneSettings:
    """`interval` and `burst` are the pace of each scope in the lane."""

    threads: int
    lease: timedelta = timedelta(seconds=60)
    interval: timedelta = timedelta(0)
    burst: int = 1


@dataclass(frozen=True, kw_only=True)
class Health:
    """`looked_at` is the last time that the database answered what is due."""

    looked_at: datetime | None
    running: Mapping[Lane, int]


class Worker:
    """Any number may work on one database. The composition root gives `ticks` to the clock."""

    def __init__(
        self,
        database: Database,
        kinds: Sequence[Kind],
        lanes: Mapping[Lane, LaneSettings],
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        if len(self._kinds) < len(kinds):
            raise ValueError("Two kinds of job have the same name")
        if strays := [kind.name for kind in kinds if kind.lane not in lanes]:
            raise ValueError(f"No settings for the lane of {', '.join(strays)}")
        self._database = database
        self._jobs = Jobs(database)
        self._lanes = dict(lanes)
        self._chance = chance
        self._queues: dict[Lane, SimpleQueue[Claim | None]] = {lane: SimpleQueue() for lane in lanes}
        self._changed = threading.Condition()  # guards all below
        self._running: dict[Lane, dict[str, Claim]] = {lane: {} for lane in lanes}
        self._finished: set[str] = set()
        self._wanted: dict[Lane, None] = {}
        self._stopping = False
        self._looked_at: datetime | None = None
        self._dispatcher = threading.Thread(target=self._dispatch, name="jobs", daemon=True)

    def start(self) -> None:
        """Starts the threads and looks at once."""
        self._database.subscribe(self._on_commit)
        for lane, settings in self._lanes.items():
            for number in range(settings.threads):
                threading.Thread(target=self._work, args=[lane], name=f"{lane}-{number}", daemon=True).start()
        self.look()
        self._dispatcher.start()

    def stop(self, timeout: timedelta) -> bool:
        """Takes no more, gives back what was not begun, and lets the rest end. False if some needed longer: their
        leases will lapse."""
        end = time.monotonic() + timeout.total_seconds()
        self._database.unsubscribe(self._on_commit)
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._dispatcher.is_alive():
            self._dispatcher.join(timeout.total_seconds())
        self._release([claim for queue in self._queues.values() for claim in _emptied(queue)])
        for lane, queue in self._queues.items():
            for _ in range(self._lanes[lane].threads):
                queue.put(None)
        with self._changed:
            return self._changed.wait_for(lambda: not any(self._running.values()), end - time.monotonic())

    def wake(self, lane: Lane) -> None:
        """Looks at the lane soon, in the worker's own thread."""
        with self._changed:
            self._wanted[lane] = None
            self._changed.notify_all()

    def look(self) -> None:
        for lane in self._lanes:
            self.wake(lane)

    def renew(self) -> None:
        """Lengthens the leases of what is being done."""
        for lane, settings in self._lanes.items():
            with self._changed:
                claims = list(self._running[lane].values())
            self._jobs.renew(claims, settings.lease)

    def ticks(self) -> list[Tick]:
        shortest = min(settings.lease for settings in self._lanes.values())
        return [
            Tick(name="jobs.look", every=timedelta(seconds=1), call=self.look),
            Tick(name="jobs.renew", every=shortest / 3, call=self.renew),
        ]

    def health(self) -> Health:
        with self._changed:
            running = {lane: len(claims) for lane, claims in self._running.items()}
            return Health(looked_at=self._looked_at, running=running)

    def run_due(self) -> int:
        """Does all that is due, one after the other in the calling thread, and what follows from it. For tests and
        commands; needs no `start`."""
        lease = max(settings.lease for settings in self._lanes.values())
        for count in range(_MOST_RUN_AT_ONCE):
            claims = self._jobs.claim(self._lanes, 1, lease, self._kinds)
            if not claims:
                return count
            self._run(claims[0])
        raise RuntimeError("The jobs put ever more jobs")

    def _on_commit(self, topics: frozenset[str]) -> None:
        with self._changed:
            for running in self._running.values():
                self._finished |= running.keys() & topics
        for lane in self._lanes.keys() & topics:
            self.wake(lane)

    def _dispatch(self) -> None:
        while (lane := self._next_lane()) is not None:
            try:
                self._claim(lane)
            except Exception:
                log.exception("Couldn't look for jobs", extra={"lane": lane})

    def _next_lane(self) -> Lane | None:
        with self._changed:
            self._changed.wait_for(lambda: self._wanted or self._stopping)
            if self._stopping:
                return None
            lane = next(iter(self._wanted))  # the one that has waited longest
            del self._wanted[lane]
            return lane

    def _claim(self, lane: Lane) -> None:
        settings = self._lanes[lane]
        with self._changed:
            free = settings.threads - len(self._running[lane])
        if free <= 0:
            return
        claims = self._jobs.claim(lane, free, settings.lease, self._kinds)
        with self._changed:
            self._looked_at = self._database.now()
            self._running[lane].update({claim.fence: claim for claim in claims})
        for claim in claims:
            self._queues[lane].put(claim)

    def _work(self, lane: Lane) -> None:
        while (claim := self._queues[lane].get()) is not None:
            self._run(claim)
            with self._changed:
                del self._running[lane][claim.fence]
                self._finished.discard(claim.fence)
            self.wake(lane)

    def _release(self, claims: list[Claim]) -> None:
        with self._changed:
            for claim in claims:
                del self._running[claim.lane][claim.fence]
        try:
            self._jobs.release(claims)
        except Exception:
            log.exception("Couldn't give back what was not begun; the leases will lapse")

    def _run(self, claim: Claim) -> None:
        """Does one job. Whatever happens is logged and handed in, never raised."""
        try:
            self._attempt(claim)
        except LostClaim:
            log.info("Job was done elsewhere, or cancelled", extra=_about(claim))
        except Exception:
            log.exception("Couldn't hand in a job; its lease will lapse", extra=_about(claim))

    def _attempt(self, claim: Claim) -> None:
        kind = self._kinds[claim.kind]
        if claim.tries > kind.max_attempts:
            self._fail(claim, "Its last try never came back")
            return
        if not self._may_go(claim):
            return
        try:
            kind.run(claim)
        except LostClaim:
            raise
        except GiveUp as reason:
            self._fail(claim, reason.reason)
        except Retry as reason:
            if reason.after is not None and claim.attempt <= _CLAIMS_WITHOUT_END:
                log.info("Job waits: %s", reason.reason, extra=_about(claim))
                self._jobs.retry(claim, mask(reason.reason), reason.after, counts=False)
            else:
                self._try_again(claim, reason.reason, at_least=reason.after)
        except Exception as error:
            log.exception("Job failed", extra=_about(claim))
            self._try_again(claim, f"{type(error).__name__}: {error}")
        else:
            if claim.fence not in self._finished:
                self._jobs.close(claim)

    def _may_go(self, claim: Claim) -> bool:
        """Keeps the pace: if it isn't the job's turn yet, it goes back until then."""
        rate = self._lanes[claim.lane]
        if claim.pace is None or not rate.interval:
            return True
        with self._database.begin() as session:
            now = self._database.time(session)
            if claim.slot is not None and (pace.held_until(session, claim.pace) or now) <= now:
                return True
            start = pace.reserve(session, claim.pace, rate.interval, now, burst=rate.burst)
            if start <= now:
                return True
            self._jobs.postpone(session, claim, start)
            return False

    def _try_again(self, claim: Claim, error: str, *, at_least: timedelta | None = None) -> None:
        kind = self._kinds[claim.kind]
        if claim.tries >= kind.max_attempts:
            self._fail(claim, error)
            return
        steps = min(claim.tries - 1, 20)
        wait = min(kind.backoff * _BACKOFF_FACTOR**steps, _LONGEST_BACKOFF) * (0.5 + self._chance())
        self._jobs.retry(claim, mask(error)[:_ERROR_LENGTH], max(wait, at_least or wait))

    def _fail(self, claim: Claim, error: str) -> None:
        log.error("Job given up: %s", error, extra=_about(claim))
        text = mask(error)[:_ERROR_LENGTH]
        try:
            self._jobs.fail(claim, text, self._kinds[claim.kind].on_failure)
        except LostClaim:
            raise
        except Exception:
            log.exception("Couldn't do what follows a failure", extra=_about(claim))
            self._jobs.fail(claim, text)


def _emptied(queue: SimpleQueue[Claim | None]) -> Iterator[Claim]:
    with suppress(Empty):
        while True:
            if (claim := queue.get_nowait()) is not None:
                yield claim


def _about(claim: Claim) -> dict[str, object]:
    return {
        "job": claim.key,
        "kind": claim.kind,
        "practice": claim.practice_id,
        "attempt": claim.attempt,
        "tries": claim.tries,
    }
