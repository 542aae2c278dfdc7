"""One socket: replies by id, and its end."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Protocol

from lectern_client.errors import LecternError, connection_lost
from lectern_client.messages import Message
from lectern_client.options import Options, Timer, Timers
from lectern_client.sockets import Socket

# 1000 and 1001 would end a speaker's session (PROTOCOL 6.3), so replaced sockets close with this.
REPLACED = 4000


class Owner(Protocol):
    def received(self, link: "Link", text: str) -> None: ...
    def sent(self, link: "Link") -> None: ...
    def ended(self, link: "Link", error: LecternError) -> None: ...


class Link:
    """An open socket. `Link.open` makes one; it opens bare, and the action follows as a message."""

    def __init__(self, socket: Socket, options: Options, owner: Owner) -> None:
        self.alive = True
        self._socket = socket
        self._options = options
        self._timers: Timers = options.timers or asyncio.get_running_loop()
        self._owner = owner
        self._pending: dict[str, tuple[asyncio.Future[Message], Timer]] = {}
        self._count = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._reader = asyncio.create_task(self._read())
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, token: str | None, options: Options, owner: Owner) -> "Link":
        """Connects; raises as `sockets.open_socket`."""
        socket = await options.connect(url, token, options.connect_timeout)
        return cls(socket, options, owner)

    async def request(self, action: str, fields: Mapping[str, Any]) -> Message:
        """Sends an action and waits for its reply.

        Raises:
            LecternError: the stack's error message, CONNECTION_LOST or TIMEOUT.
        """
        if not self.alive:
            raise connection_lost("the socket is closed")
        self._count += 1
        key = str(self._count)
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        seconds = self._options.request_timeout
        timer = self._timers.call_later(seconds, lambda: self._expire(action, seconds))
        self._pending[key] = answer, timer
        self._quiet.clear()
        try:
            request = {**fields, "action": action, "id": key}
            await self._socket.send(json.dumps(request, ensure_ascii=False))
            self._owner.sent(self)
            return await answer
        finally:
            self._take(key)

    def settle(self, message: Message) -> bool:
        """Hands a message to whoever waits for its id; says whether somebody did."""
        answer = self._take(message["id"]) if "id" in message else None
        if answer is None or answer.done():
            return False
        if message["type"] == "error":
            answer.set_exception(LecternError.from_message(message))
        else:
            answer.set_result(message)
        return True

    async def settled(self) -> None:
        """Returns when every reply is there, or the socket is gone."""
        await self._quiet.wait()

    def close(self, code: int = REPLACED) -> asyncio.Task[None]:
        """Closes; what still waits for a reply is told that the connection is lost."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._socket.close(code))
        self._end(connection_lost("closed by the client"))
        return self._closing

    async def _read(self) -> None:
        try:
            while True:
                self._owner.received(self, await self._socket.receive())
        except LecternError as closed:
            self._end(closed)

    def _expire(self, action: str, seconds: float) -> None:
        # A socket that does not answer is dead, whatever its state says.
        self._end(LecternError("TIMEOUT", f"no answer to {action} in {seconds:g} s", action=action))
        self.close()

    def _end(self, error: LecternError) -> None:
        if not self.alive:
            return
        self.alive = False
        for key in list(self._pending):
            answer = self._take(key)
            if answer is not None and not answer.done():
                answer.set_exception(error)
        self._owner.ended(self, error)

    def _take(self, key: str) -> asyncio.Future[Message] | None:
        answer, timer = self._pending.pop(key, (None, None))
        if timer is not None:
            timer.cancel()
        if not self._pending:
            self._quiet.set()
        return answer
