"""A speaker's broadcasts on their way: back-pressure, order, nothing twice."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from lectern_client.errors import LecternError, connection_lost
from lectern_client.link import Link
from lectern_client.messages import LastSeq, Message
from lectern_client.options import Options, Timers, backoff
from lectern_client.streams import ALL

Spawn = Callable[[Any], object]


@dataclass(eq=False)
class _Item:
    stream: str
    fields: dict[str, Any]
    answer: "asyncio.Future[Message]"
    state: Literal["waiting", "flying", "doubtful", "delayed"] = "waiting"
    tries: int = field(default=0)


class Outbox:
    """One broadcast of each stream is in the air, so that order is kept, and at most
    `max_in_flight` altogether. After a lost socket, where the streams stand tells which arrived.

    `link` answers the link to send on, or None while there is none; `spawn` starts a task.
    """

    def __init__(self, options: Options, link: Callable[[], Link | None], spawn: Spawn) -> None:
        self._options = options
        self._link = link
        self._spawn = spawn
        self._items: list[_Item] = []
        self._acknowledged: LastSeq = {}
        # How many seqs of a stream failed broadcasts may have been given since.
        self._uncertain: Counter[str] = Counter()

    async def push(self, fields: dict[str, Any]) -> Message:
        """Waits until the stack has accepted the broadcast."""
        if len(self._items) >= self._options.max_queued:
            text = f"{len(self._items)} broadcasts are waiting"
            raise LecternError("TOO_MANY_QUEUED", text, action="broadcast")
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        item = _Item(fields.get("targetLanguage") or ALL, fields, answer)
        self._items.append(item)
        self.pump()
        try:
            return await answer
        finally:
            if item.state != "flying":  # what is in the air holds its place until it is answered
                self._drop(item)

    def pump(self) -> None:
        link = self._link()
        busy: set[str] = set()
        flying = sum(item.state == "flying" for item in self._items)
        for item in self._items:
            if link is None or flying >= self._options.max_in_flight:
                return
            if item.state == "waiting" and item.stream not in busy:
                flying += 1
                item.state = "flying"
                self._spawn(self._send(link, item))
            busy.add(item.stream)

    def resume(self, last_seq: LastSeq) -> None:
        """A new link: what was in the air arrived where its stream stands further than we knew."""
        for item in [item for item in self._items if item.state == "doubtful"]:
            seq = last_seq.get(item.stream, 0)
            ahead = seq - self._acknowledged.get(item.stream, 0)
            if ahead == 0:
                item.state = "waiting"
            elif ahead > self._uncertain[item.stream]:
                reply = {"type": "broadcastAccepted", "stream": item.stream, "seq": seq}
                self._settle(item, reply)
            else:
                self._settle(item, connection_lost("nobody knows whether it arrived"))
        self._acknowledged.update(last_seq)
        self._uncertain.clear()

    def fail(self, error: LecternError) -> None:
        for item in list(self._items):
            self._settle(item, error)

    async def _send(self, link: Link, item: _Item) -> None:
        try:
            reply = await link.request("broadcast", item.fields)
            self._acknowledged[item.stream] = reply["seq"]
            del self._uncertain[item.stream]
            self._settle(item, reply)
        except LecternError as error:
            self._failed(item, error)
        self.pump()

    def _failed(self, item: _Item, error: LecternError) -> None:
        item.tries += 1
        again = item.tries < self._options.broadcast_attempts and not item.answer.done()
        if error.status >= 500 or (error.lost and not again):
            self._uncertain[item.stream] += 1
        if error.lost and again:
            item.state = "doubtful"
        elif error.status in {429, 503} and again:
            item.state = "delayed"
            timers: Timers = self._options.timers or asyncio.get_running_loop()
            timers.call_later(backoff(self._options, item.tries, error), lambda: self._retry(item))
        else:
            self._settle(item, error)

    def _retry(self, item: _Item) -> None:
        item.state = "waiting"
        self.pump()

    def _settle(self, item: _Item, outcome: Message | LecternError) -> None:
        self._drop(item)
        if item.answer.done():
            return
        if isinstance(outcome, LecternError):
            item.answer.set_exception(outcome)
        else:
            item.answer.set_result(outcome)

    def _drop(self, item: _Item) -> None:
        if item in self._items:
            self._items.remove(item)
