"""The stream of a table in a DynamoDB outside this process, such as DynamoDB Local."""

import logging
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sandbox.dynamodb.database import Change

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
_STALE = ("TrimmedDataAccessException", "ExpiredIteratorException")
"""Errors of an iterator that DynamoDB Local forgets when a write is rolled back there."""


class StreamPoller:
    """Calls `on_change` with every change of one table, in the order of its shards."""

    def __init__(
        self, dynamodb: Any, streams: Any, table: str, on_change: Callable[[Change], None]
    ) -> None:
        self._streams = streams
        self._table = table
        self._on_change = on_change
        self._arn = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
        self._iterators: dict[str, str] = {}
        self._handed_on: dict[str, int] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-streams", daemon=True)

    def start(self) -> None:
        """Look for changes four times a second of real time."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking: `on_change` is not called after this."""
        self._stopped.set()
        self._thread.join()

    def poll(self) -> None:
        """Hand on what has come since the last look."""
        with self._lock:
            for shard in self._shards():
                while self._read(shard):
                    pass

    def _run(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            try:
                self.poll()
            except (BotoCoreError, ClientError) as problem:
                logger.warning("Cannot read the stream of %s: %s", self._table, problem)

    def _shards(self) -> list[str]:
        description = self._streams.describe_stream(StreamArn=self._arn)["StreamDescription"]
        return [shard["ShardId"] for shard in description["Shards"]]

    def _read(self, shard: str) -> bool:
        """Read once; return True if there may be more."""
        known = self._iterators.get(shard)
        iterator = known or self._from_the_start(shard)
        try:
            answer = self._streams.get_records(ShardIterator=iterator)
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in _STALE:
                raise
            del self._iterators[shard]
            return known is not None
        self._iterators[shard] = answer.get("NextShardIterator") or iterator
        for record in answer["Records"]:
            self._hand_on(shard, record["dynamodb"])
        return bool(answer["Records"])

    def _from_the_start(self, shard: str) -> str:
        iterator: str = self._streams.get_shard_iterator(
            StreamArn=self._arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        self._iterators[shard] = iterator
        return iterator

    def _hand_on(self, shard: str, record: dict[str, Any]) -> None:
        number = int(record["SequenceNumber"])
        if number <= self._handed_on.get(shard, -1):
            return
        self._handed_on[shard] = number
        old, new = record.get("OldImage"), record.get("NewImage")
        self._on_change({"table": self._table, "keys": record["Keys"], "old": old, "new": new})
