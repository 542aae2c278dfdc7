"""Whatever is said arrives: here or in the background, in time or by a job, killed or repeated."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib import handlers, wiring
from chalicelib.errors import ServiceDown
from tests.aws import Aws
from tests.crowd import crowd
from tests.stack import Client, Context, Stack


class NoQueue:
    """A jobs queue that is down."""

    def send(self, body: Mapping[str, Any], delay: int = 0) -> None:
        raise ServiceDown(f"no queue for {body['kind']} in {delay} s")

    def send_many(self, bodies: Iterable[Mapping[str, Any]], delay: int = 0) -> None:
        for body in bodies:
            self.send(body, delay)

    def depth(self) -> int:
        raise ServiceDown("no queue")


def seqs(client: Client) -> list[int]:
    return [each["seq"] for each in client.of_type("broadcast")]


def metrics(stack: Stack, name: str) -> list[float]:
    """Every value of a metric, in order."""
    found = [event[name] for event in stack.events() if name in event]
    return [value for each in found for value in (each if isinstance(each, list) else [each])]


def in_background(aws: Aws) -> Stack:
    """A stack in which every delivery is left to jobs."""
    return Stack(aws, INLINE_FANOUT_LIMIT="0", MAX_LISTENERS_PER_SESSION="5000")


def test_a_fan_out_says_what_became_of_everybody(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 6)
    stack.advance(60)
    listeners[0].close(lost=True)
    stack.sockets.slow |= {listeners[1].connection_id, listeners[2].connection_id}

    speaker.send("broadcast", data="x")

    assert metrics(stack, "FanOutRecipients") == [6]
    assert metrics(stack, "FanOutDelivered") == [3]
    assert metrics(stack, "FanOutGone") == [1]
    assert metrics(stack, "FanOutSlow") == [2]
    assert metrics(stack, "FanOutUnsent") == []
    assert metrics(stack, "FanOutLatency") == [0]


def test_a_handler_with_two_seconds_left_leaves_all_to_a_job(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 5)
    stack.context.seconds = 2

    accepted = speaker.send("broadcast", data="x")

    assert (accepted["type"], accepted["recipients"]) == ("broadcastAccepted", 5)
    assert [seqs(each) for each in listeners] == [[]] * 5
    assert metrics(stack, "FanOutUnsent") == [5]
    stack.context.seconds = 30
    stack.run_jobs()
    assert [seqs(each) for each in listeners] == [[1]] * 5


def test_a_job_with_two_seconds_left_stops_and_another_delivers_the_rest(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 8)
    speaker.send("broadcast", data="x")
    (fan_out,) = stack.jobs.take_due()
    run(stack, fan_out)
    (deliver,) = stack.jobs.take_due()

    run(stack, deliver, Running([30, 30, 30, 2]))
    assert [seqs(each) for each in listeners] == [[1]] * 3 + [[]] * 5
    assert speaker.of_type("requestCompleted") == []
    stack.run_jobs()

    assert [seqs(each) for each in listeners] == [[1]] * 8
    (completed,) = speaker.of_type("requestCompleted")
    assert completed["result"] == {"delivered": 8, "gone": 0, "slow": 0, "unsent": 0}


class Running(Context):
    """An invocation whose time runs out: so many seconds are left at each look."""

    def __init__(self, seconds: list[float]) -> None:
        super().__init__()
        self._left = seconds

    def get_remaining_time_in_millis(self) -> float:
        left = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        return left * 1000


def run(stack: Stack, job: Mapping[str, Any], context: Context | None = None) -> None:
    attributes = {"ApproximateReceiveCount": "1"}
    record = {"messageId": "1", "body": json.dumps(job), "attributes": attributes}
    answer = handlers.jobs({"Records": [record]}, context or stack.context)
    assert answer == {"batchItemFailures": []}, stack.lines[-1]


def test_every_job_run_twice_completes_a_delivery_once_and_counts_everybody_once(
    aws: Aws,
) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 700)

    speaker.send("broadcast", data="x")
    stack.run_jobs(times=2)

    assert all(set(seqs(each)) == {1} for each in listeners)
    (completed,) = speaker.of_type("requestCompleted")
    assert completed["result"] == {"delivered": 700, "gone": 0, "slow": 0, "unsent": 0}


@pytest.mark.parametrize("kind", ["fanOut", "deliver"])
def test_a_job_killed_between_any_two_calls_leaves_nobody_out_when_it_comes_again(
    aws: Aws, kind: str
) -> None:
    stack = in_background(aws)
    lived = False
    calls = 0
    while not lived:
        speaker, session_id = stack.session(f"speaker-{calls}")
        listeners = crowd(stack, session_id, 4, ("es", "fr"))
        speaker.send("broadcast", data="x")
        (job,) = stack.jobs.take_due()
        if kind == "deliver":
            run(stack, job)
            (job,) = stack.jobs.take_due()

        with stack.outside.killed_after(calls):
            run(stack, job)
            lived = True
        run(stack, job)
        stack.run_jobs()

        assert [set(seqs(each)) for each in listeners] == [{1}] * 4
        completed = speaker.of_type("requestCompleted")
        assert completed, f"killed after {calls} calls"
        assert completed[0]["result"] == {"delivered": 4, "gone": 0, "slow": 0, "unsent": 0}
        calls += 1
    assert calls > 4


def test_progress_is_told_ten_times_a_second_at_most(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    crowd(stack, session_id, 1000)
    speaker.send("broadcast", data="x")
    stack.clock.advance(0.1)

    run(stack, stack.jobs.take_due()[0])
    parts = stack.jobs.take_due()
    for part in parts[:2]:
        run(stack, part)
    stack.clock.advance(0.1)
    for part in parts[2:]:
        run(stack, part)

    told = [each["percentage"] for each in speaker.of_type("requestProgress")]
    assert told == [0, 90]
    assert len(parts) == 4
    assert speaker.of_type("requestCompleted") != []


def test_a_part_that_is_done_before_all_recipients_are_found_completes_nothing(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    crowd(stack, session_id, 4)
    speaker.send("broadcast", data="x")
    (fan_out,) = stack.jobs.take_due()
    with stack.outside.killed_after(2):
        run(stack, fan_out)

    stack.run_jobs()

    assert speaker.of_type("requestCompleted") == []
    run(stack, fan_out)
    stack.run_jobs()
    assert len(speaker.of_type("requestCompleted")) == 1


def test_a_broadcast_to_more_than_remain_by_then_completes_all_the_same(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    (listener,) = crowd(stack, session_id, 1)
    speaker.send("broadcast", data="x")
    listener.close()

    stack.run_jobs()

    (completed,) = speaker.of_type("requestCompleted")
    assert completed["result"] == {"delivered": 0, "gone": 0, "slow": 0, "unsent": 0}


def test_a_job_with_the_largest_body_fits_into_the_queue(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    crowd(stack, session_id, 600)
    accepted = speaker.send("broadcast", data='"' * 65_000)

    assert accepted["type"] == "broadcastAccepted"
    (fan_out,) = stack.jobs.take_due()
    run(stack, fan_out)

    jobs = [fan_out, *stack.jobs.take_due()]
    assert len(jobs) == 3
    assert all(len(json.dumps(job).encode()) < 256 * 1024 for job in jobs)


def test_a_hundred_of_a_thousand_are_gone_without_a_disconnect(aws: Aws) -> None:
    stack = Stack(aws, INLINE_FANOUT_LIMIT="1000", MAX_LISTENERS_PER_SESSION="1000")
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 1000, ("es", "fr"))
    stack.clock.advance(60)
    for each in listeners[:100]:
        each.close(lost=True)

    speaker.send("broadcast", data="x")
    stack.run_jobs()

    assert sum(seqs(each) == [1] for each in listeners) == 900
    assert stack.counts(session_id) == (900, {"es": 450, "fr": 450})
    assert metrics(stack, "FanOutGone") == [100]
    gone = {each.connection_id for each in listeners[:100]}
    assert gone.isdisjoint(item["connectionId"] for item in stack.items("connections"))


def test_who_is_gone_is_cleaned_up_by_a_job_where_the_time_is_short(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 3)
    stack.clock.advance(60)
    for each in listeners:
        each.close(lost=True)
    speaker.send("broadcast", data="x")
    run(stack, stack.jobs.take_due()[0])

    stack.context.seconds = 5
    run(stack, stack.jobs.take_due()[0])
    assert stack.counts(session_id) == (3, {"es": 3})
    stack.context.seconds = 30
    stack.run_jobs()

    assert stack.counts(session_id) == (0, {})


def test_what_cannot_be_delivered_now_is_accepted_and_delivered_later(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 3)
    stack.database.fail("Query", ServiceDown("an index"))

    accepted = speaker.send("broadcast", data="x")
    stack.run_jobs()

    assert accepted["type"] == "broadcastAccepted"
    assert [seqs(each) for each in listeners] == [[1]] * 3


def test_a_control_that_cannot_be_told_now_stands_and_is_told_later(stack: Stack) -> None:
    speaker, session_id = stack.session()
    (listener,) = crowd(stack, session_id, 1)
    stack.database.fail("Query", ServiceDown("an index"))

    reply = speaker.send("muteBroadcast")
    stack.run_jobs()

    assert reply["broadcastState"]["isMuted"] is True
    assert len(listener.of_type("broadcastStateChanged")) == 1


def test_a_control_for_more_than_the_inline_limit_is_told_by_jobs(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 3)

    for action in ("muteBroadcast", "unmuteBroadcast"):
        assert speaker.send(action)["type"] == "broadcastStateChanged"
    stack.run_jobs()

    told = [
        [each["broadcastState"]["isMuted"] for each in client.of_type("broadcastStateChanged")]
        for client in listeners
    ]
    assert told == [[True, False]] * 3


@pytest.mark.parametrize("how", ["gone", "slow"])
def test_a_delivery_goes_on_when_its_speaker_cannot_be_told_of_it(aws: Aws, how: str) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    (listener,) = crowd(stack, session_id, 1)
    speaker.send("broadcast", data="x")
    stack.clock.advance(60)
    if how == "gone":
        speaker.close(lost=True)
    else:
        stack.sockets.slow.add(speaker.connection_id)

    stack.run_jobs()

    assert seqs(listener) == [1]
    if how == "slow":
        assert "postFailed" in [event.get("event") for event in stack.events()]


@pytest.mark.parametrize("limit", ["0", "500"])
def test_without_a_queue_a_broadcast_is_still_kept_for_recovery(aws: Aws, limit: str) -> None:
    stack = Stack(aws, INLINE_FANOUT_LIMIT=limit)
    speaker, session_id = stack.session()
    (listener,) = crowd(stack, session_id, 1)
    wiring.install(replace(stack.services, jobs=NoQueue()))
    stack.context.seconds = 2

    accepted = speaker.send("broadcast", data="x")

    assert accepted["type"] == "broadcastAccepted"
    assert "deliveryLost" in [event.get("event") for event in stack.events()]
    recovered = listener.send("recover", lastSeq={"*": 0})
    assert [each["data"] for each in recovered["missed"]] == ["x"]


def test_without_a_queue_who_is_gone_is_left_to_the_sweep(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 30)
    stack.clock.advance(60)
    for each in listeners:
        each.close(lost=True)
    wiring.install(replace(stack.services, jobs=NoQueue()))

    assert speaker.send("broadcast", data="x")["type"] == "broadcastAccepted"

    assert stack.counts(session_id)[0] == 20


def test_a_delivery_whose_progress_cannot_be_kept_goes_on_unseen(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    (listener,) = crowd(stack, session_id, 1)
    stack.database.fail("PutItem", ServiceDown("a table"), stack.aws.tables["requests"])

    accepted = speaker.send("broadcast", data="x")
    stack.run_jobs()

    assert "requestId" not in accepted
    assert seqs(listener) == [1]
    assert speaker.of_type("requestCompleted") == []
