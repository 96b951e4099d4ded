"""The engine and its transactions, alike on SQLite and PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, create_engine, event, func, literal, make_url
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from db.base import UtcDateTime


def utc_now() -> datetime:
    return datetime.now(UTC)


class Database:
    """One engine. `begin` opens a transaction that may write, `read` one that only reads.

    `now` is the clock of the process; where none is injected, PostgreSQL's own clock decides what is due, so that
    processes on machines with different clocks agree.
    """

    def __init__(self, url: str, *, pool_size: int = 32, now: Callable[[], datetime] | None = None) -> None:
        parsed = make_url(url)
        if parsed.drivername in {"postgres", "postgresql"}:
            parsed = parsed.set(drivername="postgresql+psycopg")
        self._sqlite = parsed.get_backend_name() == "sqlite"
        self._injected = now is not None
        self.now: Callable[[], datetime] = now or utc_now
        self.engine = create_engine(
            parsed,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=not self._sqlite,
            connect_args={"timeout": 30, "check_same_thread": False} if self._sqlite else {},
        )
        self.sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._write_lock = _WriteLock() if self._sqlite else nullcontext()
        if self._sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Commits when the block ends, rolls back when it raises."""
        with self._write_lock, self.sessions() as session:
            session.connection(execution_options={"writes": True})
            try:
                yield session
            except BaseException:
                session.rollback()
                raise
            session.commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Rolls back when the block ends: nothing written here lasts."""
        with self.sessions() as session:
            yield session

    def clock(self) -> ColumnElement[datetime]:
        """The time as an SQL expression: the database's on PostgreSQL, this process's on SQLite or when injected."""
        if self._sqlite or self._injected:
            return literal(self.now(), UtcDateTime())
        return func.clock_timestamp(type_=UtcDateTime())

    def close(self) -> None:
        self.engine.dispose()


class _WriteLock:
    """SQLite has one writer. Waiting here costs a third of leaving it to SQLite's busy waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    def __enter__(self) -> None:
        if self._owner == threading.get_ident():
            raise RuntimeError("A transaction was begun inside another one")
        self._lock.acquire()
        self._owner = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._owner = None
        self._lock.release()


def _set_up_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # IMMEDIATE takes the write lock at once: a transaction that reads first and writes later could not get it any more.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")
