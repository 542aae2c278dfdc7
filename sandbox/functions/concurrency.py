"""The account's concurrency: invocations of all functions at once.

Lambda Developer Guide, "Understanding Lambda function scaling": an account has 1,000 in a region by
default. What happens beyond it is the caller's matter:

| caller | beyond the concurrency | AWS's page |
|---|---|---|
| API Gateway | 500, `Internal server error` | "Handling Lambda errors with an API Gateway API" |
| SQS | tried again with backoff until the visibility timeout | "Handling errors for an SQS event source" |
| streams | tried again; no retry is counted | "Process DynamoDB records with Lambda", Retry attempts |
| schedules | tried again after 1 s to 5 min, for 6 hours | "How Lambda handles errors and retries with asynchronous invocation" |
"""  # noqa: E501

import threading

from sandbox.conditions.physics import OFF, PhysicsSource

MIN_BACKOFF_SECONDS = 1.0
MAX_BACKOFF_SECONDS = 300.0
"""Backoff of throttled asynchronous events."""


class Concurrency:
    """Counts the invocations that run. Thread-safe."""

    def __init__(self, physics: PhysicsSource = lambda: OFF) -> None:
        self._physics = physics
        self._lock = threading.Lock()
        self._running = 0

    def begin(self) -> bool:
        """Count one more invocation; return False if that is one too many."""
        most = self._physics().concurrency
        with self._lock:
            if most and self._running >= most:
                return False
            self._running += 1
        return True

    def end(self) -> None:
        """Count one invocation less."""
        with self._lock:
            self._running -= 1


def backoff(throttled: int) -> float:
    """Return the seconds until the next try of an event that was throttled so many times."""
    return min(MIN_BACKOFF_SECONDS * 2.0 ** (throttled - 1), MAX_BACKOFF_SECONDS)
