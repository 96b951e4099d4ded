"""What is found by which part, in what order, and that it stays true."""

import threading
import unicodedata
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select
from uuid_utils.compat import uuid7

from db.models import Client, ClientAccess, ClientKind, ClientSearch, ClientUser, Software, Solutions, TeamMember
from db.session import Database
from services.actor import Actor
from services.clients import searching
from services.clients.index import Findable, findables, index_clients, index_new, row_of, words_of
from services.clients.names import name_key
from services.clients.search import ClientSearchService, Wish, listed
from services.practice import get_colleague
from tests.builders import Office, office
from tests.postgresql import PostgresServer


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def search(database: Database) -> ClientSearchService:
    return ClientSearchService(database)


def add(database: Database, actor: Actor, *names: str, code: str | None = None) -> list[uuid.UUID]:
    """Clients of these names, as a bulk run adds them."""
    made = [Findable(client_id=uuid7(), practice_id=actor.practice_id, name=name, practice_code=code) for name in names]
    with database.begin() as session:
        session.execute(insert(Client), [_row(database, actor, each) for each in made])
        index_new(session, made)
    return [each.client_id for each in made]


def _row(database: Database, actor: Actor, client: Findable) -> dict[str, object]:
    return {
        "id": client.client_id,
        "practice_id": client.practice_id,
        "name": client.name,
        "name_key": name_key(client.name),
        "practice_code": client.practice_code,
        "code_key": client.practice_code,
        "kind": ClientKind.BUSINESS,
        "solutions": Solutions.BOOKKEEPING,
        "software": Software.NONE,
        "extract_name": client.client_id.hex,
        "applied_defaults": {},
        "created_by": actor.colleague_id,
        "created_at": database.now(),
    }


def names(search: ClientSearchService, actor: Actor, text: str, limit: int = 100) -> list[str]:
    return [option.name for option in search.options(actor, text, limit=limit)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cafe", ["Café Rouge", "Le Café", "Decafé"]),
        ("CAFÉ", ["Café Rouge", "Le Café", "Decafé"]),
        ("rouge caf", ["Café Rouge"]),
        ("af rou", ["Café Rouge"]),
        ("strasse", ["Straße 7"]),
        ("STRAẞE", ["Straße 7"]),
        ("7", ["Straße 7"]),
        ("c", ["Café Rouge", "Le Café"]),
        ("ouge", ["Café Rouge"]),
        ("ug", []),
        ("cafe zzz", []),
        ("%", ["% & more"]),
        ("&", []),
    ],
)
def test_names_that_begin_with_it_come_first_then_words_then_the_middle(
    search: ClientSearchService, database: Database, birch: Office, text: str, found: list[str]
) -> None:
    add(database, birch.ada, "Decafé", "Le Café", "Café Rouge", "Straße 7", "% & more")
    if text == "af rou":  # two letters are the beginning of a word
        found = []
    assert names(search, birch.ada, text) == found


def test_of_very_many_as_many_are_offered_as_were_asked_for_and_each_once(
    search: ClientSearchService, database: Database, birch: Office
) -> None:
    every = [f"{number:03} Building Works" for number in range(300)]
    first = [f"Works of {number:03}" for number in range(3)]
    add(database, birch.ada, *every, *first)
    offered = names(search, birch.ada, "works")
    assert (offered[:3], len(offered), len(set(offered))) == (first, 100, 100)
    assert names(search, birch.ada, "uild", limit=1000) == every
    assert names(search, birch.ada, "")[:2] == every[:2]
    with database.read() as session:
        ids = listed(get_colleague(session, birch.ada), Wish("uild"))
        assert len(session.scalars(ids).all()) == 300


