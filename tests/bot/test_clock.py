import logging
import threading
from datetime import timedelta

import pytest

from bot.clock import Clock, Tick

SOON = 10.0
FAST = timedelta(milliseconds=20)
NEVER = timedelta(days=1)


def test_every_tick_is_called_at_the_start_and_again() -> None:
    once, again = threading.Semaphore(0), threading.Semaphore(0)
    clock = Clock(
        [
            Tick(name="once", every=NEVER, call=once.release),
            Tick(name="again", every=FAST, call=again.release),
        ]
    )

    clock.start()
    assert once.acquire(timeout=SOON)
    for _ in range(3):
        assert again.acquire(timeout=SOON)
    clock.stop()

    assert not once.acquire(blocking=False)


def test_a_tick_that_raises_is_logged_and_counted_and_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    called = threading.Semaphore(0)

    def call() -> None:
        called.release()
        raise ZeroDivisionError("of the tick")

    clock = Clock([Tick(name="bad", every=FAST, call=call)])

    with caplog.at_level(logging.ERROR, "bot.clock"):
        clock.start()
        for _ in range(2):
            assert called.acquire(timeout=SOON)
        clock.stop()

    assert clock.errors["bad"] >= 2
    assert "of the tick" in caplog.text


def test_a_slow_tick_is_never_called_twice_at_once_and_holds_up_no_other() -> None:
    slow_began, other = threading.Semaphore(0), threading.Semaphore(0)
    go = threading.Event()

    def slow() -> None:
        slow_began.release()
        go.wait(SOON)

    clock = Clock([Tick(name="slow", every=FAST, call=slow), Tick(name="other", every=FAST, call=other.release)])

    clock.start()
    assert slow_began.acquire(timeout=SOON)
    for _ in range(5):
        assert other.acquire(timeout=SOON)
    assert not slow_began.acquire(blocking=False)
    go.set()
    clock.stop()
