"""An event loop in a thread of its own, with a cheap way in from other threads."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from sandbox.conditions.clock import Clock

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
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Cancel what still runs on the loop, and end it and its thread."""
        self.loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    def call(self, function: Callable[[], None]) -> None:
        """Run `function` on the loop soon. Calls that come together wake the loop once.

        Does nothing when the loop has ended.
        """
        self._calls.append(function)
        if not self._woken:
            self._woken = True
            with contextlib.suppress(RuntimeError):  # "Event loop is closed"
                self.loop.call_soon_threadsafe(self._drain)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    def _drain(self) -> None:
        self._woken = False
        try:
            while self._calls:
                self._calls.popleft()()
        finally:  # after a call that raised, which the loop logs, those behind it still run
            if self._calls:
                self.loop.call_soon(self._drain)

    def _run(self) -> None:
        with self._runner:
            self._runner.run(self._stopped.wait())


def later(seconds: float, make: Callable[[], T]) -> "asyncio.Future[T]":
    """Return a future with the result of `make`, which is called after `seconds` of real time."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def call() -> None:
        try:
            result = make()
        except Exception as problem:
            future.set_exception(problem)
        else:
            future.set_result(result)

    loop.call_later(seconds, call)
    return future


async def sleep(clock: Clock, seconds: float) -> None:
    """Sleep for `seconds` of the stack's clock."""
    loop = asyncio.get_running_loop()
    event = asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(event.set)

    clock.after(seconds, wake)
    await event.wait()
