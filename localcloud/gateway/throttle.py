"""How many calls a stage takes: a token bucket a route, by the stack's clock."""

import threading
from collections.abc import Callable
from typing import NamedTuple


class _Bucket(NamedTuple):
    limits: tuple[float, int]
    left: float
    at: int


class Throttle:
    """Used from any thread."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def takes(self, stage: str, route: str, rate: float, burst: int) -> bool:
        """Whether one more call of a route is within its limits: a second, and at once.

        Limits that are changed begin with a full bucket.
        """
        limits, now = (rate, burst), self._clock()
        with self._lock:
            bucket = self._buckets.get((stage, route))
            if bucket is None or bucket.limits != limits:
                bucket = _Bucket(limits, float(burst), now)
            left = min(float(burst), bucket.left + (now - bucket.at) / 1000 * rate)
            taken = left >= 1
            self._buckets[stage, route] = _Bucket(limits, left - taken, now)
        return taken
