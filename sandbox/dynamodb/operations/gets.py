"""GetItem, BatchGetItem and TransactGetItems."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.dynamodb.expressions.parsed import read_expressions
from sandbox.dynamodb.model.errors import ItemError, Reason, cancelled, invalid, reason_of
from sandbox.dynamodb.model.paths import Path, project
from sandbox.dynamodb.model.schema import Key
from sandbox.dynamodb.model.storage import Table, Tables
from sandbox.dynamodb.model.values import Value
from sandbox.dynamodb.operations.holds import CONFLICT, Holds
from sandbox.dynamodb.operations.requests import Answer, Request, check_length, check_parameters

MAX_BATCH = 100
MAX_TRANSACTION = 100
_EXPRESSIONS = frozenset(("ProjectionExpression", "ExpressionAttributeNames"))


@dataclass(slots=True)
class Get:
    """One item, by its key."""

    table: Table
    key: Key
    shown: tuple[Path, ...] | None

    def run(self) -> Answer:
        """Return `{"Item": …}`, or nothing."""
        item = self.table.get(self.key)
        if item is None:
            return {}
        shown = self.shown
        return {"Item": item.attributes if shown is None else project(item.attributes, shown)}


def prepare_get(tables: Tables, request: Request) -> Get:
    """Check a GetItem. Raises DynamoDBError."""
    check_parameters(request, "GetItemInput")
    table = tables.named(request.get("TableName"))
    shown = None
    if not _EXPRESSIONS.isdisjoint(request):
        shown = read_expressions(request)[0].projection
    return Get(table, table.schema.key(request.get("Key") or {}), shown)


@dataclass(slots=True)
class BatchGet:
    """Items by their keys; what is over `most` is left unprocessed."""

    gets: list[tuple[str, Get, Mapping[str, Value]]]
    requests: Mapping[str, Request]
    most: int

    def run(self) -> Answer:
        """Return `Responses` and `UnprocessedKeys`."""
        responses: dict[str, list[Any]] = {name: [] for name in self.requests}
        unprocessed: dict[str, Any] = {}
        for number, (name, get, key) in enumerate(self.gets):
            if number < self.most:
                responses[name] += get.run().values()
            else:
                left = unprocessed.setdefault(name, {**self.requests[name], "Keys": []})
                left["Keys"].append(key)
        return {"Responses": responses, "UnprocessedKeys": unprocessed}


def prepare_batch_get(tables: Tables, request: Request, most: int) -> BatchGet:
    """Check a BatchGetItem that processes `most` keys. Raises DynamoDBError."""
    check_parameters(request, "BatchGetItemInput")
    gets = []
    for name, wanted in request["RequestItems"].items():
        common = {field: value for field, value in wanted.items() if field != "Keys"}
        of_table = [
            (name, prepare_get(tables, {**common, "TableName": name, "Key": key}), key)
            for key in wanted["Keys"]
        ]
        if len({get.key for _, get, _ in of_table}) < len(of_table):
            raise invalid("Provided list of item keys contains duplicates")
        gets += of_table
    if not gets:
        raise invalid("The batch get request list for a table cannot be null or empty")
    if len(gets) > MAX_BATCH:
        raise invalid("Too many items requested for the BatchGetItem call")
    return BatchGet(gets, request["RequestItems"], most)


@dataclass(slots=True)
class TransactGet:
    """Items by their keys, as they are at one moment."""

    gets: list[Get]

    def check(self, holds: Holds) -> None:
        """Raise TransactionCanceledException if one of the items is in `holds`."""
        held = [(get.table.name, get.key) in holds for get in self.gets]
        if any(held):
            raise cancelled([CONFLICT if each else Reason() for each in held])

    def run(self) -> Answer:
        """Return `Responses`, one for each key."""
        return {"Responses": [get.run() for get in self.gets]}


def prepare_transact_get(tables: Tables, request: Request) -> TransactGet:
    """Check a TransactGetItems. Raises DynamoDBError."""
    check_parameters(request, "TransactGetItemsInput")
    items = request.get("TransactItems") or ()
    check_length("transactItems", items, MAX_TRANSACTION)
    gets, reasons = [], []
    for item in items:
        try:
            gets.append(prepare_get(tables, item["Get"]))
            reasons.append(Reason())
        except ItemError as refusal:
            reasons.append(reason_of(refusal))
    if len(gets) < len(items):
        raise cancelled(reasons)
    if len({(get.table.name, get.key) for get in gets}) < len(gets):
        raise invalid("Transaction request cannot include multiple operations on one item")
    return TransactGet(gets)
