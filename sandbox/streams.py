"""The event source mapping of the sessions table's stream.

One shard, so batches are in the order of the writes and one after the other. A batch that fails
is tried again from its first failed record on; after the retries it is given up, and said so.
"""

import itertools
import logging
import uuid
from typing import Any

from sandbox.activity import Activity
from sandbox.clock import Clock, Timer
from sandbox.cloud.dynamodb import Change
from sandbox.cloud.server import Cloud
from sandbox.context import ACCOUNT, REGION
from sandbox.functions import Function, FunctionError
from sandbox.pool import Pool
from sandbox.sources import Mapping

logger = logging.getLogger(__name__)

RETRIES = 5
RETRY_SECONDS = 1.0
FIRST_SEQUENCE_NUMBER = 1100000000017454423009


class Stream:
    """Gives the changes of one table to the function, in batches, as Lambda does."""

    def __init__(
        self,
        table: str,
        mapping: Mapping,
        function: Function,
        *,
        cloud: Cloud,
        clock: Clock,
        pool: Pool,
        activity: Activity,
    ) -> None:
        self._table = table
        self._mapping = mapping
        self._function = function
        self._cloud = cloud
        self._clock = clock
        self._pool = pool
        self._activity = activity
        self._sequence = itertools.count(FIRST_SEQUENCE_NUMBER)
        self._waiting: list[dict[str, Any]] = []
        self._timer: Timer | None = None
        self._tries = 0
        self._busy = False

    def start(self) -> None:
        """Follows the table from here on."""
        self._cloud.on_change.append(self._add)

    def flush(self) -> None:
        """Ends the batching window now. From any thread."""
        self._begin_soon()

    def _add(self, change: Change) -> None:
        # The mapping's filter (terraform/chalice_override.tf) lets only MODIFY through.
        if change["table"] != self._table or change["old"] is None or change["new"] is None:
            return
        self._waiting.append(self._record(change))
        if len(self._waiting) >= self._mapping.batch_size:
            self._begin()
        elif not self._timer and not self._busy:
            self._timer = self._clock.after(self._mapping.window, self._begin_soon)

    def _begin_soon(self) -> None:
        self._activity.begin()

        def begin() -> None:
            try:
                self._begin()
            finally:
                self._activity.end()

        self._cloud.call_soon(begin)

    def _begin(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._busy or not self._waiting:
            return
        self._busy = True
        batch = self._waiting[: self._mapping.batch_size]
        self._activity.begin()

        def work() -> None:
            done = _done(self._function, batch)
            self._cloud.call_soon(lambda: self._finish(batch, done))

        self._pool.submit(work)

    def _finish(self, batch: list[dict[str, Any]], done: int) -> None:
        try:
            self._busy = False
            failed = done < len(batch)
            self._tries = self._tries + 1 if failed and not done else int(failed)
            if self._tries > RETRIES:
                logger.error("A batch of %d changes of sessions was given up", len(batch) - done)
                done, failed, self._tries = len(batch), False, 0
            del self._waiting[:done]
            if failed:
                self._timer = self._clock.after(RETRY_SECONDS, self._begin_soon)
            elif self._waiting:
                self._begin()
        finally:
            self._activity.end()

    def _record(self, change: Change) -> dict[str, Any]:
        return {
            "eventID": uuid.uuid4().hex,
            "eventName": "MODIFY",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": REGION,
            "dynamodb": {
                "ApproximateCreationDateTime": self._clock() // 1000,
                "Keys": change["keys"],
                "NewImage": change["new"],
                "OldImage": change["old"],
                "SequenceNumber": str(next(self._sequence)),
                "SizeBytes": len(str(change["old"])) + len(str(change["new"])),
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": (
                f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{self._table}/stream/local"
            ),
        }


def _done(function: Function, batch: list[dict[str, Any]]) -> int:
    """How many records, from the first on, need not be tried again."""
    try:
        answer = function({"Records": batch})
    except FunctionError:
        return 0
    failures = answer.get("batchItemFailures", []) if isinstance(answer, dict) else []
    failed = {failure.get("itemIdentifier") for failure in failures}
    numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
    if failed - set(numbers):
        return 0
    return next((place for place, each in enumerate(numbers) if each in failed), len(batch))
