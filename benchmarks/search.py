"""What a person who types part of a client's name waits for, with ten thousand clients and with a million; and what
looking through all of them would take.
"""

import gc
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice

from sqlalchemy import insert, select, text
from uuid_utils.compat import uuid7

from benchmarks.reminders import databases, practice
from benchmarks.report import Result, quantile
from db.base import Base
from db.models import Client, ClientKind, Colleague, Role, Software, Solutions
from db.session import Database
from services.actor import Actor
from services.clients.index import Findable, index_new
from services.clients.names import bare_code, code_key, fold, name_key
from services.clients.search import ClientSearchService

FEW, MANY = 10_000, 1_000_000
QUERIES = 600
SCANS = 40
GROWTH_GOAL = 3.0
SCAN_GOAL = 1 / 20
NOW = datetime(2026, 3, 6, 9, tzinfo=UTC)
_AT_ONCE = 20_000
_TRADES = ("Building", "Plumbing", "Catering", "Consulting", "Joinery", "Roofing", "Media", "Property", "Logistics")
_ENDS = ("Ltd", "Ltd", "Ltd", "Limited", "Limited", "Services Ltd", "Holdings", "Group", "LLP", "& Sons")


def run() -> dict[str, Result]:
    """The floor of a million is ten thousand. The scan is of folded names alone, and stops at as many."""
    results: dict[str, Result] = {}
    for name, open_database in databases().items():
        with open_database() as url:
            few, many, scan = measure(url)
        results[f"search_growth_{name}"] = {
            "figure": many,
            "floor": few,
            "ratio": many / few,
            "goal": GROWTH_GOAL,
        }
        results[f"search_scan_{name}"] = {"figure": many, "floor": scan, "ratio": many / scan, "goal": SCAN_GOAL}
        print(
            f"Type-ahead on {name}, p99: {few:.2f} ms among {FEW:,}, {many:.2f} ms among {MANY:,}, ratio "
            f"{many / few:.2f}, goal {GROWTH_GOAL}; a LIKE scan {scan:.0f} ms, {scan / many:.0f} times that, goal 20"
        )
    return results


def measure(url: str, few: int = FEW, many: int = MANY) -> tuple[float, float, float]:
    """Milliseconds, p99: of a look among few clients, among many, and of a scan of the many."""
    database = Database(url, now=lambda: NOW)
    try:
        Base.metadata.create_all(database.engine)
        actor = practice(database)
        _see_all(database, actor)
        names = Names()
        fill(database, actor, names, few)
        settle(database)
        among_few = quantile(looks(database, actor, names), 0.99)
        fill(database, actor, names, many - few)
        settle(database)
        among_many = quantile(looks(database, actor, names), 0.99)
        return among_few, among_many, quantile(scans(database, actor, names), 0.99)
    finally:
        database.close()


def _see_all(database: Database, actor: Actor) -> None:
    with database.begin() as session:
        session.get_one(Colleague, actor.colleague_id).role = Role.PRACTICE_ADMIN


class Names:
    """Clients as a British practice could have them: some thousand surnames, few of them common, and common trades."""

    def __init__(self) -> None:
        self._chance = random.Random(7)
        names = sorted({self._surname() for _ in range(30_000)})
        self._chance.shuffle(names)
        self._surnames = names
        self._weights = [1 / (rank + 20) for rank in range(len(names))]
        self._made = 0
        self.kept: list[Findable] = []
        """A few of them, to search for."""

    def _surname(self) -> str:
        chance = self._chance
        parts = range(chance.choice((2, 2, 3, 4)))
        return "".join(chance.choice("bcdfghjklmnprstvwy") + chance.choice("aeiou") for _ in parts) + chance.choice(
            "rnldkmst"
        )

    def clients(self, practice_id: uuid.UUID, count: int) -> Iterator[Findable]:
        chance = self._chance
        surnames = chance.choices(self._surnames, self._weights, k=4 * count)
        for at in range(0, 4 * count, 4):
            one, two, first, last = surnames[at : at + 4]
            trade = chance.choice(_TRADES)
            name = f"{one} {chance.choice((two, trade, two + ' ' + trade))} {chance.choice(_ENDS)}".title()
            made = Findable(
                client_id=uuid7(),
                practice_id=practice_id,
                name=name,
                practice_code=f"{one[:3].upper()}{self._made:06}",
                emails=[f"{first}.{last}@{one}{trade.lower()}.co.uk"],
                organisations=[name],
            )
            if self._made % 97 == 0:
                self.kept.append(made)
            self._made += 1
            yield made

    def queries(self, count: int) -> list[str]:
        """What people type: beginnings, parts of words, two words, codes, addresses, common words, and what is not
        there."""
        return [self._chance.choice(_TYPED)(self._chance, self._chance.choice(self.kept)) for _ in range(count)]


