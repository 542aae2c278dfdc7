"""Heartbeats at the server's interval (PROTOCOL 6.4)."""

from lectern_client.connection.events import Attached, Closed, HeartbeatAcknowledged
from lectern_client.connection.scheduler import Scheduler
from lectern_client.connection.supervisor import Supervisor
from lectern_client.errors import LecternError
from lectern_client.options import Timer


class HeartbeatTimer:
    """Sends heartbeats, and publishes their replies as `HeartbeatAcknowledged`."""

    def __init__(self, supervisor: Supervisor, scheduler: Scheduler) -> None:
        self.interval: float = 50
        self._supervisor = supervisor
        self._scheduler = scheduler
        self._timer: Timer | None = None
        supervisor.events.subscribe(Attached, self._on_attached)
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
        fields = self._supervisor.participant.heartbeat_fields
        try:
            ack = await connection.request("heartbeat", fields)
            self.interval = ack.get("heartbeatInterval", self.interval)
            self._supervisor.events.publish(HeartbeatAcknowledged(ack))
        except LecternError:
            pass  # a lost connection is replaced; after a refusal the next heartbeat tries again
        if self._supervisor.connection:
            self.restart()
