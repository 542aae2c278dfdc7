"""One instance of a function: one process, which initializes once and takes one event at a time."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localcloud.functions import results
from localcloud.functions.configuration import Configuration
from localcloud.functions.instances.memory import high_water
from localcloud.functions.instances.process_output import Output, reason
from localcloud.functions.instances.runtime_api import Event, RuntimeApi
from localcloud.functions.results import Result

INIT_SECONDS = 10.0
"""What an init may take beside the time-out of the event that waits for it."""
LOOK = 0.05
"""Seconds between looks at how much memory a process uses while it works."""


class InitError(Exception):
    """The instance never became ready: what the event that waited for it gets."""

    def __init__(self, result: Result, log_stream: str, millis: float = 0, memory: int = 0) -> None:
        super().__init__(result.payload.decode(errors="replace"))
        self.result = result
        self.log_stream = log_stream
        self.millis = millis
        self.memory = memory


class Instance:
    """Used on one event loop: `start` it, `run` events one after the other, `end` it."""

    def __init__(
        self,
        configuration: Configuration,
        log_stream: str,
        on_line: Callable[[str], None],
        on_exit: Callable[["Instance"], None],
    ) -> None:
        """`on_exit` is called when the process is gone."""
        loop = asyncio.get_running_loop()
        self.configuration = configuration
        self.log_stream = log_stream
        self.alive = True
        self.idle_since = 0
        """Milliseconds of the account's clock."""
        self.memory = 0
        """Megabytes that were used at most so far."""
        self.init_millis: float | None = None
        """How long its init took; None once its first event was reported."""
        self._on_line = on_line
        self._on_exit = on_exit
        self._request_id = ""
        self._ready = asyncio.Event()
        self._gone = asyncio.Event()
        self._answer: asyncio.Future[Result] = loop.create_future()
        self._broken: asyncio.Future[Result] = loop.create_future()
        self._transport: asyncio.SubprocessTransport | None = None
        self._pid = 0
        self._api = RuntimeApi(
            on_next=self._ready.set, on_answer=self._answered, on_init_error=self._not_loaded
        )

    async def start(
        self, command: Sequence[str], environ: Callable[[str], Mapping[str, str]], request_id: str
    ) -> None:
        """Returns when the runtime client asks for its first event.

        `environ` makes the environment from where the Runtime API listens.

        Raises:
            InitError: the function could not be loaded, or took too long.
        """
        began = time.monotonic()
        self._request_id = request_id
        self._transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: Output(self._on_line, self._exited),
            *command,
            env=environ(await self._api.start()),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.STDOUT,
            # Killed with its children; frozen, it dies of SIGHUP if this process is killed.
            process_group=0,
        )
        self._pid = self._transport.get_pid()
        await self._rest(INIT_SECONDS + self.configuration.timeout)
        self.init_millis = (time.monotonic() - began) * 1000
        if not self.alive:
            raise InitError(self._broken.result(), self.log_stream, self.init_millis, self.memory)

    async def run(self, event: Event) -> Result:
        """Lets the function work on one event. Afterwards it may not be alive any more."""
        self._request_id = event.request_id
        self._answer = asyncio.get_running_loop().create_future()
        self._ready.clear()
        self._signal(signal.SIGCONT)
        self._api.give(event)
        if not await self._comes(self._answer, self.configuration.timeout):
            await self.end()
            return self._broken.result()
        # An event is over when the runtime client asks for the next one.
        await self._rest(self.configuration.timeout)
        return self._answer.result()

    async def end(self) -> None:
        """Kills it, and waits until it is gone. Whoever waits for its answer gets one."""
        self.alive = False
        self._break(results.exited(self._request_id, "signal: killed"))
        await self._api.stop()
        if self._transport:
            self._signal(signal.SIGKILL)
            self._transport.close()
            await self._gone.wait()

    async def _rest(self, timeout: float) -> None:
        """Waits until it asks for an event, and freezes it: between two events nothing runs."""
        asks = asyncio.ensure_future(self._ready.wait())
        if await self._comes(asks, timeout):
            self._signal(signal.SIGSTOP)
        else:
            asks.cancel()
            await self.end()

    async def _comes(self, wanted: asyncio.Future[Any], timeout: float) -> bool:
        """Waits for `wanted`; False if the instance broke, which it is made to when time is up."""
        give_up = time.monotonic() + timeout
        while not (wanted.done() or self._broken.done()):
            left = max(give_up - time.monotonic(), 0)
            either: set[asyncio.Future[Any]] = {wanted, self._broken}
            await asyncio.wait(
                either,
                timeout=min(left, LOOK),
                return_when=asyncio.FIRST_COMPLETED,
            )
            self.memory = max(self.memory, high_water(self._pid))
            if wanted.done():
                break
            if self.memory > self.configuration.memory:
                self._break(results.out_of_memory(self._request_id))
            elif not left:
                seconds = self.configuration.timeout
                self._break(results.timed_out(self._request_id, seconds))
        return wanted.done()

    def _answered(self, request_id: str, payload: bytes, is_error: bool) -> None:
        if request_id == self._request_id and not self._answer.done():
            self._answer.set_result(results.answered(payload, is_error=is_error))

    def _not_loaded(self, payload: bytes) -> None:
        self._break(results.not_loaded(payload))

    def _exited(self, code: int) -> None:
        self._gone.set()
        self._break(results.exited(self._request_id, reason(code)))
        self.alive = False
        self._on_exit(self)

    def _break(self, why: Result) -> None:
        if not self._broken.done():
            self._broken.set_result(why)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)
