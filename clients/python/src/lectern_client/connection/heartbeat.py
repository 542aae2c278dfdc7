"""Heartbeats at the server's interval (PROTOCOL 6.4)."""

from collections.abc import Callable, Mapping
from typing import Any

from lectern_client.connection.events import Attached, Closed, Lost
from lectern_client.connection.scheduler import Scheduler
from lectern_client.connection.supervisor import Supervisor
from lectern_client.errors import LecternError
from lectern_client.messages import Message
from lectern_client.options import Timer


class HeartbeatTimer:
    """Sends a heartbeat with `fields` at each interval; `on_ack` takes each `heartbeatAck`."""

    def __init__(
        self,
        supervisor: Supervisor,
        scheduler: Scheduler,
        *,
        fields: Mapping[str, Any],
        on_ack: Callable[[Message], None],
    ) -> None:
        self.interval: float = 50
        self._supervisor = supervisor
        self._scheduler = scheduler
        self._fields = fields
        self._on_ack = on_ack
        self._timer: Timer | None = None
        supervisor.events.subscribe(Attached, self._on_attached)
        supervisor.events.subscribe(Lost, lambda event: self._stop() if event.was_current else None)
        supervisor.events.subscribe(Closed, lambda _: self._stop())

    def restart(self) -> None:
        """Send the next heartbeat one interval from now."""
        self._stop()
        self._timer = self._scheduler.call_later(
            self.interval, lambda: self._scheduler.spawn(self._beat())
        )

    def _on_attached(self, event: Attached) -> None:
        self.interval = event.reply.get("heartbeatInterval", self.interval)
        self.restart()

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    async def _beat(self) -> None:
        connection = self._supervisor.connection
        if connection is None:
            return
        try:
            ack = await connection.request("heartbeat", self._fields)
        except LecternError:
            # A lost connection is replaced; after any other refusal the next heartbeat tries again.
            ack = {}
        self.interval = ack.get("heartbeatInterval", self.interval)
        self._on_ack(ack)
        if self._supervisor.connection:
            self.restart()
