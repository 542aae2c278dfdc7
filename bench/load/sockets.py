"""Sockets that can be dropped, as a network drops them: without a close frame."""

import time
from typing import Any, cast

from bench.load.score import Score
from lectern_client.errors import LecternError
from lectern_client.sockets import Socket, open_socket


class Droppable:
    """The socket of a session; it is another one after each reconnect or refresh."""

    def __init__(self, inner: Socket, line: "Line") -> None:
        self._inner = inner
        self._line = line

    async def send(self, text: str) -> None:
        if '"heartbeat"' in text:
            self._line.beat_at = time.perf_counter()
        await self._inner.send(text)

    async def receive(self) -> str:
        return await self._inner.receive()

    async def close(self, code: int) -> None:
        await self._inner.close(code)

    def drop(self) -> None:
        """The network is gone. `websockets` has no public way to lose a connection."""
        cast(Any, self._inner)._connection.transport.abort()


class Line:
    """One participant's way to the stack: opens its sockets, and drops the one in use."""

    def __init__(self, score: Score) -> None:
        self.beat_at: float | None = None
        """When the last heartbeat left that has no answer yet."""
        self._score = score
        self._socket: Droppable | None = None

    async def connect(self, url: str, token: str | None, timeout: float) -> Socket:
        """What the client calls to open a socket."""
        try:
            self._socket = Droppable(await open_socket(url, token, timeout), self)
        except LecternError as error:
            self._score.failed(error.status, error.code)
            raise
        return self._socket

    def drop(self) -> None:
        """Cuts the socket in use."""
        if self._socket:
            self._score.drops += 1
            self._score.now.drops += 1
            self._socket.drop()

    def answered(self) -> None:
        """The heartbeat's answer is here."""
        if self.beat_at is not None:
            self._score.took("reply", self.beat_at)
            self.beat_at = None
