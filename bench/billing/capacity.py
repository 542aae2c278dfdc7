"""DynamoDB's read and write units of one call, by the rules of its Developer Guide.

"Read and write capacity units", "Item sizes and formats", "Write throughput of a global secondary
index": a read is half a unit for each started 4 KB, a consistent one a whole unit. A write is one
unit for each started KB of the larger of the item before and after, two in a transaction, and one
more for each index entry that it puts, changes or deletes. `tests/bench/test_capacity.py` compares
this with the units that another DynamoDB reports.
"""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

Item = Mapping[str, Any]
_READ, _WRITE = 4096, 1024


class Bill:
    """Follows every change of some tables, and computes the units of each call."""

    def __init__(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Take the CreateTable request of each table, by its name."""
        self._tables = tables
        self._items: dict[tuple[str, str], Item] = {}
        self._before: dict[tuple[str, str], Item | None] = {}

    def changed(self, change: Mapping[str, Any]) -> None:
        """Note a write: `{"table", "keys", "old", "new"}`, None where there is no item."""
        where = (change["table"], _text(change["keys"]))
        self._before.setdefault(where, change["old"])
        if change["new"] is None:
            self._items.pop(where, None)
        else:
            self._items[where] = change["new"]

    def units(
        self, operation: str, request: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> tuple[float, float]:
        """Return read and write units of a completed call, refused writes included."""
        reads = writes = 0.0
        if operation == "GetItem":
            reads = self._read(request["TableName"], [request["Key"]], request)
        elif operation == "BatchGetItem":
            for table, wish in request["RequestItems"].items():
                reads += sum(self._read(table, [key], wish) for key in wish["Keys"])
        elif operation in ("Query", "Scan"):
            reads = self._page(request, answer)
        elif operation == "TransactWriteItems":
            for entry in request["TransactItems"]:
                writes += 2 * sum(self._write(each) for each in entry.values())
        elif operation == "BatchWriteItem":
            for table, entries in request["RequestItems"].items():
                for entry in entries:
                    writes += sum(self._write({"TableName": table} | e) for e in entry.values())
        else:
            writes = self._write(request)
        self._before.clear()
        return reads, writes

    def _read(self, table: str, keys: Iterable[Item], wish: Mapping[str, Any]) -> float:
        sizes = sum(size(self._items.get((table, _text(key)))) for key in keys)
        return _read_units(sizes, wish)

    def _page(self, request: Mapping[str, Any], answer: Mapping[str, Any]) -> float:
        """Return the bytes that a page has read: an index's entries, or a table's whole items."""
        table = request["TableName"]
        if "IndexName" in request:
            return _read_units(sum(map(size, answer["Items"])), request)
        if request.get("FilterExpression") or request.get("Select") == "COUNT":
            keys = [json.loads(key) for name, key in self._items if name == table]
        else:
            keys = [self._key(table, item) for item in answer["Items"]]
        return self._read(table, keys, request)

    def _write(self, write: Mapping[str, Any]) -> float:
        table = write["TableName"]
        key = write.get("Key") or self._key(table, write["Item"])
        where = (table, _text(key))
        after = self._items.get(where)
        before = self._before.get(where, after)
        units = max(1, math.ceil(max(size(before), size(after)) / _WRITE))
        indexes = self._tables[table].get("GlobalSecondaryIndexes", ())
        return units + sum(_index_units(before, after, index, key) for index in indexes)

    def _key(self, table: str, item: Item) -> Item:
        names = [each["AttributeName"] for each in self._tables[table]["KeySchema"]]
        return {name: item[name] for name in names}


def size(value: Any) -> int:
    """Return the bytes of an item, names and values; None for a missing item."""
    return sum(len(name.encode()) + _value(each) for name, each in (value or {}).items())


def _value(typed: Mapping[str, Any]) -> int:
    [(kind, value)] = typed.items()
    if kind == "S":
        return len(str(value).encode())
    if kind == "N":
        digits = str(value).lstrip("-").replace(".", "").strip("0") or "0"
        return math.ceil(len(digits) / 2) + 1 + str(value).startswith("-")
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + _value(each) for name, each in value.items())
    if kind == "L":
        return 3 + sum(1 + _value(each) for each in value)
    return 1 if kind in ("BOOL", "NULL") else len(value)


def _read_units(looked_at: int, wish: Mapping[str, Any]) -> float:
    units = max(1, math.ceil(looked_at / _READ))
    return units if wish.get("ConsistentRead") else units / 2


def _entry(item: Item | None, index: Mapping[str, Any], key: Item) -> Item | None:
    """Return an index's projection of an item; None without the index's keys."""
    names = [each["AttributeName"] for each in index["KeySchema"]]
    if item is None or any(name not in item for name in names):
        return None
    projection = index["Projection"]
    if projection["ProjectionType"] == "ALL":
        return item
    kept = {*names, *key, *projection.get("NonKeyAttributes", ())}
    return {name: item[name] for name in kept if name in item}


def _index_units(
    before: Item | None, after: Item | None, index: Mapping[str, Any], key: Item
) -> int:
    """Return 0 if the entry is unchanged; a changed index key deletes one entry and puts
    another."""
    old, new = _entry(before, index, key), _entry(after, index, key)
    if old == new:
        return 0
    units = max(1, math.ceil(max(size(old), size(new)) / _WRITE))
    names = [each["AttributeName"] for each in index["KeySchema"]]
    moved = old and new and any(old[name] != new[name] for name in names)
    return 2 * units if moved else units


def _text(key: Item) -> str:
    return json.dumps(key, sort_keys=True)
