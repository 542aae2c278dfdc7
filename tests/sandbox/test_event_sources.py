"""Schedules, jobs and the stream call their functions, by the stack's clock."""

import json
import threading
from typing import Any

import pytest

from chalicelib.domain.types import Millis
from sandbox.sources.schedule_expressions import ExpressionError, parse
from tests.sandbox.conftest import RecordingStack
from tests.sandbox.plane import PATIENCE

MINUTE = 60_000


def test_a_job_runs_at_once_in_an_event_of_sqs(stack: RecordingStack) -> None:
    stack.send('{"kind":"welcome"}')

    (record,) = stack.app.saw("jobs")["Records"]
    assert record["body"] == '{"kind":"welcome"}'
    assert record["eventSource"] == "aws:sqs"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["attributes"]["SentTimestamp"].isdecimal()
    assert {"messageId", "receiptHandle", "md5OfBody", "eventSourceARN"} <= record.keys()


def test_a_delayed_job_runs_when_the_clock_reaches_its_time(stack: RecordingStack) -> None:
    stack.send("late", delay=900)
    stack.send("soon", delay=30)

    stack.sandbox.advance(29)
    assert stack.app.saw_nothing("jobs")
    stack.sandbox.advance(1)
    assert stack.app.bodies() == ["soon"]
    stack.sandbox.advance(870)
    assert stack.app.bodies() == ["late"]


def test_jobs_run_side_by_side(stack: RecordingStack) -> None:
    both = threading.Barrier(2, timeout=PATIENCE)
    stack.app.answers["jobs"] = lambda _: both.wait() and None

    stack.send("1")
    stack.send("2")

    assert {stack.app.bodies()[0], stack.app.bodies()[0]} == {"1", "2"}


def test_only_the_failed_message_of_a_batch_is_retried(stack: RecordingStack) -> None:
    def fail_bad(event: dict[str, Any]) -> dict[str, Any]:
        bad = [each["messageId"] for each in event["Records"] if each["body"] == "bad"]
        return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}

    stack.app.answers["jobs"] = fail_bad
    for body in ("good", "bad"):
        stack.send(body)
    stack.sandbox.settle()
    first = [stack.app.bodies(), stack.app.bodies()]
    assert sorted(first) == [["bad"], ["good"]]

    stack.sandbox.advance(361)

    again = stack.app.saw("jobs")["Records"]
    assert [each["body"] for each in again] == ["bad"]
    assert again[0]["attributes"]["ApproximateReceiveCount"] == "2"


def test_after_five_attempts_a_job_goes_to_the_dead_letter_queue(stack: RecordingStack) -> None:
    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError("on purpose")

    stack.app.answers["jobs"] = fail
    stack.send("poison")

    stack.sandbox.advance(7 * 361)

    assert [stack.app.bodies() for _ in range(5)] == [["poison"]] * 5
    assert stack.app.saw_nothing("jobs")
    url = stack.environ["JOBS_QUEUE_URL"].replace("-jobs", "-dead-letters")
    (dead,) = stack.sqs.receive_message(QueueUrl=url)["Messages"]
    assert dead["Body"] == "poison"


def test_schedules_fire_by_the_clock_in_order(stack: RecordingStack) -> None:
    stack.sandbox.advance(180)

    times = [stack.app.saw("every_minute")["time"] for _ in range(3)]
    assert times == sorted(times)
    assert len(set(times)) == 3
    assert stack.app.saw_nothing("every_minute")


def test_a_move_of_the_clock_runs_the_jobs_of_a_schedule(
    stack: RecordingStack,
) -> None:
    def enqueue(_: dict[str, Any]) -> None:
        stack.send("from the schedule", delay=10)

    stack.app.answers["every_minute"] = enqueue
    stack.sandbox.advance(70)

    assert stack.app.bodies() == ["from the schedule"]


def test_a_changed_session_reaches_the_function_after_the_window(stack: RecordingStack) -> None:
    stack.put_session("golden-eagle-427", listenerCount={"N": "1"})
    stack.put_session("golden-eagle-427", listenerCount={"N": "2"})
    stack.put_session("golden-eagle-427", listenerCount={"N": "3"})
    stack.sandbox.advance(1)

    records = stack.app.saw("changes")["Records"]
    assert [each["eventName"] for each in records] == ["MODIFY", "MODIFY"]
    change = records[0]["dynamodb"]
    assert change["Keys"] == {"sessionId": {"S": "golden-eagle-427"}}
    assert change["OldImage"]["listenerCount"] == {"N": "1"}
    assert change["NewImage"]["listenerCount"] == {"N": "2"}
    numbers = [int(each["dynamodb"]["SequenceNumber"]) for each in records]
    assert numbers == sorted(numbers)


