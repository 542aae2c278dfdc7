"""The time in which a session has two connections (PROTOCOL 6.1)."""

import asyncio

from lectern_client.connection.connection import CLOSE_REPLACED, Connection
from lectern_client.connection.scheduler import Scheduler


class Handover:
    """Connections besides the current one: new ones, and old ones with outstanding replies."""

    def __init__(self, scheduler: Scheduler, drain_timeout: float) -> None:
        self._scheduler = scheduler
        self._drain_timeout = drain_timeout
        self._connections: set[Connection] = set()
        self._arrivals: dict[str, Connection] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def add(self, connection: Connection) -> None:
        self._connections.add(connection)

    def remove(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._arrivals.clear()

    def is_duplicate(self, text: str, connection: Connection) -> bool:
        """Return True if the same event has arrived on the other connection."""
        if not self._connections:
            return False
        other = self._arrivals.get(text)
        if other is not None and other is not connection:
            del self._arrivals[text]
            return True
        self._arrivals[text] = connection
        return False

    async def drain(self, old: Connection, new: Connection) -> None:
        """Close `old` when both have their replies, after `drain_timeout` at the latest."""
        deadline = self._scheduler.call_later(self._drain_timeout, old.close)
        await old.wait_idle()
        await new.wait_idle()
        deadline.cancel()
        self.close(old)

    def close(self, connection: Connection, code: int = CLOSE_REPLACED) -> None:
        closing = connection.close(code)
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

    def close_all(self, code: int) -> None:
        for connection in list(self._connections):
            self.close(connection, code)

    async def wait_closed(self) -> None:
        """Return when every socket is closed."""
        await asyncio.gather(*self._closing, return_exceptions=True)
