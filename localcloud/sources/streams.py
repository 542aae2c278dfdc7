"""The event source mapping of a table's stream.

A stream has one shard here, whose records are shared out to lanes by their partition key: the
mapping's parallelization factor. What a mapping sees begins when it is made.
"""

import itertools
import json
import logging
import uuid
import zlib
from datetime import UTC, datetime
from typing import Any

from localcloud.context import Context
from localcloud.functions import Functions
from localcloud.functions.configuration import role_of
from localcloud.functions.destinations import deliver
from localcloud.metrics import Metric
from localcloud.permissions import Permissions
from localcloud.sources.desired_state import StreamMapping
from localcloud.sources.invoker import FunctionInvoker
from sandbox.dynamodb.database import Change
from sandbox.sources.batches import Attempt, Batch
from sandbox.sources.ordered_batches import OrderedBatches
from sandbox.sources.records import FIRST_NUMBER, Record, record_of

logger = logging.getLogger(__name__)

SHARD = "shardId-00000001668000000000-00000001"
_numbers = itertools.count(FIRST_NUMBER)
REQUIRED_ACTIONS = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")


class RunningStream:
    """One mapping between `start` and `stop`, on the cloud's loop."""

    def __init__(
        self,
        mapping: StreamMapping,
        context: Context,
        functions: Functions,
        permissions: Permissions,
    ) -> None:
        self.mapping = mapping
        self._context = context
        self._permissions = permissions
        self._invoker = FunctionInvoker(functions, mapping.function)
        self._patterns = [_pattern(each) for each in mapping.filters]
        self._shards = [
            OrderedBatches(context, mapping.rules, self._call, self._give_up)
            for _ in range(mapping.parallelization_factor)
        ]

    def start(self) -> None:
        """Read the table's changes from now on."""
        self._context.cloud.on_change.append(self._add)

    def stop(self) -> None:
        """Stop calling the function, whatever waits."""
        self._context.cloud.on_change.remove(self._add)
        for batches in self._shards:
            batches.stopped = True

    def flush(self) -> None:
        """End the batching window now. Thread-safe."""
        for batches in self._shards:
            batches.flush()

    def _add(self, change: Change) -> None:
        if change["table"] != self.mapping.table:
            return
        view = self._view()
        if view is None or not self._may_read():
            return
        record = record_of(
            change,
            arn=self.mapping.stream_arn,
            view=view,
            region=self._context.region,
            number=next(_numbers),
            now=self._context.clock(),
        )
        if self._is_wanted(record):
            self._shards[zlib.crc32(record.key.encode()) % len(self._shards)].add(record)

    def _is_wanted(self, record: Record) -> bool:
        return not self._patterns or any(
            pattern.matches_event(record.content) for pattern in self._patterns
        )

    def _view(self) -> str | None:
        """Return the view type of the stream; None if it is no longer the table's stream."""
        table = self._context.backend("dynamodb").tables.get(self.mapping.table)
        label = self.mapping.stream_arn.rsplit("/", maxsplit=1)[-1]
        if table is None or table.latest_stream_label != label:
            return None
        found: str | None = (table.stream_specification or {}).get("StreamViewType")
        return found

    def _may_read(self) -> bool:
        arn = self.mapping.stream_arn
        may = self._permissions.role_allows(
            self._role(), [(f"dynamodb:{action}", arn) for action in REQUIRED_ACTIONS]
        )
        if not may:
            logger.warning("The role of %s may not read %s", self.mapping.function, arn)
        return may

    def _role(self) -> str:
        return role_of(self._context, self.mapping.function)

    def _call(self, records: list[Record]) -> Attempt:
        age = self._context.clock() - records[-1].at
        name = self.mapping.function.split(":")[6]
        metric = Metric.of("AWS/Lambda", "IteratorAge", {"FunctionName": name})
        self._context.metrics.add(metric, self._context.clock(), age)
        return self._invoker.attempt({"Records": [record.content for record in records]})

    def _give_up(self, batch: Batch, condition: str, last: Attempt) -> None:
        count = len(batch.records)
        logger.error("%d changes of %s were given up", count, self.mapping.table)
        if self.mapping.destination is None:
            return
        record = self._failure_record(batch, condition, last)
        destination, role = self.mapping.destination, self._role()
        self._context.run_in_background(
            lambda: deliver(self._context, self._permissions, role, destination, record)
        )

    def _failure_record(self, batch: Batch, condition: str, last: Attempt) -> dict[str, Any]:
        records = batch.records
        return {
            "requestContext": {
                "requestId": last.request_id or str(uuid.uuid4()),
                "functionArn": self.mapping.function,
                "condition": condition,
                "approximateInvokeCount": batch.tries,
            },
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": "Unhandled" if last.failed else None,
            },
            "version": "1.0",
            "timestamp": _iso(self._context.clock()),
            "DDBStreamBatchInfo": {
                "shardId": SHARD,
                "startSequenceNumber": records[0].number,
                "endSequenceNumber": records[-1].number,
                "approximateArrivalOfFirstRecord": _iso(records[0].at),
                "approximateArrivalOfLastRecord": _iso(records[-1].at),
                "batchSize": len(records),
                "streamArn": self.mapping.stream_arn,
            },
        }


def _pattern(pattern: str) -> Any:
    from moto.events.models import EventPattern  # noqa: PLC0415 - loads all of EventBridge

    return EventPattern(pattern, json.loads(pattern))


def _iso(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
