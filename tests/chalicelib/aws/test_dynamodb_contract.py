"""The contract of the stores with DynamoDB, on either wire."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.aws.dynamodb import RetryingDynamoDB
from chalicelib.errors import (
    ConditionFailed,
    RequestRejected,
    ServiceDown,
    Throttled,
    TransactionCancelled,
)
from tests.aws import Aws
from tests.chalicelib.aws.conftest import Against
from tests.chalicelib.aws.servers import Answer, Hang, ScriptedServer, json_answer

Item = dict[str, Any]


def _session(name: str, **more: Any) -> Item:
    return {"sessionId": {"S": name}, **more}


@pytest.fixture
def table(store: Aws) -> str:
    return store.tables["sessions"]


def test_get_item_returns_what_was_put(dynamodb: RetryingDynamoDB, table: str) -> None:
    item = _session(
        "golden-eagle-427",
        listenerCount={"N": "3"},
        languageCounts={"M": {"es": {"N": "2"}, "fr": {"N": "1"}}},
        isActive={"BOOL": True},
        title={"S": 'Grüße, 世界 🎤 "\\\u2028\u0000'},
        nothing={"NULL": True},
        languages={"SS": ["es"]},
        list={"L": [{"S": ""}, {"N": "-1"}]},
    )
    dynamodb.call("PutItem", {"TableName": table, "Item": item})

    answer = dynamodb.call("GetItem", {"TableName": table, "Key": _session("golden-eagle-427")})

    assert answer["Item"] == item


def test_a_missing_item_is_absent_from_the_response(dynamodb: RetryingDynamoDB, table: str) -> None:
    assert "Item" not in dynamodb.call("GetItem", {"TableName": table, "Key": _session("none")})


@pytest.mark.parametrize("number", ["12345678901234567890123456789012345678", "0.1", "-0.0000001"])
def test_numbers_stay_exact(dynamodb: RetryingDynamoDB, table: str, number: str) -> None:
    item = _session("a-b-001", at={"N": number})
    dynamodb.call("PutItem", {"TableName": table, "Item": item})
    answer = dynamodb.call("GetItem", {"TableName": table, "Key": _session("a-b-001")})
    assert answer["Item"]["at"] == {"N": number}


def test_a_false_condition_raises_and_writes_nothing(
    dynamodb: RetryingDynamoDB, table: str, store: Aws
) -> None:
    request = {
        "TableName": table,
        "Key": _session("gone"),
        "UpdateExpression": "SET isActive = :no",
        "ConditionExpression": "attribute_exists(sessionId)",
        "ExpressionAttributeValues": {":no": {"BOOL": False}},
    }
    with pytest.raises(ConditionFailed):
        dynamodb.call("UpdateItem", request)
    assert store.items("sessions") == []


def test_an_update_returns_the_values_that_were_asked_for(
    dynamodb: RetryingDynamoDB, table: str
) -> None:
    request = {
        "TableName": table,
        "Key": _session("a-b-001"),
        "UpdateExpression": "ADD listenerCount :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValues": "ALL_NEW",
    }
    assert dynamodb.call("UpdateItem", request)["Attributes"]["listenerCount"] == {"N": "1"}
    assert dynamodb.call("UpdateItem", request)["Attributes"]["listenerCount"] == {"N": "2"}


def test_a_cancelled_transaction_says_which_item_failed(
    dynamodb: RetryingDynamoDB, table: str, store: Aws
) -> None:
    put = {"Put": {"TableName": table, "Item": _session("a-b-001")}}
    check = {
        "ConditionCheck": {
            "TableName": table,
            "Key": _session("none"),
            "ConditionExpression": "attribute_exists(sessionId)",
        }
    }
    with pytest.raises(TransactionCancelled) as caught:
        dynamodb.call("TransactWriteItems", {"TransactItems": [put, check]})
    assert caught.value.reasons == ("", "ConditionalCheckFailed")
    assert store.items("sessions") == []


def test_a_batch_gets_and_a_scan_counts_and_a_delete_deletes(
    dynamodb: RetryingDynamoDB, table: str
) -> None:
    for name in ("a-b-001", "a-b-002"):
        dynamodb.call("PutItem", {"TableName": table, "Item": _session(name)})
    keys = {"Keys": [_session("a-b-001"), _session("a-b-002"), _session("none")]}
    got = dynamodb.call("BatchGetItem", {"RequestItems": {table: keys}})
    assert len(got["Responses"][table]) == 2
    dynamodb.call("DeleteItem", {"TableName": table, "Key": _session("a-b-001")})
    assert dynamodb.call("Scan", {"TableName": table, "Select": "COUNT"})["Count"] == 1


def test_concurrent_transactions_on_one_item_all_succeed(
    dynamodb: RetryingDynamoDB, table: str, store: Aws
) -> None:
    """Transactions that conflict are cancelled; by the retries each is carried out once."""
    dynamodb.call("PutItem", {"TableName": table, "Item": _session("a-b-001")})
    add = {
        "Update": {
            "TableName": table,
            "Key": _session("a-b-001"),
            "UpdateExpression": "ADD listenerCount :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
    }
    with ThreadPoolExecutor(8) as pool:
        request = {"TransactItems": [add]}
        list(pool.map(lambda _: dynamodb.call("TransactWriteItems", request), range(40)))
    [item] = store.items("sessions")
    assert item["listenerCount"] == {"N": "40"}


def test_a_missing_table_is_rejected(dynamodb: RetryingDynamoDB) -> None:
    with pytest.raises(RequestRejected, match="ResourceNotFoundException"):
        dynamodb.call("GetItem", {"TableName": "nowhere", "Key": _session("a-b-001")})


def _refused(code: str, status: int = 400, **more: Any) -> Answer:
    kind = f"com.amazonaws.dynamodb.v20120810#{code}"
    return json_answer({"__type": kind, "message": "no", **more}, status)


@pytest.mark.parametrize(
    "first",
    [
        _refused("ProvisionedThroughputExceededException"),
        _refused("ThrottlingException"),
        _refused("InternalServerError", 500),
        _refused("TransactionConflictException"),
        _refused(
            "TransactionCanceledException",
            CancellationReasons=[{"Code": "None"}, {"Code": "TransactionConflict"}],
        ),
        503,
        Hang(),
    ],
    ids=["throughput", "throttling", "500", "conflict", "cancelled", "503", "no answer"],
)
def test_retryable_failures_are_retried(
    server: ScriptedServer, against: Against, first: Answer
) -> None:
    """Throttling, 5xx, a conflict and no response: the next try may succeed."""
    server.script = lambda request: first if request is server.requests[0] else json_answer({})
    dynamodb = against.dynamodb({"AWS_ENDPOINT_URL_DYNAMODB": server.url})
    assert dynamodb.call("GetItem", {"TableName": "t", "Key": {}}) == {}
    assert len(server.requests) == 2


def test_a_retried_transaction_keeps_its_token(server: ScriptedServer, against: Against) -> None:
    """After a lost response, DynamoDB must not carry it out twice."""
    server.script = lambda request: 500 if request is server.requests[0] else json_answer({})
    dynamodb = against.dynamodb({"AWS_ENDPOINT_URL_DYNAMODB": server.url})
    for _ in range(2):
        dynamodb.call("TransactWriteItems", {"TransactItems": []})
    first, again, other = (request.body for request in server.requests)
    assert b"ClientRequestToken" in first
    assert first == again != other


@pytest.mark.parametrize(
    ("script", "error"),
    [
        (_refused("ProvisionedThroughputExceededException"), Throttled),
        (_refused("TransactionConflictException"), Throttled),
        (_refused("InternalServerError", 500), ServiceDown),
        (_refused("ValidationException"), RequestRejected),
        (_refused("AccessDeniedException"), RequestRejected),
        (_refused("ConditionalCheckFailedException"), ConditionFailed),
    ],
    ids=["throughput", "conflict", "500", "validation", "denied", "condition"],
)
def test_each_refusal_becomes_its_error(
    server: ScriptedServer, against: Against, script: Answer, error: type[Exception]
) -> None:
    server.script = lambda request: script  # noqa: ARG005
    dynamodb = against.hasty_dynamodb(server.url)
    with pytest.raises(error):
        dynamodb.call("GetItem", {"TableName": "t", "Key": {}})


def test_a_false_condition_beside_a_conflict_is_not_retried(
    server: ScriptedServer, against: Against
) -> None:
    reasons = [{"Code": "ConditionalCheckFailed"}, {"Code": "TransactionConflict"}]
    server.script = lambda request: _refused(  # noqa: ARG005
        "TransactionCanceledException", CancellationReasons=reasons
    )
    dynamodb = against.hasty_dynamodb(server.url)
    with pytest.raises(TransactionCancelled) as caught:
        dynamodb.call("TransactWriteItems", {"TransactItems": []})
    assert caught.value.reasons == ("ConditionalCheckFailed", "TransactionConflict")
    assert len(server.requests) == 1


def test_every_call_is_signed(server: ScriptedServer, against: Against) -> None:
    server.script = lambda request: json_answer({})  # noqa: ARG005
    dynamodb = against.dynamodb(
        {"AWS_ENDPOINT_URL_DYNAMODB": server.url, "AWS_SESSION_TOKEN": "a-token"}
    )
    dynamodb.call("Scan", {"TableName": "t"})
    [request] = server.requests
    assert "us-east-1/dynamodb/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "a-token"
    assert request.headers["x-amz-target"] == "DynamoDB_20120810.Scan"
