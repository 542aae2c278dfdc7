"""The log lines and the `AWS/Lambda` metrics of functions."""

from collections.abc import Iterable

from localcloud.context import Context
from localcloud.functions.configuration import Configuration
from localcloud.functions.logs import json_format
from localcloud.functions.logs.system_log import system_log
from localcloud.functions.results import InvocationReport
from localcloud.metrics import Metric
from localcloud.permissions import Permissions

REQUIRED_ACTIONS = ("logs:CreateLogStream", "logs:PutLogEvents")


class Recorder:
    """Writes to log groups and counts. Thread-safe."""

    def __init__(self, context: Context, permissions: Permissions) -> None:
        self._context = context
        self._permissions = permissions

    def init_started(self, applied: Configuration, stream: str) -> None:
        """Record that an instance starts."""
        self._write(applied, stream, system_log(applied).init_start(applied))

    def event_started(self, applied: Configuration, stream: str, request_id: str) -> None:
        """Record that an event starts."""
        self._write(applied, stream, system_log(applied).start(applied, request_id))

    def line_printed(self, applied: Configuration, stream: str, line: str) -> None:
        """Record a line that the function printed."""
        logging = applied.logging
        if not logging.json or json_format.is_kept(line, logging.application_level):
            self._write(applied, stream, [line])

    def event_done(self, applied: Configuration, stream: str, done: InvocationReport) -> None:
        """Record the result of an event."""
        self._write(applied, stream, system_log(applied).end(applied, done))
        self._measure(applied, "Invocations", 1)
        self._measure(applied, "Errors", 1 if done.result.error else 0)
        self._measure(applied, "Duration", done.duration)

    def throttled(self, applied: Configuration) -> None:
        """Record an event that was throttled."""
        self._measure(applied, "Throttles", 1)

    def _write(self, applied: Configuration, stream: str, lines: Iterable[str]) -> None:
        """Write lines to a log stream; without the role's permission they are lost, as on AWS."""
        group = f"arn:aws:logs:{self._context.region}:{self._context.account}:log-group"
        resource = f"{group}:{applied.logging.group}:log-stream:*"
        required = [(action, resource) for action in REQUIRED_ACTIONS]
        for line in lines:
            if self._permissions.role_allows(applied.role, required):
                self._context.log(applied.logging.group, stream, line)

    def _measure(self, applied: Configuration, name: str, value: float) -> None:
        metric = Metric.of("AWS/Lambda", name, {"FunctionName": applied.name})
        self._context.metrics.add(metric, self._context.clock(), value)
