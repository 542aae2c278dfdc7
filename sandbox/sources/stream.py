"""The event source mapping of the sessions table's stream in `make run`.

One shard, so batches are in the order of the writes and one after the other. A batch that fails
is tried again from its first failed record on; after the retries it is given up, and said so.
"""

import itertools
import logging
from dataclasses import dataclass

from sandbox.clock import Activity, Clock
from sandbox.cloud.server import Cloud
from sandbox.dynamodb.dynamodb import Change
from sandbox.functions.functions import Function, FunctionError
from sandbox.functions.pool import Pool
from sandbox.http.identifiers import ACCOUNT, REGION
from sandbox.sources.app_sources import Mapping
from sandbox.sources.batches import FOREVER, Batch, Rules, Tried
from sandbox.sources.lane import Lane
from sandbox.sources.records import FIRST_NUMBER, Record, record_of

logger = logging.getLogger(__name__)

RETRIES = 5


@dataclass(frozen=True)
class _Place:
    """Where the batches of a lane are made and run."""

    cloud: Cloud
    clock: Clock
    pool: Pool
    activity: Activity


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
        self._function = function
        self._cloud = cloud
        self._clock = clock
        self._numbers = itertools.count(FIRST_NUMBER)
        rules = Rules(mapping.batch_size, mapping.window, True, False, RETRIES, FOREVER)
        place = _Place(cloud, clock, pool, activity)
        self._lane = Lane(place, rules, self._call, self._give_up)

    def start(self) -> None:
        """Follows the table from here on."""
        self._cloud.on_change.append(self._add)

    def flush(self) -> None:
        """Ends the batching window now. From any thread."""
        self._lane.flush()

    def _add(self, change: Change) -> None:
        # The mapping's filter (terraform/chalice_override.tf) lets only MODIFY through.
        if change["table"] != self._table or change["old"] is None or change["new"] is None:
            return
        record = record_of(
            change,
            arn=f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{self._table}/stream/local",
            view="NEW_AND_OLD_IMAGES",
            region=REGION,
            number=next(self._numbers),
            now=self._clock(),
        )
        self._lane.add(record)

    def _call(self, records: list[Record]) -> Tried:
        try:
            answer = self._function({"Records": [dict(record.content) for record in records]})
        except FunctionError:
            return Tried(None, failed=True)
        return Tried(answer, failed=False)

    def _give_up(self, batch: Batch, *_: object) -> None:
        logger.error("A batch of %d changes of %s was given up", len(batch.records), self._table)
