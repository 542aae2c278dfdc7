"""DynamoDB in this process, for tests that make a hundred thousand calls.

It does what the stores ask for and refuses the rest. `test_memory.py` compares it, call by call,
with moto and with another DynamoDB (docs/build/dynamodbs.md). Every operation is atomic, whatever
thread calls it; pages of queries and scans are short, so that every reader has to follow them.
"""

import json
import threading
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib import aws as aws_wire
from chalicelib.aws.dynamodb import RetryingDynamoDB
from chalicelib.aws.refusals import Refusal
from chalicelib.settings import Settings
from chalicelib.stores.dynamodb import DynamoDB
from sandbox.dynamodb.tables import Label, Table, read_tables, table_environ
from tests.aws import CREDENTIALS, SECRETS, Aws
from tests.invariants.expressions import Invalid, Item, Scope, condition, plain, update

PAGE = 5
"""Items of one page."""
_DEFINITIONS = read_tables()
Request = Mapping[str, Any]
_Key = tuple[str, ...]


@dataclass
class _Table:
    definition: Table
    items: dict[_Key, Item] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key_names = _names(self.definition.request["KeySchema"])
        self._indexes = {
            index["IndexName"]: index
            for index in self.definition.request.get("GlobalSecondaryIndexes", [])
        }

    def key(self, item: Item) -> _Key:
        return tuple(json.dumps(item[name]) for name in self.key_names)

    def view(self, index: str | None) -> list[Item]:
        """What a query or scan sees, in the order of the range key."""
        if index is None:
            return sorted(self.items.values(), key=lambda item: _order(item, self.key_names))
        names = _names(self._indexes[index]["KeySchema"])
        found = [item for item in self.items.values() if all(name in item for name in names)]
        projection = self._indexes[index]["Projection"]
        shown = {*names, *self.key_names, *projection.get("NonKeyAttributes", [])}
        if projection["ProjectionType"] != "ALL":
            found = [{name: item[name] for name in shown & item.keys()} for item in found]
        return sorted(found, key=lambda item: _order(item, [*names, *self.key_names]))


