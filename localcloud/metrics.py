"""The data points of CloudWatch's metrics: what the platform counts, and what functions emit.

Kept as they come, for the time that an alarm may look back; an alarm's periods are cut out of them.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

KEPT = 20_000
"""Data points a metric."""
LATE = 60_000
"""Milliseconds by which a data point may come after one that is newer."""


@dataclass(frozen=True)
class Metric:
    """A metric's name in CloudWatch."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> "Metric":
        """A metric by its dimensions, `{"FunctionName": "lectern-dev-run_jobs"}`."""
        return cls(namespace, name, frozenset(dimensions.items()))


@dataclass(frozen=True)
class DataPoint:
    """One data point: milliseconds of the account's clock, and a value in the metric's unit."""

    at: int
    value: float


class MetricStore:
    """Every data point. Used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: dict[Metric, deque[DataPoint]] = defaultdict(lambda: deque(maxlen=KEPT))

    def add(self, metric: Metric, at: int, value: float = 1.0) -> None:
        """One data point more."""
        with self._lock:
            self._points[metric].append(DataPoint(at, value))

    def between(self, metric: Metric, start: int, end: int) -> list[float]:
        """The values from `start` on, up to but without `end`, in milliseconds."""
        found = []
        with self._lock:
            for each in reversed(self._points.get(metric, ())):
                if each.at < start - LATE:
                    break
                if start <= each.at < end:
                    found.append(each.value)
        return found

    def metrics(self) -> list[Metric]:
        """What there are data points of."""
        with self._lock:
            return list(self._points)
