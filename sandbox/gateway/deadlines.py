"""Timeouts of many things at once that all have the same length."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Deadlines(Generic[T]):
    """Calls `give_up` with each thing that has not ended in time. Used on one event loop only.

    The first to begin is the first due, so one timer of the loop is enough for all: one for each
    message is a tenth of the message's cost on the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, give_up: Callable[[T], None]) -> None:
        self._loop = loop
        self._give_up = give_up
        self._due: dict[T, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, key: T, seconds: float) -> None:
        """Start the timeout of `key`; `seconds` is the same for all."""
        due = self._due[key] = self._loop.time() + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._look)

    def end(self, key: T) -> None:
        """Cancel the timeout of `key`, if it still runs."""
        self._due.pop(key, None)

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._due:
            key, due = next(iter(self._due.items()))
            if due > now:
                self._timer = self._loop.call_at(due, self._look)
                return
            del self._due[key]
            self._loop.call_soon(self._give_up, key)
