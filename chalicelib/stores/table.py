"""Reading and writing items, alone or in transactions, in few words.

In expressions an attribute is written `#name` and a value `:name`; the names are filled in here, so
that no attribute can ever collide with one of DynamoDB's 573 reserved words.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from chalicelib.errors import ConditionFailed, TransactionCancelled
from chalicelib.stores.attributes import Item, from_attributes, to_attribute, to_attributes
from chalicelib.stores.dynamodb import DynamoDB, Operation

_NAME = re.compile(r"#(\w+)")
_BATCH_GET = 100
TRANSACTION_ITEMS = 100
"""The most that DynamoDB takes in one transaction."""

_ALONE: dict[str, Operation] = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem"}


class Write(Struct, frozen=True):
    """One write, to be carried out alone or as part of a transaction."""

    kind: Literal["Put", "Update", "Delete", "ConditionCheck"]
    request: dict[str, Any]


class Table:
    """One table; `name` is the deployed one."""

    def __init__(self, dynamodb: DynamoDB, name: str) -> None:
        self._dynamodb = dynamodb
        self._name = name

    def get(self, key: Mapping[str, Any], *, consistent: bool = False) -> Item | None:
        request = {
            "TableName": self._name,
            "Key": to_attributes(key),
            "ConsistentRead": consistent,
        }
        item = self._dynamodb.call("GetItem", request).get("Item")
        return from_attributes(item) if item else None

    def get_many(
        self,
        keys: Iterable[Mapping[str, Any]],
        projection: Sequence[str] = (),
        *,
        consistent: bool = False,
    ) -> Iterator[Item]:
        """The items that exist, whole unless `projection` names attributes, in no order.

        Keys left unprocessed are asked for again.
        """
        names = ", ".join(f"#{name}" for name in projection)
        wish = self._expressions({"ProjectionExpression": names}, {})
        del wish["TableName"]
        pending = [to_attributes(key) for key in keys]
        while pending:
            wish |= {"Keys": pending[:_BATCH_GET], "ConsistentRead": consistent}
            answer = self._dynamodb.call("BatchGetItem", {"RequestItems": {self._name: dict(wish)}})
            yield from map(from_attributes, answer["Responses"].get(self._name, []))
            left = answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            pending = left + pending[_BATCH_GET:]

    def query(
        self,
        condition: str,
        *,
        values: Mapping[str, Any],
        index: str | None = None,
        consistent: bool = False,
        page_size: int | None = None,
    ) -> Iterator[Item]:
        """Every item under a key, however many pages they are."""
        request = self._query(condition, values, index)
        if not index:
            request["ConsistentRead"] = consistent
        if page_size:
            request["Limit"] = page_size
        for page in self._pages("Query", request):
            yield from page

    def query_page(
        self,
        condition: str,
        *,
        values: Mapping[str, Any],
        index: str,
        limit: int,
        start: Item | None = None,
        newest_first: bool = False,
    ) -> tuple[list[Item], Item | None]:
        """At most `limit` items under a key of an index, and where the next ones start."""
        request = self._query(condition, values, index, newest_first) | {"Limit": limit}
        return self._page("Query", request, start)

    def scan_page(
        self, projection: Sequence[str], segment: int, segments: int, start: Item | None
    ) -> tuple[list[Item], Item | None]:
        """One page of a segmented scan, and where the next one starts (None at the end)."""
        names = " , ".join(f"#{name}" for name in projection)
        request = self._expressions({"ProjectionExpression": names}, {})
        request |= {"Segment": segment, "TotalSegments": segments}
        return self._page("Scan", request, start)

    def put(
        self, item: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> Write:
        request = self._expressions({"ConditionExpression": condition}, values or {})
        return Write("Put", request | {"Item": to_attributes(item)})

    def update(
        self,
        key: Mapping[str, Any],
        change: str,
        *,
        condition: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> Write:
        expressions = {"UpdateExpression": change, "ConditionExpression": condition}
        request = self._expressions(expressions, values, names or {})
        return Write("Update", request | {"Key": to_attributes(key)})

    def delete(
        self, key: Mapping[str, Any], condition: str = "", values: Mapping[str, Any] | None = None
    ) -> Write:
        request = self._expressions({"ConditionExpression": condition}, values or {})
        return Write("Delete", request | {"Key": to_attributes(key)})

    def check(self, key: Mapping[str, Any], condition: str, values: Mapping[str, Any]) -> Write:
        request = self._expressions({"ConditionExpression": condition}, values)
        return Write("ConditionCheck", request | {"Key": to_attributes(key)})

    def _query(
        self,
        condition: str,
        values: Mapping[str, Any],
        index: str | None,
        newest_first: bool = False,
    ) -> dict[str, Any]:
        request = self._expressions({"KeyConditionExpression": condition}, values)
        if index:
            request["IndexName"] = index
        return request | {"ScanIndexForward": not newest_first}

    def _page(
        self, operation: Operation, request: dict[str, Any], start: Item | None
    ) -> tuple[list[Item], Item | None]:
        if start:
            request = request | {"ExclusiveStartKey": to_attributes(start)}
        answer = self._dynamodb.call(operation, request)
        last = answer.get("LastEvaluatedKey")
        return [from_attributes(item) for item in answer["Items"]], last and from_attributes(last)

    def _pages(self, operation: Operation, request: dict[str, Any]) -> Iterator[list[Item]]:
        while True:
            answer = self._dynamodb.call(operation, request)
            yield [from_attributes(item) for item in answer["Items"]]
            if "LastEvaluatedKey" not in answer:
                return
            request = request | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _expressions(
        self,
        expressions: Mapping[str, str],
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """The request with its expressions and exactly the names and values that they use."""
        request: dict[str, Any] = {"TableName": self._name}
        request |= {kind: text for kind, text in expressions.items() if text}
        used = {name for text in expressions.values() for name in _NAME.findall(text)}
        if used:
            aliases = names or {}
            request["ExpressionAttributeNames"] = {f"#{n}": aliases.get(n, n) for n in used}
        if values:
            request["ExpressionAttributeValues"] = {
                f":{name}": to_attribute(value) for name, value in values.items()
            }
        return request


class Database:
    """Carries out writes, one by one or all or none."""

    def __init__(self, dynamodb: DynamoDB) -> None:
        self._dynamodb = dynamodb

    def write(self, write: Write) -> Item:
        """Carries out one write; answers the item as it is afterwards (for an update).

        Raises:
            ConditionFailed: nothing was written.
        """
        request = write.request
        if write.kind == "Update":
            request = request | {"ReturnValues": "ALL_NEW"}
        answer = self._dynamodb.call(_ALONE[write.kind], request)
        return from_attributes(answer.get("Attributes", {}))

    def try_write(self, write: Write) -> bool:
        """Whether the condition held, and the write was carried out."""
        try:
            self.write(write)
        except ConditionFailed:
            return False
        return True

    def transact(self, *items: tuple[str, Write]) -> None:
        """Carry out all writes or none. Each has a name, by which an error tells it apart.

        A retry after a lost response is recognised by its token, and not carried out twice.

        Raises:
            TransactionCancelled: nothing was written; `condition_failed(name)` tells why.
        """
        request = {
            "TransactItems": [{write.kind: write.request} for _, write in items],
            "ClientRequestToken": uuid.uuid4().hex,
        }
        try:
            self._dynamodb.call("TransactWriteItems", request)
        except TransactionCancelled as cancelled:
            names = [name for name, _ in items]
            raise TransactionCancelled(cancelled.reasons, names) from cancelled
