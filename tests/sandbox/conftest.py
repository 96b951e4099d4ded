"""A sandbox per module, reset for each test, and Slack's own client for it."""

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient

from sandbox.app import SandboxConfig
from sandbox.driver import Sandbox
from sandbox.running import RunningSandbox
from tests.sandbox.apps import AppServer, ManualClock

TOKEN = "xoxb-sandbox-T_BIRCH"


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="module")
def config(clock: ManualClock) -> SandboxConfig:
    return SandboxConfig(clock=clock)


@pytest.fixture(scope="module")
def module_sandbox(config: SandboxConfig) -> Iterator[RunningSandbox]:
    with RunningSandbox(config) as running:
        yield running


@pytest.fixture
def running(module_sandbox: RunningSandbox) -> RunningSandbox:
    module_sandbox.world.reset()
    return module_sandbox


@pytest.fixture
def sandbox(running: RunningSandbox) -> Iterator[Sandbox]:
    with Sandbox(running.url) as driver:
        yield driver


@pytest.fixture
def client(running: RunningSandbox) -> WebClient:
    return slack(running)


@pytest.fixture(scope="module")
def app_server() -> Iterator[AppServer]:
    with AppServer() as server:
        yield server


def slack(running: RunningSandbox, token: str | None = TOKEN, **more: Any) -> WebClient:
    """Slack's own client, pointed at the sandbox; it never retries by itself."""
    return WebClient(token=token, base_url=running.api_url, retry_handlers=[], **more)
