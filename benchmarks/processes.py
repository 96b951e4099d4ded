"""Starting what is measured, each in a process of its own."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from benchmarks import slack

ROOT = Path(__file__).parent.parent
_START = 30.0


@dataclass(frozen=True)
class Serving:
    process: "subprocess.Popen[bytes]"
    port: int
    started_in: float
    """Seconds from the start of the process to its first answer."""


@contextmanager
def serving(module: str, *arguments: str, **settings: str) -> Iterator[Serving]:
    """`python -m module` serving on a free port until the block ends. Raises RuntimeError when it does not start."""
    port = _free_port()
    environment = {**_environment(), **settings, "PORT": str(port), "HOST": "127.0.0.1"}
    with tempfile.TemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            while not _answers(port):
                if process.poll() is not None or time.perf_counter() - start > _START:
                    log.seek(0)
                    raise RuntimeError(f"{module} did not start:\n{log.read().decode()}")
                time.sleep(0.005)
            yield Serving(process, port, time.perf_counter() - start)
        finally:
            process.terminate()
            process.wait(_START)


def product(database_url: str, api_url: str) -> dict[str, str]:
    """The settings of `python -m bot`."""
    return {
        "DATABASE_URL": database_url,
        "SLACK_API_URL": api_url,
        "SLACK_SIGNING_SECRET": slack.SIGNING_SECRET,
        "SLACK_BOT_TOKEN": slack.BOT_TOKEN,
        "ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "LOG_LEVEL": "WARNING",
    }


def migrate(database_url: str) -> None:
    environment = {**_environment(), **product(database_url, "http://127.0.0.1:9/")}
    subprocess.run([sys.executable, "-m", "bot", "migrate"], cwd=ROOT, env=environment, check=True)


def _environment() -> Mapping[str, str]:
    """Nothing of the caller's own settings."""
    return {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            pass
    except OSError:
        return False
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        return bool(answer.status == 200)
