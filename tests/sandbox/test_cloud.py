"""The cloud does what moto lacks: cheap index queries, rolled back writes, tokens, atomicity."""

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.aws import Aws
from tests.running import PATIENCE

CONNECTION = "sessionId-targetLanguage-index"


def _put(aws: Aws, connection_id: str, **attributes: dict[str, Any]) -> None:
    item = {"connectionId": {"S": connection_id}, **attributes}
    aws.dynamodb.put_item(TableName=aws.tables["connections"], Item=item)


def _listeners(aws: Aws, session_id: str, **options: Any) -> list[dict[str, Any]]:
    pages = aws.dynamodb.get_paginator("query").paginate(
        TableName=aws.tables["connections"],
        IndexName=CONNECTION,
        KeyConditionExpression="sessionId = :s",
        ExpressionAttributeValues={":s": {"S": session_id}},
        **options,
    )
    return [item for page in pages for item in page["Items"]]


def _listener(language: str, session_id: str = "s") -> dict[str, dict[str, Any]]:
    return {
        "sessionId": {"S": session_id},
        "targetLanguage": {"S": language},
        "role": {"S": "listener"},
        "tenantId": {"S": "default"},
    }


def test_an_index_has_its_projection_in_order_of_its_range_key(aws: Aws) -> None:
    _put(aws, "c2", **_listener("fr"))
    _put(aws, "c1", **_listener("de"))
    _put(aws, "c3", **_listener("es", "other"))
    _put(aws, "c4", role={"S": "speaker"}, sessionId={"S": "s"})

    assert _listeners(aws, "s") == [
        {
            "connectionId": {"S": each},
            "sessionId": {"S": "s"},
            "targetLanguage": {"S": language},
            "role": {"S": "listener"},
        }
        for each, language in (("c1", "de"), ("c2", "fr"))
    ]


def test_an_index_follows_every_kind_of_write(aws: Aws) -> None:
    table = aws.tables["connections"]
    for name in ("a", "b", "c"):
        _put(aws, name, **_listener("es"))

    aws.dynamodb.update_item(
        TableName=table,
        Key={"connectionId": {"S": "a"}},
        UpdateExpression="SET targetLanguage = :l",
        ExpressionAttributeValues={":l": {"S": "fr"}},
    )
    aws.dynamodb.update_item(
        TableName=table,
        Key={"connectionId": {"S": "b"}},
        UpdateExpression="REMOVE sessionId",
    )
    aws.dynamodb.delete_item(TableName=table, Key={"connectionId": {"S": "c"}})

    assert [each["targetLanguage"]["S"] for each in _listeners(aws, "s")] == ["fr"]


@pytest.mark.parametrize("page", [1, 3, 100])
def test_pages_of_an_index_leave_nothing_out(aws: Aws, page: int) -> None:
    for number in range(20):
        _put(aws, f"c{number}", **_listener(["de", "es", "fr"][number % 3]))

    found = _listeners(aws, "s", PaginationConfig={"PageSize": page})

    assert len(found) == 20
    assert len({each["connectionId"]["S"] for each in found}) == 20


def _join(aws: Aws, connection_id: str, capacity: int, token: str = "") -> None:
    """Join as the stack does: the connection and the count in one transaction."""
    put = {
        "TableName": aws.tables["connections"],
        "Item": {"connectionId": {"S": connection_id}, **_listener("es")},
        "ConditionExpression": "attribute_not_exists(connectionId)",
    }
    count = {
        "TableName": aws.tables["sessions"],
        "Key": {"sessionId": {"S": "s"}},
        "UpdateExpression": "ADD listenerCount :one",
        "ConditionExpression": "isActive = :true AND listenerCount < :capacity",
        "ExpressionAttributeValues": {
            ":one": {"N": "1"},
            ":true": {"BOOL": True},
            ":capacity": {"N": str(capacity)},
        },
    }
    options = {"ClientRequestToken": token} if token else {}
    aws.dynamodb.transact_write_items(TransactItems=[{"Put": put}, {"Update": count}], **options)


def _session(aws: Aws) -> None:
    item = {"sessionId": {"S": "s"}, "isActive": {"BOOL": True}, "listenerCount": {"N": "0"}}
    aws.dynamodb.put_item(TableName=aws.tables["sessions"], Item=item)


def _count(aws: Aws) -> int:
    return int(aws.items("sessions")[0]["listenerCount"]["N"])


def test_a_cancelled_transaction_says_why_and_leaves_nothing(aws: Aws) -> None:
    _session(aws)
    _join(aws, "c1", capacity=1)

    with pytest.raises(ClientError) as cancelled:
        _join(aws, "c2", capacity=1)

    reasons = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert [each["connectionId"]["S"] for each in aws.items("connections")] == ["c1"]
    assert len(_listeners(aws, "s")) == 1
    assert _count(aws) == 1


