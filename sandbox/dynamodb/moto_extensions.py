"""What moto lacks for this stack, in one place, by subclassing its models.

- Index and key queries look only at the items of that key (moto looks at the whole table).
- Every write passes a journal, so that a transaction or update that fails leaves nothing behind
  (moto copies whole tables, and an update that fails keeps the item it began to make).
- The journal is also the table's stream: one record for one change, none for what was undone.
- SQS takes its time from the stack's clock.
"""

import contextlib
import copy
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import moto.dynamodb.models as dynamodb_models
import moto.sqs.models as sqs_models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table

from sandbox.dynamodb.expressions import NotSimpleError

OnChange = Callable[["JournaledTable", Item | None, Item | None], None]
_Key = tuple[Any, Any]
_Change = tuple["JournaledTable", Item | None, Item | None]


class Journal:
    """Collects the changes of one operation: told when it succeeds, undone when it does not."""

    def __init__(self, on_change: OnChange) -> None:
        self._on_change = on_change
        self._changes: list[_Change] | None = None

    def add(self, table: "JournaledTable", old: Item | None, new: Item | None) -> None:
        """One item of `table` was written; `old` is a copy, or the object that was replaced."""
        if self._changes is None:
            self._on_change(table, old, new)
        else:
            self._changes.append((table, old, new))

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """What is written inside counts when the block ends well, and never was otherwise."""
        if self._changes is not None:  # part of a larger operation
            yield
            return
        self._changes = []
        try:
            yield
        except BaseException:
            for table, old, new in reversed(self._changes):
                table.put_back(old, new)
            self._changes = None
            raise
        changes, self._changes = self._changes, None
        for change in _merged(changes):
            self._on_change(*change)


class JournaledTable(Table):  # type: ignore[misc]  # moto is not followed by mypy
    """A table with a bucket of items for each key of each index, kept by its journal."""

    def __init__(self, *args: Any, journal: Journal, **options: Any) -> None:
        super().__init__(*args, **options)
        self._journal = journal
        self._candidates: list[Item] | None = None
        self.types = {each["AttributeName"]: each["AttributeType"] for each in self.attr}
        self._buckets: dict[str, dict[Any, dict[_Key, Item]]] = {
            index.name: {} for index in self.global_indexes
        }
        # Every write of moto's ends in `stream_shard.add(old, new)`.
        self.stream_shard = self

    def __deepcopy__(self, memo: dict[int, Any]) -> "JournaledTable":
        # moto copies whole tables before a transaction; here the journal undoes it.
        return self

    def add(self, old: Item | None, new: Item | None) -> None:
        """Called by moto after each write."""
        self._reindex(old, new)
        self._journal.add(self, old, new)

    def replace(
        self,
        hash_key: DynamoType,
        range_key: DynamoType | None,
        old: Item | None,
        new: Item | None,
    ) -> None:
        """Puts `new` in the place of `old`; either may be missing."""
        if new is not None and self.range_key_attr:
            self.items[hash_key][range_key] = new
        elif new is not None:
            self.items[hash_key] = new
        elif old is not None and self.range_key_attr:
            self.items[hash_key].pop(range_key, None)
        elif old is not None:
            self.items.pop(hash_key, None)
        if old is not None or new is not None:
            self.add(old, new)

    def put_back(self, old: Item | None, new: Item | None) -> None:
        """Undoes one write."""
        item = old or new
        if item is None:
            return
        if self.range_key_attr:
            items, key = self.items[item.hash_key], item.range_key
        else:
            items, key = self.items, item.hash_key
        if old is None:
            items.pop(key, None)
        else:
            items[key] = old
        self._reindex(new, old)

    def query(self, hash_key: Any, *args: Any, **options: Any) -> Any:
        """moto's query, over the items of that key only."""
        index_name = options.get("index_name") or (args[6] if len(args) > 6 else None)
        if index_name in self._buckets:
            self._candidates = list(self._buckets[index_name].get(_plain(hash_key), {}).values())
        elif index_name is None and hash_key is not None:
            self._candidates = self._of_key(hash_key)
        try:
            return super().query(hash_key, *args, **options)
        finally:
            self._candidates = None

    def typed_key(
        self, attributes: Mapping[str, Any], *, exact: bool
    ) -> tuple[DynamoType, DynamoType | None]:
        """The key in `attributes`, which are nothing else if `exact`. Raises NotSimpleError."""
        if exact and set(attributes) != set(self.table_key_attrs):
            raise NotSimpleError
        parts = []
        for name in self.table_key_attrs:
            value = DynamoType(attributes[name]) if name in attributes else None
            if value is None or value.type != self.types[name] or value.value == "":
                raise NotSimpleError
            parts.append(value)
        return parts[0], parts[1] if len(parts) > 1 else None

    def of_key(self, hash_key: DynamoType, index_name: str | None) -> list[Item]:
        """The items with that key, of the table or of an index, in no order."""
        if index_name is None:
            return self._of_key(hash_key)
        buckets = self._buckets.get(index_name, {})
        return list(buckets.get(_plain(hash_key), {}).values())

    def every_item(self) -> list[Item]:
        """Every item, in no order."""
        if not self.range_key_attr:
            return list(self.items.values())
        return [item for found in self.items.values() for item in found.values()]

    def all_items(self) -> list[Item]:
        """What a query or scan looks through."""
        return super().all_items() if self._candidates is None else self._candidates

    def _of_key(self, hash_key: DynamoType) -> list[Item]:
        found = self.items.get(hash_key)
        if found is None:
            return []
        return list(found.values()) if self.range_key_attr else [found]

    def _reindex(self, old: Item | None, new: Item | None) -> None:
        for index in self.global_indexes:
            buckets = self._of_index(index)
            names = [key["AttributeName"] for key in index.schema]
            for item in (old, new):
                if item is None or any(name not in item.attrs for name in names):
                    continue
                value = _plain(item.attrs[names[0]])
                key = (_plain(item.hash_key), item.range_key and _plain(item.range_key))
                if item is new:
                    buckets.setdefault(value, {})[key] = item
                elif bucket := buckets.get(value):
                    bucket.pop(key, None)
                    if not bucket:
                        del buckets[value]

    def _of_index(self, index: Any) -> dict[Any, dict[_Key, Item]]:
        """The buckets of an index; one that was added to the table later is filled now."""
        if index.name not in self._buckets:
            self._buckets[index.name] = {}
            for item in self.every_item():
                self._reindex(None, item)
        return self._buckets[index.name]


