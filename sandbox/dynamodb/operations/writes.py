"""PutItem, UpdateItem, DeleteItem and the condition checks of transactions; BatchWriteItem.

A write is prepared, decided and applied. Deciding changes nothing: it compares the condition with
the stored item and makes the new one, so nothing ever needs to be undone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.dynamodb.expressions.conditions import Condition
from sandbox.dynamodb.expressions.grammar import Values
from sandbox.dynamodb.expressions.parsed import read_expressions
from sandbox.dynamodb.expressions.updates import Update
from sandbox.dynamodb.model.errors import (
    ConditionFailedError,
    ConflictError,
    ItemError,
    ThrottledError,
    invalid,
    invalid_for_item,
    invalid_parameter,
)
from sandbox.dynamodb.model.paths import project
from sandbox.dynamodb.model.schema import Key
from sandbox.dynamodb.model.storage import Change, Item, Table, Tables
from sandbox.dynamodb.model.values import MAX_ITEM_BYTES, Attributes, canonical_attributes
from sandbox.dynamodb.operations.holds import Place
from sandbox.dynamodb.operations.requests import Answer, Request, check_length, check_parameters

MAX_BATCH = 25
_RETURN_VALUES = {
    "Put": ("NONE", "ALL_OLD"),
    "Delete": ("NONE", "ALL_OLD"),
    "Update": ("NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"),
}


@dataclass(slots=True)
class Write:
    """One write, checked as far as that can be done without the stored item."""

    kind: str
    """`Put`, `Update`, `Delete` or `ConditionCheck`."""
    table: Table
    key: Key
    content: Item | None
    """The item that a Put puts."""
    given_key: Mapping[str, Any]
    """The `Key` of the request, where there is no item in it."""
    condition: Condition | None
    update: Update | None
    values: Values
    return_values: str
    returns_failed: bool

    @property
    def place(self) -> Place:
        """The item that it writes."""
        return self.table.name, self.key

    def decide(self) -> Change:
        """Return the change that the write makes now, without making it.

        Raises:
            ItemError: the condition is false, or the item cannot be updated so.
        """
        old = self.table.get(self.key)
        attributes: Attributes = {} if old is None else old.attributes
        condition = self.condition
        if condition is not None and not condition.holds(attributes, self.values):
            raise ConditionFailedError(attributes if old and self.returns_failed else None)
        return Change(self.table, self.key, old, self._new(old))

    def answer(self, change: Change) -> Answer:
        """Return what the request asked for of the item before or after."""
        wanted = self.return_values
        if wanted == "NONE":
            return {}
        item = change.old if wanted in ("ALL_OLD", "UPDATED_OLD") else change.new
        attributes = {} if item is None else item.attributes
        if wanted in ("UPDATED_OLD", "UPDATED_NEW"):
            attributes = project(attributes, self.update.paths if self.update else ())
        return {"Attributes": attributes} if attributes else {}

    def _new(self, old: Item | None) -> Item | None:
        if self.kind == "Update":
            return self._updated(old or Item(canonical_attributes(self.given_key)))
        if self.kind == "Put":
            return self.content
        return old if self.kind == "ConditionCheck" else None

    def _updated(self, before: Item) -> Item:
        update = self.update
        if update is None:
            return before
        after = update.apply(before.attributes, self.values)
        schema = self.table.schema
        if not update.attributes.isdisjoint(schema.index_keys):
            schema.check_index_keys(after)
        item = before.updated(after, update.attributes)
        if item.size > MAX_ITEM_BYTES:
            raise invalid_for_item("Item size to update has exceeded the maximum allowed size")
        return item


def prepare_write(tables: Tables, kind: str, request: Request, *, is_alone: bool = True) -> Write:
    """Check a write; one of a transaction is not alone and returns no values.

    Raises:
        DynamoDBError: the table does not exist, or a parameter is wrong.
    """
    check_parameters(request, f"{kind}ItemInput" if is_alone else kind)
    table = tables.named(request.get("TableName"))
    return_values = request.get("ReturnValues") or "NONE"
    if return_values != "NONE" and return_values not in _RETURN_VALUES[kind]:
        raise invalid("Return values set to invalid value")
    expressions, values = read_expressions(request)
    condition, update = expressions.condition, expressions.update
    if condition is None and kind == "ConditionCheck":
        raise invalid("A ConditionCheck needs a ConditionExpression")
    if update is not None:
        _check_no_key(table, update)
    elif kind == "Update" and not is_alone:
        raise invalid("The Update of a transaction needs an UpdateExpression")
    given, content = request.get("Key") or {}, None
    if kind == "Put":
        key, content = _put(table, request)
    else:
        key = table.schema.key(given)
    returns_failed = request.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
    return Write(
        kind, table, key, content, given, condition, update, values, return_values, returns_failed
    )


def _check_no_key(table: Table, update: Update) -> None:
    for name in table.key_names:
        if name in update.attributes:
            raise invalid_parameter(
                f"Cannot update attribute {name}. This attribute is part of the key"
            )


def _put(table: Table, request: Request) -> tuple[Key, Item]:
    content = canonical_attributes(request.get("Item") or {})
    key = table.schema.key_of(content)
    table.schema.check_index_keys(content)
    item = Item(content)
    if item.size > MAX_ITEM_BYTES:
        raise invalid_for_item("Item size has exceeded the maximum allowed size")
    return key, item


@dataclass(slots=True)
class BatchWrite:
    """Puts and deletes without conditions, each by itself; what is over `most` is left.

    One that meets a held item is left too: the API Reference lists no TransactionConflictException
    for BatchWriteItem, and says that operations which fail are returned as unprocessed.
    """

    writes: list[tuple[str, Write, Any]]
    most: int

    def run(self, make: Callable[[Write], object]) -> Answer:
        """Return `UnprocessedItems`.

        Raises:
            ThrottledError: all are throttled.
        """
        left: dict[str, list[Any]] = {}
        refused: list[ItemError] = []
        for number, (name, write, request) in enumerate(self.writes):
            try:
                if number < self.most:
                    make(write)
                    continue
            except (ConflictError, ThrottledError) as refusal:
                refused.append(refusal)
            left.setdefault(name, []).append(request)
        throttled = [each for each in refused if isinstance(each, ThrottledError)]
        if len(throttled) == len(self.writes):
            raise throttled[0]
        return {"UnprocessedItems": left}


def prepare_batch_write(tables: Tables, request: Request, most: int) -> BatchWrite:
    """Check a BatchWriteItem that processes `most` writes. Raises DynamoDBError."""
    check_parameters(request, "BatchWriteItemInput")
    writes = []
    for name, requests in request["RequestItems"].items():
        for each in requests:
            ((kind, body),) = each.items()
            write = prepare_write(tables, kind.removesuffix("Request"), {**body, "TableName": name})
            writes.append((name, write, each))
    check_length("requestItems", writes, MAX_BATCH)
    if len({(name, write.key) for name, write, _ in writes}) < len(writes):
        raise invalid("Provided list of item keys contains duplicates")
    return BatchWrite(writes, most)
