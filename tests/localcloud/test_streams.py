"""Event source mappings of streams, as they are applied."""

import json

from sandbox.cloud.expiry import Expiry
from tests.localcloud.sourced import SAYS, Sourced
from tests.localcloud.world import EVERYTHING

CHANGES = """
import json
def handler(event, context):
    values = [r["dynamodb"]["NewImage"]["v"]["N"] for r in event["Records"]]
    print(json.dumps(values))
    if "13" in values:
        raise ValueError("unlucky")
    bad = [r["dynamodb"]["SequenceNumber"] for r in event["Records"]
           if r["dynamodb"]["NewImage"]["v"]["N"] == "99"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in bad]}
"""


def test_changes_come_in_order_after_the_window(sourced: Sourced) -> None:
    stream = sourced.table("t")
    sourced.mapping(
        sourced.function("changes", CHANGES), stream, MaximumBatchingWindowInSeconds=1, BatchSize=3
    )

    sourced.put("t", ("a", 1), ("b", 2))
    assert sourced.batches("changes") == []
    sourced.advance(1)
    sourced.put("t", ("a", 3), ("a", 4), ("a", 5))

    assert sourced.batches("changes") == [["1", "2"], ["3", "4", "5"]]


def test_a_record_has_the_shape_of_a_stream(sourced: Sourced) -> None:
    stream = sourced.table("t")
    sourced.mapping(sourced.function("says", SAYS), stream)

    sourced.put("t", ("a", 1))
    sourced.advance(0)
    sourced.put("t", ("a", 2))
    sourced.advance(0)

    first, second = (each["Records"][0] for each in sourced.batches("says"))
    assert (first["eventName"], second["eventName"]) == ("INSERT", "MODIFY")
    assert (first["eventSource"], first["eventSourceARN"]) == ("aws:dynamodb", stream)
    assert second["dynamodb"]["OldImage"] == {"k": {"S": "a"}, "v": {"N": "1"}}
    assert second["dynamodb"]["NewImage"]["v"] == {"N": "2"}
    assert int(first["dynamodb"]["SequenceNumber"]) < int(second["dynamodb"]["SequenceNumber"])


def test_expired_items_are_deleted_by_dynamodb(sourced: Sourced) -> None:
    Expiry(sourced.context.cloud, sourced.context.clock).start()
    stream = sourced.table("t")
    ttl = {"TableName": "t", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "v"}}
    sourced.context.cloud.run(lambda: sourced.context.cloud.dynamodb.call("UpdateTimeToLive", ttl))
    pattern = {"Filters": [{"Pattern": '{"eventName":["REMOVE"]}'}]}
    sourced.mapping(sourced.function("says", SAYS), stream, FilterCriteria=pattern)
    soon = sourced.context.clock() // 1000 + 60

    sourced.put("t", ("goes", soon), ("stays", soon + 86_400))
    sourced.advance(1260)

    ((record,),) = (each["Records"] for each in sourced.batches("says"))
    assert record["dynamodb"]["Keys"] == {"k": {"S": "goes"}}
    assert record["userIdentity"]["principalId"] == "dynamodb.amazonaws.com"


def test_only_records_that_match_a_filter_are_delivered(sourced: Sourced) -> None:
    stream = sourced.table("t")
    pattern = {"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"k": {"S": ["a"]}}}}
    criteria = {"Filters": [{"Pattern": json.dumps(pattern)}]}
    sourced.mapping(sourced.function("changes", CHANGES), stream, FilterCriteria=criteria)

    sourced.put("t", ("a", 1), ("a", 2), ("b", 3), ("b", 4))
    sourced.advance(0)

    assert sourced.batches("changes") == [["2"]]


def test_a_bad_record_is_found_by_halves_and_given_up_alone(sourced: Sourced) -> None:
    stream = sourced.table("t")
    failed = {"OnFailure": {"Destination": sourced.queue("failed")}}
    sourced.mapping(
        sourced.function("changes", CHANGES),
        stream,
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig=failed,
    )

    sourced.put("t", ("a", 1), ("a", 13), ("a", 2), ("a", 3))
    sourced.advance(10)

    batches = [["1", "13", "2", "3"], ["1", "13"], ["1"], ["13"], ["13"], ["2", "3"]]
    assert sourced.batches("changes") == batches
    record = json.loads(sourced.messages("failed")[0])
    assert record["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["DDBStreamBatchInfo"]["batchSize"] == 1
    assert record["DDBStreamBatchInfo"]["streamArn"] == stream


def test_without_the_permission_the_record_of_a_failure_is_lost(sourced: Sourced) -> None:
    deny = {"Effect": "Deny", "Action": "sqs:SendMessage", "Resource": "*"}
    function = sourced.function("changes", CHANGES, Role=sourced.role("narrow", EVERYTHING, deny))
    failed = {"OnFailure": {"Destination": sourced.queue("failed")}}
    options = {"MaximumRetryAttempts": 0, "DestinationConfig": failed}
    sourced.mapping(function, sourced.table("t"), **options)

    sourced.put("t", ("a", 13))
    sourced.advance(10)

    assert sourced.batches("changes") == [["13"]]
    assert sourced.messages("failed") == []


def test_partial_responses_go_on_at_the_first_failure(sourced: Sourced) -> None:
    stream = sourced.table("t")
    sourced.mapping(
        sourced.function("changes", CHANGES),
        stream,
        MaximumRetryAttempts=1,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )

    sourced.put("t", ("a", 1), ("a", 99), ("a", 2))
    sourced.advance(10)

    assert sourced.batches("changes") == [["1", "99", "2"], ["99", "2"]]


def test_a_record_that_is_too_old_is_given_up(sourced: Sourced) -> None:
    stream = sourced.table("t")
    failed = {"OnFailure": {"Destination": sourced.queue("failed")}}
    sourced.mapping(
        sourced.function("changes", CHANGES),
        stream,
        MaximumRecordAgeInSeconds=60,
        DestinationConfig=failed,
    )

    sourced.put("t", ("a", 13))
    sourced.advance(59)
    sourced.put("t", ("a", 1))
    sourced.advance(10)

    assert sourced.batches("changes")[-1] == ["1"]
    record = json.loads(sourced.messages("failed")[0])
    assert record["requestContext"]["condition"] == "RecordAgeExceeded"


def test_parallel_batches_keep_the_order_of_each_key(sourced: Sourced) -> None:
    stream = sourced.table("t")
    sourced.mapping(sourced.function("changes", CHANGES), stream, ParallelizationFactor=10)

    sourced.put("t", *((key, number) for number in range(5) for key in "abcdef"))
    sourced.advance(0)

    batches = sourced.batches("changes")
    assert len(batches) > 1
    assert all(values == sorted(values) for values in batches)
    assert sum(map(len, batches)) == 30


def test_a_stream_that_the_role_may_not_read_is_not_read(sourced: Sourced) -> None:
    stream = sourced.table("t")
    deny = {"Effect": "Deny", "Action": "dynamodb:GetRecords", "Resource": "*"}
    function = sourced.function("changes", CHANGES, Role=sourced.role("narrow", EVERYTHING, deny))
    sourced.mapping(function, stream)

    sourced.put("t", ("a", 1))
    sourced.advance(1)

    assert sourced.batches("changes") == []
