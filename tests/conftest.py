"""Databases to test against: SQLite and a real PostgreSQL, each test with fresh, empty tables."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import db.models  # noqa: F401 -- fills the metadata
from db.base import Base
from db.session import Database
from tests.fakes import Clock
from tests.index import unfound
from tests.postgresql import PostgresServer, postgresql_server

pytest_plugins = ["tests.stack_fixtures"]

# How long an example takes says how busy the machine is.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


_LONG = frozenset({"benchmarks", "processes", "test_demo.py"})
_ON_BOTH = frozenset({"test_jobs.py", "test_matrix.py", "test_pace.py"})
"""What all else rests on has both databases always."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything",
        action="store_true",
        help="with the tests that start or kill processes, those of the benchmarks, and all on PostgreSQL, too, "
        "as .ci/run does",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the longest ones, and PostgreSQL, to `--everything`, unless they are named."""
    if config.getoption("--everything") or "::" in "".join(config.args):
        return
    kept = [item for item in items if not _is_left(item)]
    if len(kept) < len(items):
        config.hook.pytest_deselected(items=list(set(items) - set(kept)))
        items[:] = kept


def _is_left(item: pytest.Item) -> bool:
    if item.get_closest_marker("chaos") is not None or not _LONG.isdisjoint(item.path.parts):
        return True
    params: dict[str, object] = getattr(getattr(item, "callspec", None), "params", {})
    return params.get("database_url") == "postgresql" and item.path.name not in _ON_BOTH


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresServer]:
    """A server of this test process's own; its database has the tables."""
    with postgresql_server() as server:
        create_tables(server.url)
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A fresh database with empty tables, for a test that opens it itself, perhaps from several processes."""
    if request.param == "sqlite":
        path = tmp_path / "test.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    yield server.url
    # Emptying the tables takes a tenth of the time that a new database would.
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = "
    tables = [f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables)]
    server.run("; ".join([f"{others} current_database()", "SET session_replication_role = replica", *tables]))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(database_url: str, clock: Clock) -> Iterator[Database]:
    """The same, opened, with the fake clock deciding what is due."""
    database = Database(database_url, now=clock.now)
    yield database
    left = unfound(database)
    database.close()
    assert left == [], "whoever changes what clients are found by calls index_clients"


def create_tables(url: str) -> None:
    database = Database(url)
    Base.metadata.create_all(database.engine)
    database.close()
