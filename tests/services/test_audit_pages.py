"""Paging through the audit trail, whatever is looked for."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from db.models import AuditEntry, Source
from db.session import Database
from services import audit
from services.audit.finding import AuditWish, Mark
from services.audit.trail import PAGE, AuditTrailService
from tests.audited import everything, record
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock

SECOND = timedelta(seconds=1)


@pytest.fixture
def birch(database: Database) -> Office:
    return office(database)


@pytest.fixture
def trail(database: Database) -> AuditTrailService:
    return AuditTrailService(database)


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE])
def test_pages_hold_every_entry_once_newest_first_in_both_directions(
    database: Database, birch: Office, trail: AuditTrailService, clock: Clock, count: int
) -> None:
    for number in range(count):
        # Several at one time, as a bulk change writes them.
        clock.advance(SECOND if number % 3 == 0 else timedelta())
        record(
            database, birch.ada, "invitation.sent" if number % 2 else "invitation.opened", after={"name": str(number)}
        )
    for wish in (AuditWish(what="invitations"), AuditWish(what="invitations", person=birch.ada.colleague_id)):
        found = everything(trail, birch.ada, wish)
        assert [(line.at, line.entry_id) for line in found] == sorted(
            ((line.at, line.entry_id) for line in found), reverse=True
        )
        assert sorted(int(line.subject or "") for line in found) == list(range(count))


def test_entries_that_come_meanwhile_move_no_page(
    database: Database, birch: Office, trail: AuditTrailService, clock: Clock
) -> None:
    for number in range(3 * PAGE):
        clock.advance(SECOND)
        record(database, birch.ada, after={"name": str(number)})
    wish = AuditWish(what="client.renamed")
    first = trail.page(birch.ada, wish)
    assert first.older is not None
    clock.advance(SECOND)
    record(database, birch.ada, after={"name": "new"})
    second = trail.page(birch.ada, wish, older_than=first.older)
    assert [line.subject for line in second.lines] == [str(number) for number in range(2 * PAGE - 1, PAGE - 1, -1)]
    assert second.newer is not None
    back = trail.page(birch.ada, wish, newer_than=second.newer)
    assert (back.lines, back.newer) == (
        first.lines,
        first.lines and Mark(at=first.lines[0].at, id=first.lines[0].entry_id),
    )
    top = trail.page(birch.ada, wish, newer_than=back.newer)
    assert ([line.subject for line in top.lines][:2], top.newer) == (["new", str(3 * PAGE - 1)], None)


def test_past_the_oldest_entry_the_newest_page_is_shown(
    birch: Office, trail: AuditTrailService, database: Database
) -> None:
    mark = Mark(at=datetime(2001, 1, 1, tzinfo=UTC), id=uuid.uuid4())
    assert trail.page(birch.ada, AuditWish(), older_than=mark) == trail.page(birch.ada, AuditWish())


@contextmanager
def counting(database: Database) -> Iterator[list[str]]:
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    event.listen(database.engine, "before_cursor_execute", listen)
    yield said
    event.remove(database.engine, "before_cursor_execute", listen)


def test_a_page_takes_as_many_queries_however_long_the_trail_is(
    database: Database, birch: Office, trail: AuditTrailService
) -> None:
    clients = [created(add_client(database), birch.ada, f"Client {number}").client_id for number in range(PAGE)]
    with counting(database) as few:
        trail.page(birch.ada, AuditWish())
    with database.begin() as session:
        for number in range(2_000):
            audit.record(session, birch.ada, "client.renamed", clients[number % PAGE], at=database.now())
    with counting(database) as many:
        trail.page(birch.ada, AuditWish())
    assert len(many) <= len(few) <= 8


ENTRIES = st.lists(
    st.tuples(
        st.integers(0, 3),  # seconds
        st.sampled_from(["ada", "clem", *Source]),
        st.sampled_from(["invitation.sent", "invitation.opened", "client.renamed", "practice.changed"]),
        st.booleans(),  # of the client
    ),
    max_size=25,
)
WISHES = st.fixed_dictionaries(
    {},
    optional={
        "person": st.sampled_from(["ada", *Source]),
        "what": st.sampled_from(["invitations", "clients", "client.renamed"]),
        "client": st.just(value=True),
    },
)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_found_is_what_a_look_at_every_entry_finds(
    database: Database, trail: AuditTrailService, clock: Clock
) -> None:
    start = clock.now()

    @settings(max_examples=25, deadline=None)
    @given(ENTRIES, WISHES)
    def search(entries: list[tuple[int, Any, str, bool]], wish: dict[str, Any]) -> None:
        birch = office(database, slack_key=f"T_{uuid.uuid4()}")
        client = created(add_client(database), birch.jo, "Acme").client_id
        who = {"ada": birch.ada, "clem": birch.clem}
        for seconds, by, action, of_client in entries:
            subject, at = client if of_client else uuid.uuid4(), start + seconds * SECOND
            record(database, who.get(by, by), action, subject, practice=birch, at=at)
        asked = dict(wish)
        if "client" in asked:
            asked["client"] = client
        if asked.get("person") == "ada":
            asked["person"] = birch.ada.colleague_id
        found = everything(trail, birch.ada, AuditWish(**asked))
        with database.read() as session:
            rows = [row for row in session.query(AuditEntry) if row.practice_id == birch.practice_id]
        assert [line.entry_id for line in found] == [
            row.id for row in sorted(rows, key=lambda row: (row.at, row.id), reverse=True) if _fits(row, asked)
        ]

    search()


def _fits(row: AuditEntry, asked: dict[str, Any]) -> bool:
    groups = {"invitations": "invitation.", "clients": "client."}
    person, what = asked.get("person"), asked.get("what")
    by = person is None or row.colleague_id == person or (row.colleague_id is None and row.source == person)
    done = what is None or row.action.startswith(groups.get(what, what))
    return by and done and asked.get("client") in {None, row.subject_id}
