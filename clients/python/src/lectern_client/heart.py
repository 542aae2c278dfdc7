"""Heartbeats at the server's interval (PROTOCOL 6.4)."""

from collections.abc import Callable
from typing import Any

from lectern_client.errors import LecternError
from lectern_client.link import Link
from lectern_client.messages import Message
from lectern_client.options import Timer, Timers


class Heart:
    """Beats on the link that `link` answers; `acked` takes each heartbeatAck."""

    def __init__(
        self,
        timers: Timers,
        *,
        fields: dict[str, Any],
        link: Callable[[], Link | None],
        acked: Callable[[Message], None],
        spawn: Callable[[Any], object],
    ) -> None:
        self.interval: float = 50
        self._timers = timers
        self._fields = fields
        self._link = link
        self._acked = acked
        self._spawn = spawn
        self._timer: Timer | None = None

    def schedule(self) -> None:
        """Beats one interval from now, not sooner."""
        self.stop()
        self._timer = self._timers.call_later(self.interval, lambda: self._spawn(self._beat()))

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    async def _beat(self) -> None:
        link = self._link()
        if link is None:
            return
        try:
            ack = await link.request("heartbeat", self._fields)
        except LecternError:
            # A lost socket is replaced; after any other refusal the next beat tries again.
            ack = {}
        self.interval = ack.get("heartbeatInterval", self.interval)
        self._acked(ack)
        if self._link():
            self.schedule()
