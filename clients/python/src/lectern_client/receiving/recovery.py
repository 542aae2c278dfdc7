"""Recovery of missing broadcasts (PROTOCOL 6.2)."""

from collections.abc import Callable
from typing import cast

from lectern_client.connection.connection import Connection
from lectern_client.connection.events import Attached, Closed, HeartbeatAcknowledged, Received
from lectern_client.connection.scheduler import Scheduler
from lectern_client.connection.supervisor import Supervisor
from lectern_client.errors import LecternError
from lectern_client.messages import Broadcast, Message
from lectern_client.options import Options, Timer, backoff
from lectern_client.streams import Out, Streams

_MAX_ATTEMPTS = 3


class Recovery:
    """Puts what arrives through `streams`, and asks the stack for what is missing.

    `deliver` takes the broadcasts and gaps, in order.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        scheduler: Scheduler,
        options: Options,
        *,
        streams: Streams,
        deliver: Callable[[Out], None],
    ) -> None:
        self._supervisor = supervisor
        self._scheduler = scheduler
        self._options = options
        self._streams = streams
        self._deliver = deliver
        self._timer: Timer | None = None
        self._is_recovering = False
        supervisor.events.subscribe(Attached, self._on_attached)
        supervisor.events.subscribe(Received, self._on_received)
        supervisor.events.subscribe(HeartbeatAcknowledged, self._on_heartbeat)
        supervisor.events.subscribe(Closed, lambda _: self._stop())

    def begin(self, language: str, reply: Message) -> None:
        """Deliver a language from where the reply to a change says that its stream stands."""
        self._deliver(self._streams.begin(language, reply.get("lastSeq", {})))
        self._watch()

    def _on_heartbeat(self, event: HeartbeatAcknowledged) -> None:
        self._streams.tell(event.ack.get("lastSeq", {}))
        self._watch()

    def _on_attached(self, event: Attached) -> None:
        self._deliver(self._streams.restore(event.reply))
        self._watch()

    def _on_received(self, event: Received) -> None:
        if event.message.get("type") == "broadcast":
            self._deliver(self._streams.add(cast(Broadcast, event.message)))
            self._watch()

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _watch(self) -> None:
        """Start a recovery after `reorder_window` if something is missing.

        A broadcast that was overtaken by the next one arrives by itself within that time.
        """
        if not self._timer and not self._is_recovering and self._streams.behind:
            window = self._options.reorder_window
            self._timer = self._scheduler.call_later(window, self._start)

    def _start(self) -> None:
        self._timer = None
        self._is_recovering = True
        self._scheduler.spawn(self._recover())

    async def _recover(self) -> None:
        failures = 0
        while (connection := self._supervisor.connection) and self._streams.behind:
            try:
                failures = 0 if await self._ask(connection) else failures + 1
            except LecternError as error:
                if error.lost:
                    break  # the next connection's first request asks again
                failures += 1
                await self._scheduler.sleep(backoff(self._options, failures, error))
            if failures >= _MAX_ATTEMPTS:
                self._deliver(self._streams.skip())
            elif failures:
                await self._scheduler.sleep(self._options.reorder_window)
        self._is_recovering = False

    async def _ask(self, connection: Connection) -> bool:
        """Ask once for what is missing. Return True if a stream has moved on meanwhile."""
        before = self._streams.last_seq
        reply = await connection.request("recover", {"lastSeq": before})
        self._deliver(self._streams.restore(reply))
        # A broadcast that is too large for the reply comes by itself, just before it.
        has_moved = self._streams.last_seq != before
        if reply.get("gap") and not reply.get("missed") and not has_moved:
            self._deliver(self._streams.skip())
        return has_moved
