"""Calls from other threads into a loop."""

import threading
from collections.abc import Iterator

import pytest

from sandbox.http.loop import LoopThread
from tests.running import PATIENCE


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    """Run a loop."""
    running = LoopThread("test-loop")
    running.start()
    yield running
    running.stop()


def test_a_call_that_raises_does_not_delay_the_next_one(
    thread: LoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    busy, both_are_there, done = threading.Event(), threading.Event(), threading.Event()

    def hold() -> None:
        busy.set()
        both_are_there.wait(PATIENCE)

    def fail() -> None:
        raise ValueError("a call that fails")

    thread.loop.call_soon_threadsafe(hold)
    assert busy.wait(PATIENCE)
    thread.call(fail)
    thread.call(done.set)

    both_are_there.set()

    assert done.wait(PATIENCE)
    assert "a call that fails" in caplog.text
