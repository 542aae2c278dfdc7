"""Calls of every operation, right and wrong, on the item of `expressions.py`."""

from typing import Any

from sandbox.dynamodb.model.values import MAX_ITEM_BYTES
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE

NAME = TABLE["TableName"]
OTHER = {"id": {"S": "b"}, "seq": {"N": "2"}}


def add(number: int = 1, **key: Any) -> dict[str, Any]:
    return {
        "TableName": NAME,
        "Key": key or KEY,
        "UpdateExpression": "ADD n :v",
        "ExpressionAttributeValues": {":v": {"N": str(number)}},
    }


def check(condition: str, key: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"TableName": NAME, "Key": key or KEY, "ConditionExpression": condition, **more}


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"S": "x"}
    for _ in range(levels):
        value = {"M": {"a": value}}
    return value


def put(**attributes: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "PutItem", {"TableName": NAME, "Item": {**KEY, **attributes}}


def get(**more: Any) -> tuple[str, dict[str, Any]]:
    return "GetItem", {"TableName": NAME, "Key": KEY, **more}


def query(**more: Any) -> tuple[str, dict[str, Any]]:
    index = more.get("IndexName")
    request = {
        "TableName": NAME,
        "KeyConditionExpression": "g = :h" if index else "id = :h",
        "ExpressionAttributeValues": {":h": {"S": "g" if index else "a"}},
    }
    return "Query", {**request, **more}


def scan(**more: Any) -> tuple[str, dict[str, Any]]:
    return "Scan", {"TableName": NAME, **more}


def transact(*items: dict[str, Any], **more: Any) -> tuple[str, dict[str, Any]]:
    return "TransactWriteItems", {"TransactItems": list(items), **more}


def keys(count: int) -> list[dict[str, Any]]:
    return [{"id": {"S": "z"}, "seq": {"N": str(number)}} for number in range(count)]


FULL = MAX_ITEM_BYTES - len("idaseqx") - 2
CALLS = {
    "a number is normalised": put(x={"N": "01.50e2"}),
    "a number of 38 digits": put(x={"N": "1" * 38}),
    "a number of 39 digits": put(x={"N": "1" * 39}),
    "the largest magnitude": put(x={"N": "1e125"}),
    "too large a number": put(x={"N": "1e126"}),
    "the smallest magnitude": put(x={"N": "-1e-130"}),
    "too small a number": put(x={"N": "1e-131"}),
    "no number": put(x={"N": "abc"}),
    "an empty text": put(x={"S": ""}),
    "an empty set": put(x={"SS": []}),
    "a set with a duplicate": put(x={"SS": ["a", "a"]}),
    "no type": put(x={}),
    "two types": put(x={"S": "a", "N": "1"}),
    "a type that is not there": put(x={"X": "a"}),
    "null that is false": put(x={"NULL": False}),
    "31 levels": put(x=deep(31)),
    "32 levels": put(x=deep(32)),
    "400 KB": put(x={"S": "x" * FULL}),
    "over 400 KB": put(x={"S": "x" * (FULL + 1)}),
    "an update to over 400 KB": (
        "UpdateItem",
        {
            "TableName": NAME,
            "Key": KEY,
            "UpdateExpression": "SET x = :x",
            "ExpressionAttributeValues": {":x": {"S": "x" * FULL}},
        },
    ),
    "a wrong update of an item that is not there": (
        "UpdateItem",
        {**add(), "Key": OTHER, "UpdateExpression": "SET m.x = :v"},
    ),
    "an index key of another type": put(g={"N": "1"}),
    "an empty index key": put(g={"S": ""}),
    "an item without its range key": ("PutItem", {"TableName": NAME, "Item": {"id": KEY["id"]}}),
    "a key of another type": get(Key={**KEY, "id": {"N": "1"}}),
    "an empty key": get(Key={**KEY, "id": {"S": ""}}),
    "a key with more": get(Key=ITEM),
    "half a key": get(Key={"id": {"S": "a"}}),
    "a key by its value": get(Key={**KEY, "seq": {"N": "1.0"}}),
    "no key": ("GetItem", {"TableName": NAME}),
    "a table that is not there": get(TableName="nowhere"),
    "a name that is not used": get(
        ProjectionExpression="n", ExpressionAttributeNames={"#n": "n", "#m": "m"}
    ),
    "names without an expression": get(ExpressionAttributeNames={"#n": "n"}),
    "an update without an expression": (
        "UpdateItem",
        {"TableName": NAME, "Key": OTHER, "ReturnValues": "ALL_NEW"},
    ),
    "values without an expression": (
        "PutItem",
        {"TableName": NAME, "Item": ITEM, "ExpressionAttributeValues": {":v": {"N": "1"}}},
    ),
    "old values of a put": ("PutItem", {"TableName": NAME, "Item": KEY, "ReturnValues": "ALL_OLD"}),
    "new values of a put": ("PutItem", {"TableName": NAME, "Item": KEY, "ReturnValues": "ALL_NEW"}),
    "old values of a delete": (
        "DeleteItem",
        {"TableName": NAME, "Key": KEY, "ReturnValues": "ALL_OLD"},
    ),
    "updated values": ("UpdateItem", {**add(), "ReturnValues": "UPDATED_NEW"}),
    "values before an update": ("UpdateItem", {**add(), "ReturnValues": "UPDATED_OLD"}),
    "an index": query(IndexName="by-g"),
    "an index, consistently": query(IndexName="by-g", ConsistentRead=True),
    "an index that is not there": query(IndexName="nothing"),
    "all attributes of an index": query(IndexName="by-g", Select="ALL_ATTRIBUTES"),
    "projected attributes": query(IndexName="by-g", Select="ALL_PROJECTED_ATTRIBUTES"),
    "projected attributes of a table": query(Select="ALL_PROJECTED_ATTRIBUTES"),
    "a filter on what is not projected": query(
        IndexName="by-g", FilterExpression="attribute_exists(s)"
    ),
    "a filter on a key": query(FilterExpression="attribute_exists(seq)"),
    "a count": query(Select="COUNT"),
    "a limit": query(Limit=1),
    "a limit of nothing": query(Limit=0),
    "a page behind the end": query(ExclusiveStartKey=KEY),
    "backwards": query(ExclusiveStartKey={**KEY, "seq": {"N": "3"}}, ScanIndexForward=False),
    "a page from half a key": query(ExclusiveStartKey={"id": {"S": "a"}}),
    "a page of an index from a key": query(IndexName="by-g", ExclusiveStartKey=KEY),
    "the last key of an index": query(IndexName="by-g", Limit=1),
    "a scan": scan(),
    "a scan of an index": scan(IndexName="by-g"),
    "a scan by a filter": scan(
        FilterExpression="n = :v", ExpressionAttributeValues={":v": {"N": "6"}}
    ),
    "a segment without the number of them": scan(Segment=0),
    "a segment of another number": scan(Segment=1, TotalSegments=1),
    "a batch of reads": (
        "BatchGetItem",
        {"RequestItems": {NAME: {"Keys": [KEY, OTHER], "ProjectionExpression": "n"}}},
    ),
    "a batch that reads an item twice": (
        "BatchGetItem",
        {"RequestItems": {NAME: {"Keys": [KEY, KEY]}}},
    ),
    "a batch of 101 reads": ("BatchGetItem", {"RequestItems": {NAME: {"Keys": keys(101)}}}),
    "a batch of nothing": ("BatchGetItem", {"RequestItems": {}}),
    "a batch of writes": (
        "BatchWriteItem",
        {
            "RequestItems": {
                NAME: [{"PutRequest": {"Item": OTHER}}, {"DeleteRequest": {"Key": KEY}}]
            }
        },
    ),
    "a batch that writes an item twice": (
        "BatchWriteItem",
        {"RequestItems": {NAME: [{"PutRequest": {"Item": KEY}}, {"DeleteRequest": {"Key": KEY}}]}},
    ),
    "a batch of 26 writes": (
        "BatchWriteItem",
        {"RequestItems": {NAME: [{"DeleteRequest": {"Key": key}} for key in keys(26)]}},
    ),
    "a transaction": transact(
        {"Update": add()}, {"ConditionCheck": check("attribute_not_exists(id)", OTHER)}
    ),
    "a transaction whose check fails": transact(
        {"Update": add()}, {"ConditionCheck": check("attribute_exists(id)", OTHER)}
    ),
    "a transaction that its item refuses": transact(
        {"Update": {**add(), "UpdateExpression": "ADD s :v"}},
        {"Put": {"TableName": NAME, "Item": OTHER}},
    ),
    "a transaction with a wrong index key": transact(
        {"Put": {"TableName": NAME, "Item": {**OTHER, "g": {"N": "1"}}}}
    ),
    "a transaction with half a key": transact(
        {"Delete": {"TableName": NAME, "Key": {"id": {"S": "a"}}}}
    ),
    "an item twice in a transaction": transact(
        {"Update": add()}, {"Delete": {"TableName": NAME, "Key": KEY}}
    ),
    "a transaction of nothing": transact(),
    "a transaction of 100": transact(
        *({"Delete": {"TableName": NAME, "Key": key}} for key in keys(100))
    ),
    "a transaction of 101": transact(
        *({"Delete": {"TableName": NAME, "Key": key}} for key in keys(101))
    ),
    "too long a token": transact({"Update": add()}, ClientRequestToken="t" * 37),
    "a transaction of reads": (
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": NAME, "Key": key}} for key in (KEY, OTHER)]},
    ),
    "a transaction that reads an item twice": (
        "TransactGetItems",
        {"TransactItems": [{"Get": {"TableName": NAME, "Key": key}} for key in (KEY, KEY)]},
    ),
}
