"""The endpoint of DynamoDB and SQS, called by boto3 and by hand."""

import socket
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from tests.aws import Aws
from tests.running import PATIENCE


def _put(aws: Aws, connection_id: str) -> None:
    item = {"connectionId": {"S": connection_id}}
    aws.dynamodb.put_item(TableName=aws.tables["connections"], Item=item)


def test_a_cancelled_transaction_has_a_reason_for_each_item(aws: Aws) -> None:
    """As boto3 reads it; `dynamodb/test_database.py` has the rest."""
    _put(aws, "c1")
    puts = [
        {
            "TableName": aws.tables["connections"],
            "Item": {"connectionId": {"S": name}},
            "ConditionExpression": "attribute_not_exists(connectionId)",
        }
        for name in ("c2", "c1")
    ]

    with pytest.raises(ClientError) as cancelled:
        aws.dynamodb.transact_write_items(TransactItems=[{"Put": put} for put in puts])

    reasons = cancelled.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "ConditionalCheckFailed"]
    assert [each["connectionId"]["S"] for each in aws.items("connections")] == ["c1"]


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
    _put(aws, "ñ")
    sent = body.replace("connections", aws.tables["connections"]).encode()
    head = (
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-amz-json-1.0\r\n"
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
