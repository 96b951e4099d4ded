"""Guessing at invitation links: it costs one look each, and an answer takes the same looks whatever the link is."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from starlette.applications import Starlette

from db.models import InvitationStatus
from db.session import Database
from handlers.pages import routes
from services.invitations.records import LinkState
from tests.fakes import Clock
from tests.invited import PASSWORD, World

SITE = "https://desk.example.com"
GUESSES = 1_000


@pytest.fixture
def world(database: Database, clock: Clock) -> World:
    return World(database, clock)


@contextmanager
def _statements(database: Database) -> Iterator[list[str]]:
    """What the database is asked, without the beginnings and ends of transactions."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def _links(world: World) -> dict[LinkState, str]:
    """A link of each kind that is closed."""
    world.practice()
    tokens = {LinkState.UNKNOWN: secrets.token_urlsafe(32)}
    for state, status in (
        (LinkState.EXPIRED, InvitationStatus.EXPIRED),
        (LinkState.REVOKED, InvitationStatus.REVOKED),
        (LinkState.REPLACED, InvitationStatus.SUPERSEDED),
    ):
        person, tokens[state] = world.sent(email=f"{state}@harbour.example")
        world.change(person, status=status)
    _, tokens[LinkState.USED] = world.sent(email="used@harbour.example")
    world.invitations.accept(tokens[LinkState.USED], PASSWORD)
    return tokens


def test_each_closed_link_takes_the_same_one_look(world: World) -> None:
    links = _links(world)
    asked: dict[LinkState, set[str]] = {}
    for state, token in links.items():
        with _statements(world.database) as statements:
            assert world.invitations.open(token).state is state
        assert len(statements) == 1
        asked[state] = set(statements)
    assert len(set.union(*asked.values())) == 1


def test_an_unswept_link_and_one_of_a_deactivated_client_take_no_more(world: World, clock: Clock) -> None:
    _, token = world.sent()
    clock.advance(timedelta(days=8))
    with _statements(world.database) as statements:
        assert world.invitations.open(token).state is LinkState.EXPIRED
    assert len(statements) == 1


@pytest.mark.parametrize("token", ["", "x", "x" * 42, "x" * 44, "x" * 100_000, "é" * 43, "../" * 14 + "x", "\x00" * 43])
def test_what_can_not_be_a_token_is_not_even_looked_up(world: World, token: str) -> None:
    with _statements(world.database) as statements:
        assert world.invitations.open(token).state is LinkState.UNKNOWN
    assert statements == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_thousand_guesses_are_a_thousand_looks_and_nothing_is_written(world: World, method: str) -> None:
    app = Starlette(routes=routes(world.invitations, public_url=SITE))

    async def guess() -> Counter[int]:
        transport = httpx.ASGITransport(app, client=("192.0.2.1", 5000))
        async with httpx.AsyncClient(transport=transport, base_url=SITE) as client:
            asked = (client.request(method, f"/i/{secrets.token_urlsafe(32)}") for _ in range(GUESSES))
            return Counter(answer.status_code for answer in await asyncio.gather(*asked))

    with _statements(world.database) as statements, ThreadPoolExecutor(1) as thread:
        statuses = thread.submit(lambda: asyncio.run(guess())).result()
    assert statuses == {404: 30, 429: GUESSES - 30}
    assert len(statements) == GUESSES
    assert {statement.partition(" ")[0] for statement in statements} == {"SELECT"}
