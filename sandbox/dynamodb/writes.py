"""The four writes of DynamoDB on moto's tables, for all that is usual in them.

A write is decided before anything is changed, and makes a new item instead of changing the old
one: nothing needs to be undone, and the two images of the stream are there without a copy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.exceptions import ConditionalCheckFailed, TransactionCanceledException
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.responses import (
    validate_put_has_empty_attrs,
    validate_put_has_empty_keys,
    validate_put_has_gsi_keys_set_to_none,
)

from sandbox.dynamodb.conditions import parse_condition
from sandbox.dynamodb.expressions import NotSimpleError, Path, Scope, Update, parse_update
from sandbox.dynamodb.moto_extensions import JournaledBackend, JournaledTable

MAX_ITEM = 400_000
MAX_TRANSACTION = 100
_KNOWN = {
    "TableName",
    "Key",
    "Item",
    "UpdateExpression",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValues",
    "ReturnValuesOnConditionCheckFailure",
}
_KINDS = {"PutItem": "Put", "UpdateItem": "Update", "DeleteItem": "Delete"}

Request = Mapping[str, Any]
_Where = tuple[JournaledTable, DynamoType, DynamoType | None]


@dataclass(frozen=True)
class Write:
    """What one write comes to. Without `old` and `new` it changes nothing."""

    table: JournaledTable
    hash_key: DynamoType
    range_key: DynamoType | None
    old: Item | None
    new: Item | None
    paths: list[Path]
    changes: bool = True


class Writes:
    """Carries out what it can; raises NotSimpleError, with nothing changed, for what it cannot."""

    def __init__(self, backend: JournaledBackend) -> None:
        self._backend = backend

    def call(self, operation: str, request: Request) -> dict[str, Any]:
        """`PutItem`, `UpdateItem`, `DeleteItem` or `TransactWriteItems`.

        Raises:
            NotSimpleError, and moto's exceptions where DynamoDB refuses.
        """
        if operation == "TransactWriteItems":
            return self._transact(request)
        if operation not in _KINDS:
            raise NotSimpleError
        write = self._decide(_KINDS[operation], request)
        answer = _returned(write, request.get("ReturnValues", "NONE"))
        _apply(write)
        return answer

    def _transact(self, request: Request) -> dict[str, Any]:
        items = request["TransactItems"]
        if set(request) - {"TransactItems", "ClientRequestToken"} or len(items) > MAX_TRANSACTION:
            raise NotSimpleError
        operations = [next(iter(item.items())) for item in items if len(item) == 1]
        keys = {self._where(kind, body) for kind, body in operations}
        if len(keys) < len(items):
            raise NotSimpleError
        reasons: list[tuple[Any, Any, Any]] = []
        writes = []
        for kind, body in operations:
            try:
                writes.append(self._decide(kind, body))
                reasons.append((None, None, None))
            except ConditionalCheckFailed as failure:
                reasons.append(("ConditionalCheckFailed", str(failure.message), None))
        if any(code for code, _, _ in reasons):
            raise TransactionCanceledException(reasons)
        for write in writes:
            _apply(write)
        return {}

    def _where(self, kind: str, request: Request) -> _Where:
        table = self._backend.tables.get(request["TableName"])
        if table is None or set(request) - _KNOWN:
            raise NotSimpleError
        key = request["Item"] if kind == "Put" else request["Key"]
        return table, *table.typed_key(key, exact=kind != "Put")

    def _decide(self, kind: str, request: Request) -> Write:
        table, hash_key, range_key = self._where(kind, request)
        old = table.get_item(hash_key, range_key)
        names = request.get("ExpressionAttributeNames") or {}
        values = request.get("ExpressionAttributeValues") or {}
        scope = Scope(old.attrs if old else {}, names, values)
        update = parse_update(request.get("UpdateExpression", "")) if kind == "Update" else None
        _check(request, update, scope)
        new, paths = old, list[Path]()
        if update:
            new, paths = _updated(table, update, old, scope, (hash_key, range_key))
        elif kind == "Put":
            new = _put(table, request["Item"], hash_key, range_key)
        elif kind == "Delete":
            new = None
        return Write(table, hash_key, range_key, old, new, paths, kind != "ConditionCheck")


def _check(request: Request, update: Update | None, scope: Scope) -> None:
    """Raises ConditionalCheckFailed; NotSimpleError where a placeholder is missing or unused."""
    used = set(update.placeholders) if update else set()
    condition = request.get("ConditionExpression")
    parsed = parse_condition(condition) if condition else None
    if parsed:
        used |= parsed.placeholders
    if used != {*scope.names, *scope.values}:
        raise NotSimpleError
    if parsed and not parsed.holds(scope):
        if request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and scope.attributes:
            raise NotSimpleError  # moto knows how to say what was there
        raise ConditionalCheckFailed


def _put(
    table: JournaledTable,
    attributes: dict[str, Any],
    hash_key: DynamoType,
    range_key: DynamoType | None,
) -> Item:
    validate_put_has_empty_keys(attributes, table)
    validate_put_has_empty_attrs(attributes, table)
    validate_put_has_gsi_keys_set_to_none(attributes, table)
    table._validate_item_types(attributes)
    table._validate_key_sizes(attributes)
    values = {name: DynamoType(value) for name, value in attributes.items()}
    return _item(table, hash_key, range_key, values)


def _updated(
    table: JournaledTable,
    update: Update,
    old: Item | None,
    scope: Scope,
    key: tuple[DynamoType, DynamoType | None],
) -> tuple[Item, list[Path]]:
    paths = [scope.path(path) for path in update.paths]
    _check_paths(paths, table.table_key_attrs)
    try:
        assigned = [(scope.path(path), value(scope)) for path, value in update.assignments]
        assigned += [
            (scope.path(path), _sum(scope.at(path), value(scope)))
            for path, value in update.additions
        ]
    except (ArithmeticError, ValueError):
        raise NotSimpleError from None
    names = (table.hash_key_attr, table.range_key_attr)
    attributes = dict(old.attrs) if old else dict(zip(names, key, strict=True))
    attributes.pop(None, None)
    for path, value in assigned:
        if value is None:
            raise NotSimpleError
        _within(attributes, path)[path[-1]] = DynamoType(value)
    for path in update.removals:
        _within(attributes, scope.path(path)).pop(scope.path(path)[-1], None)
    return _item(table, *key, attributes), paths


def _check_paths(paths: list[Path], keys: list[str]) -> None:
    """No key is written, no list's place, and nothing twice or inside of another."""
    written: set[Path] = set()
    for path in sorted(paths, key=len):
        prefixes = {path[:end] for end in range(1, len(path) + 1)}
        if prefixes & written or path[0] in keys or any(isinstance(part, int) for part in path):
            raise NotSimpleError
        written.add(path)


