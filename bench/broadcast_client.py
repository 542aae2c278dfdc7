"""The process that `broadcast.py` measures.

    python -m bench.broadcast_client URL LISTENERS

sends broadcasts through the handler, and prints the cost of each message.
"""

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from bench.cold_start_client import Context
from chalicelib import handlers, wiring
from chalicelib.domain.session import Broadcasting, Connection, Session
from chalicelib.domain.types import ConnectionId, Millis, Role, SessionId, TenantId, UserId
from chalicelib.stores.attributes import to_attributes
from chalicelib.stores.connection_items import connection_to_item
from chalicelib.stores.dynamodb import Operation, Outcome, PreparedCall, in_turn
from chalicelib.stores.session_items import session_to_item

_MESSAGES = 20_000
_WARM_UPS = 5
_SPEAKER = "L0SM9cOFvHcCIhw="
_NOW = Millis(int(time.time() * 1000))


class Store:
    """A DynamoDB with one session, its speaker and its listeners, which responds at once."""

    def __init__(self, listeners: int) -> None:
        self.seq = 0
        self._connection = to_attributes(
            connection_to_item(_speaker()) | {"sessionId": _session().session_id}
        )
        self._listeners = listeners
        self._index = [
            to_attributes(
                {
                    "connectionId": f"L0SM9cOFvHc{number:04}=",
                    "role": "listener",
                    "sessionId": "golden-eagle-427",
                    "targetLanguage": "es",
                }
            )
            for number in range(listeners)
        ]

    def call(self, operation: Operation, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return the response to each of a broadcast's four calls, decoded from JSON as in
        reality."""
        if operation == "Query":
            return self._decoded({"Items": self._index})
        if operation == "UpdateItem":
            self.seq += 1
            session = replace(
                _session(),
                listener_count=self._listeners,
                language_counts={"es": self._listeners},
                stream_positions={"*": self.seq},
            )
            return self._decoded({"Attributes": to_attributes(session_to_item(session))})
        if operation == "GetItem" and "connectionId" in request["Key"]:
            return self._decoded({"Item": self._connection})
        return {}

    def call_all(self, calls: Sequence[PreparedCall]) -> list[Outcome]:
        return in_turn(self.call, calls)

    def _decoded(self, answer: dict[str, Any]) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(json.dumps(answer))
        return decoded


def _speaker() -> Connection:
    later = Millis(_NOW + 6_000_000)
    return Connection(
        connection_id=ConnectionId(_SPEAKER),
        role=Role.SPEAKER,
        tenant_id=TenantId("default"),
        user_id=UserId("anna"),
        connected_at=_NOW,
        refresh_at=later,
        warn_at=later,
        expires_at=later,
    )


def _session() -> Session:
    return Session(
        session_id=SessionId("golden-eagle-427"),
        tenant_id=TenantId("default"),
        speaker_user_id=UserId("anna"),
        speaker_connection_id=ConnectionId(_SPEAKER),
        source_language="en",
        quality_tier="standard",
        created_at=_NOW,
        expires_at=Millis(_NOW + 7_200_000),
        is_active=True,
        broadcasting=Broadcasting(last_state_change=_NOW),
    )


def main() -> None:
    url, listeners = sys.argv[1], int(sys.argv[2])
    environ = {
        **os.environ,
        "API_GATEWAY_ENDPOINT": url,
        "INLINE_FANOUT_LIMIT": str(listeners),
        "JWT_SECRET": "x" * 32,
        "RESUME_TOKEN_SECRET": "x" * 32,
    }
    services = wiring.build(environ, write=lambda _: None, dynamodb=Store(listeners))
    wiring.install(services)
    for _ in range(_WARM_UPS):
        _broadcast(listeners)
    times = _MESSAGES // listeners
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        _broadcast(listeners)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    messages = times * listeners
    figures = {
        "messages a second": messages / wall,
        "CPU µs a message": cpu / messages * 1e6,
        "ms a broadcast": wall / times * 1e3,
    }
    print(json.dumps(figures))


def _broadcast(listeners: int) -> None:
    where = {
        "connectionId": _SPEAKER,
        "requestId": "request-1",
        "connectedAt": _NOW,
        "identity": {"sourceIp": "198.51.100.7"},
    }
    body = json.dumps({"action": "broadcast", "data": "x" * 300})
    reply = handlers.message({"requestContext": where, "body": body}, Context())
    assert json.loads(reply["body"])["recipients"] == listeners, reply


if __name__ == "__main__":
    main()
