"""Sockets that can be dropped, as a network drops them: without a close frame."""

import time
from typing import Any, cast

from bench.load.score import Score
from lectern_client.errors import LecternError
from lectern_client.sockets import Socket, open_socket


class Droppable:
    """The socket of a session; each reconnect or refresh opens another one."""

    def __init__(self, inner: Socket, network: "Network") -> None:
        self._inner = inner
        self._network = network

    async def send(self, text: str) -> None:
        if '"heartbeat"' in text:
            self._network.beat_at = time.perf_counter()
        await self._inner.send(text)

    async def receive(self) -> str:
        return await self._inner.receive()

    async def close(self, code: int) -> None:
        await self._inner.close(code)

    def drop(self) -> None:
        """Lose the network. `websockets` has no public way to do so."""
        cast(Any, self._inner)._connection.transport.abort()


class Network:
    """One participant's connection to the stack: opens its sockets, and drops the one in use."""

    def __init__(self, score: Score) -> None:
        self.beat_at: float | None = None
        """Time of the last heartbeat that has no reply yet."""
        self._score = score
        self._socket: Droppable | None = None

    async def connect(self, url: str, token: str | None, timeout: float) -> Socket:
        """Open a socket; the client calls this."""
        try:
            self._socket = Droppable(await open_socket(url, token, timeout), self)
        except LecternError as error:
            self._score.record_error(error.status, error.code)
            raise
        return self._socket

    def drop(self) -> None:
        """Cut the socket in use."""
        if self._socket:
            self._score.drops += 1
            self._score.now.drops += 1
            self._socket.drop()

    def heartbeat_acknowledged(self) -> None:
        """Record the reply to the heartbeat."""
        if self.beat_at is not None:
            self._score.record_latency("reply", self.beat_at)
            self.beat_at = None
