"""GetItem, BatchGetItem and TransactGetItems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.dynamodb.expressions.parsed import read_expressions
from sandbox.dynamodb.model.errors import (
    ItemError,
    Reason,
    ThrottledError,
    cancelled,
    invalid,
    reason_of,
)
from sandbox.dynamodb.model.paths import Path, project
from sandbox.dynamodb.model.schema import Key
from sandbox.dynamodb.model.storage import Table, Tables
from sandbox.dynamodb.model.values import Value
from sandbox.dynamodb.operations.holds import Place
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
    is_consistent: bool = False

    @property
    def place(self) -> Place:
        """The item that it reads."""
        return self.table.name, self.key

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
    key = table.schema.key(request.get("Key") or {})
    return Get(table, key, shown, bool(request.get("ConsistentRead")))


@dataclass(slots=True)
class BatchGet:
    """Items by their keys; what is over `most` is left unprocessed."""

    gets: list[tuple[str, Get, Mapping[str, Value]]]
    requests: Mapping[str, Request]
    most: int

    def run(self, read: Callable[[Get], Answer]) -> Answer:
        """Return `Responses` and `UnprocessedKeys`; those that `read` throttles are unprocessed.

        Raises:
            ThrottledError: all are throttled.
        """
        responses: dict[str, list[Any]] = {name: [] for name in self.requests}
        unprocessed: dict[str, Any] = {}
        throttled: list[ThrottledError] = []
        for number, (name, get, key) in enumerate(self.gets):
            try:
                if number < self.most:
                    responses[name] += read(get).values()
                    continue
            except ThrottledError as refusal:
                throttled.append(refusal)
            left = unprocessed.setdefault(name, {**self.requests[name], "Keys": []})
            left["Keys"].append(key)
        if len(throttled) == len(self.gets):
            raise throttled[0]
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

    def run(self, read: Callable[[Get], Answer]) -> Answer:
        """Return `Responses`, one for each key.

        Raises:
            DynamoDBError: TransactionCanceledException, with a reason for each that `read` refuses.
        """
        responses, reasons = [], []
        for get in self.gets:
            try:
                responses.append(read(get))
                reasons.append(Reason())
            except ItemError as refusal:
                reasons.append(reason_of(refusal))
        if len(responses) < len(self.gets):
            raise cancelled(reasons)
        return {"Responses": responses}


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
