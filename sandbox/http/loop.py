"""An event loop in a thread of its own, and the cheapest way into it from other threads."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sandbox.clock import Clock

T = TypeVar("T")


class LoopThread:
    """Runs an asyncio event loop beside the threads in which handlers run."""

    def __init__(self, name: str) -> None:
        self._runner = asyncio.Runner()
        self.loop = self._runner.get_loop()
        self._stopped = asyncio.Event()
        self._calls: deque[Callable[[], None]] = deque()
        self._woken = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Cancels what still runs on the loop, ends it and its thread."""
        self.loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def call(self, function: Callable[[], None]) -> None:
        """Runs `function` on the loop soon. Calls that come together wake the loop once.

        When the loop has ended there is nobody to tell any more: then it does nothing.
        """
        self._calls.append(function)
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # "Event loop is closed"
                self.loop.call_soon_threadsafe(self._drain)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine on the loop and waits for what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def _drain(self) -> None:
        self._woken = False
        try:
            while self._calls:
                self._calls.popleft()()
        finally:  # the loop logs a call that fails, and those behind it are not to wait for another
            if self._calls:
                self.loop.call_soon(self._drain)

    def _run(self) -> None:
        with self._runner:
            self._runner.run(self._stopped.wait())


async def passed(clock: Clock, seconds: float) -> None:
    """Returns when so many seconds of the stack's clock have passed."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(event.set)

    clock.after(seconds, wake)
    await event.wait()
