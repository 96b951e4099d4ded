"""Stacks, a browser and its windows. Without Chromium the stories are skipped, and the run says so at its end."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.e2e import chromium
from tests.e2e.stack import Stack
from tests.e2e.window import Window

MISSING = "Chromium is not installed"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield  # the last lines are those that people read
    skipped = [each for each in terminalreporter.stats.get("skipped", []) if "browser" in each.keywords]
    if skipped:
        terminalreporter.section("THE BROWSER TESTS DID NOT RUN", sep="!", red=True, bold=True)
        terminalreporter.line(
            f"{len(skipped)} stories were skipped: {MISSING}. Install it (apt install chromium), or the product is "
            "untested where people use it. With REQUIRE_BROWSER=1 this is a failure.",
            red=True,
        )


# Fixtures of this package end with it: Playwright can't be started twice in one thread, and other packages have theirs.


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = chromium.executable()
    if path is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(f"{MISSING}, and REQUIRE_BROWSER is 1")
        pytest.skip(MISSING)
    with chromium.running(path) as browser:
        yield browser


@pytest.fixture
def new_stack(browser: Browser) -> Iterator[Stack]:
    """A workspace that nobody has set up."""
    with Stack(seeded=False) as stack:
        yield stack
        stack.check()


@pytest.fixture(scope="package")
def _practice(browser: Browser) -> Iterator[Stack]:
    with Stack(region="uk", plan="essentials", dhi=False) as stack:
        yield stack


@pytest.fixture
def practice(_practice: Stack) -> Iterator[Stack]:
    """A practice in the UK that is set up: Ada runs it, Clem is a Client Admin, Jo may add clients, Sam may not."""
    yield _practice
    _practice.check()


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Callable[[Stack], Window]]:
    """Opens browser windows, in whose page no script may fail."""
    windows: list[Window] = []

    def open_window(stack: Stack) -> Window:
        windows.append(Window(browser, stack))
        return windows[-1]

    yield open_window
    problems = [problem for window in windows for problem in window.problems]
    for window in windows:
        window.close()
    assert not problems


@pytest.fixture
def ada(practice: Stack, open_window: Callable[[Stack], Window]) -> Iterator[Window]:
    """The Practice Admin, in #general; what she leaves half done is put away afterwards."""
    yield open_window(practice).act_as("U_ADA")
    practice.put_away("U_ADA")
