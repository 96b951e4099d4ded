"""When to look. What is due says the database; here are only the ticks that make this process look."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Tick:
    name: str
    every: timedelta
    call: Callable[[], object]


class Clock:
    """Calls each tick at the start and then at its interval, never twice at once. `errors` counts per tick the calls
    that raised; that is logged, and the tick goes on."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
        # Imported here, or the web process, which has no clock, would pay for it at its start.
        from apscheduler.schedulers.background import BackgroundScheduler
        from apscheduler.triggers.interval import IntervalTrigger

        self.errors: Counter[str] = Counter()
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        )
        for tick in ticks:
            self._scheduler.add_job(
                self._call,
                IntervalTrigger(seconds=tick.every.total_seconds(), timezone=UTC),
                args=[tick],
                id=tick.name,
                name=tick.name,
                next_run_time=datetime.now(UTC),
            )

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        """Waits for the calls that have begun."""
        self._scheduler.shutdown()

    def _call(self, tick: Tick) -> None:
        try:
            tick.call()
        except Exception:
            self.errors[tick.name] += 1
            log.exception("A tick failed", extra={"tick": tick.name})
