"""One lane of a stream: batches in the order of the writes, one after the other.

A stream has several where its mapping has a parallelization factor.
"""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from sandbox.clock import Activity, Clock, Timer
from sandbox.cloud.server import Cloud
from sandbox.functions.pool import Pool
from sandbox.sources.batches import TOO_OLD, Batch, Rules, Tried, after, done, too_old
from sandbox.sources.records import Record

RETRY_SECONDS = 1.0

Call = Callable[[list[Record]], Tried]
GiveUp = Callable[[Batch, str, Tried], None]
"""Takes the batch, why, and its last try."""


class Place(Protocol):
    """Where batches are made and run."""

    @property
    def cloud(self) -> Cloud: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def pool(self) -> Pool: ...
    @property
    def activity(self) -> Activity: ...


class Lane:
    """Methods without a remark are for the cloud's loop."""

    def __init__(self, place: Place, rules: Rules, call: Call, give_up: GiveUp) -> None:
        self._place = place
        self._rules = rules
        self._call = call
        self._give_up = give_up
        self._waiting: deque[Record] = deque()
        self._again: deque[Batch] = deque()
        self._timer: Timer | None = None
        self._busy = False
        self.stopped = False

    def add(self, record: Record) -> None:
        """One more record, the newest."""
        self._waiting.append(record)
        if len(self._waiting) >= self._rules.batch_size:
            self._begin()
        elif not self._timer and not self._busy:
            self._timer = self._place.clock.after(self._rules.window, self.flush)

    def flush(self) -> None:
        """Ends the batching window now. From any thread."""
        self._place.activity.begin()

        def begin() -> None:
            try:
                self._begin()
            finally:
                self._place.activity.end()

        self._place.cloud.call_soon(begin)

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
        self._place.activity.begin()

        def work() -> None:
            tried = self._call(list(batch.records))
            self._place.cloud.call_soon(lambda: self._finish(batch, tried))

        self._place.pool.submit(work)

    def _next(self) -> Batch | None:
        while self._again or self._waiting:
            batch = self._again.popleft() if self._again else self._take()
            old = too_old(batch, self._place.clock(), self._rules)
            if not old:
                return batch
            self._give_up(Batch(batch.records[:old], batch.tries), TOO_OLD, Tried(None, True))
            if old < len(batch.records):
                self._again.appendleft(Batch(batch.records[old:], batch.tries))
        return None

    def _take(self) -> Batch:
        count = min(len(self._waiting), self._rules.batch_size)
        return Batch([self._waiting.popleft() for _ in range(count)])

    def _finish(self, batch: Batch, tried: Tried) -> None:
        try:
            self._busy = False
            handled = 0 if tried.failed else done(batch, tried.answer, partial=self._rules.partial)
            follows = after(batch, handled, self._rules)
            self._again.extendleft(reversed(follows.again))
            if follows.given_up:
                self._give_up(follows.given_up, follows.condition, tried)
            if follows.again:
                self._timer = self._place.clock.after(RETRY_SECONDS, self.flush)
            else:
                self._begin()
        finally:
            self._place.activity.end()
