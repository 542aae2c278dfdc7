"""The functions of the account, as the gateway, event sources and the Lambda API invoke them."""

import asyncio
import contextlib
import json
import struct
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from localcloud.context import Context
from localcloud.errors import NoSuchFunctionError, TooLargeError, TooManyRequestsError
from localcloud.functions import results
from localcloud.functions.async_invocations import AsyncInvocations
from localcloud.functions.configuration import (
    Configuration,
    configuration,
    reserved_concurrency,
)
from localcloud.functions.instances import environment
from localcloud.functions.instances.environment import InstancePaths
from localcloud.functions.instances.instance import InitError, Instance
from localcloud.functions.instances.packages import BOOTSTRAP, Packages
from localcloud.functions.instances.pool import CORES, InstancePool
from localcloud.functions.instances.runtime_api import Event
from localcloud.functions.logs.recorder import Recorder
from localcloud.functions.results import InvocationReport, InvokeResponse
from localcloud.permissions import Permissions
from sandbox.functions.concurrency import Concurrency
from sandbox.http.loop import LoopThread


class Functions:
    """Lambda. Methods block; they must not be called on one of the account's event loops."""

    def __init__(
        self,
        context: Context,
        permissions: Permissions,
        concurrency: Concurrency | None = None,
    ) -> None:
        self._context = context
        self._concurrency = concurrency or Concurrency()
        self._permissions = permissions
        self._recorder = Recorder(context, permissions)
        self._packages = Packages()
        self._clock = self._packages.clock()
        self._loop = LoopThread("account-functions")
        self._loop.start()
        self._pools: dict[str, InstancePool] = defaultdict(self._new_pool)
        self._stopped = False
        self._instances: set[Instance] = set()
        self._gate = asyncio.Semaphore(CORES)
        self._async_invocations = AsyncInvocations(context, self._invoke_now)
        context.on_apply.append(self._retire)

    def invoke(self, function: str, event: Mapping[str, Any], *, trace: str = "") -> InvokeResponse:
        """Invoke the function with that name or ARN and wait for the response.

        `trace` is the caller's `X-Amzn-Trace-Id`, or `""`.

        Raises:
            NoSuchFunctionError: no such function is applied.
            TooManyRequestsError: the reserved concurrency is in use, or the account's.
            TooLargeError: the event has more than 6 MB.
        """
        payload = json.dumps(event).encode()
        if len(payload) > results.MAX_BYTES:
            raise TooLargeError(f"{len(payload)} bytes are too many for an event")
        return self._invoke_now(function, payload, str(uuid.uuid4()), trace)

    def invoke_async(self, function: str, event: Mapping[str, Any], *, trace: str = "") -> str:
        """Invoke the function later, with its retries; return the request id.

        Raises:
            NoSuchFunctionError: no such function is applied.
            TooLargeError: the event has more than 1 MB.
        """
        return self._async_invocations.submit(function, event, trace)

    def stop(self) -> None:
        """End every instance."""
        self._context.on_apply.remove(self._retire)

        async def end() -> None:
            self._stopped = True
            await asyncio.gather(*(instance.end() for instance in self._instances))

        self._loop.run(end())
        self._loop.stop()
        self._packages.remove()

    def _invoke_now(
        self, function: str, payload: bytes, request_id: str, trace: str
    ) -> InvokeResponse:
        applied = configuration(self._context, function)
        reserved = reserved_concurrency(self._context, function)
        trace = trace or _new_trace(sampled=applied.tracing)
        try:
            done = self._loop.run(self._run(applied, reserved, payload, request_id, trace))
        except TooManyRequestsError:
            self._recorder.throttled(applied)
            raise
        return InvokeResponse(done.payload, done.error, request_id)

    async def _run(
        self,
        applied: Configuration,
        reserved: int | None,
        payload: bytes,
        request_id: str,
        trace: str,
    ) -> results.Result:
        if not self._concurrency.begin():
            raise TooManyRequestsError("Rate Exceeded.")
        try:
            return await self._run_admitted(applied, reserved, payload, request_id, trace)
        finally:
            self._concurrency.end()

    async def _run_admitted(
        self,
        applied: Configuration,
        reserved: int | None,
        payload: bytes,
        request_id: str,
        trace: str,
    ) -> results.Result:
        pool = self._pools[applied.name]
        try:
            async with pool.instance(applied, request_id, reserved) as instance:
                event = _event(applied, payload, request_id, trace)
                stream = instance.log_stream
                self._recorder.event_started(applied, stream, request_id)
                struct.pack_into("<q", self._clock, 0, self._context.clock.moved)
                began = time.monotonic()
                result = await instance.run(event)
                duration = (time.monotonic() - began) * 1000
                init, instance.init_millis = instance.init_millis, None
                done = InvocationReport(request_id, trace, duration, init, instance.memory, result)
                self._recorder.event_done(applied, stream, done)
        except InitError as problem:
            stream = problem.log_stream
            self._recorder.event_started(applied, stream, request_id)
            done = InvocationReport(
                request_id, trace, 0.0, problem.millis, problem.memory, problem.result
            )
            self._recorder.event_done(applied, stream, done)
        return done.result

    async def _start(self, applied: Configuration, request_id: str) -> Instance:
        today = datetime.fromtimestamp(self._context.clock() / 1000, UTC)
        stream = f"{today:%Y/%m/%d}/[{applied.version}]{uuid.uuid4().hex}"
        if self._stopped:
            raise InitError(results.exited(request_id, "the account has ended"), stream)
        if not environment.runs_here(applied.runtime):
            raise InitError(results.unsupported_runtime(applied.runtime), stream)
        loop = asyncio.get_running_loop()
        credentials = self._permissions.assume_role(applied.role, applied.name)
        paths = await loop.run_in_executor(None, self._instance_paths, applied)
        self._recorder.init_started(applied, stream)

        def printed(line: str) -> None:
            self._recorder.line_printed(applied, stream, line)

        instance = Instance(applied, stream, printed, self._on_exit)
        self._instances.add(instance)

        def environ(api: str) -> Mapping[str, str]:
            return environment.variables(applied, credentials, paths, api=api, log_stream=stream)

        command = [environment.interpreter(), "-P", "-S", str(BOOTSTRAP)]
        await instance.start(command, environ, request_id)
        return instance

    def _on_exit(self, instance: Instance) -> None:
        self._instances.discard(instance)
        self._pools[instance.configuration.name].end(instance)

    def _instance_paths(self, applied: Configuration) -> InstancePaths:
        return InstancePaths(
            region=self._context.region,
            endpoint_url=self._context.cloud.endpoint_url,
            task=self._packages.unpacked(applied),
            runtime=self._packages.runtime,
            temporary=self._packages.temporary(),
            clock=self._packages.clock_file,
        )

    def _new_pool(self) -> InstancePool:
        return InstancePool(self._context.clock, self._start, self._gate, self._is_current)

    def _is_current(self, running: Configuration) -> bool:
        with contextlib.suppress(NoSuchFunctionError):
            return configuration(self._context, running.arn) == running
        return False

    def _retire(self) -> None:
        def on_loop() -> None:
            for pool in self._pools.values():
                pool.retire()

        self._loop.call(on_loop)


def _event(applied: Configuration, payload: bytes, request_id: str, trace: str) -> Event:
    deadline = int((time.time() + applied.timeout) * 1000)
    return Event(request_id, payload, deadline, applied.arn, trace)


def _new_trace(*, sampled: bool) -> str:
    parent = uuid.uuid4().hex[:16]
    root = f"1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    return f"Root={root};Parent={parent};Sampled={int(sampled)}"
