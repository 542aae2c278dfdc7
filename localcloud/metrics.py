"""The data points of CloudWatch's metrics, as the platform counts them and functions emit them.

Data points are kept as they arrive; the periods of an alarm are cut out of them.
"""

import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass

MAX_DATA_POINTS = 20_000
"""Data points kept of each metric."""
LATE_MILLIS = 60_000
"""A data point may be added this much later than one that is newer."""


@dataclass(frozen=True)
class Metric:
    """A metric: namespace, name and dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str]) -> "Metric":
        """Return a metric with dimensions such as `{"FunctionName": "lectern-dev-run_jobs"}`."""
        return cls(namespace, name, frozenset(dimensions.items()))


@dataclass(frozen=True)
class DataPoint:
    """One value, in the metric's unit; `at` in milliseconds of the account's clock."""

    at: int
    value: float


class MetricStore:
    """Every data point of the account. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._points: dict[Metric, deque[DataPoint]] = defaultdict(
            lambda: deque(maxlen=MAX_DATA_POINTS)
        )

    def add(self, metric: Metric, at: int, value: float = 1.0) -> None:
        """Add a data point at `at` milliseconds."""
        with self._lock:
            self._points[metric].append(DataPoint(at, value))

    def between(self, metric: Metric, start: int, end: int) -> list[float]:
        """Return the values from `start` up to, but not including, `end` (milliseconds)."""
        found = []
        with self._lock:
            for each in reversed(self._points.get(metric, ())):
                if each.at < start - LATE_MILLIS:
                    break
                if start <= each.at < end:
                    found.append(each.value)
        return found

    def metrics(self) -> list[Metric]:
        """Return the metrics that have a data point."""
        with self._lock:
            return list(self._points)
