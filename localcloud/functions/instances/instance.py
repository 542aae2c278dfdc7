"""One instance of a function: a process that initialises once and runs one event at a time."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from localcloud.functions import results
from localcloud.functions.configuration import Configuration
from localcloud.functions.instances.process import Output, exit_reason, peak_memory
from localcloud.functions.instances.runtime_api import Event, RuntimeApi
from localcloud.functions.results import Result

INIT_SECONDS = 10.0
"""An init may take this much longer than the time-out of the event that waits for it."""
MEMORY_CHECK_SECONDS = 0.05
"""Between checks of a working process's memory."""


class InitError(Exception):
    """The instance never became ready; `result` is that of the event that waited for it."""

    def __init__(self, result: Result, log_stream: str, millis: float = 0, memory: int = 0) -> None:
        super().__init__(result.payload.decode(errors="replace"))
        self.result = result
        self.log_stream = log_stream
        self.millis = millis
        self.memory = memory


class Instance:
    """An instance on one event loop: `start` it, `run` events one at a time, `end` it."""

    def __init__(
        self,
        configuration: Configuration,
        log_stream: str,
        on_line: Callable[[str], None],
        on_exit: Callable[["Instance"], None],
    ) -> None:
        """`on_line` takes what the process prints; `on_exit` is called when it has exited."""
        loop = asyncio.get_running_loop()
        self.configuration = configuration
        self.log_stream = log_stream
        self.alive = True
        self.idle_since = 0
        """Milliseconds of the account's clock."""
        self.memory = 0
        """The most that was used so far, in megabytes."""
        self.init_millis: float | None = None
        """How long the init took; None once the first event was reported."""
        self._on_line = on_line
        self._on_exit = on_exit
        self._request_id = ""
        self._ready = asyncio.Event()
        self._gone = asyncio.Event()
        self._response: asyncio.Future[Result] = loop.create_future()
        self._failed: asyncio.Future[Result] = loop.create_future()
        self._transport: asyncio.SubprocessTransport | None = None
        self._pid = 0
        self._api = RuntimeApi(
            on_next=self._ready.set,
            on_response=self._on_response,
            on_init_error=self._on_init_error,
        )

    async def start(
        self, command: Sequence[str], environ: Callable[[str], Mapping[str, str]], request_id: str
    ) -> None:
        """Start the process and return when it asks for its first event.

        `environ` returns the environment for the address of the Runtime API.

        Raises:
            InitError: the function could not be loaded, or took too long.
        """
        began = time.monotonic()
        self._request_id = request_id
        self._transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: Output(self._on_line, self._on_exited),
            *command,
            env=environ(await self._api.start()),
            stdin=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.STDOUT,
            # Killed with its children; frozen, it dies of SIGHUP if this process is killed.
            process_group=0,
        )
        self._pid = self._transport.get_pid()
        await self._freeze(INIT_SECONDS + self.configuration.timeout)
        self.init_millis = (time.monotonic() - began) * 1000
        if not self.alive:
            raise InitError(self._failed.result(), self.log_stream, self.init_millis, self.memory)

    async def run(self, event: Event) -> Result:
        """Run one event and return its result. The instance may have ended afterwards."""
        self._request_id = event.request_id
        self._response = asyncio.get_running_loop().create_future()
        self._ready.clear()
        self._signal(signal.SIGCONT)
        self._api.give(event)
        if not await self._wait_for(self._response, self.configuration.timeout):
            await self.end()
            return self._failed.result()
        # An event is over when the runtime client asked for the next one.
        await self._freeze(self.configuration.timeout)
        return self._response.result()

    async def end(self) -> None:
        """Kill the process and wait until it is gone. An event that is running gets a result."""
        self.alive = False
        self._fail(results.exited(self._request_id, "signal: killed"))
        await self._api.stop()
        if self._transport:
            self._signal(signal.SIGKILL)
            self._transport.close()
            await self._gone.wait()

    async def _freeze(self, timeout: float) -> None:
        """Wait for the request for the next event, then freeze the process until there is one."""
        asked = asyncio.ensure_future(self._ready.wait())
        if await self._wait_for(asked, timeout):
            self._signal(signal.SIGSTOP)
        else:
            asked.cancel()
            await self.end()

    async def _wait_for(self, wanted: asyncio.Future[Any], timeout: float) -> bool:
        """Wait for `wanted`; return False if the instance fails or `timeout` seconds pass."""
        give_up = time.monotonic() + timeout
        while not (wanted.done() or self._failed.done()):
            left = max(give_up - time.monotonic(), 0)
            either: set[asyncio.Future[Any]] = {wanted, self._failed}
            await asyncio.wait(
                either,
                timeout=min(left, MEMORY_CHECK_SECONDS),
                return_when=asyncio.FIRST_COMPLETED,
            )
            self.memory = max(self.memory, peak_memory(self._pid))
            if wanted.done():
                break
            if self.memory > self.configuration.memory:
                self._fail(results.out_of_memory(self._request_id))
            elif not left:
                seconds = self.configuration.timeout
                self._fail(results.timed_out(self._request_id, seconds))
        return wanted.done()

    def _on_response(self, request_id: str, payload: bytes, is_error: bool) -> None:
        if request_id == self._request_id and not self._response.done():
            self._response.set_result(results.responded(payload, is_error=is_error))

    def _on_init_error(self, payload: bytes) -> None:
        self._fail(results.init_failed(payload))

    def _on_exited(self, code: int) -> None:
        self._gone.set()
        self._fail(results.exited(self._request_id, exit_reason(code)))
        self.alive = False
        self._on_exit(self)

    def _fail(self, why: Result) -> None:
        if not self._failed.done():
            self._failed.set_result(why)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)
