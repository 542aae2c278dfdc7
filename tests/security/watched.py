"""A stack in memory that knows what each message or handshake has changed."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from chalicelib import handlers
from chalicelib.domain.types import ConnectionId
from tests.handshakes import connect_parameters
from tests.invariants.memory import Memory
from tests.invariants.world import World
from tests.stack import Client, Refused

_WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"}
FAILURES = {"unexpected", "disconnectFailed", "jobFailed", "upstreamFailed", "rateLimiterDown"}
"""Log events that tell of something nobody expected."""


class Watched(World):
    """Everything in memory, with its clock at a standstill."""

    def __init__(self, **environ: str) -> None:
        super().__init__(Memory.fresh(), environ={"LOG_LEVEL": "DEBUG", **environ})
        self._changes: list[str] = []
        self.database.on_answer = self._note

    @contextmanager
    def changes(self) -> Iterator[list[str]]:
        """Collect the changes of what runs in here: successful writes, posts, jobs, closed sockets.

        The counters of rate limits, and of tries to join, don't count, as whoever is refused is
        counted too.
        """
        with self.outside.counted() as calls:
            changed: list[str] = []
            self._changes = changed
            yield changed
        changed += [call for call in calls if call in ("post", "close", "send")]

    def connect_with(
        self,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None = None,
        address: str = "203.0.113.7",
    ) -> Client:
        """Connect with any names and values at all, and an id like API Gateway's.

        Raises Refused.
        """
        number = len(self.clients).to_bytes(4, "big")
        connection_id = base64.urlsafe_b64encode(hashlib.sha256(number).digest()[:11]).decode()
        client = Client(self, ConnectionId(connection_id), address, self.clock.now)
        event = {
            "requestContext": self.where(client, "CONNECT"),
            **connect_parameters(query or {}, headers or {}),
        }
        answer = handlers.connect(event, self.context)
        if answer["statusCode"] != 200:
            raise Refused(answer)
        self.clients.append(client)
        self.sockets.open[client.connection_id] = []
        return client

    def failures(self) -> list[Mapping[str, Any]]:
        """Return the log events that no client may cause."""
        return [line for line in self.events() if line.get("event") in FAILURES]

    def _note(self, operation: str, request: Mapping[str, Any], _: dict[str, Any]) -> None:
        if "joinTries" in str(request.get("UpdateExpression")):
            return
        if operation in _WRITES and request.get("TableName") != self.aws.tables["rate_limits"]:
            self._changes.append(f"{operation} {request}")
