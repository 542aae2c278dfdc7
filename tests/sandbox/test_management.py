"""The management API, called by boto3 and by hand."""

import itertools

import boto3
import pytest

from sandbox.http.signature import Credentials
from tests.sandbox.plane import CREDENTIALS, PATIENCE, Plane

UNKNOWN = "AAAAAAAAAAAAAAA="


def test_boto3_posts_describes_and_closes(plane: Plane) -> None:
    client = boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=f"http://127.0.0.1:{plane.port}/local",
        region_name="us-east-1",
        aws_access_key_id=CREDENTIALS.access_key_id,
        aws_secret_access_key=CREDENTIALS.secret_access_key,
    )
    with plane.connected() as (socket, connection_id):
        client.post_to_connection(ConnectionId=connection_id, Data="grüß dich".encode())
        assert socket.recv(PATIENCE) == "grüß dich"
        described = client.get_connection(ConnectionId=connection_id)
        client.delete_connection(ConnectionId=connection_id)
        context = plane.app.saw("disconnect")["requestContext"]
        with pytest.raises(client.exceptions.GoneException):
            client.post_to_connection(ConnectionId=connection_id, Data=b"x")
    client.close()

    assert described["Identity"]["SourceIp"] == "127.0.0.1"
    assert described["ConnectedAt"] <= described["LastActiveAt"]
    assert context["disconnectStatusCode"] == 1000
    assert context["disconnectReason"] == "Connection Closed Normally"


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE"])
def test_a_closed_connection_is_410(plane: Plane, method: str) -> None:
    answer = plane.manage(method, UNKNOWN)

    assert answer.status == 410
    assert answer.headers["x-amzn-ErrorType"] == "GoneException"
    assert UNKNOWN.encode() not in answer.data


@pytest.mark.parametrize("malformed", ["x", "AAAAAAAAAAAAAAAA", "A" * 400, "A/B", "%00", "é" * 16])
def test_a_malformed_id_is_400(plane: Plane, malformed: str) -> None:
    assert plane.manage("POST", malformed, b"x").status == 400


@pytest.mark.parametrize(
    "credentials",
    [
        None,
        Credentials("AKIDOTHEROTHEROTHERO", CREDENTIALS.secret_access_key),
        Credentials(CREDENTIALS.access_key_id, "another-secret"),
    ],
    ids=["unsigned", "another key", "another secret"],
)
def test_a_request_without_a_valid_signature_is_403(
    plane: Plane, credentials: Credentials | None
) -> None:
    with plane.connected() as (client, connection_id):
        for method in ("POST", "GET", "DELETE"):
            answer = plane.manage(method, connection_id, credentials=credentials)
            assert answer.status == 403
        client.send("open")
        assert client.recv(PATIENCE) == "open"


def test_more_than_128_kb_is_413(plane: Plane) -> None:
    with plane.connected() as (client, connection_id):
        assert plane.manage("POST", connection_id, b"x" * (128 * 1024 + 1)).status == 413
        assert plane.manage("POST", connection_id, b"x" * (128 * 1024)).status == 200
        assert len(client.recv(PATIENCE)) == 128 * 1024


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_message_of_any_size_arrives_unchanged(plane: Plane, size: int) -> None:
    with plane.connected() as (client, connection_id):
        assert plane.manage("POST", connection_id, b"x" * size).status == 200
        assert client.recv(PATIENCE) == "x" * size


def test_bytes_that_are_not_text_are_400(plane: Plane) -> None:
    with plane.connected() as (_, connection_id):
        assert plane.manage("POST", connection_id, b"\xff\xfe").status == 400


def test_a_slow_client_gets_429_and_delays_no_other(plane: Plane) -> None:
    slow = plane.raw()  # never reads
    slow_id = plane.app.saw("connect")["requestContext"]["connectionId"]
    with plane.connected() as (quick, quick_id):
        statuses = itertools.islice(
            (plane.manage("POST", slow_id, b"x" * 128 * 1024).status for _ in itertools.count()),
            400,
        )
        assert 429 in statuses

        assert plane.manage("POST", quick_id, b"hello").status == 200
        assert quick.recv(PATIENCE) == "hello"
    slow.close()
