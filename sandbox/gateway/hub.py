"""The open connections, and API Gateway's limits for their idle time and their life."""

import asyncio
import contextlib
from collections.abc import Callable

from chalicelib.domain.types import ConnectionId
from sandbox.conditions.clock import Activity, Clock, Timer
from sandbox.gateway.connection import MAX_FRAME, MAX_MESSAGE, Connection
from sandbox.gateway.events import Handshake
from sandbox.gateway.routes import Routes
from sandbox.http.loop import LoopThread

IDLE_MILLIS = 10 * 60 * 1000
LIFE_MILLIS = 2 * 60 * 60 * 1000
GOING_AWAY = 1001


class Hub:
    """Every open connection by its id. Used on the gateway's loop only."""

    def __init__(
        self, routes: Routes, *, loop: LoopThread, clock: Clock, activity: Activity
    ) -> None:
        self._routes = routes
        self._loop = loop
        self._clock = clock
        self._activity = activity
        self._max_frame = MAX_FRAME if routes.strict else MAX_MESSAGE
        self._open: dict[ConnectionId, Connection] = {}
        self._connected: set[Connection] = set()
        """The connections whose TCP connection has not ended, open or closing."""
        self._all_lost = asyncio.Event()
        self._all_lost.set()
        self._timers: dict[ConnectionId, tuple[Timer, Timer]] = {}
        self._stopping = False

    def open(self, handshake: Handshake, transport: asyncio.Transport) -> Connection:
        """Open a connection: it can be posted to, and ends with `$disconnect`."""
        connection = Connection(
            handshake,
            transport,
            self._routes.message,
            self._closed,
            self._lost,
            self._clock,
            max_frame=self._max_frame,
        )
        self._connected.add(connection)
        self._all_lost.clear()
        self._open[handshake.connection_id] = connection
        self._timers[handshake.connection_id] = (
            self._at(handshake.connected_at + LIFE_MILLIS, lambda: connection.close(GOING_AWAY)),
            self._at(handshake.connected_at + IDLE_MILLIS, lambda: self._check_idle(connection)),
        )
        return connection

    def find(self, connection_id: str) -> Connection | None:
        """Return the open connection of that id, or None."""
        return self._open.get(ConnectionId(connection_id))

    def cut(self, client: str) -> int:
        """Cut the connections whose URL has `client=…`; return their number."""
        found = [each for each in self._open.values() if ("client", client) in each.handshake.query]
        for connection in found:
            connection.cut()
        return len(found)

    def close_all(self) -> None:
        """Send every client a close frame with 1001; run no `$disconnect`."""
        self._stopping = True
        for connection in list(self._open.values()):
            connection.send_close(GOING_AWAY)

    async def wait_closed(self, timeout: float) -> None:
        """Wait until every TCP connection has ended; cut those that last longer than `timeout`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_lost.wait(), timeout)
        for connection in self._connected:
            connection.cut()
        await self._all_lost.wait()

    def _lost(self, connection: Connection) -> None:
        self._connected.discard(connection)
        if not self._connected:
            self._all_lost.set()

    def _closed(self, connection: Connection, code: int, reason: str) -> None:
        self._open.pop(connection.handshake.connection_id, None)
        for timer in self._timers.pop(connection.handshake.connection_id, ()):
            timer.cancel()
        if not self._stopping:
            self._routes.disconnect(connection.handshake, code, reason)

    def _check_idle(self, connection: Connection) -> None:
        identity = connection.handshake.connection_id
        if identity not in self._open:
            return
        due = connection.last_active_at + IDLE_MILLIS
        if due <= self._clock():
            connection.close(GOING_AWAY)
        else:
            life, _ = self._timers[identity]
            self._timers[identity] = (
                life,
                self._at(due, lambda: self._check_idle(connection)),
            )

    def _at(self, due: int, action: Callable[[], None]) -> Timer:
        def on_loop() -> None:
            try:
                action()
            finally:
                self._activity.end()

        def fall_due() -> None:
            self._activity.begin()
            self._loop.call(on_loop)

        return self._clock.at(due, fall_due)