class JournaledBackend(DynamoDBBackend):  # type: ignore[misc]
    """moto's DynamoDB with atomic writes. To be used by one thread at a time."""

    def __init__(self, region: str, account: str, on_change: OnChange) -> None:
        super().__init__(region, account)
        self._journal = Journal(on_change)

    def create_table(self, name: str, **options: Any) -> Table:
        """moto's, with a table that keeps the journal."""
        if name in self.tables:
            raise dynamodb_models.ResourceInUseException(f"Table already exists: {name}")
        table = JournaledTable(
            name,
            account_id=self.account_id,
            region=self.region_name,
            journal=self._journal,
            **options,
        )
        self.tables[name] = table
        return table

    def update_item(self, table_name: str, key: dict[str, Any], *args: Any, **options: Any) -> Item:
        """moto's, undone if it fails on the way: it changes the stored item step by step."""
        table: JournaledTable = self.get_table(table_name)
        before = copy.deepcopy(self.get_item(table_name, key))
        with self._journal.all_or_nothing():
            try:
                return super().update_item(table_name, key, *args, **options)
            except BaseException:
                if before:
                    table.put_back(before, self.get_item(table_name, key))
                raise

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        """moto's, undone if it is cancelled."""
        with self._journal.all_or_nothing():
            super().transact_write_items(transact_items)


def _merged(changes: list[_Change]) -> list[_Change]:
    """One change an item: an update of an item that was not there is two writes for moto."""
    merged: dict[tuple[str, Any, Any], _Change] = {}
    for table, old, new in changes:
        item = old or new
        if item is not None:
            key = (table.name, item.hash_key, item.range_key)
            first = merged.get(key, (table, old, new))
            merged[key] = (table, first[1], new)
    return list(merged.values())


def _plain(value: DynamoType) -> Any:
    return (value.type, value.cast_value)


def _project(item: Item, expressions: list[list[str]]) -> Item:
    """moto's `Item.project` without a round trip through plain JSON for each name."""
    if any(len(expression) > 1 or "[" in expression[0] for expression in expressions):
        return _moto_project(item, expressions)
    projected = Item.__new__(Item)
    projected.hash_key, projected.range_key = item.hash_key, item.range_key
    projected.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    for (name,) in expressions:
        if name in item.attrs:
            dict.__setitem__(projected.attrs, name, item.attrs[name])
    return projected


_moto_project = Item.project
Item.project = _project

_time = threading.local()


@contextlib.contextmanager
def sqs_time(millis: Callable[[], int]) -> Iterator[None]:
    """Inside, moto's SQS takes the time from `millis`."""
    _time.millis = millis
    try:
        yield
    finally:
        del _time.millis


def _millis() -> float:
    millis: Callable[[], float] = getattr(_time, "millis", lambda: time.time() * 1000)
    return millis()


sqs_models.unix_time_millis = _millis
sqs_models.unix_time = lambda: _millis() / 1000