def test_the_same_token_is_the_same_transaction(aws: Aws) -> None:
    _session(aws)
    _join(aws, "c1", capacity=9, token="t" * 36)
    _join(aws, "c1", capacity=9, token="t" * 36)

    assert _count(aws) == 1
    with pytest.raises(ClientError, match="IdempotentParameterMismatch"):
        _join(aws, "c2", capacity=9, token="t" * 36)


def test_of_eighty_simultaneous_joins_fifty_succeed(aws: Aws) -> None:
    _session(aws)

    def join(number: int) -> bool:
        with contextlib.suppress(ClientError):
            _join(aws, f"c{number}", capacity=50)
            return True
        return False

    with ThreadPoolExecutor(20) as threads:
        joined = sum(threads.map(join, range(80)))

    assert joined == 50
    assert _count(aws) == 50
    assert len(_listeners(aws, "s")) == 50


def test_simultaneous_updates_are_all_counted(aws: Aws) -> None:
    _session(aws)

    def add(_: int) -> None:
        aws.dynamodb.update_item(
            TableName=aws.tables["sessions"],
            Key={"sessionId": {"S": "s"}},
            UpdateExpression="ADD listenerCount :one",
            ConditionExpression="isActive = :true",
            ExpressionAttributeValues={":one": {"N": "1"}, ":true": {"BOOL": True}},
        )

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(add, range(200)))

    assert _count(aws) == 200


def test_an_update_that_fails_makes_no_item(aws: Aws) -> None:
    with pytest.raises(ClientError):
        aws.dynamodb.update_item(
            TableName=aws.tables["sessions"],
            Key={"sessionId": {"S": "s"}},
            UpdateExpression="SET languageCounts.es = :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    assert aws.items("sessions") == []


def test_what_is_no_request_is_refused(aws: Aws) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        aws.dynamodb.get_item(TableName="nothing", Key={"id": {"S": "x"}})


@pytest.mark.parametrize(
    ("operation", "body", "status"),
    [
        ("GetItem", '{"TableName": "connections", "Key": {"connectionId": {"S": "ñ"}}}', 200),
        ("GetItem", '{"TableName": "nowhere", "Key": {"connectionId": {"S": "c"}}}', 400),
        ("GetItem", '{"TableName": "connections", "Key": {}}', 400),
        ("GetItem", "[]", 400),
        ("Juggle", "{}", 400),
    ],
)
def test_a_request_in_pieces_is_answered_as_a_whole_one(
    aws: Aws, operation: str, body: str, status: int
) -> None:
    """Complete requests are handled without aiohttp."""
    _put(aws, "ñ", role={"S": "speaker"})
    sent = body.replace("connections", aws.tables["connections"]).encode()
    head = (
        "POST / HTTP/1.1\r\nHost: here\r\nContent-Type: application/x-amz-json-1.0\r\n"
        f"X-Amz-Target: DynamoDB_20120810.{operation}\r\nContent-Length: {len(sent)}\r\n\r\n"
    ).encode()

    whole, in_pieces = _answer(aws, head + sent), _answer(aws, head, sent)

    assert whole == in_pieces
    assert whole[0] == status


def _answer(aws: Aws, *pieces: bytes) -> tuple[int, str | None, bytes]:
    """Return the status, content type and content of the response to the pieces."""
    place = urlsplit(aws.endpoint_url)
    with socket.create_connection((place.hostname, place.port), PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
            aws.dynamodb.list_tables()  # when this returns, the piece has been read
        answer = HTTPResponse(connection, method="POST")
        answer.begin()
        return answer.status, answer.getheader("Content-Type"), answer.read()


def test_a_queue_receives_by_waiting(aws: Aws) -> None:
    url = aws.jobs_queue_url
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(aws.sqs.receive_message, QueueUrl=url, WaitTimeSeconds=10)
        aws.sqs.send_message(QueueUrl=url, MessageBody="hello")
        received = waiting.result()["Messages"]

    assert [each["Body"] for each in received] == ["hello"]


def test_a_batch_of_ten_is_sent_and_received(aws: Aws) -> None:
    url = aws.jobs_queue_url
    entries = [{"Id": str(number), "MessageBody": f"m{number}"} for number in range(10)]

    sent = aws.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    received = aws.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]

    assert len(sent["Successful"]) == 10
    assert {each["Body"] for each in received} == {f"m{number}" for number in range(10)}


def test_a_queue_that_is_not_there_is_named_as_sqs_does(aws: Aws) -> None:
    url = f"{aws.jobs_queue_url}-nothing"
    with pytest.raises(aws.sqs.exceptions.QueueDoesNotExist):
        aws.sqs.send_message(QueueUrl=url, MessageBody="x")
