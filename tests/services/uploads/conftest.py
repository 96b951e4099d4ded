import pytest

from db.session import Database
from services.uploads import chunks
from tests.builders import Office, office
from tests.fakes import Clock
from tests.services.uploads.desk import Desk, desk


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database, bundle=1_000)


@pytest.fixture
def uploads(database: Database, clock: Clock, birch: Office) -> Desk:
    return desk(database, clock, birch)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "AT_ONCE", 10)
