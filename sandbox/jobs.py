"""The event source mapping of the jobs queue, and the queue with its dead letters."""

import functools
import logging
from pathlib import Path
from typing import Any

import hcl2
from moto.sqs.models import Message

from sandbox.activity import Activity
from sandbox.clock import Clock, Timer
from sandbox.cloud.server import Cloud
from sandbox.context import REGION
from sandbox.functions import Function, FunctionError
from sandbox.pool import Pool
from sandbox.sources import Mapping

logger = logging.getLogger(__name__)

MODULE = Path(__file__).parents[1] / "terraform" / "modules" / "jobs" / "variables.tf"
CONCURRENCY = 8
"""Batches at once: jobs leave threads for the sockets."""


class Jobs:
    """Gives every visible message of the queue to the function, in batches, as Lambda does."""

    def __init__(
        self,
        queue_name: str,
        mapping: Mapping,
        function: Function,
        *,
        cloud: Cloud,
        clock: Clock,
        pool: Pool,
        activity: Activity,
    ) -> None:
        self._queue = queue_name
        self._mapping = mapping
        self._function = function
        self._cloud = cloud
        self._clock = clock
        self._pool = pool
        self._activity = activity
        self._running = 0
        self._timer: Timer | None = None

    def start(self) -> None:
        """Watches the queue from here on; nothing is polled."""
        self._cloud.on_message.append(self._pump)

    def _pump(self) -> None:
        """Starts what can be started, and sets a timer for what comes later. On cloud's loop."""
        while self._running < CONCURRENCY:
            messages = self._cloud.sqs.receive(self._queue, self._mapping.batch_size)
            if not messages:
                break
            self._running += 1
            self._activity.begin()
            self._start(messages)
        if self._timer:
            self._timer.cancel()
        next_at = self._cloud.sqs.next_visible_at(self._queue)
        if next_at is not None and self._running < CONCURRENCY:
            self._timer = self._clock.at(int(next_at), self._pump_soon)

    def _pump_soon(self) -> None:
        self._activity.begin()

        def pump() -> None:
            try:
                self._pump()
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
            failed = _failed(self._function, event, {message.id for message in messages})
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


def queue_attributes(dead_letters_arn: str, variables: Path = MODULE) -> dict[str, str]:
    """The attributes of the jobs queue, with the defaults of Terraform's module."""
    defaults = _defaults(variables)
    redrive = (
        f'{{"deadLetterTargetArn":"{dead_letters_arn}",'
        f'"maxReceiveCount":{defaults["max_receive_count"]}}}'
    )
    return {
        "VisibilityTimeout": str(defaults["visibility_timeout_seconds"]),
        "MessageRetentionPeriod": str(defaults["retention_seconds"]),
        "RedrivePolicy": redrive,
    }


@functools.cache
def _defaults(variables: Path) -> dict[str, Any]:
    blocks = hcl2.loads(variables.read_text(encoding="utf-8"))["variable"]
    return {
        name.strip('"'): block.get("default") for each in blocks for name, block in each.items()
    }


def _failed(function: Function, event: dict[str, Any], everything: set[str]) -> set[str]:
    """The ids that come back: those the handler names, or all where it raised."""
    try:
        answer = function(event)
    except FunctionError:
        return everything
    failures = answer.get("batchItemFailures", []) if isinstance(answer, dict) else []
    named = {failure.get("itemIdentifier") for failure in failures}
    return named if named <= everything else everything
