"""The one message that follows a sync: posted once, edited as it goes on, and again where it is missed."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from db.models import Job, SyncRun
from sandbox.driver import Person
from services.client_sync.running import PROGRESS
from tests.builders import office
from tests.fakes import Clock
from tests.stack import Stack
from tests.syncing import added, database_of, done, posts, scale, start, to_list

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def stack(timed_stack: Stack) -> Stack:
    office(database_of(timed_stack))
    return timed_stack


@pytest.fixture
def ada(stack: Stack) -> Person:
    return stack.person("U_ADA")


def _held_up(stack: Stack, person: Person) -> None:
    """A sync of which Xero lets nothing through for a minute."""
    scale(stack, 3)
    to_list(stack, person)
    stack.sandbox.xero.fault("limited", problem="appminute")
    start(stack, person)


def test_it_is_edited_every_two_seconds_while_something_goes_on(stack: Stack, ada: Person, clock: Clock) -> None:
    scale(stack, 3)
    to_list(stack, ada)
    stack.sandbox.xero.fault("http500", path="organisation")
    start(stack, ada)
    done(stack, ada, "0 of 3")
    for edits in (1, 2):
        clock.advance(timedelta(seconds=1))
        stack.run_due()
        assert len(posts(stack, "chat.update")) == edits - 1
        clock.advance(timedelta(seconds=1))
        stack.run_due()
        assert len(posts(stack, "chat.update")) == edits
    assert len(posts(stack)) == 1


def test_it_says_how_long_xero_makes_it_wait_and_is_let_be_until_then(stack: Stack, ada: Person, clock: Clock) -> None:
    _held_up(stack, ada)
    message = done(stack, ada, "0 of 3")
    assert "Xero asks us to wait. It goes on by itself" in message.text
    clock.advance(timedelta(seconds=50))
    stack.run_due()
    assert len(posts(stack, "chat.update")) == 0
    stack.sandbox.xero.clear_faults()
    clock.advance(timedelta(minutes=2))
    stack.run_due()
    assert "3 created" in done(stack, ada).text


def test_a_message_whose_answer_was_lost_is_not_posted_twice(stack: Stack, ada: Person, clock: Clock) -> None:
    message = added(stack, ada, 3)
    with database_of(stack).begin() as session:
        # As if the process had died between Slack's answer and the commit.
        session.execute(update(SyncRun).values(channel=None, message_ts=None))
        first = update(Job).where(Job.key.startswith(f"{PROGRESS}:"), Job.key.endswith(":0"))
        session.execute(first.values(due=database_of(stack).now(), outcome=None, finished_at=None))
    clock.advance(timedelta(seconds=10))
    stack.run_due()
    assert len(posts(stack)) == 1
    with database_of(stack).read() as session:
        assert session.scalars(select(SyncRun.message_ts)).all() == [message.ts]


def test_whoever_deletes_it_gets_only_the_result(stack: Stack, ada: Person, clock: Clock) -> None:
    _held_up(stack, ada)
    message = done(stack, ada, "0 of 3")
    world = stack.running.world
    world.delete(world.message(message.conversation, message.ts))
    clock.advance(timedelta(seconds=4))
    stack.run_due()
    assert len(posts(stack)) == 1
    stack.sandbox.xero.clear_faults()
    clock.advance(timedelta(hours=2))
    stack.run_due()
    clock.advance(timedelta(seconds=4))
    result = done(stack, ada)
    assert "3 created" in result.text
    assert len(posts(stack)) == 2
