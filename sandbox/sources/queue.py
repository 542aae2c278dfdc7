"""The event source mapping of an SQS queue: its messages to a function, in batches."""

import logging
from collections.abc import Callable
from typing import Any

from moto.sqs.models import Message

from sandbox.conditions.clock import Timer
from sandbox.functions.functions import Event, FunctionError, ThrottledError
from sandbox.http.identifiers import REGION
from sandbox.sources.declarations import EventSourceMapping
from sandbox.sources.runtime import Runtime

logger = logging.getLogger(__name__)

FIRST_RETRY_SECONDS = 0.1
MAX_RETRY_SECONDS = 10.0
"""Backoff of a batch that was throttled. AWS names no numbers."""

Invoke = Callable[[Event], Any]
"""Calls a function with its event and returns its result. Raises FunctionError."""


class QueueSource:
    """Gives every visible message of the queue to the function, in batches, as Lambda does."""

    def __init__(
        self,
        queue_name: str,
        mapping: EventSourceMapping,
        function: Invoke,
        runtime: Runtime,
        *,
        may_poll: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_poll` is called before each read of the queue."""
        self._queue = queue_name
        self._mapping = mapping
        self._function = function
        self._runtime = runtime
        self._may_poll = may_poll
        self._running = 0
        self._timer: Timer | None = None
        self._window: Timer | None = None
        self._stopped = False

    def start(self) -> None:
        """Watch the queue from now on. Each new message is noticed; nothing is polled."""
        self._runtime.cloud.on_message.append(self._notice)

    def _notice(self) -> None:
        """Start what a change of the queue allows, once the pollers have seen it."""
        seconds = self._runtime.cloud.queue_seconds
        if not seconds:
            self._pump()
            return
        self._runtime.activity.begin()

        def pump() -> None:
            try:
                self._pump()
            finally:
                self._runtime.activity.end()

        self._runtime.cloud.call_later(seconds, pump)

    def stop(self) -> None:
        """Start no more batches. On the endpoint's loop."""
        self._stopped = True
        if self._notice in self._runtime.cloud.on_message:
            self._runtime.cloud.on_message.remove(self._notice)

    def look(self) -> None:
        """Look for messages now. From any thread."""
        self._pump_soon()

    def flush(self) -> None:
        """End the batching window now, and look for messages. From any thread."""
        self._pump_soon(whole_batches=False)

    def _pump(self, whole_batches: bool = True) -> None:
        """Start what can be started and set a timer for the rest. On the endpoint's loop."""
        if self._stopped or not self._may_poll() or (whole_batches and self._is_gathering()):
            return
        while self._running < self._mapping.concurrency:
            messages = self._runtime.cloud.sqs.receive(self._queue, self._mapping.batch_size)
            if not messages:
                break
            self._running += 1
            self._runtime.activity.begin()
            self._start(messages)
        if self._timer:
            self._timer.cancel()
        next_at = self._runtime.cloud.sqs.next_visible_at(self._queue)
        if next_at is not None and self._running < self._mapping.concurrency:
            self._timer = self._runtime.clock.at(int(next_at), self._pump_soon)

    def _is_gathering(self) -> bool:
        """Return True while a batch waits for more messages."""
        if not self._mapping.window:
            return False
        visible = self._runtime.cloud.sqs.visible(self._queue)
        if visible >= self._mapping.batch_size:
            return False
        if visible and self._window is None:
            self._window = self._runtime.clock.after(self._mapping.window, self.flush)
        return True

    def _pump_soon(self, whole_batches: bool = True) -> None:
        self._runtime.activity.begin()

        def pump() -> None:
            if not whole_batches:
                self._window = None
            try:
                self._pump(whole_batches)
            finally:
                self._runtime.activity.end()

        self._runtime.cloud.call_soon(pump)

    def _start(self, messages: list[Message]) -> None:
        event = {"Records": [self._record(message) for message in messages]}
        visible_at = self._runtime.cloud.sqs.visible_again_at(messages)

        def finish(failed: set[str]) -> None:
            try:
                for message in messages:
                    if message.id not in failed:
                        self._runtime.cloud.sqs.delete(self._queue, str(message.receipt_handle))
                self._running -= 1
                self._pump()
            finally:
                self._runtime.activity.end()

        def work(delay: float = FIRST_RETRY_SECONDS) -> None:
            ids = {message.id for message in messages}
            try:
                failed = self._invoke(event, ids)
            except ThrottledError:
                if self._runtime.clock() + delay * 1000 < visible_at:
                    self._work_later(delay, lambda: work(min(delay * 2, MAX_RETRY_SECONDS)))
                    return
                failed = ids
            self._runtime.cloud.call_soon(lambda: finish(failed))

        self._runtime.pool.submit(work)

    def _work_later(self, delay: float, work: Callable[[], None]) -> None:
        """Run `work` in the pool after `delay` seconds; the clock may move meanwhile."""

        def resume() -> None:
            self._runtime.activity.begin()
            self._runtime.pool.submit(work)

        self._runtime.clock.after(delay, resume)
        self._runtime.activity.end()

    def _record(self, message: Message) -> dict[str, Any]:
        return {
            "messageId": message.id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": str(message.approximate_receive_count),
                "SentTimestamp": str(message.sent_timestamp),
                "SenderId": message.sender_id,
                "ApproximateFirstReceiveTimestamp": str(
                    message.approximate_first_receive_timestamp
                ),
            },
            "messageAttributes": {},
            "md5OfBody": message.body_md5,
            "eventSource": "aws:sqs",
            "eventSourceARN": self._runtime.cloud.sqs.queue(self._queue).queue_arn,
            "awsRegion": REGION,
        }

    def _invoke(self, event: Event, ids: set[str]) -> set[str]:
        """Call the function; return the ids of the messages that failed. Raises ThrottledError."""
        try:
            response = self._function(event)
        except ThrottledError:
            raise
        except FunctionError:
            return ids
        if not self._mapping.partial:
            return set()
        failures = response.get("batchItemFailures") if isinstance(response, dict) else None
        named = {failure.get("itemIdentifier") for failure in failures or []}
        return named if named <= ids else ids
