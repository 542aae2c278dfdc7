"""Where what a function did goes: its log, and the data points of `AWS/Lambda`."""

from collections.abc import Iterable

from localcloud.context import Context
from localcloud.functions.configuration import Configuration
from localcloud.functions.logs import json_format
from localcloud.functions.logs.system_log import words
from localcloud.functions.results import InvocationReport
from localcloud.metrics import Metric
from localcloud.permissions import Permissions

NEEDED = ("logs:CreateLogStream", "logs:PutLogEvents")


class Recorder:
    """Used from any thread."""

    def __init__(self, context: Context, permissions: Permissions) -> None:
        self._context = context
        self._permissions = permissions

    def initializes(self, wanted: Configuration, stream: str) -> None:
        """An instance is about to start."""
        self._write(wanted, stream, words(wanted).init_start(wanted))

    def starts(self, wanted: Configuration, stream: str, request_id: str) -> None:
        """An event is about to be worked on."""
        self._write(wanted, stream, words(wanted).start(wanted, request_id))

    def printed(self, wanted: Configuration, stream: str, line: str) -> None:
        """A line of the function's own."""
        logging = wanted.logging
        if not logging.json or json_format.passes(line, logging.application_level):
            self._write(wanted, stream, [line])

    def done(self, wanted: Configuration, stream: str, done: InvocationReport) -> None:
        """An event is over."""
        self._write(wanted, stream, words(wanted).end(wanted, done))
        self._measure(wanted, "Invocations", 1)
        self._measure(wanted, "Errors", 1 if done.result.error else 0)
        self._measure(wanted, "Duration", done.duration)

    def throttled(self, wanted: Configuration) -> None:
        """An event found no room."""
        self._measure(wanted, "Throttles", 1)

    def _write(self, wanted: Configuration, stream: str, lines: Iterable[str]) -> None:
        """Lines for a stream of the log; without the role's permission they are lost, as on AWS."""
        group = f"arn:aws:logs:{self._context.region}:{self._context.account}:log-group"
        resource = f"{group}:{wanted.logging.group}:log-stream:*"
        needed = [(action, resource) for action in NEEDED]
        for line in lines:
            if self._permissions.role_allows(wanted.role, needed):
                self._context.log(wanted.logging.group, stream, line)

    def _measure(self, wanted: Configuration, name: str, value: float) -> None:
        metric = Metric.of("AWS/Lambda", name, {"FunctionName": wanted.name})
        self._context.metrics.add(metric, self._context.clock(), value)
