"""Rolling limits on how often something may happen."""

from collections import deque


class Window:
    """What happened in the last so many seconds. The limit comes with each question, so that it may change."""

    __slots__ = ("_seconds", "_times")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._times: deque[float] = deque()

    def remaining(self, now: float, limit: int) -> int:
        while self._times and self._times[0] <= now - self._seconds:
            self._times.popleft()
        return max(0, limit - len(self._times))

    def wait(self, now: float, limit: int) -> float:
        """Seconds until there is room for one more; 0 when there is."""
        if self.remaining(now, limit):
            return 0.0
        if not self._times:
            return self._seconds
        return max(0.0, self._times[max(0, len(self._times) - limit)] + self._seconds - now)

    def take(self, now: float) -> None:
        self._times.append(now)
