"""A speaker's broadcasts until they are accepted: back-pressure, order, no duplicates."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from lectern_client.connection.connection import Connection
from lectern_client.connection.events import Attached, Closed, Ready
from lectern_client.connection.scheduler import Scheduler
from lectern_client.connection.supervisor import Supervisor
from lectern_client.errors import LecternError, connection_lost
from lectern_client.messages import LastSeq, Message
from lectern_client.options import Options, backoff
from lectern_client.streams import ALL


@dataclass(eq=False)
class _Item:
    stream: str
    fields: dict[str, Any]
    reply: "asyncio.Future[Message]"
    state: Literal["waiting", "in_flight", "in_doubt", "delayed"] = "waiting"
    attempts: int = 0


class Outbox:
    """Sends broadcasts: one of each stream at a time, so that order is kept, and at most
    `max_in_flight` in all.

    After a lost connection the streams' positions say which of them arrived.
    """

    def __init__(self, supervisor: Supervisor, scheduler: Scheduler, options: Options) -> None:
        self._supervisor = supervisor
        self._scheduler = scheduler
        self._options = options
        self._items: list[_Item] = []
        self._accepted: LastSeq = {}
        # Seqs after the accepted one that failed broadcasts may have been given, by stream.
        self._unconfirmed: Counter[str] = Counter()
        supervisor.events.subscribe(Attached, self._on_attached)
        supervisor.events.subscribe(Ready, lambda _: self._pump())
        supervisor.events.subscribe(Closed, self._on_closed)

    async def push(self, fields: dict[str, Any]) -> Message:
        """Return the reply when the stack has accepted the broadcast.

        Raises:
            LecternError: TOO_MANY_QUEUED; the stack's refusal; CONNECTION_LOST if it is unknown
                whether the broadcast arrived.
        """
        if len(self._items) >= self._options.max_queued:
            text = f"{len(self._items)} broadcasts are waiting"
            raise LecternError("TOO_MANY_QUEUED", text, action="broadcast")
        reply: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        item = _Item(fields.get("targetLanguage") or ALL, fields, reply)
        self._items.append(item)
        self._pump()
        try:
            return await reply
        finally:
            if item.state != "in_flight":  # which holds its place until its reply comes
                self._remove(item)

    def _pump(self) -> None:
        """Send what may be sent."""
        connection = self._supervisor.ready_connection
        busy: set[str] = set()
        in_flight = sum(item.state == "in_flight" for item in self._items)
        for item in self._items:
            if connection is None or in_flight >= self._options.max_in_flight:
                return
            if item.state == "waiting" and item.stream not in busy:
                in_flight += 1
                item.state = "in_flight"
                self._scheduler.spawn(self._send(connection, item))
            busy.add(item.stream)

    async def _send(self, connection: Connection, item: _Item) -> None:
        try:
            reply = await connection.request("broadcast", item.fields)
            self._accepted[item.stream] = reply["seq"]
            del self._unconfirmed[item.stream]
            self._settle(item, reply)
        except LecternError as error:
            self._on_failure(item, error)
        self._pump()

    def _on_failure(self, item: _Item, error: LecternError) -> None:
        item.attempts += 1
        may_retry = item.attempts < self._options.broadcast_attempts and not item.reply.done()
        if error.status >= 500 or (error.lost and not may_retry):
            self._unconfirmed[item.stream] += 1
        if error.lost and may_retry:
            item.state = "in_doubt"
        elif error.status in {429, 503} and may_retry:
            item.state = "delayed"
            delay = backoff(self._options, item.attempts, error)
            self._scheduler.call_later(delay, lambda: self._retry(item))
        else:
            self._settle(item, error)

    def _retry(self, item: _Item) -> None:
        item.state = "waiting"
        self._pump()

    def _on_attached(self, event: Attached) -> None:
        """Settle what is in doubt: it arrived if its stream is further than the accepted seq."""
        last_seq: LastSeq = event.reply.get("lastSeq", {})
        for item in [item for item in self._items if item.state == "in_doubt"]:
            seq = last_seq.get(item.stream, 0)
            ahead = seq - self._accepted.get(item.stream, 0)
            if ahead == 0:
                item.state = "waiting"
            elif ahead > self._unconfirmed[item.stream]:
                reply = {"type": "broadcastAccepted", "stream": item.stream, "seq": seq}
                self._settle(item, reply)
            else:
                self._settle(item, connection_lost("it is unknown whether the broadcast arrived"))
        self._accepted.update(last_seq)
        self._unconfirmed.clear()

    def _on_closed(self, event: Closed) -> None:
        for item in list(self._items):
            self._settle(item, event.error)

    def _settle(self, item: _Item, outcome: Message | LecternError) -> None:
        self._remove(item)
        if item.reply.done():
            return
        if isinstance(outcome, LecternError):
            item.reply.set_exception(outcome)
        else:
            item.reply.set_result(outcome)

    def _remove(self, item: _Item) -> None:
        if item in self._items:
            self._items.remove(item)
