"""Broadcasts whole and in order: asks for what is missing (PROTOCOL 6.2)."""

import asyncio
from collections.abc import Callable
from typing import Any

from lectern_client.errors import LecternError
from lectern_client.link import Link
from lectern_client.messages import Broadcast, LastSeq, Message
from lectern_client.options import Options, Timer, Timers, backoff
from lectern_client.streams import Out, Streams

_TRIES = 3


class Recovery:
    """Feeds broadcasts and replies through `streams`, delivers what they release, watches holes.

    `link` answers the link to ask on; `deliver` takes what is handed out; `spawn` starts a task.
    """

    def __init__(
        self,
        streams: Streams,
        options: Options,
        *,
        link: Callable[[], Link | None],
        deliver: Callable[[Out], None],
        spawn: Callable[[Any], object],
        pause: Callable[[float], Any],
    ) -> None:
        self._streams = streams
        self._options = options
        self._link = link
        self._deliver = deliver
        self._spawn = spawn
        self._pause = pause
        self._timer: Timer | None = None
        self._recovering = False

    def broadcast(self, message: Broadcast) -> None:
        self._deliver(self._streams.add(message))
        self._watch()

    def restore(self, reply: Message) -> None:
        self._deliver(self._streams.restore(reply))
        self._watch()

    def tell(self, last_seq: LastSeq) -> None:
        self._streams.tell(last_seq)
        self._watch()

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _watch(self) -> None:
        """A hole may close by itself, as posts overtake each other; if not, it is asked for."""
        if self._timer or self._recovering or not self._streams.behind:
            return
        timers: Timers = self._options.timers or asyncio.get_running_loop()
        self._timer = timers.call_later(self._options.reorder_window, self._due)

    def _due(self) -> None:
        self._timer = None
        self._recovering = True
        self._spawn(self._recover())

    async def _recover(self) -> None:
        stuck = 0
        while (link := self._link()) and self._streams.behind:
            before = self._streams.last_seq
            try:
                reply = await link.request("recover", {"lastSeq": before})
                self._deliver(self._streams.restore(reply))
                # What is too large for a reply comes by itself, before it.
                moved = self._streams.last_seq != before
                if reply.get("gap") and not reply.get("missed") and not moved:
                    self._deliver(self._streams.skip())
                stuck = 0 if moved else stuck + 1
            except LecternError as error:
                if error.lost:
                    break  # the next link asks anew
                stuck += 1
                await self._pause(backoff(self._options, stuck, error))
            if stuck >= _TRIES:
                self._deliver(self._streams.skip())
            elif stuck:
                await self._pause(self._options.reorder_window)
        self._recovering = False