def test_what_the_filter_does_not_name_causes_no_call(stack: RecordingStack) -> None:
    active = {"BOOL": True}
    stack.put_session("golden-eagle-427", isActive=active)
    stack.put_session("golden-eagle-427", isActive=active, listenerCount={"N": "1"})
    stack.sandbox.advance(5)

    assert stack.app.saw_nothing("changes")


def test_a_deleted_session_causes_a_call(stack: RecordingStack) -> None:
    stack.put_session("golden-eagle-427")
    stack.dynamodb.delete_item(
        TableName=stack.environ["SESSIONS_TABLE_NAME"],
        Key={"sessionId": {"S": "golden-eagle-427"}},
    )
    stack.sandbox.advance(5)

    (record,) = stack.app.saw("changes")["Records"]
    assert record["eventName"] == "REMOVE"


def test_a_batch_is_retried_from_its_first_failed_record_on(stack: RecordingStack) -> None:
    seen: list[list[str]] = []

    def fail_second_once(event: dict[str, Any]) -> dict[str, Any]:
        counts = [each["dynamodb"]["NewImage"]["n"]["N"] for each in event["Records"]]
        seen.append(counts)
        number = event["Records"][1]["dynamodb"]["SequenceNumber"] if len(seen) == 1 else None
        return {"batchItemFailures": [{"itemIdentifier": number}] if number else []}

    stack.app.answers["changes"] = fail_second_once
    for count in range(4):
        stack.put_session("golden-eagle-427", n={"N": str(count)})
    stack.sandbox.advance(10)

    assert seen == [["1", "2", "3"], ["2", "3"]]


def test_a_batch_that_always_fails_is_given_up_and_blocks_nothing(stack: RecordingStack) -> None:
    seen: list[list[str]] = []

    def fail_one(event: dict[str, Any]) -> None:
        counts = [each["dynamodb"]["NewImage"]["n"]["N"] for each in event["Records"]]
        seen.append(counts)
        if "1" in counts:
            raise RuntimeError("on purpose")

    stack.app.answers["changes"] = fail_one
    stack.put_session("golden-eagle-427", n={"N": "0"})
    stack.put_session("golden-eagle-427", n={"N": "1"})
    stack.sandbox.advance(30)
    stack.put_session("golden-eagle-427", n={"N": "2"})
    stack.sandbox.advance(5)

    assert seen == [["1"]] * 6 + [["2"]]


def test_expired_items_are_deleted_some_time_later(stack: RecordingStack) -> None:
    expires_at = stack.sandbox.clock() // 1000 + 60
    stack.put_session("golden-eagle-427", expiresAt={"N": str(expires_at)})
    stack.put_session("silver-heron-100", expiresAt={"N": str(expires_at + 86_400)})

    stack.sandbox.advance(300)
    assert len(stack.sandbox.state()["sessions"]) == 2
    stack.sandbox.advance(1800)

    assert [each["sessionId"] for each in stack.sandbox.state()["sessions"]] == ["silver-heron-100"]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(1 minute)", MINUTE),
        ("rate(15 minutes)", 15 * MINUTE),
        ("rate(2 hours)", 120 * MINUTE),
    ],
)
def test_a_schedule_expression_gives_the_next_time(expression: str, expected: int) -> None:
    assert parse(expression)(Millis(0)) == expected


@pytest.mark.parametrize(
    "expression", ["", "rate(0 minutes)", "rate(1 fortnight)", "cron(0 12 * * ? *)"]
)
def test_an_invalid_schedule_expression_is_quoted_in_the_error(expression: str) -> None:
    with pytest.raises(ExpressionError, match="not a rate"):
        parse(expression)


def test_a_jobs_body_is_unchanged(stack: RecordingStack) -> None:
    body = json.dumps({"text": 'äö"\\', "n": 1.5})
    stack.send(body)

    assert stack.app.bodies() == [body]
