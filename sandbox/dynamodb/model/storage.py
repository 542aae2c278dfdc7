"""The items of a table and the copies that its indexes have of them, in the order of their keys."""

import heapq
import itertools
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sandbox.dynamodb.model.errors import DynamoDBError, invalid
from sandbox.dynamodb.model.schema import IndexSchema, Key, KeySchema, TableSchema, index_key
from sandbox.dynamodb.model.values import Attributes, size_of


class Item:
    """A stored item and its size in bytes. Both are never changed."""

    __slots__ = ("_size", "attributes")

    def __init__(self, attributes: Attributes, size: int | None = None) -> None:
        self.attributes = attributes
        self._size = size

    @property
    def size(self) -> int:
        """The size, reckoned when it is first asked for."""
        if self._size is None:
            self._size = size_of(self.attributes)
        return self._size

    def updated(self, after: Attributes, written: frozenset[str]) -> "Item":
        """Return the item whose attributes are `after`; only those in `written` may differ."""
        before, size = self.attributes, self.size
        for name in written:
            if name in before:
                size -= size_of({name: before[name]})
            if name in after:
                size += size_of({name: after[name]})
        return Item(after, size)


class Change(NamedTuple):
    """The effect of one write: an item of `table` was `old` and is now `new`."""

    table: "Table"
    key: Key
    old: Item | None
    new: Item | None


class LateChanges:
    """Changes of a table that one of its indexes has not taken yet."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, Change]] = []
        self._last: dict[Key, int] = {}
        """When the last change of an item is due."""
        self._order = itertools.count()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, change: Change, due: int) -> None:
        """Add a change that is due at `due`, or later if an earlier one of the item is."""
        due = self._last[change.key] = max(due, self._last.get(change.key, due))
        heapq.heappush(self._waiting, (due, next(self._order), change))

    def due(self, now: int) -> Iterator[Change]:
        """Yield and forget the changes that are due."""
        while self._waiting and self._waiting[0][0] <= now:
            due, _, change = heapq.heappop(self._waiting)
            if self._last.get(change.key) == due:
                del self._last[change.key]
            yield change


class Partition:
    """The items with one value of the hash key, by what sorts them."""

    __slots__ = ("items", "order")

    def __init__(self) -> None:
        self.items: dict[tuple[Any, ...], Item] = {}
        self.order: list[tuple[Any, ...]] = []

    def put(self, sort: tuple[Any, ...], item: Item) -> None:
        """Add or replace an item."""
        if sort not in self.items:
            insort(self.order, sort)
        self.items[sort] = item

    def remove(self, sort: tuple[Any, ...]) -> None:
        """Remove an item that is there."""
        del self.items[sort]
        del self.order[bisect_left(self.order, sort)]


class View:
    """A table or one of its indexes, as a query or scan reads it."""

    def __init__(self, keys: KeySchema, key_names: tuple[str, ...]) -> None:
        self.keys = keys
        self.key_names = key_names
        """All attributes of which a LastEvaluatedKey consists."""
        self.partitions: dict[Any, Partition] = {}
        self._order: list[Any] = []

    def get(self, key: Key) -> Item | None:
        """Return one item."""
        partition = self.partitions.get(key.partition)
        return None if partition is None else partition.items.get(key.sort)

    def put(self, key: Key, item: Item) -> None:
        """Add or replace an item."""
        partition = self.partitions.get(key.partition)
        if partition is None:
            partition = self.partitions[key.partition] = Partition()
            insort(self._order, key.partition)
        partition.put(key.sort, item)

    def remove(self, key: Key) -> None:
        """Remove an item that is there."""
        partition = self.partitions[key.partition]
        partition.remove(key.sort)
        if not partition.items:
            del self.partitions[key.partition]
            del self._order[bisect_left(self._order, key.partition)]

    def scan(self, after: Key | None = None) -> Iterator[tuple[Any, Item]]:
        """Yield the hash key and the item of everything behind `after`, in a fixed order."""
        start = 0 if after is None else bisect_left(self._order, after.partition)
        for value in self._order[start:]:
            partition = self.partitions[value]
            order = partition.order
            if after is not None and value == after.partition:
                order = order[bisect_right(order, after.sort) :]
            for sort in order:
                yield value, partition.items[sort]


class Index(View):
    """A copy of the items that have the index's keys, with the attributes that are projected."""

    def __init__(self, schema: IndexSchema, table: KeySchema) -> None:
        names = dict.fromkeys((*schema.keys.names, *table.names))
        super().__init__(schema.keys, tuple(names))
        self.schema = schema
        self._table = table
        self._late = LateChanges()

    def follow(self, change: Change, due: int | None) -> None:
        """Take a change of the table at `due`, in ms, or at once (None).

        The changes of one item are taken in their order.
        """
        if self.schema.is_local or (due is None and not self._late):
            self._apply(change)
        else:
            self._late.add(change, due or 0)

    def catch_up(self, now: int) -> None:
        """Take the changes that are due by `now`, in ms."""
        for change in self._late.due(now):
            self._apply(change)

    def _apply(self, change: Change) -> None:
        old, new = change.old, change.new
        if old and new and self._shows_the_same(old.attributes, new.attributes):
            return
        old_key, new_key = self._key(old), self._key(new)
        if old_key is not None and old_key != new_key:
            self.remove(old_key)
        if new_key is not None and new is not None:
            self.put(new_key, self._projected(new))

    def _key(self, item: Item | None) -> Key | None:
        return None if item is None else index_key(self._table, self.keys, item.attributes)

    def _shows_the_same(self, old: Attributes, new: Attributes) -> bool:
        if self.schema.shows is None:
            return False
        for name in self.schema.shows:
            before, after = old.get(name), new.get(name)
            if before is not after and before != after:
                return False
        return True

    def _projected(self, item: Item) -> Item:
        shows = self.schema.shows
        if shows is None:
            return item
        return Item({name: each for name, each in item.attributes.items() if name in shows})


