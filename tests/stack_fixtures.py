"""The product running against the sandbox."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from bot.router import Kind, Route
from sandbox.running import RunningSandbox
from tests.fakes import Clock
from tests.stack import SANDBOX, Stack


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[RunningSandbox]:
    with RunningSandbox(SANDBOX) as running:
        yield running


@pytest.fixture
def stack(
    database_url: str, running_sandbox: RunningSandbox, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stack]:
    """One workspace, real time. A test marked `reaches(...)` must have had these ids handled when it ends."""
    with Stack(database_url, running_sandbox) as stack, _reaching(stack, request, monkeypatch):
        yield stack


@pytest.fixture
def timed_stack(
    database_url: str,
    running_sandbox: RunningSandbox,
    clock: Clock,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Stack]:
    """The same, with the fake clock deciding what is due."""
    with Stack(database_url, running_sandbox, now=clock.now) as stack, _reaching(stack, request, monkeypatch):
        yield stack


@contextmanager
def _reaching(stack: Stack, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    handled: set[str] = set()
    find = stack.composition.router.find

    def watched(kind: Kind, name: str) -> Route | None:
        handled.add(name)
        return find(kind, name)

    monkeypatch.setattr(stack.composition.router, "find", watched)
    yield
    wanted = {name for mark in request.node.iter_markers("reaches") for name in mark.args}
    assert wanted <= handled, f"never handled: {wanted - handled}"


@pytest.fixture
def many(database_url: str, running_sandbox: RunningSandbox, clock: Clock) -> Iterator[Stack]:
    """Any workspace may install the app; the fake clock decides what is due."""
    with Stack(database_url, running_sandbox, now=clock.now, many_workspaces=True) as stack:
        yield stack
