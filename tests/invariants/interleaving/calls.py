"""The calls that acts make, as a scheduler sees them: a name, and what each reads and writes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Object = tuple[str, ...]
"""Something that two calls can have in common: an item, the hold on one, a table, a socket."""
Objects = frozenset[Object]
_NOTHING: Objects = frozenset()


@dataclass(frozen=True)
class Call:
    """One step of an act. Two steps that do not depend on each other may change places."""

    label: str
    reads: Objects = _NOTHING
    writes: Objects = _NOTHING
    changes: Objects = _NOTHING
    """The tables of the items that it writes. Changes of a table commute with each other."""

    def depends_on(self, other: "Call") -> bool:
        """Return whether the order of the two can make a difference."""
        return not (
            self.writes.isdisjoint(other.reads)
            and self.writes.isdisjoint(other.writes)
            and self.reads.isdisjoint(other.writes)
            and self.changes.isdisjoint(other.reads)
            and self.reads.isdisjoint(other.changes)
        )


def of_socket(verb: str, connection_id: str) -> Call:
    """Return a call that reaches a client, or the closing of its socket."""
    return Call(f"{verb} {connection_id}", writes=frozenset({("socket", connection_id)}))


class Operations:
    """Operations on DynamoDB as calls. `keys` has the names of each table's key attributes.

    Queries and scans read a whole table, and a write changes its table along with its item.
    """

    def __init__(self, keys: Mapping[str, Iterable[str]]) -> None:
        self._keys = keys

    def call(self, operation: str, request: Mapping[str, Any]) -> Call:
        """Return an operation, or the first step of a transaction: it decides, and holds."""
        if operation == "TransactWriteItems":
            items = self._written(request, "ConditionCheck", "Put", "Update", "Delete")
            return Call(_label("hold", items), reads=items, writes=_holds(items))
        if operation in ("Query", "Scan"):
            table = request["TableName"]
            label = f"{operation} {request.get('IndexName', '')}".strip()
            return Call(f"{label} {_short((table,))}", reads=frozenset({("table", table)}))
        if operation == "BatchGetItem":
            items = self._read(request)
            return Call(_label(operation, items), reads=items)
        items = frozenset({self._item(request)})
        label = _label(operation, items)
        if operation == "GetItem":
            return Call(label, reads=items)
        return Call(label, reads=_holds(items), writes=items, changes=_tables(items))

    def second_step(self, request: Mapping[str, Any]) -> Call:
        """Return the second step of a transaction: it writes, and releases its items."""
        written = self._written(request, "Put", "Update", "Delete")
        held = written | self._written(request, "ConditionCheck")
        return Call(
            _label("write", written), writes=written | _holds(held), changes=_tables(written)
        )

    def _written(self, request: Mapping[str, Any], *kinds: str) -> Objects:
        return frozenset(
            self._item(body)
            for item in request["TransactItems"]
            for kind, body in item.items()
            if kind in kinds
        )

    def _read(self, request: Mapping[str, Any]) -> Objects:
        return frozenset(
            self._item({"TableName": table, "Key": key})
            for table, wanted in request["RequestItems"].items()
            for key in wanted["Keys"]
        )

    def _item(self, request: Mapping[str, Any]) -> Object:
        table, attributes = request["TableName"], request.get("Key") or request["Item"]
        return table, *(next(iter(attributes[name].values())) for name in self._keys[table])


def _label(verb: str, items: Objects) -> str:
    return f"{verb} " + ", ".join(map(_short, sorted(items)))


def _short(item: Object) -> str:
    """Return an item as a person reads it: without the prefix of its table."""
    table, *key = item
    return "/".join((table.rpartition("-")[2], *key))


def _holds(items: Objects) -> Objects:
    return frozenset(("hold", *item) for item in items)


def _tables(items: Objects) -> Objects:
    return frozenset(("table", item[0]) for item in items)
