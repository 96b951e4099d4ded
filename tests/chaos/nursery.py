"""Starts many of the product's own workers: each is forked from a process that has made the imports, with settings of
its own. The nursery has no threads and no connections.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


class Nursery:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process

    def start_worker(self, settings: Mapping[str, str]) -> psutil.Process:
        """`python -m bot worker` with these environment variables and no others."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(dict(settings)).encode() + b"\n")
        self._process.stdin.flush()
        return psutil.Process(int(self._process.stdout.readline()))


@contextmanager
def nursery() -> Iterator[Nursery]:
    command = [sys.executable, "-m", "tests.chaos.nursery"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Nursery(process)
        process.kill()


def _serve() -> None:
    for late in ("apscheduler.schedulers.background", "psycopg", "xero_python.accounting", "xero_python.identity"):
        import_module(late)  # what a worker imports when it needs it, made once

    from bot.cli import main

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead vanish at once
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            os.environ.clear()
            os.environ.update(json.loads(line))
            os._exit(main(["worker"]))
        print(child, flush=True)


if __name__ == "__main__":
    _serve()
