"""Limits of calls: one token bucket for each route, by the account's clock."""

import threading
from collections.abc import Callable
from typing import NamedTuple


class _Bucket(NamedTuple):
    limits: tuple[float, int]
    left: float
    at: int


class Throttle:
    """Token buckets by stage and route. Thread-safe."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def take(self, stage: str, route: str, rate: float, burst: int) -> bool:
        """Take a token for one call; return False if none is left.

        `rate` is tokens a second, `burst` the size of the bucket. Changed limits start with a full
        bucket.
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
