"""Beyond the account's concurrency Lambda throttles, and each caller does what AWS's does."""

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from sandbox.functions.pool import Pool
from tests.sandbox.conftest import RecordingStack
from tests.sandbox.plane import PATIENCE


@contextlib.contextmanager
def _busy(stack: RecordingStack) -> Iterator[None]:
    """Let one job use all the concurrency there is."""
    stack.sandbox.physics.change({"concurrency": 1})
    free = threading.Event()
    stack.app.answers["jobs"] = lambda _: free.wait(PATIENCE) and None
    stack.send("long")
    assert stack.app.bodies() == ["long"]
    stack.app.answers.pop("jobs")
    try:
        yield
    finally:
        free.set()


def test_a_handshake_gets_500_and_its_handler_is_not_called(stack: RecordingStack) -> None:
    with _busy(stack), pytest.raises(InvalidStatus) as refused:
        connect(f"ws://127.0.0.1:{stack.sandbox.port}/local").close()

    assert refused.value.response.status_code == 500
    assert stack.app.saw_nothing("connect")


def test_a_job_is_tried_again_and_stays_one_attempt(stack: RecordingStack) -> None:
    with _busy(stack):
        stack.send("waits")
        time.sleep(0.3)
        assert stack.app.saw_nothing("jobs")

    (record,) = stack.app.saw("jobs")["Records"]
    assert record["body"] == "waits"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"


def test_changes_of_a_stream_are_tried_again_however_often_they_are_throttled(
    stack: RecordingStack,
) -> None:
    stack.put_session("a", n={"N": "1"})
    with _busy(stack):
        stack.put_session("a", n={"N": "2"})
        for _ in range(12):  # more than the five retries after errors
            stack.sandbox.clock.advance(1, lambda: time.sleep(0.05))
        assert stack.app.saw_nothing("changes")

    stack.sandbox.advance(5)

    assert len(stack.app.saw("changes")["Records"]) == 1


def test_a_schedule_is_tried_again_with_backoff(stack: RecordingStack) -> None:
    with _busy(stack):
        stack.sandbox.clock.advance(61, lambda: time.sleep(0.05))
        assert stack.app.saw_nothing("every_minute")

    stack.sandbox.advance(30)

    assert stack.app.saw("every_minute")["detail-type"] == "Scheduled Event"


def test_a_schedule_that_is_run_by_hand_says_that_it_is_throttled(stack: RecordingStack) -> None:
    with _busy(stack):
        status, answer = stack.call("POST", "/_sandbox/schedules/every_minute")

    assert (status, answer["message"]) == (429, "every_minute is throttled: concurrency is in use")


def test_a_message_to_a_queue_takes_its_time_there_and_to_the_function(
    stack: RecordingStack,
) -> None:
    stack.sandbox.physics.change({"queue_ms": 200})
    began = time.monotonic()

    stack.send("slow")
    sent = time.monotonic() - began
    stack.app.saw("jobs")

    assert 0.2 <= sent < 1.0
    assert 0.4 <= time.monotonic() - began < 2.0


def test_the_pool_grows_while_it_may_and_only_then() -> None:
    may_grow = 0
    pool, free = Pool(1, may_grow=lambda: may_grow), threading.Event()
    running = threading.Semaphore(0)

    def work() -> None:
        running.release()
        free.wait(PATIENCE)

    pool.start()
    for _ in range(3):
        pool.submit(work)
    assert running.acquire(timeout=PATIENCE)
    assert not running.acquire(timeout=0.2)

    may_grow = 3
    pool.submit(work)
    pool.submit(work)

    assert all(running.acquire(timeout=PATIENCE) for _ in range(2))
    assert not running.acquire(timeout=0.2)
    free.set()
    pool.stop()
