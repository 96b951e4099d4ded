"""The database keeps the audit trail as it is: in tables that the models make, and in those of the migrations."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from db.models import AuditEntry, Practice
from db.session import Database
from services.operator import OperatorService
from services.workspaces import KEPT_AFTER_UNINSTALL
from tests.builders import all_services, office
from tests.conftest import create_tables
from tests.fakes import Clock
from tests.postgresql import PostgresServer

ROOT = Path(__file__).parent.parent.parent


def migrate(url: str) -> None:
    config = Config(ROOT / "alembic.ini")
    config.attributes["database_url"] = url
    command.upgrade(config, "head")


@contextmanager
def _fresh(request: pytest.FixtureRequest, kind: str, name: str) -> Iterator[str]:
    if kind == "sqlite":
        folder: Path = request.getfixturevalue("tmp_path_factory").mktemp(name)
        yield f"sqlite:///{folder / 'trail.db'}"
        shutil.rmtree(folder)
    else:
        server: PostgresServer = request.getfixturevalue("postgresql")
        with server.database(name) as url:
            yield url


@pytest.fixture(
    scope="module", params=[(kind, made) for kind in ("sqlite", "postgresql") for made in ("models", "migrations")]
)
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    kind, made = request.param
    with _fresh(request, kind, f"trail_of_{made}") as url:
        (create_tables if made == "models" else migrate)(url)
        yield url


@pytest.fixture
def database(url: str, clock: Clock) -> Iterator[Database]:
    database = Database(url, now=clock.now)
    yield database
    database.close()


def kept(database: Database) -> list[tuple[object, ...]]:
    with database.read() as session:
        return [tuple(row) for row in session.execute(text("SELECT * FROM audit_entry ORDER BY id"))]


CHANGES = {
    "another action": "UPDATE audit_entry SET action = 'nothing'",
    "another time": "UPDATE audit_entry SET at = '2020-01-01'",
    "nobody": "UPDATE audit_entry SET colleague_id = NULL WHERE action = 'practice.set_up'",
    "deleted": "DELETE FROM audit_entry",
    "one deleted": "DELETE FROM audit_entry WHERE action = 'practice.set_up'",
    "emptied": "TRUNCATE audit_entry",
    "emptied with others": "TRUNCATE practice CASCADE",
    "replaced": "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry",
    "changed instead of added": "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE true "
    "ON CONFLICT (id) DO UPDATE SET action = 'nothing'",
}
ONLY = {"TRUNCATE": "postgresql", "INSERT OR": "sqlite"}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_recorded_can_be_neither_changed_nor_deleted(database: Database, change: str) -> None:
    if not kept(database):
        office(database, slack_key="T_KEPT")
    before = kept(database)
    statement = CHANGES[change]
    dialect = next((name for start, name in ONLY.items() if statement.startswith(start)), database.engine.dialect.name)
    said = "append-only" if dialect == database.engine.dialect.name else "syntax error"
    with pytest.raises(DBAPIError, match=said), database.begin() as session:
        session.execute(text(statement))
    assert kept(database) == before != []


def test_deleting_a_colleague_leaves_what_they_did(database: Database) -> None:
    birch = office(database, slack_key="T_COLLEAGUE")
    before = kept(database)
    with database.begin() as session:
        session.execute(text("DELETE FROM colleague WHERE name = 'Sam Price'"))
    assert kept(database) == before
    assert birch.sam.colleague_id in {row.colleague_id for row in _entries(database)}


def test_the_end_of_a_practice_s_30_days_takes_its_entries_and_no_others(database: Database, clock: Clock) -> None:
    services = all_services(database)
    leaves, stays = office(database, slack_key="T_LEAVES"), office(database, slack_key="T_STAYS")
    OperatorService(database).change_practice("T_LEAVES", bundle=60)
    others = [row.id for row in _entries(database) if row.practice_id != leaves.practice_id]
    services.workspaces.uninstalled("T_LEAVES")
    clock.advance(KEPT_AFTER_UNINSTALL + timedelta(seconds=1))
    assert services.workspaces.purge() == 1
    assert [row.id for row in _entries(database)] == others
    assert stays.practice_id in {row.practice_id for row in _entries(database)}
    with database.read() as session:
        assert session.get(Practice, leaves.practice_id) is None


def _entries(database: Database) -> list[AuditEntry]:
    with database.read() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
