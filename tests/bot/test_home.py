"""App Home in Slack: published anew while somebody may be looking at it."""

from datetime import timedelta
from typing import Literal

import pytest
from sqlalchemy import select

from db.models import Colleague, Job, JobOutcome
from services.overview.watching import REFRESH
from tests.builders import Office, created, office
from tests.fakes import Clock
from tests.services.test_home import SETTLED, TICK
from tests.stack import Stack

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def people(timed_stack: Stack) -> Office:
    return office(timed_stack.composition.database)


def published(stack: Stack) -> list[str]:
    """Whose homes, in turn."""
    return [str(call["args"]["user_id"]) for call in stack.sandbox.calls("views.publish")]


def pass_time(stack: Stack, clock: Clock, by: timedelta = TICK) -> None:
    end = clock.now() + by
    while clock.now() < end:
        clock.advance(TICK)
        stack.composition.services.home.look()
        stack.run_due()


def test_what_another_colleague_adds_comes_up_by_itself(timed_stack: Stack, people: Office, clock: Clock) -> None:
    stack, ada = timed_stack, timed_stack.person("U_ADA")
    ada.open_home()
    stack.settle()
    pass_time(stack, clock, SETTLED)
    assert published(stack) == ["U_ADA"]
    created(stack.composition.services.add_client, people.jo, "Brand New Ltd")
    pass_time(stack, clock, SETTLED)
    assert published(stack) == ["U_ADA", "U_ADA"]
    assert "Brand New Ltd" in ada.wait_home().text


@pytest.mark.parametrize("fault", ["http500", "ratelimited", "drop"])
def test_slack_is_asked_again_after_a_failure(
    timed_stack: Stack, people: Office, clock: Clock, fault: Literal["http500", "ratelimited", "drop"]
) -> None:
    stack, ada = timed_stack, timed_stack.person("U_ADA")
    ada.open_home()
    stack.settle()
    pass_time(stack, clock, SETTLED)
    created(stack.composition.services.add_client, people.jo, "Brand New Ltd")
    stack.sandbox.fault("views.publish", fault)
    pass_time(stack, clock, timedelta(seconds=30))
    assert "Brand New Ltd" in ada.wait_home().text


def test_a_home_that_slack_refuses_for_good_is_not_tried_again(
    timed_stack: Stack, people: Office, clock: Clock
) -> None:
    stack = timed_stack
    stack.person("U_ADA").open_home()
    stack.settle()
    pass_time(stack, clock, SETTLED)
    with stack.composition.database.begin() as session:
        session.get_one(Colleague, people.ada.colleague_id).slack_user_id = "U_GONE"
    created(stack.composition.services.add_client, people.jo, "Brand New Ltd")
    pass_time(stack, clock, timedelta(minutes=6))
    created(stack.composition.services.add_client, people.jo, "Another Ltd")
    pass_time(stack, clock)
    assert published(stack) == ["U_ADA", "U_GONE"]
    with stack.composition.database.read() as session:
        of_home = select(Job.error).where(Job.kind == REFRESH, Job.outcome == JobOutcome.FAILED)
        assert session.scalars(of_home).all() == ["Slack: user_not_found"]


def test_the_worker_looks_after_homes_by_itself(timed_stack: Stack, people: Office, clock: Clock) -> None:
    ada = timed_stack.person("U_ADA")
    ada.open_home()
    timed_stack.settle()
    clock.advance(SETTLED)
    created(timed_stack.composition.services.add_client, people.jo, "Brand New Ltd")
    with timed_stack.working():
        ada.wait_home("Brand New Ltd")
