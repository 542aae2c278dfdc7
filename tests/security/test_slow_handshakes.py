"""Connections that say little or nothing: each ends by itself, and nobody waits for it."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from websockets.sync.client import connect

from tests.running import PATIENCE, Lectern

SHORT = 1.0
HALF_A_HANDSHAKE = b"GET /local HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"


@pytest.fixture
def lectern(run_lectern: Callable[..., Lectern], monkeypatch: pytest.MonkeyPatch) -> Lectern:
    """A stack that waits for headers for a moment only."""
    monkeypatch.setattr("sandbox.http.server.HEADERS_SECONDS", SHORT)
    return run_lectern()


@contextmanager
def raw(lectern: Lectern) -> Iterator[socket.socket]:
    """A TCP connection to the stack."""
    with closing(socket.create_connection(("127.0.0.1", lectern.sandbox.port), PATIENCE)) as client:
        yield client


def rest_of(client: socket.socket) -> bytes:
    """Return what the stack sends until it closes. Raise TimeoutError if it never does."""
    received = b""
    while piece := client.recv(4096):
        received += piece
    return received


@pytest.mark.parametrize("sent", [b"", b"G", HALF_A_HANDSHAKE], ids=["none", "a letter", "half"])
def test_who_does_not_finish_a_handshakes_headers_is_cut(lectern: Lectern, sent: bytes) -> None:
    with raw(lectern) as client:
        client.sendall(sent)

        assert rest_of(client).startswith(b"HTTP/1.1 408 ")


def test_a_header_now_and_then_buys_no_time(lectern: Lectern) -> None:
    with raw(lectern) as client:
        client.sendall(HALF_A_HANDSHAKE)

        with pytest.raises(OSError):  # noqa: PT011 - reset or broken pipe, as it happens
            _trickle(client)


def _trickle(client: socket.socket) -> None:
    started = time.monotonic()
    while time.monotonic() - started < PATIENCE:
        client.sendall(b"X-More: 1\r\n")
        time.sleep(SHORT / 8)


def test_others_come_in_while_many_stall(lectern: Lectern) -> None:
    stalled = [socket.create_connection(("127.0.0.1", lectern.sandbox.port)) for _ in range(200)]
    for client in stalled:
        client.sendall(HALF_A_HANDSHAKE)

    with connect(lectern.url, open_timeout=PATIENCE) as listener:
        listener.send('{"action":"heartbeat"}')
        assert "heartbeatAck" in listener.recv(PATIENCE)

    for client in stalled:
        client.close()


def test_an_open_socket_may_be_silent_for_longer(lectern: Lectern) -> None:
    with connect(lectern.url, open_timeout=PATIENCE) as listener:
        time.sleep(SHORT * 2)
        listener.send('{"action":"heartbeat"}')

        assert "heartbeatAck" in listener.recv(PATIENCE)


def test_a_header_without_an_end_is_refused(lectern: Lectern) -> None:
    with raw(lectern) as client:
        client.sendall(b"GET /local HTTP/1.1\r\nX-Long: " + b"x" * 100_000)

        assert client.recv(4096).split()[1] == b"400"