@pytest.mark.parametrize("few", [0, 10_000])
def test_a_colleague_finds_what_was_granted_whether_that_is_little_or_much(
    search: ClientSearchService, database: Database, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(searching, "_FEW", few)
    birch = office(database, teams=("Tax",))
    own, of_team, _ = add(database, birch.ada, "Works of Acme", "Acme Works", "Other Works")
    add(database, office(database, slack_key="T_ELM").ada, "Elm Works")
    with database.begin() as session:
        session.add(TeamMember(team_id=birch.teams["Tax"], colleague_id=birch.sam.colleague_id))
        session.add(ClientAccess(client_id=own, colleague_id=birch.sam.colleague_id))
        session.add(ClientAccess(client_id=of_team, team_id=birch.teams["Tax"]))
    assert names(search, birch.sam, "works") == ["Works of Acme", "Acme Works"]
    assert names(search, birch.sam, "ork acm") == ["Acme Works", "Works of Acme"]
    assert names(search, birch.ada, "works") == ["Works of Acme", "Acme Works", "Other Works"]
    assert names(search, birch.jo, "works") == []


def test_the_deactivated_are_left_out_when_asked(
    search: ClientSearchService, database: Database, birch: Office
) -> None:
    gone, _ = add(database, birch.ada, "Acme One", "Acme Two")
    with database.begin() as session:
        session.get_one(Client, gone).deactivated_at = database.now()
    for text in ("acme", ""):
        active, inactive, both = (search.options(birch.ada, text, active=wanted) for wanted in (True, False, None))
        assert [[each.name for each in some] for some in (active, inactive, both)] == [
            ["Acme Two"],
            ["Acme One"],
            ["Acme One", "Acme Two"],
        ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_part_of_a_word_finds_it_however_it_is_written(
    search: ClientSearchService, database: Database, birch: Office, data: st.DataObject
) -> None:
    written = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)
    name = data.draw(written.filter(lambda text: bool(words_of(text))))
    (client_id,) = add(database, birch.ada, name)
    word = data.draw(st.sampled_from(words_of(name)))
    start = data.draw(st.integers(0, max(len(word) - 3, 0)))
    part = word[start : start + data.draw(st.integers(3, 30))] if start else word[: data.draw(st.integers(1, 30))]
    typed = data.draw(st.sampled_from([part, part.upper(), unicodedata.normalize("NFD", part)]))
    if words_of(typed) == [part]:  # a few capitals are another letter's
        found = search.options(birch.ada, f"{typed} {word[:1]}", limit=10_000)
        assert client_id in {option.client_id for option in found}


def test_two_changes_at_the_same_moment_are_both_found(
    search: ClientSearchService, database: Database, birch: Office
) -> None:
    (client_id,) = add(database, birch.ada, "Acme")
    met = threading.Barrier(2)

    def rename() -> None:
        with database.begin() as session:
            session.get_one(Client, client_id).name = "Birch"
            index_clients(session, [client_id])
            session.flush()

    def employ() -> None:
        with database.begin() as session:
            session.add(
                ClientUser(
                    practice_id=birch.practice_id,
                    client_id=client_id,
                    name="Pat",
                    email="pat@elm.example",
                    email_key="pat@elm.example",
                    role="standard",
                    created_at=database.now(),
                )
            )
            index_clients(session, [client_id])
            session.flush()

    def at_once(act: object) -> None:
        met.wait(10)
        act()  # type: ignore[operator]

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(at_once, (rename, employ)))
    assert names(search, birch.ada, "birch pat elm") == ["Birch"]
    assert names(search, birch.ada, "acme") == []


def test_a_client_that_is_deleted_is_found_no_more(database: Database, birch: Office) -> None:
    (client_id,) = add(database, birch.ada, "Acme")
    with database.begin() as session:
        session.delete(session.get_one(Client, client_id))
    with database.read() as session:
        assert session.scalars(select(ClientSearch)).all() == []


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_url(request: pytest.FixtureRequest, tmp_path: object) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bare.db"
        return
    server: PostgresServer = request.getfixturevalue("postgresql")
    with server.database("bare") as url:
        yield url


def test_the_migration_finds_clients_by_all_that_is_known_of_them(bare_url: str) -> None:
    config = Config("alembic.ini")
    config.attributes["database_url"] = bare_url
    command.upgrade(config, "0006")
    database = Database(bare_url)
    try:
        birch = office(database)
        made = [Findable(client_id=uuid7(), practice_id=birch.practice_id, name=name) for name in ("Café", "Straße 7")]
        with database.begin() as session:
            session.execute(insert(Client), [_row(database, birch.ada, each) for each in made])
            user = {"name": "Pat", "email": "pat@elm.example", "email_key": "pat@elm.example", "role": "standard"}
            place = {"practice_id": birch.practice_id, "client_id": made[0].client_id, "created_at": database.now()}
            session.execute(insert(ClientUser), [user | place])
        command.upgrade(config, "head")
        with database.read() as session:
            kept = {row.client_id: row for row in session.scalars(select(ClientSearch))}
            fresh = [row_of(each) for each in findables(session, [each.client_id for each in made])]
        assert [{name: getattr(kept[row["client_id"]], name) for name in row} for row in fresh] == fresh
        assert names(ClientSearchService(database), birch.ada, "elm pat") == ["Café"]
        command.downgrade(config, "0006")
    finally:
        database.close()
