"""Bytes that are nearly a handshake or nearly a WebSocket, over real sockets to a whole stack.

Their sender is refused or cut off. The stack serves others, logs no exception, keeps nothing.
"""

import base64
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress

import pytest
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from tests.running import PATIENCE, Lectern
from tests.security.fuzz import Fuzz

KEY = base64.b64encode(b"0123456789abcdef").decode()
MESSAGES = (
    b'{"action":"heartbeat"}',
    b'{"action":"subscribe","topic":"questions"}',
    b"x" * 40_000,
    "ä\u2028".encode(),
)


def handshake(lectern: Lectern) -> bytes:
    """Return an opening handshake as every client sends it."""
    lines = [
        f"GET /local?role=speaker&token={lectern.token()} HTTP/1.1",
        f"Host: 127.0.0.1:{lectern.sandbox.port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def frames(fuzz: Fuzz) -> bytes:
    """Several masked frames, some of them altered."""
    sent = b""
    for number, message in enumerate(MESSAGES):
        opcode = (Opcode.TEXT, Opcode.PING, Opcode.CONT, Opcode.BINARY)[number % 4]
        frame = Frame(opcode, message[:100], fin=number % 3 > 0).serialize(mask=True)
        sent += fuzz.altered(frame)
    return sent


def exchange(lectern: Lectern, sent: bytes) -> int:
    """Send bytes, and read until the stack closes. Return the status, 0 for none."""
    address = ("127.0.0.1", lectern.sandbox.port)
    with closing(socket.create_connection(address, PATIENCE)) as client, suppress(OSError):
        received = b""
        client.sendall(sent)
        while b"\r\n\r\n" not in received and (piece := client.recv(65536)):
            received += piece
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass
    status = received.split(b" ", 2)
    return int(status[1]) if len(status) > 1 and status[0].startswith(b"HTTP/") else 0


def everybody_is_gone_and_the_stack_well(lectern: Lectern) -> None:
    with connect(lectern.url, open_timeout=PATIENCE) as client:
        client.send('{"action":"heartbeat"}')
        assert "heartbeatAck" in client.recv(PATIENCE)
    lectern.settle()
    assert lectern.call("GET", "/_sandbox/state")["connections"] == []
    assert [line for line in lectern.lines if "ERROR" in line] == []


def altered_handshakes(lectern: Lectern, count: int, seed: int) -> Counter[int]:
    fuzz = Fuzz(seed, {})
    return Counter(exchange(lectern, fuzz.altered(handshake(lectern))) for _ in range(count))


def altered_frames(lectern: Lectern, count: int, seed: int) -> Counter[int]:
    fuzz = Fuzz(seed, {})
    return Counter(exchange(lectern, handshake(lectern) + frames(fuzz)) for _ in range(count))


Send = Callable[[Lectern, int, int], Counter[int]]


@pytest.fixture
def lectern(run_lectern: Callable[..., Lectern], monkeypatch: pytest.MonkeyPatch) -> Lectern:
    """A stack that waits a moment only for the rest of a handshake."""
    monkeypatch.setattr("sandbox.http.server.HEADERS_SECONDS", 0.3)
    return run_lectern()


@pytest.mark.parametrize("send", [altered_handshakes, altered_frames])
def test_some(lectern: Lectern, caplog: pytest.LogCaptureFixture, send: Send) -> None:
    statuses = send(lectern, 60, 1)

    assert 101 in statuses
    assert max(statuses) < 500
    everybody_is_gone_and_the_stack_well(lectern)
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("send", [altered_handshakes, altered_frames])
def test_many(lectern: Lectern, caplog: pytest.LogCaptureFixture, send: Send) -> None:
    assert max(send(lectern, 3_000, 7)) < 500
    everybody_is_gone_and_the_stack_well(lectern)
    assert [record for record in caplog.records if record.exc_info] == []
