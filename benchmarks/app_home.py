"""What building App Home costs for a practice of 10,000 clients with 1,000 things to do, beside one with 10 clients."""

import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from benchmarks.report import Result, line, quantile
from db.base import Base
from db.models import (
    Authorisation,
    Client,
    ClientAccess,
    ClientKind,
    ClientUser,
    Colleague,
    Connection,
    ConnectionStatus,
    Invitation,
    InvitationStatus,
    PermissionKind,
    PermissionRequest,
    Practice,
    Provider,
    Role,
    Software,
    Solutions,
    Team,
    TeamMember,
)
from db.session import Database
from modals import home
from services.actor import Actor
from services.overview.service import OverviewService
from tests.postgresql import postgresql_server

FEW, MANY = 10, 10_000
INVITED, BROKEN, ASKED = 0.08, 0.01, 0.01
"""Of as many as there are clients: invitations that are out, ended connections and requests. The other clients have
accepted and are connected."""
GRANTED = 0.1
"""What a Standard colleague sees, by their team."""
ROUNDS, BUILDS = 9, 200
GOAL = 2.0
NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
_AT_ONCE = 2_000
_WAITING = (
    (InvitationStatus.SENT, timedelta(days=5)),
    (InvitationStatus.OPENED, timedelta(days=1)),
    (InvitationStatus.FAILED, timedelta(days=5)),
    (InvitationStatus.EXPIRED, timedelta(days=-1)),
)


def run() -> dict[str, Result]:
    results: dict[str, Result] = {}
    for name, databases in {"sqlite": _sqlite, "postgresql": _postgresql}.items():
        with databases() as url:
            results |= _measured(name, url)
    return results


def _measured(name: str, url: str) -> dict[str, Result]:
    database = Database(url, now=lambda: NOW)
    try:
        Base.metadata.create_all(database.engine)
        few, many = _practice(database, FEW), _practice(database, MANY)
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if name == "postgresql":  # which does so by itself; SQLite is left without statistics, as in practice
                connection.execute(text("VACUUM ANALYZE"))
        results = {}
        for role in few:
            result = _compared(database, many[role], few[role])
            results[f"app_home_{role}_{name}"] = result
            label = f"App Home, {role}, p99, {MANY:,} clients beside {FEW}, on {name}"
            print(f"{line(label, result)}, one query {result['query']:.2f} ms")
    finally:
        database.close()
    return results


def _compared(database: Database, many: Actor, few: Actor) -> Result:
    """They take turns, so that what else the machine does hits both."""
    service = OverviewService(database)

    def page(actor: Actor) -> Callable[[], object]:
        return lambda: home.overview(service.of(actor))

    def query() -> None:
        with database.read() as session:
            session.execute(select(Practice.name).where(Practice.id == few.practice_id)).one()

    took: dict[str, list[list[float]]] = {"many": [], "few": [], "query": []}
    tasks = {"many": page(many), "few": page(few), "query": query}
    for number in range(-1, ROUNDS):
        times: dict[str, list[float]] = {each: [] for each in tasks}
        for _ in range(BUILDS):
            for each, task in tasks.items():
                start = time.perf_counter()
                task()
                times[each].append((time.perf_counter() - start) * 1000)
        if number >= 0:  # the one before the first warms up
            for each in tasks:
                took[each].append(times[each])

    def of(each: str, part: float) -> float:
        return median(quantile(times, part) for times in took[each])

    ratios = [
        quantile(larger, 0.99) / quantile(smaller, 0.99)
        for larger, smaller in zip(took["many"], took["few"], strict=True)
    ]
    return {
        "figure": of("many", 0.99),
        "floor": of("few", 0.99),
        "ratio": median(ratios),
        "goal": GOAL,
        "p50": {"figure": of("many", 0.5), "floor": of("few", 0.5), "ratio": of("many", 0.5) / of("few", 0.5)},
        "query": of("query", 0.99),
    }


def _practice(database: Database, size: int) -> dict[str, Actor]:
    """An admin and a Standard colleague of a practice with so many clients."""
    with database.begin() as session:
        practice = Practice(
            slack_key=f"T{size}",
            name="Benchmark & Co",
            address=f"benchmark-{size}",
            bundle=100_000,
            client_defaults={},
            created_at=NOW,
            set_up_at=NOW,
        )
        session.add(practice)
        session.flush()
        people = {
            "admin": _colleague(session, practice, "U_ADA", Role.PRACTICE_ADMIN),
            "standard": _colleague(session, practice, "U_SAM", Role.STANDARD),
        }
        team = Team(practice_id=practice.id, name="Payroll")
        session.add(team)
        session.flush()
        session.add(TeamMember(team_id=team.id, colleague_id=people["standard"].colleague_id))
        authorisation = _authorisation(people["admin"])
        session.add(authorisation)
        session.flush()
        practice_id, team_id, sign_in = practice.id, team.id, authorisation.id
    for start in range(0, size, _AT_ONCE):
        with database.begin() as session:
            _add(session, people["admin"], team_id, sign_in, range(start, min(start + _AT_ONCE, size)), size)
    with database.begin() as session:
        for number in range(int(size * ASKED)):
            asker = Colleague(practice_id=practice_id, slack_user_id=f"U{number}", name="Asker", created_at=NOW)
            session.add(asker)
            session.flush()
            session.add(
                PermissionRequest(
                    practice_id=practice_id, colleague_id=asker.id, kind=PermissionKind.ADD_CLIENTS, created_at=NOW
                )
            )
    return people


