"""One WebSocket connection: requests, their replies, and its end."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Protocol

from lectern_client.connection.scheduler import Scheduler
from lectern_client.errors import LecternError, connection_lost
from lectern_client.messages import Message
from lectern_client.options import Options, Timer
from lectern_client.sockets import Socket

CLOSE_REPLACED = 4000
"""Close code of a replaced connection: 1000 would end a speaker's session (PROTOCOL 6.3)."""


class ConnectionListener(Protocol):
    def on_text(self, connection: "Connection", text: str) -> None: ...
    def on_sent(self, connection: "Connection") -> None: ...
    def on_end(self, connection: "Connection", error: LecternError) -> None: ...


class Connection:
    """An open connection, not attached to a session until its first request succeeds."""

    def __init__(
        self, socket: Socket, options: Options, scheduler: Scheduler, listener: ConnectionListener
    ) -> None:
        self.is_open = True
        self._socket = socket
        self._request_timeout = options.request_timeout
        self._scheduler = scheduler
        self._listener = listener
        self._pending: dict[str, tuple[asyncio.Future[Message], Timer]] = {}
        self._last_id = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._reader = asyncio.create_task(self._read())
        self._closing: asyncio.Task[None] | None = None

    async def request(self, action: str, fields: Mapping[str, Any]) -> Message:
        """Send an action and wait for its reply.

        Raises:
            LecternError: the stack's error message, CONNECTION_LOST or TIMEOUT.
        """
        if not self.is_open:
            raise connection_lost("the socket is closed")
        self._last_id += 1
        request_id = str(self._last_id)
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        timer = self._scheduler.call_later(self._request_timeout, lambda: self._expire(action))
        self._pending[request_id] = reply, timer
        self._idle.clear()
        try:
            request = {**fields, "action": action, "id": request_id}
            await self._socket.send(json.dumps(request, ensure_ascii=False))
            self._listener.on_sent(self)
            return await reply
        finally:
            self._pop(request_id)

    def resolve(self, message: Message) -> bool:
        """Give a message to the request with its id. Return False if no request waits for it."""
        reply = self._pop(message["id"]) if "id" in message else None
        if reply is None or reply.done():
            return False
        if message["type"] == "error":
            reply.set_exception(LecternError.from_message(message))
        else:
            reply.set_result(message)
        return True

    async def wait_idle(self) -> None:
        """Return when no request waits for its reply, or when the connection has ended."""
        await self._idle.wait()

    def close(self, code: int = CLOSE_REPLACED) -> asyncio.Task[None]:
        """Close the socket, and fail the requests that wait with CONNECTION_LOST."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._socket.close(code))
        self._end(connection_lost("closed by the client"))
        return self._closing

    async def _read(self) -> None:
        try:
            while True:
                self._listener.on_text(self, await self._socket.receive())
        except LecternError as error:
            self._end(error)

    def _expire(self, action: str) -> None:
        # Without a reply in time the connection is dead, whatever the socket's state says.
        text = f"no reply to {action} in {self._request_timeout:g} s"
        self._end(LecternError("TIMEOUT", text, action=action))
        self.close()

    def _end(self, error: LecternError) -> None:
        if not self.is_open:
            return
        self.is_open = False
        for request_id in list(self._pending):
            reply = self._pop(request_id)
            if reply is not None and not reply.done():
                reply.set_exception(error)
        self._listener.on_end(self, error)

    def _pop(self, request_id: str) -> asyncio.Future[Message] | None:
        reply, timer = self._pending.pop(request_id, (None, None))
        if timer is not None:
            timer.cancel()
        if not self._pending:
            self._idle.set()
        return reply
