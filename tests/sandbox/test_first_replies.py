"""Clients that break their handshake off hold up nobody else's first reply."""

import json
import socket
import time

from websockets.sync.client import connect

from tests.running import PATIENCE, Lectern

ABORTED = 8
WITHIN_SECONDS = 0.5


def break_off(lectern: Lectern, query: str) -> None:
    """Send a whole handshake, and be gone before its answer."""
    request = (
        f"GET /local?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", lectern.sandbox.port), PATIENCE) as client:
        client.sendall(request.encode())


def test_an_honest_join_after_aborted_handshakes_gets_its_reply_at_once(lectern: Lectern) -> None:
    created = f"role=speaker&action=createSession&sourceLanguage=en&token={lectern.token()}"
    with connect(f"{lectern.url}?{created}", compression=None) as speaker:
        session_id = json.loads(speaker.recv(PATIENCE))["sessionId"]
        joining = f"action=joinSession&sessionId={session_id}&targetLanguage=es"
        for _ in range(ABORTED):
            break_off(lectern, joining)

        started = time.monotonic()
        with connect(f"{lectern.url}?{joining}", compression=None) as listener:
            reply = json.loads(listener.recv(PATIENCE))
            seconds = time.monotonic() - started

    assert reply["type"] == "sessionJoined"
    assert seconds < WITHIN_SECONDS
