"""The event sources of an app in this process: its schedules, its queues and its stream."""

from collections.abc import Mapping
from typing import Any

from sandbox.cloud.resources import Resources
from sandbox.cloud.stream_poller import StreamPoller
from sandbox.functions.functions import Function
from sandbox.sources.declarations import Declarations
from sandbox.sources.queue import QueueSource
from sandbox.sources.runtime import Runtime
from sandbox.sources.schedules import Schedules
from sandbox.sources.stream import StreamSource


class AppSources:
    """Starts what the app declares, on the tables and queues of `resources`."""

    def __init__(
        self,
        declared: Declarations,
        functions: Mapping[str, Function],
        resources: Resources,
        runtime: Runtime,
    ) -> None:
        self._declared = declared
        self._functions = functions
        self._resources = resources
        self._runtime = runtime
        self._schedules = Schedules(declared.schedules, functions, runtime)
        self._streams: list[StreamSource] = []
        self._poller: StreamPoller | None = None

    def start(self) -> None:
        """Call functions from now on. The resources exist."""
        for mapping in self._declared.queues:
            function = self._functions[mapping.function]
            queue = self._resources.queue_name(mapping.queue)
            QueueSource(queue, mapping, function, self._runtime).start()
        for mapping in self._declared.streams:
            function = self._functions[mapping.function]
            table = self._resources.tables["sessions"]
            stream = StreamSource(table, mapping, function, self._runtime)
            self._streams.append(stream)
            stream.start()
        if self._resources.external and self._streams:
            self._poller = self._resources.follow("sessions", self._runtime.cloud.changed)
            self._poller.start()
        self._schedules.start()

    def stop(self) -> None:
        """Stop polling. All else ends with the clock and the endpoint."""
        if self._poller:
            self._poller.stop()

    def poll(self) -> None:
        """Read what the stream of an external DynamoDB holds."""
        if self._poller:
            self._poller.poll()

    def flush(self) -> None:
        """End every batching window now."""
        for stream in self._streams:
            stream.flush()

    def schedules(self) -> list[str]:
        """Return the names of the scheduled functions."""
        return self._schedules.names

    def run_schedule(self, name: str) -> Any:
        """Run one scheduled function now and return its result. Raises FunctionError, KeyError."""
        return self._schedules.run(name)
