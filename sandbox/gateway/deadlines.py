"""How long each of many things may take, where all may take as long."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Calls `give_up` with what has not ended in time. Used on one event loop only.

    What begins first is due first, so one timer of the loop is enough, whatever begins and ends
    meanwhile: one for each message is a tenth of what the message costs the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, give_up: Callable[[T], None]) -> None:
        self._loop = loop
        self._give_up = give_up
        self._due: dict[T, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, what: T, seconds: float) -> None:
        """From now on it has so many seconds, as many as everything else here."""
        due = self._due[what] = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._look)

    def end(self, what: T) -> None:
        """It has ended."""
        self._due.pop(what, None)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._due:
            what, due = next(iter(self._due.items()))
            if due > now:
                self._timer = self._loop.call_at(due, self._look)
                return
            del self._due[what]
            self._loop.call_soon(self._give_up, what)
