"""The engine and its transactions, alike on SQLite and PostgreSQL."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Interval,
    bindparam,
    create_engine,
    event,
    func,
    literal,
    make_url,
    select,
    type_coerce,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from db.base import UtcDateTime

_T = TypeVar("_T")


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
            hide_parameters=True,  # they hold people's names and addresses, and errors are logged
            connect_args={"timeout": 30, "check_same_thread": False} if self._sqlite else {},
        )
        self.sessions = sessionmaker(self.engine, expire_on_commit=False, info={"database": self})
        self._listeners: dict[Callable[[frozenset[str]], None], None] = {}
        self._write_lock = _WriteLock() if self._sqlite else nullcontext()
        if self._sqlite:
            event.listen(self.engine, "connect", _set_up_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Commits when the block ends, rolls back when it raises. Announcements are heard after the commit."""
        with self._write_lock, self.sessions() as session:
            session.connection(execution_options={"writes": True})
            try:
                yield session
                for act in session.info.pop("before_commit", ()):
                    act(session)
            except BaseException:
                session.rollback()
                raise
            session.commit()
        if topics := frozenset[str](session.info.get("announced", ())):
            for listener in tuple(self._listeners):
                listener(topics)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Rolls back when the block ends: nothing written here lasts."""
        with self.sessions() as session:
            yield session

    def clock(self, after: timedelta = timedelta()) -> ColumnElement[datetime]:
        """The time, or `after` from it, as an SQL expression: the database's on PostgreSQL, this process's on SQLite
        or when injected."""
        if self._sqlite or self._injected:
            # Asked when the statement runs, so that a statement can be kept and run again.
            return bindparam(None, callable_=lambda: self.now() + after, type_=UtcDateTime(), unique=True)
        # The statement's time, because an index can't be searched with one that changes from row to row.
        time: ColumnElement[datetime] = func.statement_timestamp(type_=UtcDateTime())
        return type_coerce(time + literal(after, Interval()), UtcDateTime()) if after else time

    def time(self, session: Session) -> datetime:
        """The same clock's time as a value."""
        if self._sqlite or self._injected:
            return self.now()
        return session.execute(select(self.clock())).scalar_one()

    def subscribe(self, listener: Callable[[frozenset[str]], None]) -> None:
        """From now on `listener` is called with what `announce` named, in the committing thread."""
        self._listeners[listener] = None

    def unsubscribe(self, listener: Callable[[frozenset[str]], None]) -> None:
        self._listeners.pop(listener, None)

    def close(self) -> None:
        self.engine.dispose()


def twice(act: Callable[[], _T]) -> _T:
    """Once more when another transaction has taken a unique key at the same moment: now it is seen."""
    try:
        return act()
    except IntegrityError:
        return act()


def database_of(session: Session) -> Database:
    database: Database = session.info["database"]
    return database


def before_commit(session: Session, act: Callable[[Session], None]) -> None:
    """Has `act` done at the end of the transaction: once, however often it is asked for."""
    session.info.setdefault("before_commit", {})[act] = None


def announce(session: Session, topic: str) -> None:
    """Tells the listeners of this process about `topic` once the transaction is committed."""
    session.info.setdefault("announced", set()).add(topic)


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
