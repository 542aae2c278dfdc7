"""The object that all code logs and measures with."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from chalicelib.telemetry.exceptions import describe
from chalicelib.telemetry.lines import json_line, write_line
from chalicelib.telemetry.metrics import (
    METRICS,
    Dimension,
    MetricLine,
    MetricName,
    Unit,
    dimension_value,
)
from chalicelib.telemetry.redaction import Redactor

Level = Literal["INFO", "WARNING", "ERROR"]
_SEVERITY = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40}
_DimensionValues = tuple[tuple[str, str], ...]


class ConnectionHasher(Protocol):
    """The part of `chalicelib.identity.hashing.Hasher` that is needed here."""

    def connection(self, connection_id: str) -> str:
        """Return a short keyed hash of a connection id."""
        ...


class _Invocation(Struct):
    """The fields that all lines of an invocation share, and the metrics to write at its end."""

    common: Mapping[str, Any]
    connection_id: str | None
    lock: Lock = field(default_factory=Lock)
    waiting: dict[_DimensionValues, MetricLine] = field(default_factory=dict)


_OUTSIDE = _Invocation({"correlationId": None, "function": None}, None)
# A context variable, as handlers run concurrently in threads (in the sandbox, and in tests).
_current: ContextVar[_Invocation] = ContextVar("invocation", default=_OUTSIDE)


class Telemetry:
    """Writes log lines and metrics, each one JSON object per line.

    Args:
        hasher: makes connection ids fit to be logged.
        clock: the stack's time, in milliseconds since the epoch.
        write: takes each line, without its end; stdout by default.
        level: `LOG_LEVEL`; lines below it are not written. Metrics always are.
    """

    def __init__(
        self,
        hasher: ConnectionHasher,
        clock: Callable[[], int],
        write: Callable[[str], None] = write_line,
        level: str = "INFO",
    ) -> None:
        self._hasher = hasher
        self._redactor = Redactor(hasher.connection)
        self._clock = clock
        self._write = write
        self._minimum = _SEVERITY[level]

    @contextmanager
    def invocation(
        self,
        function: str,
        correlation_id: str,
        connection_id: str | None = None,
        **fields: object,
    ) -> Iterator[None]:
        """Add these fields to every line within; write its metrics together at the end.

        `connection_id` is hashed wherever it occurs in these lines. A thread that is started within
        belongs to the invocation only if it runs in a copy of this context.
        """
        common = {"correlationId": correlation_id, "function": function}
        if connection_id is not None:
            common["connection"] = self._hasher.connection(connection_id)
        invocation = _Invocation(
            self._redactor.fields(fields, connection_id) | common, connection_id
        )
        token = _current.set(invocation)
        try:
            yield
        finally:
            _current.reset(token)
            for line in invocation.waiting.values():
                self._write_metrics(line, invocation)

    def info(self, event: str, **fields: object) -> None:
        """Log an event. `event` is a short constant name."""
        self._log("INFO", event, None, fields)

    def warning(self, event: str, exception: BaseException | None = None, **fields: object) -> None:
        """Log a failure that was corrected, or will be retried."""
        self._log("WARNING", event, exception, fields)

    def error(self, event: str, exception: BaseException | None = None, **fields: object) -> None:
        """Log a failure that an operator should look at."""
        self._log("ERROR", event, exception, fields)

    def metric(
        self,
        name: MetricName,
        value: float,
        unit: Unit = "Count",
        /,
        dimensions: Mapping[Dimension, str] = {},
        **properties: object,
    ) -> None:
        """Record one value of a metric. Ids go into `properties`.

        Within an invocation, metrics of the same dimensions are written at its end in one line;
        outside of one, each is written at once.

        Raises:
            ValueError: the dimensions are not those that `METRICS` lists for the metric.
        """
        if set(dimensions) != set(METRICS[name]):
            raise ValueError(f"{name} has the dimensions {METRICS[name]}, not {tuple(dimensions)}")
        invocation = _current.get()
        known_id = invocation.connection_id
        values: dict[str, str] = {
            key: dimension_value(self._redactor.text(dimensions[key], known_id))
            for key in METRICS[name]
        }
        clean = self._redactor.fields(properties, known_id)
        if invocation is _OUTSIDE:
            line = MetricLine(values)
            line.add(name, value, unit, clean)
            self._write_metrics(line, invocation)
        else:
            self._collect(invocation, values, (name, value, unit, clean))

    def _collect(
        self,
        invocation: _Invocation,
        dimensions: dict[str, str],
        measured: tuple[str, float, str, dict[str, Any]],
    ) -> None:
        key = tuple(dimensions.items())
        with invocation.lock:
            line = invocation.waiting.setdefault(key, MetricLine(dimensions))
            line.add(*measured)
            if line.full:
                del invocation.waiting[key]
                self._write_metrics(line, invocation)

    def _write_metrics(self, line: MetricLine, invocation: _Invocation) -> None:
        self._write(json_line({**invocation.common, **line.document(self._clock())}))

    def _log(
        self,
        level: Level,
        event: str,
        exception: BaseException | None,
        fields: Mapping[str, object],
    ) -> None:
        if _SEVERITY[level] < self._minimum:
            return
        invocation = _current.get()
        known_id = invocation.connection_id
        line: dict[str, Any] = {
            "level": level,
            "timestamp": self._clock(),
            "event": self._redactor.text(event, known_id),
            **invocation.common,
        }
        if exception is not None:
            line["exception"] = describe(
                exception, lambda text: self._redactor.text(text, known_id)
            )
        for name, value in self._redactor.fields(fields, known_id).items():
            line.setdefault(name, value)
        self._write(json_line(line))
