"""The interfaces to AWS besides the stores. `chalicelib.aws` implements them."""

from collections.abc import Callable, Iterable
from typing import Protocol

from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId
from chalicelib.protocol.jobs import Job

__all__ = ["FanOutResult", "JobQueue", "Management", "Remaining"]

Remaining = Callable[[], float]
"""Returns the seconds that this invocation still has, by Lambda's own count."""

RESERVE_SECONDS = 8.0
"""Seconds that an invocation must still have to begin another piece of work, be it a connection, a
session, a page or a shard."""


class Management(Protocol):
    """API Gateway's `@connections`."""

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        """Send one text message. Raises Gone, PayloadRefused, Throttled, ServiceDown."""
        ...

    def close(self, connection_id: ConnectionId) -> None:
        """Close a connection. Raises Gone, Throttled, ServiceDown."""
        ...

    def reach(self) -> None:
        """Check that the API responds. Raises Throttled, ServiceDown, RequestRejected."""
        ...

    def fan_out(
        self, posts: Iterable[tuple[ConnectionId, bytes]], remaining: Remaining
    ) -> FanOutResult:
        """Post to many, `FANOUT_CONCURRENCY` in flight at once. It never raises for one of them.

        `posts` is consumed as it goes (it may be a generator that pages through an index).
        429, 5xx and timeouts are retried with backoff and jitter, three tries in all. It takes no
        new posts when `remaining()` falls under its reserve, and returns the rest as `unsent`;
        the order within one connection is the order of `posts`.
        """
        ...


class JobQueue(Protocol):
    """An SQS queue of background jobs."""

    def send(self, job: Job, delay: int = 0) -> None:
        """Enqueue one job, visible after `delay` seconds (0 to 900).

        Raises Throttled, ServiceDown, RequestRejected.
        """
        ...

    def send_many(self, jobs: Iterable[Job], delay: int = 0) -> None:
        """Enqueue many jobs, in batches of ten; all are enqueued, or it raises."""
        ...

    def depth(self) -> int:
        """Return the approximate number of jobs waiting.

        Raises Throttled, ServiceDown, RequestRejected.
        """
        ...
