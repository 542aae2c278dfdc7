"""The event source mapping of a table's stream in `make run`.

The stream has one shard: batches are in the order of the writes, one after the other. A batch that
fails is retried from its first failed record on; after the retries it is given up and logged.
"""

import itertools
import logging
from collections.abc import Callable

from sandbox.dynamodb.database import Change
from sandbox.functions.functions import Function, FunctionError, ThrottledError
from sandbox.http.identifiers import ACCOUNT, REGION
from sandbox.sources.batches import FOREVER, Attempt, Batch, BatchRules
from sandbox.sources.declarations import EventSourceMapping
from sandbox.sources.ordered_batches import OrderedBatches
from sandbox.sources.records import FIRST_NUMBER, Record, record_of
from sandbox.sources.runtime import Runtime

logger = logging.getLogger(__name__)

RETRIES = 5


class StreamSource:
    """Gives the changes of one table to the function, in batches, as Lambda does."""

    def __init__(
        self,
        table: str,
        mapping: EventSourceMapping,
        function: Function,
        runtime: Runtime,
        is_wanted: Callable[[Change], bool],
    ) -> None:
        self._table = table
        self._is_wanted = is_wanted
        self._function = function
        self._runtime = runtime
        self._numbers = itertools.count(FIRST_NUMBER)
        rules = BatchRules(mapping.batch_size, mapping.window, True, False, RETRIES, FOREVER)
        self._batches = OrderedBatches(runtime, rules, self._invoke, self._give_up)

    def start(self) -> None:
        """Follow the table from now on."""
        self._runtime.cloud.on_change.append(self._add)

    def flush(self) -> None:
        """End the batching window now. From any thread."""
        self._batches.flush()

    def _add(self, change: Change) -> None:
        if change["table"] != self._table or not self._is_wanted(change):
            return
        record = record_of(
            change,
            arn=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{self._table}/stream/local",
            view="NEW_AND_OLD_IMAGES",
            region=REGION,
            number=next(self._numbers),
            now=self._runtime.clock(),
        )
        self._batches.add(record)

    def _invoke(self, records: list[Record]) -> Attempt:
        try:
            response = self._function({"Records": [dict(record.content) for record in records]})
        except FunctionError as problem:
            return Attempt(None, failed=True, throttled=isinstance(problem, ThrottledError))
        return Attempt(response, failed=False)

    def _give_up(self, batch: Batch, *_: object) -> None:
        logger.error("Gave up a batch of %d changes of %s", len(batch.records), self._table)
