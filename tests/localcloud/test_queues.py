"""Event source mappings of queues, as they are applied."""

import json

from tests.localcloud.sourced import Sourced
from tests.localcloud.world import EVERYTHING

NAMES_FAILURES = """
import json
def handler(event, context):
    print(json.dumps([each["body"] for each in event["Records"]]))
    bad = [each["messageId"] for each in event["Records"] if each["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}
"""


def test_messages_are_delivered_in_batches_and_deleted_when_handled(sourced: Sourced) -> None:
    function, queue = sourced.function("jobs", NAMES_FAILURES), sourced.queue("q")
    sourced.send("q", *"abc")

    sourced.mapping(function, queue, BatchSize=2)

    assert sorted(map(sorted, sourced.batches("jobs"))) == [["a", "b"], ["c"]]
    assert sourced.messages("q") == []


def test_failed_messages_are_retried_and_end_as_dead_letters(
    sourced: Sourced,
) -> None:
    redrive = json.dumps({"deadLetterTargetArn": sourced.queue("dead"), "maxReceiveCount": 2})
    queue = sourced.queue("q", VisibilityTimeout="30", RedrivePolicy=redrive)
    partial = ["ReportBatchItemFailures"]
    function = sourced.function("jobs", NAMES_FAILURES)
    sourced.mapping(function, queue, FunctionResponseTypes=partial)

    sourced.send("q", "good", "bad")
    assert sourced.batches("jobs") == [["good", "bad"]]
    assert sourced.messages("q") == ["bad"]
    sourced.advance(29)
    assert len(sourced.batches("jobs")) == 1
    sourced.advance(2)
    assert sourced.batches("jobs")[1:] == [["bad"]]
    sourced.advance(31)
    assert len(sourced.batches("jobs")) == 2
    assert (sourced.messages("q"), sourced.messages("dead")) == ([], ["bad"])


def test_without_partial_responses_reported_failures_are_not_retried(sourced: Sourced) -> None:
    sourced.mapping(sourced.function("jobs", NAMES_FAILURES), sourced.queue("q"))

    sourced.send("q", "bad")

    assert sourced.batches("jobs") == [["bad"]]
    assert sourced.messages("q") == []


def test_a_batching_window_collects_messages(sourced: Sourced) -> None:
    function = sourced.function("jobs", NAMES_FAILURES)
    sourced.mapping(function, sourced.queue("q"), BatchSize=10, MaximumBatchingWindowInSeconds=20)

    sourced.send("q", "a")
    sourced.advance(19)
    sourced.send("q", "b")
    assert sourced.batches("jobs") == []
    sourced.advance(1)

    assert sourced.batches("jobs") == [["a", "b"]]


def test_a_mapping_that_is_deleted_or_disabled_calls_nothing(sourced: Sourced) -> None:
    function = sourced.function("jobs", NAMES_FAILURES)
    uuid = sourced.mapping(function, sourced.queue("q"))
    backend = sourced.context.backend("lambda")

    backend.update_event_source_mapping(uuid, {"Enabled": False})
    sourced.applied()
    sourced.send("q", "a")
    assert sourced.batches("jobs") == []
    backend.update_event_source_mapping(uuid, {"Enabled": True})
    sourced.applied()
    assert sourced.batches("jobs") == [["a"]]
    backend.delete_event_source_mapping(uuid)
    sourced.applied()
    sourced.send("q", "b")
    assert sourced.batches("jobs") == [["a"]]


def test_a_queue_that_the_role_may_not_read_is_not_read(sourced: Sourced) -> None:
    logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
    function = sourced.function("jobs", NAMES_FAILURES, Role=sourced.role("narrow", logs))
    sourced.mapping(function, sourced.queue("q"))

    sourced.send("q", "a")
    assert sourced.batches("jobs") == []
    sourced.role("narrow", EVERYTHING)
    sourced.applied()
    assert sourced.batches("jobs") == [["a"]]
