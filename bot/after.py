"""What happens once the answer to Slack is out."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

THREADS = 32

_log = logging.getLogger(__name__)


class AfterPool:
    """A bounded pool. A failing task is reported to the person whose request caused it."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="after")

    def submit(self, report: Callable[[Exception], None], task: Callable[..., None], *args: Any) -> None:
        self._pool.submit(self._run, report, task, *args)

    def close(self) -> None:
        self._pool.shutdown(wait=True)

    @staticmethod
    def _run(report: Callable[[Exception], None], task: Callable[..., None], *args: Any) -> None:
        try:
            task(*args)
        except Exception as error:  # noqa: BLE001 - the boundary: everything is reported
            try:
                report(error)
            except Exception:  # noqa: BLE001 - nobody is left to tell
                _log.exception("A failure could not be reported to the person")
