"""Stand-ins that are real classes."""

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that stands still until it is moved. It starts on a Monday morning."""

    def __init__(self, start: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by

    def set(self, now: datetime) -> None:
        self._now = now
