"""What the actions need of the outside besides the stores. `chalicelib.aws` implements it."""

from collections.abc import Callable, Iterable
from typing import Protocol

from chalicelib.domain.posts import FanOutResult
from chalicelib.domain.types import ConnectionId
from chalicelib.protocol.jobs import Job

__all__ = ["FanOutResult", "JobQueue", "Management", "Remaining"]

Remaining = Callable[[], float]
"""Seconds that this invocation still has (Lambda's own count, not the stack's clock)."""


class Management(Protocol):
    """API Gateway's `@connections`."""

    def post(self, connection_id: ConnectionId, data: bytes) -> None:
        """Sends one text message. Raises Gone, PayloadRefused, Throttled, ServiceDown."""
        ...

    def close(self, connection_id: ConnectionId) -> None:
        """Closes a connection. Raises Gone, Throttled, ServiceDown."""
        ...

    def reach(self) -> None:
        """Sees whether the API answers. Raises Throttled, ServiceDown, RequestRejected."""
        ...

    def fan_out(
        self, posts: Iterable[tuple[ConnectionId, bytes]], remaining: Remaining
    ) -> FanOutResult:
        """Posts to many, `FANOUT_CONCURRENCY` in the air at once; never raises for one of them.

        `posts` is consumed as it goes (it may be a generator that pages through an index).
        429, 5xx and time-outs are retried with backoff and jitter, three times in all. Stops
        taking new posts when `remaining()` falls under its reserve, and answers what is left as
        `unsent`; order within one connection is the order of `posts`.
        """
        ...


class JobQueue(Protocol):
    """The one SQS queue of background jobs."""

    def send(self, job: Job, delay: int = 0) -> None:
        """Enqueue one job, visible after `delay` seconds (0 to 900).

        Raises Throttled, ServiceDown, RequestRejected.
        """
        ...

    def send_many(self, jobs: Iterable[Job], delay: int = 0) -> None:
        """Enqueue many jobs, in batches of ten; all are enqueued, or it raises."""
        ...

    def depth(self) -> int:
        """About how many jobs wait to be run. Raises Throttled, ServiceDown, RequestRejected."""
        ...
