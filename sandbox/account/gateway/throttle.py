"""How many calls a stage takes: a token bucket a route, by the stack's clock."""

import threading
from collections.abc import Callable


class Throttle:
    """Used from any thread."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, float, int], tuple[float, int]] = {}

    def takes(self, stage: str, route: str, rate: float, burst: int) -> bool:
        """Whether one more call of a route is within its limits: a second, and at once.

        Limits that are changed begin with a full bucket.
        """
        now, key = self._clock(), (stage, route, rate, burst)
        with self._lock:
            left, at = self._buckets.get(key, (float(burst), now))
            left = min(float(burst), left + (now - at) / 1000 * rate)
            taken = left >= 1
            self._buckets[key] = (left - taken, now)
        return taken