def _colleague(session: Session, practice: Practice, user: str, role: Role) -> Actor:
    row = Colleague(practice_id=practice.id, slack_user_id=user, name=user, role=role, created_at=NOW)
    session.add(row)
    session.flush()
    return Actor(practice.id, row.id)


def _add(session: Session, actor: Actor, team_id: uuid.UUID, sign_in: uuid.UUID, numbers: range, size: int) -> None:
    clients = [_client(actor, number, size) for number in numbers]
    session.execute(insert(Client), clients)
    users = [_user(actor, each) for each in clients]
    session.execute(insert(ClientUser), users)
    invitations = [
        _invitation(actor, user, number, is_waiting=number < size * INVITED)
        for number, user in zip(numbers, users, strict=True)
    ]
    session.execute(insert(Invitation), invitations)
    connections = [
        _connection(actor, sign_in, each, is_broken=number < size * BROKEN)
        for number, each in zip(numbers, clients, strict=True)
    ]
    session.execute(insert(Connection), connections)
    granted = [
        {"client_id": each["id"], "team_id": team_id}
        for number, each in zip(numbers, clients, strict=True)
        if number % (1 / GRANTED) == 0
    ]
    if granted:
        session.execute(insert(ClientAccess), granted)


def _client(actor: Actor, number: int, size: int) -> dict[str, object]:
    return {
        "id": uuid7(),
        "practice_id": actor.practice_id,
        "name": f"Client {number}",
        "name_key": f"client {number}",
        "practice_code": f"C{number:05}",
        "code_key": f"c{number:05}",
        "bare_code": f"c{number}",
        "kind": ClientKind.BUSINESS,
        "solutions": Solutions.BOOKKEEPING,
        "software": Software.LATER,
        "extract_name": f"benchmark-{size}-{number}",
        "applied_defaults": {},
        "created_by": actor.colleague_id,
        "created_at": NOW - timedelta(minutes=size - number),
    }


def _user(actor: Actor, client: dict[str, object]) -> dict[str, object]:
    return {
        "id": uuid7(),
        "practice_id": actor.practice_id,
        "client_id": client["id"],
        "name": "Pat",
        "email": f"{client['code_key']}@firm.example",
        "email_key": f"{client['code_key']}@firm.example",
        "role": "business_admin",
        "is_owner": True,
        "created_at": NOW,
    }


def _invitation(actor: Actor, user: dict[str, object], number: int, *, is_waiting: bool) -> dict[str, object]:
    status, left = _WAITING[number % len(_WAITING)] if is_waiting else (InvitationStatus.ACCEPTED, timedelta())
    return {
        "practice_id": actor.practice_id,
        "client_id": user["client_id"],
        "client_user_id": user["id"],
        "inviter_id": actor.colleague_id,
        "email": user["email"],
        "status": status,
        "created_at": NOW - timedelta(days=5),
        "expires_at": NOW + left,
    }


def _authorisation(actor: Actor) -> Authorisation:
    return Authorisation(
        practice_id=actor.practice_id,
        colleague_id=actor.colleague_id,
        provider=Provider.XERO,
        provider_user_id="priya",
        access_token=b"",
        access_expires_at=NOW,
        refresh_token=b"",
        version=1,
        refreshed_at=NOW,
    )


def _connection(actor: Actor, sign_in: uuid.UUID, client: dict[str, object], *, is_broken: bool) -> dict[str, object]:
    return {
        "client_id": client["id"],
        "practice_id": actor.practice_id,
        "provider": Provider.XERO,
        "authorisation_id": sign_in,
        "tenant_id": str(client["id"]),
        "organisation_name": client["name"],
        "status": ConnectionStatus.EXPIRED if is_broken else ConnectionStatus.CONNECTED,
        "connected_at": NOW,
        "refreshed_at": NOW,
    }


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{Path(folder) / 'benchmark.db'}"


@contextmanager
def _postgresql() -> Iterator[str]:
    with postgresql_server(durable=True) as server:
        yield server.url


if __name__ == "__main__":
    run()
