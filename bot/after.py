"""What happens once the answer to Slack is out."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

THREADS = 32

_log = logging.getLogger(__name__)


class AfterPool:
    """A bounded pool. A failing task is reported to the person whose request caused it."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="after")
        self._changed = threading.Condition()
        self._open = 0

    @property
    def open_tasks(self) -> int:
        """How many wait or run."""
        return self._open

    def submit(self, report: Callable[[Exception], None], task: Callable[..., None], *args: Any) -> None:
        with self._changed:
            self._open += 1
        self._pool.submit(self._run, report, task, *args)

    def wait_until_idle(self, timeout: float) -> bool:
        """Until nothing waits or runs; False if that takes longer than `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, timeout)

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    def _run(self, report: Callable[[Exception], None], task: Callable[..., None], *args: Any) -> None:
        try:
            task(*args)
        except Exception as error:  # noqa: BLE001 - the boundary: everything is reported
            try:
                report(error)
            except Exception:  # noqa: BLE001 - nobody is left to tell
                _log.exception("A failure could not be reported to the person")
        finally:
            with self._changed:
                self._open -= 1
                self._changed.notify_all()
