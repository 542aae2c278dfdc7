"""Limits of calls: token buckets by the stack's clock, and the account's quotas on them.

API Gateway Developer Guide. "Quotas for configuring and running a WebSocket API": 500 new
connections a second for each account. "Amazon API Gateway quotas": 10,000 requests a second across
all APIs and callbacks (`@connections`), with a token bucket of 5,000. "Protect your WebSocket
APIs": what exceeds rate and burst gets 429.
"""

import threading
from collections.abc import Callable, Hashable
from typing import NamedTuple

from sandbox.conditions.physics import PhysicsSource


class _Bucket(NamedTuple):
    limits: tuple[float, int]
    left: float
    at: int


class Throttle:
    """Token buckets by any key. Thread-safe."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[Hashable, _Bucket] = {}

    def take(self, key: Hashable, rate: float, burst: int) -> bool:
        """Take a token for one call; return False if none is left.

        `rate` is tokens a second, `burst` the size of the bucket. Changed limits start with a full
        bucket.
        """
        limits, now = (rate, burst), self._clock()
        with self._lock:
            bucket = self._buckets.get(key)
            if bucket is None or bucket.limits != limits:
                bucket = _Bucket(limits, float(burst), now)
            left = min(float(burst), bucket.left + (now - bucket.at) / 1000 * rate)
            taken = left >= 1
            self._buckets[key] = _Bucket(limits, left - taken, now)
        return taken


class AccountQuotas:
    """The quotas of the account that the physics in force have; without a limit all is admitted."""

    def __init__(self, physics: PhysicsSource, clock: Callable[[], int]) -> None:
        self._physics = physics
        self._throttle = Throttle(clock)

    def admit_connection(self) -> bool:
        """Count a handshake, which is a call too; return False if it is one too many.

        AWS names no burst of new connections: a second's worth is assumed.
        """
        rate = self._physics().connects_per_second
        return (not rate or self._throttle.take("connects", rate, rate)) and self.admit_call()

    def admit_call(self) -> bool:
        """Count a message or a call of the management API; return False if it is one too many."""
        rate = self._physics().calls_per_second
        return not rate or self._throttle.take("calls", rate, max(1, rate // 2))
