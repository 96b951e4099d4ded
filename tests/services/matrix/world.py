"""Two practices with everything in them, built once; what a test does to them is undone."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import Connection
from sqlalchemy.orm import sessionmaker
from typing_extensions import override

from db.base import Base
from db.models import Provider
from db.session import Database
from services import container
from services.accounting.port import Organisation
from services.actor import Actor
from services.container import Services
from tests.builders import DOMAIN, KEYS, Mute
from tests.fakes import Clock
from tests.services.client_sync.provider import FakeXero
from tests.services.matrix.firm import Firm, Things, Who

GIVEN, HIDDEN, FOREIGN = "Garden", "Harbour", "Forge"
"""In every name of a client that was given to some, that was given to nobody, or that is another practice's."""


class Whose(StrEnum):
    """Whose the thing is that something is done to. Of clients, OWN is the one that was given to DIRECT and BY_TEAM,
    OTHERS one that was given to nobody. What is a practice's is OWN or FOREIGN."""

    OWN = "own"
    OTHERS = "somebody else's"
    FOREIGN = "another practice's"


Line = tuple[str, ...]
"""A row: its table, and each value as text, ids without hyphens."""


@dataclass
class Changes:
    """Rows that were changed are in both, as they were and as they became."""

    gone: frozenset[Line] = frozenset()
    new: frozenset[Line] = frozenset()


class _Xero(FakeXero):
    """Its organisations stay, so that what is undone here has not happened there."""

    @override
    def disconnect(self, access_token: str, organisation: Organisation) -> None:
        pass


class World:
    """`own` and `foreign` have the same names, Slack ids and roles; their clients differ."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self.xero = _Xero()
        self.services = _services(database, self.xero)
        self.own = Firm(database, self.services, self.xero, "T_BIRCH", GIVEN)
        self.own.add_clients(HIDDEN)
        before = _ids(database)
        self.foreign = Firm(database, self.services, self.xero, "T_CEDAR", FOREIGN)
        self.foreign_hex = frozenset(each.hex for each in _ids(database) - before)
        clock.advance(timedelta(hours=1))  # so that nothing is taken for a double click
        self._connection = database.engine.connect()
        self._connection.execution_options(writes=True).begin()
        # From now on each transaction is a savepoint inside this one, which is never committed.
        self._database, self._sessions = database, database.sessions
        database.sessions = sessionmaker(
            self._connection,
            expire_on_commit=False,
            info={"database": database},
            join_transaction_mode="create_savepoint",
        )
        self._start = self._dump()

    def close(self) -> None:
        self._connection.close()
        self._database.sessions = self._sessions

    def actor(self, who: Who) -> Actor:
        return self.own.people[who]

    def forged(self, who: Who) -> Actor:
        """Somebody of the own practice who claims to be of the other one."""
        return replace(self.actor(who), practice_id=self.foreign.office.practice_id)

    def things(self, who: Who, whose: Whose) -> Things:
        match whose:
            case Whose.OWN:
                return self.own.things(who, GIVEN)
            case Whose.OTHERS:
                return self.own.things(None, HIDDEN)
            case Whose.FOREIGN:
                return self.foreign.things(None, FOREIGN)

    @contextmanager
    def undone(self) -> Iterator[Changes]:
        """What is done inside is undone. What it had changed is known afterwards."""
        changes, before = Changes(), self._count()
        with self._connection.begin_nested() as savepoint:
            yield changes
            count = self._count()
            if count is None or count != before:
                now = self._dump()
                changes.gone, changes.new = self._start - now, now - self._start
            savepoint.rollback()

    def _count(self) -> int | None:
        """How many rows have ever been changed, where the database counts them."""
        found: int | None = getattr(self._connection.connection.driver_connection, "total_changes", None)
        return found

    def _dump(self) -> frozenset[Line]:
        return frozenset(line for name in Base.metadata.tables for line in _lines(self._connection, name))


def _services(database: Database, xero: FakeXero) -> Services:
    return container.build(
        database,
        KEYS,
        Mute(),
        public_url="https://desk.example",
        email_from="hello@clientdesk.example",
        extract_domain=DOMAIN,
        first_admin=None,
        billing_url=None,
        providers={Provider.XERO: xero},
        connection_cap={},
        bulk_connections={},
        sync_window=4,
    )


_LOOKED_AT = frozenset({"home_built_at", "home_digest", "home_watched_until"})
"""What App Home keeps of its own page: to look at it changes them."""


def _lines(connection: Connection, table: str) -> Iterator[Line]:
    columns = [f'"{each.name}"' for each in Base.metadata.tables[table].columns if each.name not in _LOOKED_AT]
    for row in connection.exec_driver_sql(f"SELECT {', '.join(columns)} FROM {table}"):
        yield (table, *(each.hex if isinstance(each, uuid.UUID) else str(each) for each in row))


def _ids(database: Database) -> frozenset[uuid.UUID]:
    """Of all rows that have one."""
    with database.read() as session:
        tables = [table for table in Base.metadata.tables.values() if "id" in table.columns]
        return frozenset(
            each for table in tables for each in session.scalars(table.select().with_only_columns(table.c.id))
        )
