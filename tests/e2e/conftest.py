"""Stacks, a browser and its windows. Without Chromium the stories are skipped, and the run says so at its end."""

import os
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from sandbox.xero.world import XeroSettings
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
    _close_forms(_practice)
    _practice.check()


@pytest.fixture(scope="package")
def _firm(browser: Browser) -> Iterator[Stack]:
    xero = XeroSettings(organisations=1, odd=False, bulk=True, connection_cap=1000)
    with Stack(region="uk", plan="advanced", bundle=500, xero=xero) as stack:
        yield stack


@pytest.fixture
def firm(_firm: Stack) -> Iterator[Stack]:
    """A practice in the UK on Advanced, and organisations at Xero that nobody has connected yet: as many as
    `have_organisations` says, and any number of them by one consent."""
    yield _firm
    _firm.forget_organisations()
    _close_forms(_firm)
    _firm.check()


def _close_forms(stack: Stack) -> None:
    """A form that a story leaves open would stand before the next one's page."""
    for user_id in ("U_ADA", "U_CLEM", "U_JO", "U_SAM"):
        stack.sandbox.person(user_id).close_all()


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
