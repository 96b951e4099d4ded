"""What happens once the answer to Slack is out."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

THREADS = 32
REST_THREADS = 4

Task = Callable[..., Callable[[], None] | None]

_log = logging.getLogger(__name__)


class AfterPool:
    """Bounded pools. A failing task is reported to the person whose request caused it.

    What a task gives back is the rest of it, for which Slack sets no time limit. Few threads do the rests, so that
    they neither hold up the tasks that Slack gives 3 seconds nor take the interpreter from the answers.
    """

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="after")
        self._rest = ThreadPoolExecutor(REST_THREADS, thread_name_prefix="after-rest")
        self._changed = threading.Condition()
        self._open = 0

    @property
    def open_tasks(self) -> int:
        """How many wait or run."""
        return self._open

    def submit(self, report: Callable[[Exception], None], task: Task, *args: Any) -> None:
        with self._changed:
            self._open += 1
        self._pool.submit(self._run, report, task, *args)

    def wait_until_idle(self, timeout: float) -> bool:
        """Until nothing waits or runs; False if that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, timeout)

    def close(self) -> None:
        self._pool.shutdown(wait=True)
        self._rest.shutdown(wait=True)

    def _run(self, report: Callable[[Exception], None], task: Task, *args: Any) -> None:
        rest = None
        try:
            rest = task(*args)
        except Exception as error:  # noqa: BLE001 - the boundary: everything is reported
            try:
                report(error)
            except Exception:  # noqa: BLE001 - nobody is left to tell
                _log.exception("A failure could not be reported to the person")
        if rest is not None:
            self._rest.submit(self._run, report, rest)
            return
        with self._changed:
            self._open -= 1
            self._changed.notify_all()
