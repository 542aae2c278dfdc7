"""The sweep reads each connection once, and a crash is no more than a delay."""

from typing import Any

import pytest

from tests.aws import Aws
from tests.chalicelib.actions.upkeep.silent import age, silence
from tests.crowd import crowd, ids
from tests.in_memory import Context, Until
from tests.stack import Stack


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", [9_000, pytest.param(20_000, marks=pytest.mark.nightly)])
def test_thousands_of_connections_are_read_once_and_the_idle_closed(aws: Aws, size: int) -> None:
    stack = Stack(aws, AWS_TIMEOUT_SECONDS="60")  # the local store takes seconds for such a page
    _, session_id = stack.session()
    room = crowd(stack, session_id, size, ("es", "fr", "de"))
    idle = room[:: size // 50]
    age(stack, idle, 300)

    with reads(stack) as read:
        swept = stack.sweep()

    assert swept == {"checked": size + 1, "idle": 50, "closed": 50}
    assert set(stack.sockets.closed) == ids(idle)
    assert len(read.scanned) == len(set(read.scanned)) == size + 1
    assert read.largest_page < 8_000  # a page of 1 MB, whatever the table holds
    assert stack.counts(session_id)[0] == size - 50


def test_a_sweep_out_of_time_goes_on_in_a_job_behind_the_last_connection(stack: Stack) -> None:
    speaker, session_id = stack.session()
    room = crowd(stack, session_id, 30)
    silence(stack, 120, speaker)
    stack.context = Until(lambda: bool(stack.sockets.closed), 7)

    first = stack.sweep()
    (job,) = [body for _, body in stack.jobs.waiting if body["kind"] == "sweep"]
    stack.context = Context()
    with reads(stack) as read:
        stack.run_jobs()

    assert first["closed"] == 1
    assert set(stack.sockets.closed) == ids(room)
    assert job["after"] not in read.scanned
    assert stack.counts(session_id) == (0, {})


def test_sessions_that_need_all_the_time_do_not_keep_connections_from_their_turn(
    stack: Stack,
) -> None:
    stack.session()
    stack.context.seconds = 7.0

    assert stack.sweep() == {"checked": 0, "idle": 0, "closed": 0}

    stack.context.seconds = 30.0
    silence(stack, 120)
    stack.run_jobs()
    assert len(stack.sockets.closed) == 1


def test_two_sweeps_never_run_side_by_side(stack: Stack) -> None:
    stack.session()
    silence(stack, 120)
    seen: list[Any] = []
    stack.database.before("Scan", lambda: seen.append(stack.sweep()))

    assert stack.sweep()["closed"] == 1
    assert seen == [{"checked": 0, "idle": 0, "closed": 0}]


def test_a_sweep_that_crashed_holds_up_no_later_run(stack: Stack) -> None:
    stack.context.seconds = 60.0
    stack.session()
    silence(stack, 120)
    with stack.outside.killed_after(1):
        stack.sweep()

    assert stack.sweep()["checked"] == 0
    stack.clock.advance(59)

    assert stack.sweep()["closed"] == 1


def test_its_metrics_show_what_it_did(aws: Aws) -> None:
    stack = Stack(aws)
    _, session_id = stack.session()
    stack.listener(session_id, "fr")
    silence(stack, 120)

    stack.sweep()

    metrics: dict[str, Any] = {}
    for line in stack.events():
        if line.get("function") == "sweep_connections":
            metrics |= {name: value for name, value in line.items() if name[0].isupper()}
    assert metrics["ConnectionsChecked"] == 2
    assert metrics["IdleConnectionsDetected"] == 2
    assert metrics["ConnectionsClosed"] == 2
    assert (metrics["Role"], metrics["Reason"]) in {("listener", "idle"), ("speaker", "idle")}


class reads:  # noqa: N801 - used as a verb
    """Record what the scans of a stack read while this is open."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.scanned: list[str] = []
        self.largest_page = 0

    def __enter__(self) -> "reads":
        self._stack.database.on_answer = self._note
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.database.on_answer = lambda *_: None

    def _note(self, operation: str, _: object, answer: Any) -> None:
        if operation == "Scan":
            self.scanned += [item["connectionId"]["S"] for item in answer["Items"]]
            self.largest_page = max(self.largest_page, len(answer["Items"]))
