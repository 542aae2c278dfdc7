"""Count what invocations use, in the same way for every design.

Lambda's milliseconds are a model, because there is no Lambda here: the handler's CPU in this
process, divided by its share of a core, plus a wait for each call. Everything else is counted.
"""

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from bench.billing.capacity import Bill
from bench.billing.logs import Lines
from bench.billing.prices import CORE_SHARE, MESSAGE_BYTES, Usage

CALL_MS = 4.0
"""Milliseconds of a call to DynamoDB or SQS from within its region: assumed."""
POST_MS = 10.0
"""Milliseconds of a post to `@connections`: assumed. `together` posts run at once."""


class Meter:
    """Adds up usage from one `take` to the next."""

    def __init__(self, bill: Bill, together: int, lines: Lines) -> None:
        """Take the number of concurrent posts, and the log lines beside the function's own."""
        self.usage = Usage()
        self._bill = bill
        self._together = together
        self._lines = lines
        self._own = 0.0
        """Seconds of CPU that counting itself took."""

    def take(self) -> Usage:
        """Return the usage since the last call."""
        taken, self.usage = self.usage, Usage()
        return taken

    @contextmanager
    def invocation(self, *, by_client: bool) -> Iterator[None]:
        """Meter one run of a function; `by_client`: caused by an event of API Gateway."""
        posts, own = self.usage.messages, self._own
        started = time.thread_time()
        yield
        cpu = time.thread_time() - started - (self._own - own)
        posts = self.usage.messages - posts
        self.usage.invocations += 1
        self.usage.lambda_ms += cpu * 1000 / CORE_SHARE
        self.usage.lambda_ms += math.ceil(posts / self._together) * POST_MS
        self.usage.log_bytes += self._lines.platform
        self.usage.log_bytes += self._lines.access if by_client else 0

    def database(
        self, operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> None:
        """Count a completed call of DynamoDB."""
        started = time.thread_time()
        reads, writes = self._bill.units(operation, request, answer)
        self._own += time.thread_time() - started
        self.usage.read_units += reads
        self.usage.write_units += writes
        self.usage.lambda_ms += CALL_MS

    def message(self, data: bytes) -> None:
        """Count a message in either direction."""
        self.usage.messages += max(1, math.ceil(len(data) / MESSAGE_BYTES))

    def job(self) -> None:
        """Count a job: sent, received, deleted."""
        self.usage.queue_requests += 3
        self.usage.lambda_ms += CALL_MS

    def line(self, text: str) -> None:
        """Count a line of a function's log."""
        self.usage.log_bytes += len(text.encode()) + 1
