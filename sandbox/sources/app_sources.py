"""The event sources of an app in this process: its schedules, its queues and its streams."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.cloud.resources import Resources, ResourcesError
from sandbox.cloud.stream_poller import StreamPoller
from sandbox.dynamodb.tables import Label
from sandbox.functions.functions import Function
from sandbox.sources.declarations import Declarations, EventSourceMapping
from sandbox.sources.filters import FILTERS
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
        self._pollers: list[StreamPoller] = []

    def start(self) -> None:
        """Call functions from now on. The resources exist."""
        for mapping in self._declared.queues:
            function = self._functions[mapping.function]
            queue = self._resources.queue_name(mapping.source)
            QueueSource(queue, mapping, function, self._runtime).start()
        for mapping in self._declared.streams:
            function = self._functions[mapping.function]
            label = _streamed_table(mapping)
            table = self._resources.tables[label]
            stream = StreamSource(table, mapping, function, self._runtime, FILTERS[label])
            self._streams.append(stream)
            stream.start()
            if self._resources.external:
                poller = self._resources.follow(label, self._runtime.cloud.changed)
                self._pollers.append(poller)
                poller.start()
        self._schedules.start()

    def stop(self) -> None:
        """Stop polling. All else ends with the clock and the endpoint."""
        for poller in self._pollers:
            poller.stop()

    def poll(self) -> None:
        """Read what the streams of an external DynamoDB hold."""
        for poller in self._pollers:
            poller.poll()

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


def _streamed_table(mapping: EventSourceMapping) -> Label:
    """Return the label in `${module.tables.sessions_stream_arn}`."""
    found = re.search(r"tables\.(\w+)_stream_arn", mapping.source)
    if found is None:
        raise ResourcesError(f"{mapping.function}: no table has the stream {mapping.source}")
    return found[1]
