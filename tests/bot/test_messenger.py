"""What the Slack lane sends, when Slack is slow to take it, does not answer, or does not want it."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from db.models import Job, JobOutcome, Practice
from sandbox.slack.world import World
from tests.builders import Office, add_client, created, office
from tests.fakes import Clock
from tests.stack import Stack

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def birch(timed_stack: Stack) -> Office:
    """A practice whose Ada is about to be welcomed."""
    return office(timed_stack.composition.database)


@pytest.fixture
def stack(timed_stack: Stack, birch: Office) -> Stack:
    return timed_stack


@pytest.fixture
def world(stack: Stack) -> World:
    return stack.running.world


def job(stack: Stack, kind: str = "slack.welcome") -> Job:
    with stack.composition.database.read() as session:
        return session.scalars(select(Job).where(Job.kind == kind)).one()


def welcomes(stack: Stack) -> int:
    return sum("Welcome to Clientdesk" in message.text for message in stack.person("U_ADA").messages("app_dm"))


def posts(stack: Stack) -> list[dict[str, Any]]:
    return stack.sandbox.calls("chat.postMessage")


def is_uninstalled(stack: Stack) -> bool:
    with stack.composition.database.read() as session:
        return session.scalars(select(Practice.uninstalled_at)).one() is not None


def test_a_message_is_sent_once_and_carries_its_jobs_key(stack: Stack) -> None:
    stack.run_due()
    stack.run_due()
    assert welcomes(stack) == 1
    [post] = posts(stack)
    metadata = post["args"]["metadata"]
    given = json.loads(metadata) if isinstance(metadata, str) else metadata
    assert given["event_payload"] == {"key": job(stack).key}
    assert job(stack).outcome is JobOutcome.DONE


def test_slacks_rate_limit_is_waited_out_and_uses_up_no_try(stack: Stack, clock: Clock) -> None:
    stack.sandbox.fault("chat.postMessage", "ratelimited", times=1, retry_after=30)
    began = clock.now()
    assert stack.run_due() == 1
    assert (job(stack).due, job(stack).tries, job(stack).outcome) == (began + timedelta(seconds=30), 0, None)
    clock.advance(timedelta(seconds=29))
    assert stack.run_due() == 0
    clock.advance(timedelta(seconds=1))
    stack.run_due()
    assert welcomes(stack) == 1
    assert len(posts(stack)) == 2


def test_a_failure_of_slacks_is_tried_again_later(stack: Stack, clock: Clock) -> None:
    stack.sandbox.fault("chat.postMessage", "http500", times=2)
    for _ in range(5):
        stack.run_due()
        clock.advance(timedelta(minutes=1))
    assert welcomes(stack) == 1
    assert len(posts(stack)) == 3


def test_a_connection_that_broke_before_slack_took_the_message_is_tried_again(stack: Stack, clock: Clock) -> None:
    stack.sandbox.fault("chat.postMessage", "drop")
    stack.run_due()
    assert welcomes(stack) == 0
    clock.advance(timedelta(minutes=1))
    stack.run_due()
    assert welcomes(stack) == 1


def test_a_message_whose_answer_was_lost_is_not_sent_twice(stack: Stack) -> None:
    stack.run_due()
    assert welcomes(stack) == 1
    with stack.composition.database.begin() as session:
        # As if the process had died between Slack's answer and the commit.
        session.execute(
            update(Job)
            .where(Job.kind == "slack.welcome")
            .values(due=stack.composition.database.now(), outcome=None, finished_at=None)
        )
    stack.run_due()
    assert job(stack).outcome is JobOutcome.DONE
    assert welcomes(stack) == 1
    assert len(posts(stack)) == 1


def test_another_message_of_the_same_kind_is_not_taken_for_the_lost_one(
    stack: Stack, birch: Office, clock: Clock
) -> None:
    service = add_client(stack.composition.database)
    client = created(service, birch.ada, "Acme Ltd")
    stack.run_due()
    stack.sandbox.fault("chat.postMessage", "http500")
    other = created(service, birch.ada, "Zenith Ltd")
    stack.run_due()
    clock.advance(timedelta(minutes=1))
    stack.run_due()
    texts = [message.text for message in stack.person("U_ADA").messages("app_dm")]
    assert sum(client.name in text for text in texts) == sum(other.name in text for text in texts) == 1


def test_somebody_who_is_gone_is_a_fact_and_says_nothing_of_the_practice(stack: Stack, world: World) -> None:
    world.change_user("U_ADA", deleted=True)
    stack.run_due()
    assert job(stack).outcome is JobOutcome.FAILED
    assert job(stack).tries == 1
    assert not is_uninstalled(stack)


def test_to_a_workspace_that_uninstalled_nothing_is_sent(stack: Stack) -> None:
    stack.composition.services.workspaces.uninstalled("T_BIRCH")
    stack.run_due()
    assert posts(stack) == []
    assert job(stack).outcome is JobOutcome.FAILED


def test_a_workspace_whose_token_slack_refuses_counts_as_uninstalled(stack: Stack, birch: Office, world: World) -> None:
    world.set_installed("T_BIRCH", installed=False)
    created(add_client(stack.composition.database), birch.ada, "Acme Ltd")
    stack.run_due()
    assert is_uninstalled(stack)
    assert len(posts(stack)) == 1, "the second message is not even tried"


def test_it_is_back_when_a_person_uses_it_and_slack_answers(stack: Stack, world: World) -> None:
    world.set_installed("T_BIRCH", installed=False)
    stack.run_due()
    assert is_uninstalled(stack)
    world.set_installed("T_BIRCH", installed=True)
    assert stack.person("U_ADA").command("/add-client").ok
    stack.settle()
    assert not is_uninstalled(stack)


def test_what_nobody_is_left_to_hear_is_given_up(stack: Stack) -> None:
    with stack.composition.database.begin() as session:
        session.execute(update(Job).values(args={"colleague_id": "01900000-0000-7000-8000-000000000000"}))
    stack.run_due()
    assert job(stack).outcome is JobOutcome.FAILED
    assert job(stack).tries == 1
