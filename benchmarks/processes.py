"""Starting what is measured, each in a process of its own."""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
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
    start = time.perf_counter()
    with _started(
        [module, *arguments], {**settings, "PORT": str(port), "HOST": "127.0.0.1"}, lambda _: _answers(port, "/healthz")
    ) as process:
        yield Serving(process, port, time.perf_counter() - start)


@contextmanager
def sandbox(*options: str) -> Iterator[str]:
    """The stand-ins in a process of their own, at the address given, until the block ends."""
    port = _free_port()
    words = ["sandbox", "--port", str(port), "--smtp-port", "0", *options]
    with _started(words, {}, lambda _: _answers(port, "/sandbox/xero")):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def working(**settings: str) -> "Iterator[subprocess.Popen[bytes]]":
    """`python -m bot worker` until the block ends."""
    with _started(["bot", "worker"], {**settings, "LOG_LEVEL": "INFO"}, lambda log: b"worker has started" in log) as it:
        yield it


@contextmanager
def _started(
    words: Sequence[str], settings: Mapping[str, str], is_ready: Callable[[bytes], bool]
) -> "Iterator[subprocess.Popen[bytes]]":
    """`is_ready` is asked with what the process has written so far."""
    environment = {**_environment(), **settings}
    with tempfile.NamedTemporaryFile() as log:
        start = time.perf_counter()
        process = subprocess.Popen([sys.executable, "-m", *words], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            while not is_ready(written := Path(log.name).read_bytes()):
                if process.poll() is not None or time.perf_counter() - start > _START:
                    raise RuntimeError(f"{words[0]} did not start:\n{written.decode()}")
                time.sleep(0.005)
            yield process
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


def _answers(port: int, path: str) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            pass
    except OSError:
        return False
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        return bool(answer.status == 200)
