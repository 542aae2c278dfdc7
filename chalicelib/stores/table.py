"""Reads and writes of items, one by one or in transactions.

In expressions an attribute is written `#name` and a value `:name`; the names are filled in here, so
that no attribute can collide with one of DynamoDB's 573 reserved words.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from chalicelib.errors import ConditionFailed, TransactionCancelled, UpstreamError
from chalicelib.stores.attributes import Item, from_attributes, to_attribute, to_attributes
from chalicelib.stores.calls import Call, carry_out
from chalicelib.stores.dynamodb import DynamoDB, Operation

_NAME = re.compile(r"#(\w+)")
_BATCH_GET = 100
TRANSACTION_ITEMS = 100
"""The most items that DynamoDB takes in one transaction."""

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
        return carry_out(self._dynamodb, self.get_call(key, consistent=consistent))

    def get_call(self, key: Mapping[str, Any], *, consistent: bool = False) -> Call[Item | None]:
        request = {
            "TableName": self._name,
            "Key": to_attributes(key),
            "ConsistentRead": consistent,
        }
        return Call("GetItem", request, _item)

    def get_many(
        self,
        keys: Iterable[Mapping[str, Any]],
        projection: Sequence[str] = (),
        *,
        consistent: bool = False,
    ) -> Iterator[Item]:
        """Return the items that exist, in no order; with `projection`, only these attributes.

        Keys that DynamoDB leaves unprocessed are requested again.
        """
        names = ", ".join(f"#{name}" for name in projection)
        keys_and_attributes = self._expressions({"ProjectionExpression": names}, {})
        del keys_and_attributes["TableName"]
        pending = [to_attributes(key) for key in keys]
        while pending:
            keys_and_attributes |= {"Keys": pending[:_BATCH_GET], "ConsistentRead": consistent}
            response = self._dynamodb.call(
                "BatchGetItem", {"RequestItems": {self._name: dict(keys_and_attributes)}}
            )
            yield from map(from_attributes, response["Responses"].get(self._name, []))
            left = response.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
            pending = left + pending[_BATCH_GET:]

    def query(
        self,
        condition: str,
        *,
        values: Mapping[str, Any],
        index: str | None = None,
        consistent: bool = False,
    ) -> Iterator[Item]:
        """Return every item under a key, across all pages, read lazily."""
        request = self._query(condition, values, index, consistent=consistent)
        return self._pages(request)

    def query_call(
        self,
        condition: str,
        *,
        values: Mapping[str, Any],
        index: str | None = None,
        consistent: bool = False,
        limit: int | None = None,
    ) -> Call[Iterator[Item]]:
        """Return the call for the first page under a key, of at most `limit` items.

        Its result is every item, across all pages; the pages after the first are read lazily.
        """
        request = self._query(condition, values, index, consistent=consistent)
        if limit:
            request["Limit"] = limit
        return Call("Query", request, lambda page: self._pages(request, page))

    def query_page(
        self,
        condition: str,
        *,
        values: Mapping[str, Any],
        limit: int,
        index: str | None = None,
        start: Item | None = None,
        newest_first: bool = False,
        consistent: bool = False,
    ) -> tuple[list[Item], Item | None]:
        """Return at most `limit` items under a key, and the next page's start."""
        request = self._query(
            condition, values, index, consistent=consistent, newest_first=newest_first
        )
        request["Limit"] = limit
        return self._page("Query", request, start)

    def scan_page(
        self, projection: Sequence[str], segment: int, segments: int, start: Item | None
    ) -> tuple[list[Item], Item | None]:
        """Return one page of a segmented scan, and the key at which the next starts, if any."""
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
        *,
        consistent: bool,
        newest_first: bool = False,
    ) -> dict[str, Any]:
        """Return a query. That of an index is never consistent: DynamoDB has no such read."""
        request = self._expressions({"KeyConditionExpression": condition}, values)
        request["ScanIndexForward"] = not newest_first
        if index:
            return request | {"IndexName": index}
        return request | {"ConsistentRead": consistent}

    def _page(
        self, operation: Operation, request: dict[str, Any], start: Item | None
    ) -> tuple[list[Item], Item | None]:
        if start:
            request = request | {"ExclusiveStartKey": to_attributes(start)}
        response = self._dynamodb.call(operation, request)
        last = response.get("LastEvaluatedKey")
        return [from_attributes(item) for item in response["Items"]], last and from_attributes(last)

    def _pages(self, request: dict[str, Any], page: dict[str, Any] | None = None) -> Iterator[Item]:
        """Yield the items of a query, from its first page on, which may have been read already."""
        while True:
            page = self._dynamodb.call("Query", request) if page is None else page
            yield from map(from_attributes, page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            request = request | {"ExclusiveStartKey": page["LastEvaluatedKey"]}
            page = None

    def _expressions(
        self,
        expressions: Mapping[str, str],
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Return a request with these expressions and just the names that they use."""
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
    """Carries out writes, singly or in a transaction."""

    def __init__(self, dynamodb: DynamoDB) -> None:
        self._dynamodb = dynamodb

    def write(self, write: Write) -> Item:
        """Carry out one write, and return the item after an update (`{}` after any other write).

        Raises:
            ConditionFailed: nothing was written.
        """
        return carry_out(self._dynamodb, self.write_call(write))

    def write_call(
        self, write: Write, returning: Literal["ALL_NEW", "ALL_OLD"] = "ALL_NEW"
    ) -> Call[Item]:
        """Return the call for one write; the result of an update is the item after or before it."""
        request = write.request
        if write.kind == "Update":
            request = request | {"ReturnValues": returning}
        return Call(_ALONE[write.kind], request, _attributes)

    def try_write(self, write: Write) -> bool:
        """Carry out one write. Return False if its condition was false."""
        return carry_out(self._dynamodb, self.try_write_call(write))

    def try_write_call(self, write: Write) -> Call[bool]:
        return Call(_ALONE[write.kind], write.request, lambda _: True, _false_if_condition_failed)

    def transact(self, *items: tuple[str, Write]) -> None:
        """Carry out all writes or none. Each has a name, by which an error tells it apart.

        A retry after a lost response is recognised by its token, and not carried out twice.

        Raises:
            TransactionCancelled: nothing was written; `condition_failed(name)` tells why.
        """
        carry_out(self._dynamodb, self.transact_call(*items))

    def transact_call(self, *items: tuple[str, Write]) -> Call[None]:
        names = [name for name, _ in items]

        def named(error: UpstreamError) -> None:
            if isinstance(error, TransactionCancelled):
                raise TransactionCancelled(error.reasons, names) from error
            raise error

        request = {
            "TransactItems": [{write.kind: write.request} for _, write in items],
            "ClientRequestToken": uuid.uuid4().hex,
        }
        return Call("TransactWriteItems", request, lambda _: None, named)


def _item(response: dict[str, Any]) -> Item | None:
    item = response.get("Item")
    return from_attributes(item) if item else None


def _attributes(response: dict[str, Any]) -> Item:
    return from_attributes(response.get("Attributes", {}))


def _false_if_condition_failed(error: UpstreamError) -> bool:
    if isinstance(error, ConditionFailed):
        return False
    raise error