class Table(View):
    """The items of a table, and its indexes."""

    def __init__(self, schema: TableSchema) -> None:
        super().__init__(schema.keys, schema.keys.names)
        self.schema = schema
        self.indexes = {each.name: Index(each, schema.keys) for each in schema.indexes}

    @property
    def name(self) -> str:
        """The name of the table."""
        return self.schema.name

    def view(self, index: str | None) -> View:
        """Return the table itself or one of its indexes. Raises ValidationException."""
        if index is None:
            return self
        if index not in self.indexes:
            raise invalid(f"The table does not have the specified index: {index}")
        return self.indexes[index]

    def items(self) -> list[Attributes]:
        """Return every item."""
        return [item.attributes for _, item in self.scan()]

    def apply(self, change: Change, lag: Callable[[], int] | None = None) -> None:
        """Make a change. The indexes follow at once, or each at the time in ms that `lag` returns.

        Developer Guide, "Using Global Secondary Indexes in DynamoDB", "Data synchronization between
        tables and global secondary indexes": they are "updated asynchronously, using an eventually
        consistent model".
        """
        if change.new is not None:
            self.put(change.key, change.new)
        elif change.old is not None:
            self.remove(change.key)
        for index in self.indexes.values():
            index.follow(change, None if lag is None else lag())

    def reshape(self, schema: TableSchema) -> None:
        """Take over another set of indexes, and fill those that are new."""
        kept = {each.schema: each for each in self.indexes.values()}
        self.schema = schema
        self.indexes = {
            each.name: kept.get(each) or self._filled(Index(each, schema.keys))
            for each in schema.indexes
        }

    def _filled(self, index: Index) -> Index:
        for _, item in self.scan():
            index.follow(Change(self, self.schema.key_of(item.attributes), None, item), None)
        return index


class Tables(dict[str, Table]):
    """All tables by name."""

    def named(self, name: object) -> Table:
        """Return a table. Raises ResourceNotFoundException."""
        if not name:
            raise invalid(
                "Value at 'tableName' failed to satisfy constraint: Member must not be null"
            )
        table = self.get(name)  # type: ignore[call-overload]
        if table is None:
            raise DynamoDBError("ResourceNotFoundException", "Requested resource not found")
        found: Table = table
        return found
