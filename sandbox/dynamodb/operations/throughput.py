"""The throughput of items and partitions, in the units that AWS bills.

Rules: Developer Guide, "DynamoDB read and write operations" (units), "Burst and adaptive capacity"
and "Best practices for designing and using partition keys": a partition takes 1,000 write units and
3,000 read units a second, and adaptive capacity may give one item a partition of its own but no
more. Reads and writes are throttled independently ("Key range throughput exceeded").
"""

import math
from collections.abc import Callable, Hashable

from sandbox.conditions.physics import PhysicsSource
from sandbox.dynamodb.model.errors import ConditionFailedError, ThrottledError
from sandbox.dynamodb.model.storage import Change, Index, Item
from sandbox.dynamodb.operations.gets import Get
from sandbox.dynamodb.operations.pages import Paged
from sandbox.dynamodb.operations.requests import Answer
from sandbox.dynamodb.operations.writes import Write

WRITE_UNIT_BYTES = 1024
READ_UNIT_BYTES = 4096
_MANY = 10_000


class Buckets:
    """A second's worth of units for each key, refilled evenly. The last call may overdraw it."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._levels: dict[Hashable, tuple[float, int]] = {}

    def is_empty(self, key: Hashable, limit: int) -> bool:
        """Return whether `key` has used up `limit` units a second."""
        return self._level(key, limit) <= 0

    def spend(self, key: Hashable, units: float, limit: int) -> None:
        """Take `units` from a key."""
        self._levels[key] = (self._level(key, limit) - units, self._clock())
        if len(self._levels) > _MANY:
            self._forget(limit)

    def _level(self, key: Hashable, limit: int) -> float:
        level, at = self._levels.get(key, (limit, 0))
        return min(limit, level + limit * (self._clock() - at) / 1000)

    def _forget(self, limit: int) -> None:
        full = [key for key in self._levels if self._level(key, limit) >= limit]
        for key in full:
            del self._levels[key]


class Throughput:
    """What each item and each partition has used of the limits that are in force."""

    def __init__(self, clock: Callable[[], int], physics: PhysicsSource) -> None:
        self._physics = physics
        self._writes = Buckets(clock)
        self._reads = Buckets(clock)

    def decide(self, write: Write, times: int = 1) -> Change:
        """Decide a write, which costs its units `times` times, also where its condition fails.

        Raises:
            ItemError: a ThrottledError, or the write's own.
        """
        limit = self._physics().item_writes_per_second
        if not limit:
            return write.decide()
        place = write.place
        if self._writes.is_empty(place, limit):
            raise ThrottledError("Table", "Write")
        try:
            change = write.decide()
        except ConditionFailedError:
            units = write_units(write.table.get(write.key), None)
            self._writes.spend(place, units * times, limit)
            raise
        self._writes.spend(place, write_units(change.old, change.new) * times, limit)
        return change

    def get(self, get: Get, times: int = 1) -> Answer:
        """Carry out a read of one item. Raises ThrottledError."""
        limit = self._physics().partition_reads_per_second
        if not limit:
            return get.run()
        key = (get.table, get.key.partition)
        if self._reads.is_empty(key, limit):
            raise ThrottledError("Table", "Read")
        item = get.table.get(get.key)
        units = read_units(item.size if item else 0, is_consistent=get.is_consistent or times > 1)
        self._reads.spend(key, units * times, limit)
        return get.run()

    def page(self, paged: Paged) -> Answer:
        """Carry out a query or a scan. Raises ThrottledError.

        A scan reads all partitions at the same rate, so its units are not counted for one.
        """
        limit = self._physics().partition_reads_per_second
        if not limit or paged.condition is None:
            return paged.run()
        key = (paged.view, paged.partition)
        if self._reads.is_empty(key, limit):
            raise ThrottledError("Index" if isinstance(paged.view, Index) else "Table", "Read")
        answer = paged.run()
        units = read_units(paged.read_bytes, is_consistent=paged.is_consistent)
        self._reads.spend(key, units, limit)
        return answer


def write_units(old: Item | None, new: Item | None) -> int:
    """Return the write units of a change: by the larger one of the two items, at least one."""
    size = max(each.size if each else 0 for each in (old, new))
    return max(1, math.ceil(size / WRITE_UNIT_BYTES))


def read_units(size: int, *, is_consistent: bool) -> float:
    """Return the read units of `size` bytes, at least those of 4 KB; half if not consistent."""
    units = max(1, math.ceil(size / READ_UNIT_BYTES))
    return units if is_consistent else units / 2
