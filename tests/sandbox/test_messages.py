"""Messages reach the handler, and its responses the client, as through API Gateway."""

import contextlib
import itertools
import json
import struct
import threading
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection

from tests.sandbox.plane import HANDSHAKE, PATIENCE, Plane, running_plane


def test_the_handlers_body_is_sent_on_the_socket(plane: Plane) -> None:
    with plane.open() as client:
        connected = plane.app.saw("connect")["requestContext"]
        client.send('{"action":"heartbeat"}')
        assert client.recv(PATIENCE) == '{"action":"heartbeat"}'
        event = plane.app.saw("message")

    context = event["requestContext"]
    assert event["body"] == '{"action":"heartbeat"}'
    assert event["isBase64Encoded"] is False
    assert context["routeKey"] == "$default"
    assert context["eventType"] == "MESSAGE"
    assert context["connectionId"] == connected["connectionId"]
    assert context["connectedAt"] == connected["connectedAt"]
    assert context["messageId"]
    assert "headers" not in event


def test_a_response_without_a_body_sends_nothing(plane: Plane) -> None:
    plane.app.answers["message"] = lambda event: (
        {"statusCode": 200, "body": "second"} if event["body"] == "2" else {"statusCode": 200}
    )

    with plane.open() as client:
        client.send("1")
        client.send("2")
        assert client.recv(PATIENCE) == "second"


def test_a_handler_that_raises_causes_an_error_without_ids(plane: Plane) -> None:
    def fail(_: dict[str, Any]) -> None:
        raise RuntimeError("on purpose")

    plane.app.answers["message"] = fail
    with plane.open() as client:
        client.send("x")
        assert json.loads(client.recv(PATIENCE)) == {"message": "Internal server error"}


def test_a_handler_that_takes_too_long_times_out(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.gateway.routes.INTEGRATION_TIMEOUT", 0.05)
    answered = threading.Event()

    def slow(_: dict[str, Any]) -> dict[str, Any]:
        assert answered.wait(PATIENCE)
        return {"statusCode": 200, "body": "too late"}

    plane.app.answers["message"] = slow
    with plane.open() as client:
        client.send("x")
        assert json.loads(client.recv(PATIENCE)) == {"message": "Endpoint request timed out"}
        answered.set()
        with pytest.raises(TimeoutError):
            client.recv(0.1)


def test_handlers_of_one_connection_run_side_by_side(plane: Plane) -> None:
    both = threading.Barrier(2, timeout=PATIENCE)

    def together(event: dict[str, Any]) -> dict[str, Any]:
        both.wait()
        return {"statusCode": 200, "body": event["body"]}

    plane.app.answers["message"] = together
    with plane.open() as client:
        client.send("1")
        client.send("2")
        answers = {client.recv(PATIENCE), client.recv(PATIENCE)}

    assert answers == {"1", "2"}


def test_handlers_of_one_connection_start_in_order() -> None:
    with running_plane(threads=1) as plane, plane.open() as client:
        for number in range(10):
            client.send(str(number))
        answers = [client.recv(PATIENCE) for _ in range(10)]

    assert answers == [str(number) for number in range(10)]


def test_a_message_of_128_kb_in_frames_of_32_kb_passes(plane: Plane) -> None:
    fragments = ["x" * 32 * 1024] * 4
    plane.app.answers["message"] = lambda event: {
        "statusCode": 200,
        "body": str(len(event["body"])),
    }

    with plane.open() as client:
        client.send(fragments)
        assert client.recv(PATIENCE) == str(128 * 1024)


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("x" * (32 * 1024 + 1), 1009),
        (["x" * 32 * 1024] * 4 + ["x"], 1009),
        (b"binary", 1003),
    ],
    ids=["a frame over 32 KB", "a message over 128 KB", "a binary frame"],
)
def test_messages_that_api_gateway_does_not_accept_close_the_socket(
    plane: Plane, sent: Any, code: int
) -> None:
    with plane.open() as client:
        _send(client, sent)
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(PATIENCE)

    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
    assert plane.app.saw("disconnect")["requestContext"]["disconnectStatusCode"] == code
    assert plane.app.saw_nothing("message")


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x81\x02hi", 1002),  # not masked
        (b"\x83\x80\0\0\0\0", 1002),  # reserved opcode
        (b"\xc1\x80\0\0\0\0", 1002),  # reserved bit, no extension was agreed on
        (b"\x80\x80\0\0\0\0", 1002),  # continues nothing
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007),  # not UTF-8
        (b"\x81\xff\0\0\0\0\x40\0\0\0\0\0\0\0", 1009),  # claims 2**62 bytes
    ],
)
def test_broken_frames_close_the_socket(plane: Plane, frame: bytes, code: int) -> None:
    sock = plane.raw()
    sock.sendall(frame)

    head = sock.recv(4)

    assert head[0] == 0x88
    assert struct.unpack("!H", head[2:4])[0] == code
    assert plane.app.saw("disconnect")["requestContext"]["disconnectStatusCode"] == code
    sock.close()


def test_frames_split_anywhere_are_one_message(plane: Plane) -> None:
    sock = plane.raw()
    frame = b"\x81\x85\0\0\0\0hello"

    for byte in itertools.chain(frame):
        sock.sendall(bytes([byte]))

    assert sock.recv(7, 0x100) == b"\x81\x05hello"  # MSG_WAITALL
    sock.close()


def test_a_message_right_after_the_handshake_is_not_lost(plane: Plane) -> None:
    connecting = threading.Event()
    plane.app.answers["connect"] = lambda _: connecting.wait(PATIENCE) and {"statusCode": 200}
    sock = plane.raw(handshake=False)
    sock.sendall(HANDSHAKE + b"\x81\x85\0\0\0\0first")
    plane.app.saw("connect")
    sock.sendall(b"\x81\x86\0\0\0\0second")
    connecting.set()

    # As on AWS, the two handlers run side by side: which of them is first is open.
    assert {plane.app.saw("message")["body"] for _ in range(2)} == {"first", "second"}
    sock.close()


def test_a_ping_is_answered(plane: Plane) -> None:
    with plane.open() as client:
        assert client.ping().wait(PATIENCE)


def _send(client: ClientConnection, what: Any) -> None:
    with contextlib.suppress(ConnectionClosedError):
        client.send(what)