def _sum(present: DynamoType | None, added: DynamoType | None) -> DynamoType:
    if added is None or not added.is_number() or (present and not present.is_number()):
        raise NotSimpleError
    return present + added if present else added


def _within(attributes: dict[Any, Any], path: Path) -> dict[Any, Any]:
    """What holds the last part of `path`; the maps on the way become copies."""
    for part in path[:-1]:
        inner = attributes.get(part)
        if inner is None or not inner.is_map():
            raise NotSimpleError
        copied = DynamoType.__new__(DynamoType)
        copied.type, copied.value = "M", dict(inner.value)
        attributes[part] = copied
        attributes = copied.value
    return attributes


def _item(
    table: JournaledTable,
    hash_key: DynamoType,
    range_key: DynamoType | None,
    attributes: dict[str, DynamoType],
) -> Item:
    for name, kind in table.types.items():
        value = attributes.get(name)
        if value is not None and (value.type != kind or value.value == ""):
            raise NotSimpleError
    item = Item.__new__(Item)
    item.hash_key, item.range_key = hash_key, range_key
    item.attrs = LimitedSizeDict.__new__(LimitedSizeDict)
    dict.__init__(item.attrs, attributes)
    item.known_size = item.size()
    if item.known_size > MAX_ITEM:
        raise NotSimpleError
    return item


def _returned(write: Write, wanted: str) -> dict[str, Any]:
    old = write.old.to_json()["Attributes"] if write.old else {}
    new = write.new.to_json()["Attributes"] if write.new else {}
    if wanted == "NONE":
        return {}
    if wanted == "ALL_OLD":
        return {"Attributes": old} if old else {}
    if wanted == "ALL_NEW" and write.paths:
        return {"Attributes": new}
    if wanted in ("UPDATED_NEW", "UPDATED_OLD") and all(len(path) == 1 for path in write.paths):
        source = new if wanted == "UPDATED_NEW" else old
        named = {str(name): source[name] for (name,) in write.paths if name in source}
        return {"Attributes": named} if named else {}
    raise NotSimpleError


def _apply(write: Write) -> None:
    if write.changes:
        write.table.replace(write.hash_key, write.range_key, write.old, write.new)
