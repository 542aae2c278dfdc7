"""Jobs that the queue gives up: no client is left waiting for their outcome."""

import pytest

from chalicelib.actions.jobs import MAX_RECEIVES
from chalicelib.errors import ServiceDown
from chalicelib.stores.dynamodb import Operation
from sandbox.cloud.queues import queue_attributes
from tests.aws import Aws
from tests.crowd import crowd
from tests.stack import Client, Json, Stack


def fail_every_time(stack: Stack, job: Json, operation: Operation, concerns: str = "") -> None:
    """Run a job as often as the queue delivers it. The same call fails each time."""
    for receives in range(1, MAX_RECEIVES + 1):
        stack.database.fail(operation, ServiceDown("a table"), concerns)
        assert stack.try_job(job, receives=receives) is False


def broadcasting(aws: Aws, size: int) -> tuple[Stack, Client, list[Client]]:
    """Return a stack with a broadcast whose recipients a job has yet to find."""
    stack = Stack(aws, INLINE_FANOUT_LIMIT="0", MAX_LISTENERS_PER_SESSION="1000")
    speaker, session_id = stack.session()
    listeners = crowd(stack, session_id, size)
    speaker.send("broadcast", data="x")
    return stack, speaker, listeners


def test_a_part_that_is_given_up_counts_as_unsent_and_the_delivery_completes(aws: Aws) -> None:
    stack, speaker, _ = broadcasting(aws, 350)
    stack.run_job(*stack.jobs.take_due())
    given_up, delivered = stack.jobs.take_due()
    stack.run_job(delivered)

    fail_every_time(stack, given_up, "BatchGetItem")

    (completed,) = speaker.of_type("requestCompleted")
    assert completed["result"] == {"delivered": 50, "gone": 0, "slow": 0, "unsent": 300}


def test_a_part_that_an_operator_brings_back_is_delivered_and_completes_nothing_twice(
    aws: Aws,
) -> None:
    stack, speaker, listeners = broadcasting(aws, 3)
    stack.run_job(*stack.jobs.take_due())
    (part,) = stack.jobs.take_due()
    fail_every_time(stack, part, "BatchGetItem")

    stack.run_job(part)

    assert all(len(each.of_type("broadcast")) == 1 for each in listeners)
    assert len(speaker.of_type("requestCompleted")) == 1


def test_a_part_that_fails_but_not_for_the_last_time_completes_nothing(aws: Aws) -> None:
    stack, speaker, _ = broadcasting(aws, 3)
    stack.run_job(*stack.jobs.take_due())
    (part,) = stack.jobs.take_due()

    for receives in range(1, MAX_RECEIVES):
        stack.database.fail("BatchGetItem", ServiceDown("a table"))
        assert stack.try_job(part, receives=receives) is False

    assert speaker.of_type("requestCompleted") == []
    stack.run_job(part, receives=MAX_RECEIVES)
    (completed,) = speaker.of_type("requestCompleted")
    assert completed["result"]["delivered"] == 3


def test_a_delivery_whose_recipients_cannot_be_found_fails(aws: Aws) -> None:
    stack, speaker, _ = broadcasting(aws, 3)
    (fan_out,) = stack.jobs.take_due()

    fail_every_time(stack, fan_out, "Query")

    (failed,) = speaker.of_type("requestFailed")
    assert failed["code"] == "SERVICE_UNAVAILABLE"


def test_a_request_that_cannot_be_run_fails(stack: Stack) -> None:
    speaker, session_id = stack.session()
    speaker.send("submitRequest", request="sessionReport")
    (job,) = stack.jobs.take_due()

    fail_every_time(stack, job, "GetItem", session_id)

    (failed,) = speaker.of_type("requestFailed")
    assert failed["code"] == "SERVICE_UNAVAILABLE"


@pytest.mark.parametrize("watched", [True, False])
def test_a_request_that_cannot_even_be_failed_leaves_its_job_to_the_dead_letter_queue(
    stack: Stack, watched: bool
) -> None:
    speaker, _ = stack.session()
    speaker.send("submitRequest", request="sessionReport")
    (job,) = stack.jobs.take_due()
    job = job if watched else {"kind": "statusTick"}
    for _ in range(2):
        stack.database.fail("GetItem", ServiceDown("all tables"))
        stack.database.fail("Query", ServiceDown("all tables"))

    assert stack.try_job(job, receives=MAX_RECEIVES) is False

    told = "giveUpFailed" in [event.get("event") for event in stack.events()]
    assert told is watched


def test_the_last_delivery_is_the_one_of_the_queue() -> None:
    for queue in ("jobs", "replies"):
        redrive = queue_attributes(queue, "arn")["RedrivePolicy"]
        assert f'"maxReceiveCount":{MAX_RECEIVES}' in redrive