def _beginning(chance: random.Random, client: Findable) -> str:
    return client.name[: chance.randint(1, 9)]


def _word(chance: random.Random, client: Findable) -> str:
    return chance.choice(client.name.split())[: chance.randint(1, 6)]


def _middle(chance: random.Random, client: Findable) -> str:
    word = max(chance.sample(client.name.split(), 2), key=len)
    start = chance.randrange(max(len(word) - 3, 1))
    return word[start : start + chance.randint(3, 5)]


def _two_words(chance: random.Random, client: Findable) -> str:
    return " ".join(word[: chance.randint(2, 5)] for word in reversed(client.name.split()[:2]))


def _code(chance: random.Random, client: Findable) -> str:
    start = chance.choice((0, 0, 3, 5))
    return str(client.practice_code)[start : start + chance.randint(3, 6)]


def _address(chance: random.Random, client: Findable) -> str:
    start = chance.choice((0, 0, 2))
    return client.emails[0][start : start + chance.randint(4, 14)]


def _common(chance: random.Random, _: Findable) -> str:
    return chance.choice(("ltd", "limited", "servic", "build", "ing", "consult", "group", "ering", "co.uk", "prop"))


def _absent(chance: random.Random, client: Findable) -> str:
    letters = [*client.name.lower().replace(" ", "")[:6]]
    chance.shuffle(letters)
    return "".join(letters)


_TYPED: Sequence[Callable[[random.Random, Findable], str]] = (
    _beginning,
    _word,
    _middle,
    _two_words,
    _code,
    _address,
    _common,
    _absent,
)


def fill(database: Database, actor: Actor, names: Names, count: int) -> None:
    made = names.clients(actor.practice_id, count)
    while some := list(islice(made, _AT_ONCE)):
        with database.begin() as session:
            session.execute(insert(Client), [_row(actor, each) for each in some])
            index_new(session, some)


def _row(actor: Actor, client: Findable) -> dict[str, object]:
    code = str(client.practice_code)
    return {
        "id": client.client_id,
        "practice_id": client.practice_id,
        "name": client.name,
        "name_key": name_key(client.name),
        "practice_code": code,
        "code_key": code_key(code),
        "bare_code": bare_code(code),
        "kind": ClientKind.BUSINESS,
        "solutions": Solutions.BOOKKEEPING,
        "software": Software.LATER,
        "extract_name": str(client.client_id),
        "applied_defaults": {},
        "created_by": actor.colleague_id,
        "created_at": NOW,
    }


def settle(database: Database) -> None:
    """As it is after a night: with PostgreSQL's own upkeep done."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE" if database.engine.dialect.name == "postgresql" else "ANALYZE"))


def looks(database: Database, actor: Actor, names: Names) -> list[float]:
    service = ClientSearchService(database)
    gc.collect()
    gc.freeze()  # what was made to fill the tables is not the product's
    for query in names.queries(QUERIES // 3):
        service.options(actor, query)
    return [_took(partial(service.options, actor, query)) for query in names.queries(QUERIES)]


def scans(database: Database, actor: Actor, names: Names) -> list[float]:
    def scan(query: str) -> None:
        holding = select(Client.id).where(
            Client.practice_id == actor.practice_id, Client.name_key.contains(fold(query), autoescape=True)
        )
        with database.read() as session:
            session.execute(holding.limit(100)).all()

    scan("nobody")
    return [_took(partial(scan, query)) for query in names.queries(SCANS)]


def _took(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000
