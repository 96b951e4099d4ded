"""What a look for due reminders costs with a thousand and with a million invitations waiting, 100 of them due; and what
one APScheduler job for each reminder would.
"""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Lock

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from benchmarks.report import Result, line
from db.base import Base
from db.models import Client, ClientKind, ClientUser, Invitation, InvitationStatus, Job, Reminder, Software, Solutions
from db.session import Database
from services.actor import Actor
from services.invitations.reminders import ReminderService
from services.people import PeopleService, Profile
from tests.postgresql import postgresql_server

FEW, MANY = 1_000, 1_000_000
DUE = 100
ROUNDS = 9
GOAL = 2.0
NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
_AT_ONCE = 20_000


def run() -> dict[str, Result]:
    """The floor of the sweep is itself with a thousand waiting; of the scheduler, the sweep with as many jobs."""
    results: dict[str, Result] = {}
    for name, opened in databases().items():
        with opened() as url:
            few, many, stored = _sweeps(url)
            scheduler = _scheduler(url)
        results[f"reminders_{name}"] = _result(many, few, GOAL)
        print(line(f"A sweep with {MANY:,} waiting beside {FEW:,}, {DUE} due, on {name}", results[f"reminders_{name}"]))
        results[f"reminders_apscheduler_{name}"] = _result(few, scheduler, 1.0)
        label = f"The same with {FEW:,} waiting beside a job store of APScheduler, on {name}"
        print(line(label, results[f"reminders_apscheduler_{name}"]), f"({stored:.0f} s to fill the larger table)")
    return results


def _result(figure: float, floor: float, goal: float) -> Result:
    return {"figure": figure, "floor": floor, "ratio": figure / floor, "goal": goal}


def _sweeps(url: str) -> tuple[float, float, float]:
    """Milliseconds with few and with many waiting, and the seconds it took to store the many."""
    database = Database(url, now=lambda: NOW)
    try:
        Base.metadata.create_all(database.engine)
        actor = practice(database)
        _fill(database, actor, 0, FEW)
        few = _sweep(database)
        start = time.perf_counter()
        _fill(database, actor, FEW, MANY)
        stored = time.perf_counter() - start
        with database.engine.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()
        return few, _sweep(database), stored
    finally:
        database.close()


def _sweep(database: Database) -> float:
    reminders = ReminderService(database)
    took = []
    for _ in range(ROUNDS):
        _make_due(database)
        start = time.perf_counter()
        swept = reminders.sweep()
        took.append((time.perf_counter() - start) * 1000)
        assert swept == DUE, swept
    return statistics.median(took)


def _make_due(database: Database) -> None:
    with database.begin() as session:
        session.execute(delete(Reminder))
        session.execute(delete(Job))
        first = session.scalars(select(Invitation.id).order_by(Invitation.id).limit(DUE)).all()
        session.execute(
            update(Invitation).where(Invitation.id.in_(first)).values(next_reminder_at=NOW, next_stage="ahead"),
            execution_options={"synchronize_session": False},
        )


def practice(database: Database) -> Actor:
    profile = Profile(slack_user_id="U_ADA", name="Ada", email=None, timezone="Europe/London", runs_workspace=True)
    return PeopleService(database).first_contact("T_BENCH", "Bench", profile).actor


def _fill(database: Database, actor: Actor, start: int, end: int) -> None:
    """One client with so many users, each of them invited."""
    for at in range(start, end, _AT_ONCE):
        with database.begin() as session:
            client_id = _client(session, actor)
            numbers = range(at, min(at + _AT_ONCE, end))
            users = [
                {
                    "practice_id": actor.practice_id,
                    "client_id": client_id,
                    "name": "Pat",
                    "email": f"pat{number}@firm.example",
                    "email_key": f"pat{number}@firm.example",
                    "role": "standard",
                    "created_at": NOW,
                }
                for number in numbers
            ]
            ids = session.scalars(insert(ClientUser).returning(ClientUser.id, sort_by_parameter_order=True), users)
            session.execute(
                insert(Invitation),
                [
                    {
                        "practice_id": actor.practice_id,
                        "client_id": client_id,
                        "client_user_id": user_id,
                        "inviter_id": actor.colleague_id,
                        "email": "pat@firm.example",
                        "status": InvitationStatus.SENT,
                        "created_at": NOW - timedelta(days=5),
                        "expires_at": NOW + timedelta(days=2),
                        "next_reminder_at": NOW + timedelta(days=1),
                        "next_stage": "ahead",
                    }
                    for user_id in ids.all()
                ],
            )


def _client(session: Session, actor: Actor) -> object:
    found = session.scalar(select(Client.id).limit(1))
    if found is not None:
        return found
    client = Client(
        practice_id=actor.practice_id,
        name="Acme",
        name_key="acme",
        kind=ClientKind.BUSINESS,
        solutions=Solutions.BOOKKEEPING,
        software=Software.NONE,
        extract_name="acme",
        applied_defaults={},
        created_by=actor.colleague_id,
        created_at=NOW,
    )
    session.add(client)
    session.flush()
    return client.id


class _Counter:
    """Jobs of a scheduler call it by name, so it is the module's."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left = DUE
        self.done = Event()

    def reset(self) -> None:
        self._left = DUE
        self.done.clear()

    def __call__(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.done.set()


_counter = _Counter()


def count() -> None:
    """What a reminder's job does: nothing, so that only the scheduler is measured."""
    _counter()


def _scheduler(url: str) -> float:
    """Milliseconds from the start of a scheduler with as many jobs until the due ones have run."""
    took = []
    for number in range(3):
        store = SQLAlchemyJobStore(url=_plain(url), tablename=f"apscheduler_{number}")
        scheduler = BackgroundScheduler(jobstores={"default": store}, timezone=UTC)
        scheduler.start(paused=True)
        now = datetime.now(UTC)
        for job in range(FEW):
            due = now if job < DUE else now + timedelta(days=1)
            scheduler.add_job(count, "date", run_date=due, misfire_grace_time=None)
        _counter.reset()
        start = time.perf_counter()
        scheduler.resume()
        _counter.done.wait(60)
        took.append((time.perf_counter() - start) * 1000)
        scheduler.shutdown()
    return statistics.median(took)


def _plain(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


def databases() -> dict[str, Callable[[], AbstractContextManager[str]]]:
    """By name, what gives the URL of an empty one."""
    return {"sqlite": _sqlite, "postgresql": _postgresql}


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as home:
        yield f"sqlite:///{Path(home) / 'benchmark.db'}"


@contextmanager
def _postgresql() -> Iterator[str]:
    with postgresql_server(durable=True) as server:
        yield server.url


if __name__ == "__main__":
    run()
