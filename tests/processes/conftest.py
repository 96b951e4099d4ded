"""The product's own processes, started as an operator starts them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet

from tests.stack import listening

ROOT = Path(__file__).parent.parent.parent
SECRET = "process-secret"
KEY = Fernet.generate_key().decode()


def environment(database_url: str, **more: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": database_url,
        "SLACK_SIGNING_SECRET": SECRET,
        "SLACK_BOT_TOKEN": "xoxb-none",
        "SLACK_API_URL": "http://127.0.0.1:9/",
        "ENCRYPTION_KEYS": KEY,
        "HOST": "127.0.0.1",
        **more,
    }


@contextmanager
def running(command: str, settings: dict[str, str], *options: str) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen([sys.executable, "-m", "bot", command, *options], cwd=ROOT, env=settings)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with listening() as found:
        return int(found.getsockname()[1])


@contextmanager
def web_processes(database_url: str, count: int, *options: str) -> "Iterator[dict[str, subprocess.Popen[bytes]]]":
    """That many web processes on one database, by their addresses, once they answer."""
    with ExitStack() as stack:
        processes = {}
        for _ in range(count):
            port = _free_port()
            process = stack.enter_context(running("web", environment(database_url, PORT=str(port)), *options))
            processes[f"http://127.0.0.1:{port}"] = process
        transport = httpx.HTTPTransport(retries=8)  # connecting again, with a back-off, until the process listens
        with httpx.Client(transport=transport, timeout=20) as client:
            for url in processes:
                assert client.get(f"{url}/healthz").text == "ok"
        yield processes


@pytest.fixture
def postgresql_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of its own, with the tables."""
    from tests.conftest import create_tables

    with request.getfixturevalue("postgresql").database("processes") as url:
        create_tables(url)
        yield url
