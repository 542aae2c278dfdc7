"""Timers, sleeps and background tasks of one session."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from lectern_client.options import Timer, Timers


class Scheduler:
    """Takes the time from `timers`, so that a test can move it; by default from the event loop."""

    def __init__(self, timers: Timers | None) -> None:
        self._timers: Timers = timers or asyncio.get_running_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sleeps: set[asyncio.Future[None]] = set()

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Timer:
        return self._timers.call_later(seconds, callback)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task, and keep a reference to it until it is done, which the loop does not."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def sleep(self, seconds: float) -> None:
        """Sleep. Raises asyncio.CancelledError on `cancel_sleeps`."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not over.done():  # it may just have been cancelled
                over.set_result(None)

        timer = self.call_later(seconds, wake)
        self._sleeps.add(over)
        try:
            await over
        finally:
            timer.cancel()
            self._sleeps.discard(over)

    def cancel_sleeps(self) -> None:
        for sleep in self._sleeps:
            sleep.cancel()