class MemoryDynamoDB:
    """One try of an operation, as `chalicelib.aws.wire.ServiceCall` describes it."""

    def __init__(self, names: Mapping[Label, str]) -> None:
        self._lock = threading.Lock()
        self._tables = {name: _Table(_DEFINITIONS[label]) for label, name in names.items()}
        self._tokens: set[str] = set()
        self._operations = {
            "GetItem": self._get,
            "BatchGetItem": self._batch_get,
            "Query": self._query,
            "Scan": self._scan,
            "PutItem": lambda request: self._alone("Put", request),
            "UpdateItem": lambda request: self._alone("Update", request),
            "DeleteItem": lambda request: self._alone("Delete", request),
            "TransactWriteItems": self._transact,
        }

    def __call__(self, operation: str, request: Request) -> dict[str, Any]:
        with self._lock:
            try:
                return self._operations[operation](request)
            except Invalid as problem:
                raise Refusal(400, "ValidationException", str(problem)) from problem

    def warm(self) -> None:
        """There is nothing to connect to."""

    def _get(self, request: Request) -> dict[str, Any]:
        table = self._tables[request["TableName"]]
        item = table.items.get(table.key(request["Key"]))
        return {"Item": item} if item else {}

    def _batch_get(self, request: Request) -> dict[str, Any]:
        ((name, wanted),) = request["RequestItems"].items()
        table = self._tables[name]
        keys, left = wanted["Keys"][:PAGE], wanted["Keys"][PAGE:]
        found = [table.items[table.key(key)] for key in keys if table.key(key) in table.items]
        unprocessed = {name: {"Keys": left}} if left else {}
        return {"Responses": {name: found}, "UnprocessedKeys": unprocessed}

    def _query(self, request: Request) -> dict[str, Any]:
        scope = _scope(request)
        holds = condition(request["KeyConditionExpression"])
        view = self._tables[request["TableName"]].view(request.get("IndexName"))
        found = [item for item in view if holds(item, scope)]
        if not request.get("ScanIndexForward", True):
            found.reverse()
        return self._page(request, found)

    def _scan(self, request: Request) -> dict[str, Any]:
        table = self._tables[request["TableName"]]
        segments, segment = request.get("TotalSegments", 1), request.get("Segment", 0)
        found = [
            item
            for item in table.view(None)
            if zlib.crc32(table.key(item)[0].encode()) % segments == segment
        ]
        page = self._page(request, found)
        if projection := request.get("ProjectionExpression"):
            names = _scope(request).names
            shown = {names.get(name.strip(), name.strip()) for name in projection.split(",")}
            page["Items"] = [{n: item[n] for n in shown & item.keys()} for item in page["Items"]]
        return page

    def _page(self, request: Request, found: list[Item]) -> dict[str, Any]:
        table = self._tables[request["TableName"]]
        start = request.get("ExclusiveStartKey")
        if start is not None:
            keys = [table.key(item) for item in found]
            found = found[keys.index(table.key(start)) + 1 :] if table.key(start) in keys else []
        items = found[: request.get("Limit", PAGE)]
        if len(items) == len(found):
            return {"Items": items}
        last = {name: items[-1][name] for name in table.key_names}
        return {"Items": items, "LastEvaluatedKey": last}

    def _alone(self, kind: str, request: Request) -> dict[str, Any]:
        if not self._holds(request):
            raise Refusal(400, "ConditionalCheckFailedException", "the condition was false")
        item = self._write(kind, request)
        return {"Attributes": item} if request.get("ReturnValues") == "ALL_NEW" else {}

    def _transact(self, request: Request) -> dict[str, Any]:
        if request["ClientRequestToken"] in self._tokens:
            return {}
        writes = [next(iter(each.items())) for each in request["TransactItems"]]
        if len({self._place(write) for _, write in writes}) < len(writes):
            raise Invalid("one item twice in a transaction")
        reasons = ["" if self._holds(write) else "ConditionalCheckFailed" for _, write in writes]
        if any(reasons):
            raise Refusal(400, "TransactionCanceledException", "cancelled", reasons)
        before = {name: dict(table.items) for name, table in self._tables.items()}
        try:
            for kind, write in writes:
                self._write(kind, write)
        except Invalid:
            for name, items in before.items():
                self._tables[name].items = items
            raise
        self._tokens.add(request["ClientRequestToken"])
        return {}

    def _holds(self, request: Request) -> bool:
        name, key = self._place(request)
        item = self._tables[name].items.get(key, {})
        return condition(request.get("ConditionExpression", ""))(item, _scope(request))

    def _place(self, request: Request) -> tuple[str, _Key]:
        name = request["TableName"]
        return name, self._tables[name].key(request.get("Key") or request["Item"])

    def _write(self, kind: str, request: Request) -> Item | None:
        name, key = self._place(request)
        items = self._tables[name].items
        if kind == "Delete":
            items.pop(key, None)
        elif kind == "Put":
            items[key] = json.loads(json.dumps(request["Item"]))
        elif kind == "Update":
            old = items.get(key) or dict(request["Key"])
            items[key] = update(request["UpdateExpression"])(old, _scope(request))
        return items.get(key)


@dataclass(frozen=True)
class Memory:
    """Fresh tables; the backing of one `World`."""

    tables: dict[Label, str]
    environ: dict[str, str]
    dynamodb: DynamoDB
    session_changes: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def fresh(cls) -> "Memory":
        names = {label: f"memory-{label}" for label in _DEFINITIONS}
        environ = CREDENTIALS | table_environ(names)
        environ |= SECRETS | {"JOBS_QUEUE_URL": "http://127.0.0.1:9/queue"}
        return cls(names, environ, RetryingDynamoDB(MemoryDynamoDB(names)))

    @classmethod
    def of(cls, aws: Aws) -> "Memory":
        """Not in memory after all: the tables of another DynamoDB, for the same tests."""
        environ = {
            **aws.environ,
            "API_GATEWAY_ENDPOINT": "http://127.0.0.1:9/local",
            "AWS_TIMEOUT_SECONDS": "30",  # so that no call is tried twice on a busy machine
        }
        wire = aws_wire.dynamodb(Settings.from_environ(environ), environ)
        return cls(aws.tables, aws.environ, wire)

    def items(self, label: Label) -> list[dict[str, Any]]:
        """Every item of a table, typed as DynamoDB has it."""
        return scan(self.dynamodb, self.tables[label])


def scan(dynamodb: DynamoDB, table: str) -> list[dict[str, Any]]:
    """Every item of a table, consistently."""
    found: list[dict[str, Any]] = []
    request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
    while True:
        answer = dynamodb.call("Scan", request)
        found += answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _scope(request: Request) -> Scope:
    names = request.get("ExpressionAttributeNames", {})
    return Scope(names, request.get("ExpressionAttributeValues", {}))


def _names(schema: list[dict[str, str]]) -> list[str]:
    return [key["AttributeName"] for key in sorted(schema, key=lambda key: key["KeyType"])]


def _order(item: Item, names: list[str]) -> list[Any]:
    return [plain(item[name]) for name in names]
