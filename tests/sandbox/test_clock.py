"""The clock runs at real speed, can be moved forward, and skips no timer on the way."""

import sys
import threading
import time

from sandbox.conditions.clock import Clock
from tests.sandbox.plane import PATIENCE


def _settle() -> None:
    """Do nothing: the test's timers start no work."""


def test_the_time_is_real_time_plus_all_moves() -> None:
    clock = Clock(real=lambda: 1000.0)

    assert clock() == 1_000_000
    assert clock.advance(60, _settle) == 1_060_000
    assert clock() == 1_060_000


def test_a_move_stops_at_every_timer_in_order_of_time() -> None:
    clock = Clock(real=lambda: 0.0)
    seen: list[tuple[str, int]] = []
    clock.after(20, lambda: seen.append(("second", clock())))
    clock.after(10, lambda: seen.append(("first", clock())))
    clock.after(31, lambda: seen.append(("not yet", clock())))

    clock.advance(30, _settle)

    assert seen == [("first", 10_000), ("second", 20_000)]


def test_a_timer_set_during_a_move_falls_due_in_the_same_move() -> None:
    clock = Clock(real=lambda: 0.0)
    seen: list[int] = []

    def again() -> None:
        seen.append(clock())
        clock.after(10, again)

    clock.after(10, again)
    clock.advance(35, _settle)

    assert seen == [10_000, 20_000, 30_000]


def test_each_stop_waits_until_the_stack_has_settled() -> None:
    clock = Clock(real=lambda: 0.0)
    order: list[str] = []
    clock.after(1, lambda: order.append("timer"))
    clock.after(2, lambda: order.append("timer"))

    clock.advance(3, lambda: order.append("settled"))

    assert order == ["timer", "settled", "timer", "settled", "settled"]


def test_a_cancelled_timer_does_nothing() -> None:
    clock = Clock(real=lambda: 0.0)
    seen: list[str] = []
    clock.after(1, lambda: seen.append("cancelled")).cancel()

    clock.advance(2, _settle)

    assert not seen


def test_a_timer_that_raises_stops_no_other() -> None:
    clock = Clock(real=lambda: 0.0)
    seen: list[str] = []

    def fail() -> None:
        raise RuntimeError("on purpose")

    clock.after(1, fail)
    clock.after(2, lambda: seen.append("next"))

    clock.advance(2, _settle)

    assert seen == ["next"]


def test_a_timer_that_a_move_brought_closer_falls_due_in_real_time() -> None:
    clock = Clock()
    rang = threading.Event()
    clock.after(60, rang.set)
    clock.start()
    while not _sleeps(clock):  # its thread now believes that there is a minute left
        time.sleep(0.001)

    clock.advance(59.9, _settle)

    assert rang.wait(PATIENCE)
    clock.stop()


def test_timers_fall_due_in_real_time_too() -> None:
    clock = Clock()
    rang = threading.Event()
    clock.start()
    clock.after(60, lambda: None)
    clock.after(0.01, rang.set)

    assert rang.wait(PATIENCE)
    clock.stop()


def _sleeps(clock: Clock) -> bool:
    """Return True while the clock's own thread waits for the next timer."""
    return any(
        frame.f_code is threading.Condition.wait.__code__
        and frame.f_back is not None
        and frame.f_back.f_locals.get("self") is clock
        for frame in sys._current_frames().values()
    )
