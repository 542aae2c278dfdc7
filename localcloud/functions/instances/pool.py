"""The instances of one function: reuse, cold starts, concurrency.

As on AWS, an event goes to an idle instance, else to a new one. Unlike on AWS, only as many start
at once as the machine has cores, and a waiting event takes whichever comes first: its new instance
or one that has become idle. If every core has a busy instance, another one starts only after a
fifth of a second: it would slow down the others.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from localcloud.errors import TooManyRequestsError
from localcloud.functions.configuration import Configuration
from localcloud.functions.instances.instance import InitError, Instance
from sandbox.conditions.clock import Clock

CORES = os.cpu_count() or 1
BUSY_WAIT_SECONDS = 0.2
"""For a busy instance to become idle, if every core has one."""
IDLE_SECONDS = 600.0
"""An idle instance is kept this long, by the account's clock. AWS names no number."""

Start = Callable[[Configuration, str], Awaitable[Instance]]
"""Starts an instance for the event with that request id. Raises InitError."""


@dataclass
class _Waiter:
    configuration: Configuration
    instance: asyncio.Future[Instance]


class InstancePool:
    """Instances of one function, used on one event loop."""

    def __init__(
        self,
        clock: Clock,
        start: Start,
        gate: asyncio.Semaphore,
        is_current: Callable[[Configuration], bool],
    ) -> None:
        self._clock = clock
        self._start = start
        self._gate = gate
        self._is_current = is_current
        self._idle: list[Instance] = []
        self._waiters: list[_Waiter] = []
        self._starting: list[Configuration] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer_is_set = False
        self.in_use = 0
        """Events that run or wait for an instance."""

    @asynccontextmanager
    async def instance(
        self, configuration: Configuration, request_id: str, reserved: int | None
    ) -> AsyncIterator[Instance]:
        """Yield an instance for one event.

        Raises:
            TooManyRequestsError: the reserved concurrency is in use.
            InitError: no instance can be started.
        """
        if reserved is not None and self.in_use >= reserved:
            raise TooManyRequestsError("Rate Exceeded.")
        self.in_use += 1
        try:
            instance = await self._take(configuration, request_id)
            try:
                yield instance
            finally:
                self._release(instance)
        finally:
            self.in_use -= 1

    def retire(self) -> None:
        """End the idle instances whose configuration is no longer applied."""
        for instance in [each for each in self._idle if not self._is_current(each.configuration)]:
            self.end(instance)

    def end(self, instance: Instance) -> None:
        """End an instance if it is idle."""
        if instance in self._idle:
            self._idle.remove(instance)
            self._in_background(instance.end())

    async def _take(self, configuration: Configuration, request_id: str) -> Instance:
        self.retire()
        for instance in reversed(self._idle):
            if instance.configuration == configuration:
                self._idle.remove(instance)
                return instance
        waiter = _Waiter(configuration, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        self._in_background(self._start_one(configuration, request_id))
        return await waiter.instance

    async def _start_one(self, configuration: Configuration, request_id: str) -> None:
        async with self._gate:
            if self.in_use - len(self._waiters) >= CORES and self._needs_instance(configuration):
                await asyncio.sleep(BUSY_WAIT_SECONDS)
            if not self._needs_instance(configuration):
                return  # the waiter got an instance that became idle
            self._starting.append(configuration)
            try:
                instance = await self._start(configuration, request_id)
            except InitError as problem:
                if waiter := self._next_waiter(configuration):
                    waiter.instance.set_exception(problem)
            else:
                self._release(instance)
            finally:
                self._starting.remove(configuration)

    def _needs_instance(self, configuration: Configuration) -> bool:
        """Return whether more events wait than instances are starting."""
        wanted = sum(each.configuration == configuration for each in self._waiters)
        return wanted > self._starting.count(configuration)

    def _release(self, instance: Instance) -> None:
        """Give the instance to the next waiter, or keep it idle."""
        if not instance.alive:
            return
        if waiter := self._next_waiter(instance.configuration):
            waiter.instance.set_result(instance)
            return
        instance.idle_since = self._clock()
        self._idle.append(instance)
        self.retire()
        self._watch_idle()

    def _next_waiter(self, configuration: Configuration) -> _Waiter | None:
        for waiter in self._waiters:
            if waiter.configuration == configuration:
                self._waiters.remove(waiter)
                return waiter
        return None

    def _watch_idle(self) -> None:
        if self._timer_is_set or not self._idle:
            return
        self._timer_is_set = True
        loop = asyncio.get_running_loop()
        due = self._idle[0].idle_since + round(IDLE_SECONDS * 1000)

        def end_idle() -> None:
            loop.call_soon_threadsafe(self._end_idle)

        self._clock.at(due, end_idle)

    def _end_idle(self) -> None:
        self._timer_is_set = False
        before = self._clock() - round(IDLE_SECONDS * 1000)
        for instance in [each for each in self._idle if each.idle_since <= before]:
            self.end(instance)
        self._watch_idle()

    def _in_background(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(_awaited(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _awaited(work: Awaitable[None]) -> None:
    await work
