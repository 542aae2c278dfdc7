"""Batches in the order of the writes, one after the other, with Lambda's retries.

A stream has one such sequence for each shard, or several where its mapping has a parallelization
factor.
"""

from collections import deque
from collections.abc import Callable

from sandbox.conditions.clock import Timer
from sandbox.sources.batches import (
    TOO_OLD,
    Attempt,
    Batch,
    BatchRules,
    FollowUp,
    count_handled,
    count_too_old,
    follow_up,
)
from sandbox.sources.records import Record
from sandbox.sources.runtime import Runtime

RETRY_SECONDS = 1.0

Invoke = Callable[[list[Record]], Attempt]
GiveUp = Callable[[Batch, str, Attempt], None]
"""Takes the batch, the reason, and its last attempt."""


class OrderedBatches:
    """Calls `invoke` with one batch at a time. Used on the endpoint's loop only, but `flush`."""

    def __init__(
        self, runtime: Runtime, rules: BatchRules, invoke: Invoke, give_up: GiveUp
    ) -> None:
        self._runtime = runtime
        self._rules = rules
        self._invoke = invoke
        self._give_up = give_up
        self._waiting: deque[Record] = deque()
        self._retries: deque[Batch] = deque()
        self._timer: Timer | None = None
        self._busy = False
        self.stopped = False

    def add(self, record: Record) -> None:
        """Add the newest record."""
        self._waiting.append(record)
        if len(self._waiting) >= self._rules.batch_size:
            self._begin()
        elif not self._timer and not self._busy:
            self._timer = self._runtime.clock.after(self._rules.window, self.flush)

    def flush(self) -> None:
        """End the batching window now. From any thread."""
        self._runtime.activity.begin()

        def begin() -> None:
            try:
                self._begin()
            finally:
                self._runtime.activity.end()

        self._runtime.cloud.call_soon(begin)

    def _begin(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._busy or self.stopped:
            return
        batch = self._next()
        if batch is None:
            return
        self._busy = True
        self._runtime.activity.begin()

        def work() -> None:
            attempt = self._invoke(list(batch.records))
            self._runtime.cloud.call_soon(lambda: self._finish(batch, attempt))

        self._runtime.pool.submit(work)

    def _next(self) -> Batch | None:
        while self._retries or self._waiting:
            batch = self._retries.popleft() if self._retries else self._take()
            old = count_too_old(batch, self._runtime.clock(), self._rules)
            if not old:
                return batch
            self._give_up(Batch(batch.records[:old], batch.tries), TOO_OLD, Attempt(None, True))
            if old < len(batch.records):
                self._retries.appendleft(Batch(batch.records[old:], batch.tries))
        return None

    def _take(self) -> Batch:
        count = min(len(self._waiting), self._rules.batch_size)
        return Batch([self._waiting.popleft() for _ in range(count)])

    def _finish(self, batch: Batch, attempt: Attempt) -> None:
        try:
            self._busy = False
            handled = self._count_handled(batch, attempt)
            follows = (
                FollowUp([batch]) if attempt.throttled else follow_up(batch, handled, self._rules)
            )
            self._retries.extendleft(reversed(follows.retries))
            if follows.given_up:
                self._give_up(follows.given_up, follows.condition, attempt)
            if follows.retries:
                self._timer = self._runtime.clock.after(RETRY_SECONDS, self.flush)
            else:
                self._begin()
        finally:
            self._runtime.activity.end()

    def _count_handled(self, batch: Batch, attempt: Attempt) -> int:
        if attempt.failed:
            return 0
        return count_handled(batch, attempt.response, partial=self._rules.partial)
