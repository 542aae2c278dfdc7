"""The event source mapping of a queue: of the jobs, and of any that the local cloud has."""

import logging
from collections.abc import Callable
from typing import Any

from moto.sqs.models import Message

from sandbox.clock import Activity, Clock, Timer
from sandbox.cloud.server import Cloud
from sandbox.functions.functions import Event, FunctionError
from sandbox.functions.pool import Pool
from sandbox.http.identifiers import REGION
from sandbox.sources.app_sources import Mapping

logger = logging.getLogger(__name__)

Call = Callable[[Event], Any]
"""A function with its event; it raises FunctionError."""


class Jobs:
    """Gives every visible message of the queue to the function, in batches, as Lambda does."""

    def __init__(
        self,
        queue_name: str,
        mapping: Mapping,
        function: Call,
        *,
        cloud: Cloud,
        clock: Clock,
        pool: Pool,
        activity: Activity,
        may_poll: Callable[[], bool] = lambda: True,
    ) -> None:
        """`may_poll` is asked before the queue is read."""
        self._queue = queue_name
        self._mapping = mapping
        self._function = function
        self._cloud = cloud
        self._clock = clock
        self._pool = pool
        self._activity = activity
        self._may_poll = may_poll
        self._running = 0
        self._timer: Timer | None = None
        self._window: Timer | None = None
        self._stopped = False

    def start(self) -> None:
        """Watches the queue from here on; nothing is polled."""
        self._cloud.on_message.append(self._pump)

    def stop(self) -> None:
        """Starts no batch any more. On the cloud's loop."""
        self._stopped = True
        if self._pump in self._cloud.on_message:
            self._cloud.on_message.remove(self._pump)

    def look(self) -> None:
        """Looks for messages now. From any thread."""
        self._pump_soon()

    def flush(self) -> None:
        """Ends the batching window now, and looks for messages. From any thread."""
        self._pump_soon(whole_batches=False)

    def _pump(self, whole_batches: bool = True) -> None:
        """Starts what can be started, and sets a timer for what comes later. On cloud's loop."""
        if self._stopped or not self._may_poll() or (whole_batches and self._gathers()):
            return
        while self._running < self._mapping.concurrency:
            messages = self._cloud.sqs.receive(self._queue, self._mapping.batch_size)
            if not messages:
                break
            self._running += 1
            self._activity.begin()
            self._start(messages)
        if self._timer:
            self._timer.cancel()
        next_at = self._cloud.sqs.next_visible_at(self._queue)
        if next_at is not None and self._running < self._mapping.concurrency:
            self._timer = self._clock.at(int(next_at), self._pump_soon)

    def _gathers(self) -> bool:
        """Whether a batch still waits for more messages."""
        if not self._mapping.window:
            return False
        visible = self._cloud.sqs.visible(self._queue)
        if visible >= self._mapping.batch_size:
            return False
        if visible and self._window is None:
            self._window = self._clock.after(self._mapping.window, self.flush)
        return True

    def _pump_soon(self, whole_batches: bool = True) -> None:
        self._activity.begin()

        def pump() -> None:
            if not whole_batches:
                self._window = None
            try:
                self._pump(whole_batches)
            finally:
                self._activity.end()

        self._cloud.call_soon(pump)

    def _start(self, messages: list[Message]) -> None:
        event = {"Records": [self._record(message) for message in messages]}

        def finish(failed: set[str]) -> None:
            try:
                for message in messages:
                    if message.id not in failed:
                        self._cloud.sqs.delete(self._queue, str(message.receipt_handle))
                self._running -= 1
                self._pump()
            finally:
                self._activity.end()

        def work() -> None:
            failed = self._failed(event, {message.id for message in messages})
            self._cloud.call_soon(lambda: finish(failed))

        self._pool.submit(work)

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
            "eventSourceARN": self._cloud.sqs.queue(self._queue).queue_arn,
            "awsRegion": REGION,
        }

    def _failed(self, event: Event, everything: set[str]) -> set[str]:
        """The ids that come back: those the handler names, or all where it raised."""
        try:
            answer = self._function(event)
        except FunctionError:
            return everything
        if not self._mapping.partial:
            return set()
        failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
        named = {failure.get("itemIdentifier") for failure in failures or []}
        return named if named <= everything else everything
