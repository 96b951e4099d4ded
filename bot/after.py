"""What happens once the answer to Slack is out."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

THREADS = 32
REST_THREADS = 8
_LONGEST_WAIT = 0.1

Task = Callable[..., Callable[[], None] | None]

_log = logging.getLogger(__name__)


class AfterPool:
    """Bounded pools. A failing task is reported to the person whose request caused it.

    What a task gives back is the rest of it, for which Slack sets no time limit. Rests have few threads of their own
    and wait, never long, while something is urgent: Slack gives 3 seconds for an answer and for the opening of a form,
    and all threads share one interpreter.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="after")
        self._rest = ThreadPoolExecutor(REST_THREADS, thread_name_prefix="after-rest")
        self._changed = threading.Condition()
        self._open = 0
        self._urgent = 0

    @property
    def open_tasks(self) -> int:
        """How many wait or run."""
        return self._open

    @contextmanager
    def urgent(self) -> Iterator[None]:
        """While it lasts, rests wait."""
        self._count(urgent=1)
        try:
            yield
        finally:
            self._count(urgent=-1)

    def submit(self, report: Callable[[Exception], None], task: Task, *args: Any) -> None:
        self._count(tasks=1, urgent=1)
        self._pool.submit(self._begin, report, task, *args)

    def wait_until_idle(self, timeout: float) -> bool:
        """Until nothing waits or runs; False if that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, timeout)

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._rest.shutdown(wait=True)

    def _begin(self, report: Callable[[Exception], None], task: Task, *args: Any) -> None:
        rest = _run(report, task, *args)
        if rest is None:
            self._count(tasks=-1, urgent=-1)
        else:
            self._rest.submit(self._finish, report, rest)
            self._count(urgent=-1)

    def _finish(self, report: Callable[[Exception], None], rest: Callable[[], None]) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._urgent == 0, _LONGEST_WAIT)
        _run(report, rest)
        self._count(tasks=-1)

    def _count(self, *, tasks: int = 0, urgent: int = 0) -> None:
        with self._changed:
            self._open += tasks
            self._urgent += urgent
            if self._open == 0 or self._urgent == 0:
                self._changed.notify_all()


def _run(report: Callable[[Exception], None], task: Task, *args: Any) -> Callable[[], None] | None:
    try:
        return task(*args)
    except Exception as error:  # noqa: BLE001 - the boundary: everything is reported
        try:
            report(error)
        except Exception:  # noqa: BLE001 - nobody is left to tell
            _log.exception("A failure could not be reported to the person")
        return None
