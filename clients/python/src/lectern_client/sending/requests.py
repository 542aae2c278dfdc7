"""Requests that wait for a connection, and their fate when it is lost."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from lectern_client.connection.connection import Connection
from lectern_client.connection.events import Closed, Ready
from lectern_client.connection.scheduler import Scheduler
from lectern_client.connection.supervisor import Supervisor
from lectern_client.errors import LecternError
from lectern_client.messages import Message

_MAX_MESSAGE = 128 * 1024
"""API Gateway's limit, in bytes."""
_ENVELOPE = 256
_MAX_ATTEMPTS = 3
_IDEMPOTENT = {
    "changeLanguage",
    "endSession",
    "getSessionStatus",
    "pauseBroadcast",
    "resumeBroadcast",
    "muteBroadcast",
    "unmuteBroadcast",
    "setVolume",
    "subscribe",
    "unsubscribe",
    "cancelRequest",
    "authenticate",
}
"""Actions that are sent again after a lost connection."""


@dataclass(eq=False)
class _Request:
    action: str
    fields: dict[str, Any]
    reply: "asyncio.Future[Message]"
    attempts: int = 0


class RequestQueue:
    """Sends requests in the order of their calls; they wait while no connection is ready."""

    def __init__(self, supervisor: Supervisor, scheduler: Scheduler) -> None:
        self._supervisor = supervisor
        self._scheduler = scheduler
        self._waiting: list[_Request] = []
        self._closed: LecternError | None = None
        supervisor.events.subscribe(Ready, lambda _: self._flush())
        supervisor.events.subscribe(Closed, self._on_closed)

    async def call(self, action: str, **fields: Any) -> Message:
        """Send an action and return its reply.

        Raises:
            LecternError: as `check`; the stack's error message; CONNECTION_LOST or TIMEOUT.
        """
        self.check(action, fields)
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(action, fields, reply))
        self._flush()
        return await reply

    def check(self, action: str, fields: dict[str, Any]) -> None:
        """Check that a request can be sent.

        Raises:
            LecternError: CLOSED; PAYLOAD_TOO_LARGE, for which the gateway would close the socket.
        """
        if self._supervisor.state == "closed":
            raise LecternError("CLOSED", "the session is closed", action=action)
        size = len(json.dumps(fields, ensure_ascii=False).encode())
        if size > _MAX_MESSAGE - _ENVELOPE:
            text = f"{size} bytes; the gateway takes {_MAX_MESSAGE}"
            raise LecternError("PAYLOAD_TOO_LARGE", text, status=413, action=action)

    def _flush(self) -> None:
        while self._waiting and (connection := self._supervisor.ready_connection):
            self._scheduler.spawn(self._send(connection, self._waiting.pop(0)))

    async def _send(self, connection: Connection, request: _Request) -> None:
        try:
            reply = await connection.request(request.action, request.fields)
        except LecternError as error:
            request.attempts += 1
            may_repeat = request.action in _IDEMPOTENT and request.attempts < _MAX_ATTEMPTS
            if error.lost and may_repeat and not self._closed:
                self._waiting.append(request)
                self._flush()
            elif not request.reply.done():
                request.reply.set_exception(self._closed or error)
        else:
            if not request.reply.done():
                request.reply.set_result(reply)

    def _on_closed(self, event: Closed) -> None:
        self._closed = event.error
        for request in self._waiting:
            if not request.reply.done():
                request.reply.set_exception(event.error)
        self._waiting.clear()
