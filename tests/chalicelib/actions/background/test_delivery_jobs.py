"""A delivery by jobs reaches everybody and completes, in parts, killed or repeated."""

import json

import pytest

from tests.aws import Aws
from tests.chalicelib.actions.delivery.receipts import in_background, seqs
from tests.crowd import crowd
from tests.in_memory import Context, Until


def test_a_job_with_two_seconds_left_stops_and_another_delivers_the_rest(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 8)
    accepted = speaker.send("broadcast", data="x")
    (fan_out,) = stack.jobs.take_due()
    stack.run_job(fan_out)
    (deliver,) = stack.jobs.take_due()

    stack.context = Until(lambda: sum(len(seqs(each)) for each in listeners) == 3, 2)
    stack.run_job(deliver)
    stack.context = Context()
    assert [seqs(each) for each in listeners] == [[1]] * 3 + [[]] * 5
    assert speaker.of_type("requestCompleted") == []
    stack.run_jobs()

    assert [seqs(each) for each in listeners] == [[1]] * 8
    (completed,) = speaker.of_type("requestCompleted")
    assert completed["requestId"] == accepted["requestId"]
    assert completed["result"] == {"delivered": 8, "gone": 0, "slow": 0, "unsent": 0}


def test_every_job_run_twice_completes_a_delivery_once_and_counts_everybody_once(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 700)

    speaker.send("broadcast", data="x")
    stack.run_jobs(times=2)

    assert all(set(seqs(each)) == {1} for each in listeners)
    (completed,) = speaker.of_type("requestCompleted")
    assert completed["result"] == {"delivered": 700, "gone": 0, "slow": 0, "unsent": 0}


@pytest.mark.parametrize("kind", ["fanOut", "deliver"])
def test_a_job_killed_between_any_two_calls_leaves_no_recipient_out_when_it_comes_again(
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
            stack.run_job(job)
            (job,) = stack.jobs.take_due()

        with stack.outside.killed_after(calls):
            stack.run_job(job)
            lived = True
        stack.run_job(job)
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

    stack.run_job(stack.jobs.take_due()[0])
    parts = stack.jobs.take_due()
    for part in parts[:2]:
        stack.run_job(part)
    stack.clock.advance(0.1)
    for part in parts[2:]:
        stack.run_job(part)

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
        stack.run_job(fan_out)

    stack.run_jobs()

    assert speaker.of_type("requestCompleted") == []
    stack.run_job(fan_out)
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
    stack.run_job(fan_out)

    jobs = [fan_out, *stack.jobs.take_due()]
    assert len(jobs) == 3
    assert all(len(json.dumps(job).encode()) < 256 * 1024 for job in jobs)


def test_connections_found_gone_are_cleaned_up_by_a_job_when_time_is_short(aws: Aws) -> None:
    stack = in_background(aws)
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, 3)
    stack.clock.advance(60)
    for each in listeners:
        each.close(lost=True)
    speaker.send("broadcast", data="x")
    stack.run_job(stack.jobs.take_due()[0])

    stack.context.seconds = 5
    stack.run_job(stack.jobs.take_due()[0])
    assert stack.counts(session_id) == (3, {"es": 3})
    stack.context.seconds = 30
    stack.run_jobs()

    assert stack.counts(session_id) == (0, {})
