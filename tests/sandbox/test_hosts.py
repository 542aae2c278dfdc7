"""A stack on one machine answers its developer, and no page of another site (PROTOCOL 7)."""

import http.client
import json
import socket
import struct
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from sandbox.gateway.connection import SEND_BUFFER
from sandbox.http.hosts import AllowedHosts
from tests.sandbox.conftest import RecordingStack
from tests.sandbox.plane import CREDENTIALS, HANDSHAKE, PATIENCE, Plane

OWN = ("127.0.0.1", "127.0.0.1:8001", "localhost", "LocalHost:3000", "[::1]", "[::1]:8001")
FOREIGN = (
    "",
    "example.com",
    "example.com:8001",
    "127.0.0.1.example.com",
    "localhost.example.com:8001",
    "127.0.0.2",
    "10.0.0.1",
    "localhost:8001@example.com",
    "example.com#localhost",
    "::1",
    "[::2]",
)


def _answer(port: int, host: str, *lines: str, first: str = "GET /_sandbox/faults") -> int:
    """Send one request with exactly these headers; return the status."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as sock:
        head = "\r\n".join([f"{first} HTTP/1.1", f"Host: {host}", *lines, "Connection: close"])
        sock.sendall(f"{head}\r\n\r\n".encode())
        return int(sock.makefile("rb").readline().split()[1])


@pytest.mark.parametrize("host", OWN)
def test_this_machine_is_answered_by_any_of_its_names(stack: RecordingStack, host: str) -> None:
    assert _answer(stack.sandbox.port, host) == 200
    assert _answer(stack.sandbox.port, host, f"Origin: http://{host}") == 200


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_or_origin_is_refused(stack: RecordingStack, host: str) -> None:
    port = stack.sandbox.port

    assert _answer(port, host) in (400, 403)
    for path in ("/", "/_sandbox/state", "/_sandbox/token?sub=a", "/_sandbox/events"):
        assert _answer(port, "127.0.0.1", f"Origin: http://{host}", first=f"GET {path}") == 403


@pytest.mark.parametrize("origin", ["null", "file://", "http://", "chrome-extension://localhost"])
def test_an_origin_without_a_host_of_this_machine_is_refused(
    stack: RecordingStack, origin: str
) -> None:
    assert _answer(stack.sandbox.port, "localhost", f"Origin: {origin}") == 403


def test_more_than_one_host_or_origin_is_refused(stack: RecordingStack) -> None:
    port, good = stack.sandbox.port, "Origin: http://localhost"

    assert _answer(port, "localhost", good, "Origin: http://example.com") == 403
    assert _answer(port, "localhost", "Host: example.com") in (400, 403)


def test_a_refusal_says_what_to_do(stack: RecordingStack) -> None:
    status, answer = stack.call("GET", "/_sandbox/state", headers={"Host": "my-laptop"})

    assert status == 403
    assert "'my-laptop' is not of this machine" in answer["message"]
    assert "SANDBOX_HOSTS" in answer["message"]


def test_hosts_can_be_added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANDBOX_HOSTS", "my-laptop, dev.example.com:9000")
    stack = RecordingStack()
    port = stack.sandbox.port

    try:
        assert _answer(port, "my-laptop:8001", "Origin: https://dev.example.com") == 200
        assert _answer(port, "localhost") == 200
        assert _answer(port, "example.com") == 403
    finally:
        stack.close()


def test_a_handshake_of_another_site_is_refused(plane: Plane) -> None:
    with pytest.raises(InvalidStatus) as refused:
        connect(plane.url, origin=Origin("https://example.com")).close()
    with plane.raw(handshake=False) as sock:
        sock.sendall(HANDSHAKE.replace(b"Host: localhost", b"Host: example.com"))
        by_host = sock.makefile("rb").readline()

    assert refused.value.response.status_code == 403
    assert by_host.split()[1] == b"403"
    assert plane.app.saw_nothing("connect")


@pytest.mark.parametrize("origin", ["http://localhost:3000", "http://[::1]:8001"])
def test_a_page_of_this_machine_may_open_a_socket(plane: Plane, origin: str) -> None:
    with plane.open(origin=Origin(origin)):
        assert plane.app.saw("connect")["headers"]["Origin"] == origin


def test_a_signed_post_of_another_site_is_refused(plane: Plane) -> None:
    with plane.connected() as (client, own):
        request = plane.signed("POST", own, b"x", CREDENTIALS)
        headers = {**dict(request.headers), "Origin": "https://example.com"}
        path = "/" + str(request.url).split("/", 3)[3]

        assert plane.request("POST", path, b"x", headers).status == 403
        assert plane.manage("POST", own, b"good").status == 200
        assert client.recv(PATIENCE) == "good"


def test_the_endpoint_of_dynamodb_and_sqs_is_closed_to_other_sites(stack: RecordingStack) -> None:
    port = int(stack.environ["AWS_ENDPOINT_URL_SQS"].rpartition(":")[2])
    call = "POST /"
    target = ("X-Amz-Target: DynamoDB_20120810.ListTables", "Content-Length: 2")

    assert _answer(port, "example.com", *target, first=call) == 403
    assert _answer(port, "localhost", *target, "Origin: https://example.com", first=call) == 403
    assert stack.dynamodb.list_tables()["TableNames"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
)
def test_a_body_that_a_form_could_send_is_refused(stack: RecordingStack, kind: str) -> None:
    before = stack.sandbox.clock.moved

    status, answer = stack.call(
        "POST", "/_sandbox/clock", body='{"advance": 90}', headers={"Content-Type": kind}
    )

    assert status == 415
    assert "application/json" in answer["message"]
    assert stack.sandbox.clock.moved == before


def test_json_may_name_its_character_set(stack: RecordingStack) -> None:
    headers = {"Content-Type": "application/json; charset=utf-8"}

    status, _ = stack.call("POST", "/_sandbox/clock", body='{"advance": 0}', headers=headers)

    assert status == 200


def _has_ipv6() -> bool:
    return "00000000000000000000000000000001" in _text(Path("/proc/net/if_inet6"))


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


@pytest.mark.skipif(not _has_ipv6(), reason="the machine has no ::1")
def test_the_stack_listens_on_both_loopback_addresses(plane: Plane) -> None:
    with connect(f"ws://[::1]:{plane.port}/local") as client:
        event = plane.app.saw("connect")
        client.send("hello")

        assert client.recv(PATIENCE) == "hello"
    assert event["headers"]["X-Forwarded-Port"] == str(plane.port)
    assert event["requestContext"]["identity"]["sourceIp"] == "::1"
    assert plane.app.saw("disconnect")


def test_pongs_that_nobody_reads_do_not_pile_up(plane: Plane) -> None:
    ping = b"\x89\xfd" + bytes(4) + bytes(125)
    with plane.raw() as sock:
        plane.app.saw("connect")
        # Until the stack reads no more, and the kernel's buffers are full.
        assert _send_until_stuck(sock, ping * 500) < 64 * SEND_BUFFER
        with plane.connected() as (client, _):  # others notice nothing
            client.send("still here")
            assert client.recv(PATIENCE) == "still here"
        assert _reads_pongs(sock, 1000)


def _send_until_stuck(sock: socket.socket, data: bytes) -> int:
    """Send the same over and over until nothing is taken for a second; return the bytes sent."""
    sock.settimeout(1.0)
    sent = 0
    try:
        while sent < 64 * SEND_BUFFER:
            sent += sock.send(data)
    except TimeoutError:
        pass
    finally:
        sock.settimeout(PATIENCE)
    return sent


def _reads_pongs(sock: socket.socket, count: int) -> bool:
    """Read so many pongs: the stack goes on where it stopped."""
    with sock.makefile("rb") as stream:
        for _ in range(count):
            first, size = struct.unpack("!BB", stream.read(2))
            assert (first, size) == (0x8A, 125)
            stream.read(size)
    return True


def test_responses_that_nobody_reads_do_not_pile_up(plane: Plane) -> None:
    with plane.connected() as (_, own), plane.raw(handshake=False) as sock:
        request = plane.signed("POST", own[:-2] + "A=", b"x", CREDENTIALS)
        fields = [f"{name}: {value}" for name, value in request.headers.items()]
        path = "/" + str(request.url).split("/", 3)[3]
        host = f"Host: 127.0.0.1:{plane.port}"
        post = "\r\n".join([f"POST {path} HTTP/1.1", host, *fields, "Content-Length: 1", "", "x"])
        assert _send_until_stuck(sock, post.encode() * 50) < 64 * SEND_BUFFER
        with sock.makefile("rb") as stream:
            for _ in range(100):
                assert stream.readline().split()[1] == b"410"
                json.loads(stream.read(int(http.client.parse_headers(stream)["Content-Length"])))


def test_names_are_compared_whole() -> None:
    hosts = AllowedHosts("dev.example.com")

    assert hosts.refusal("dev.example.com:80", None) is None
    assert hosts.refusal("a.dev.example.com", None)
    assert hosts.refusal("dev.example.com.", None)
