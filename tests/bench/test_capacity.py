"""The units that `bench/cost.py` counts: by AWS's rules, and as another DynamoDB counts them."""

import json
from typing import Any

import pytest

from bench.billing.capacity import Bill, size
from chalicelib.stores.attributes import to_attributes
from sandbox.dynamodb.tables import read_tables
from tests.aws import another_dynamodb

TABLE = {
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "all",
            "KeySchema": [{"AttributeName": "room", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}
KEY = {"id": {"S": "1"}}


def bill(*items: dict[str, Any]) -> Bill:
    """Return the bill of a table with these items."""
    made = Bill({"t": TABLE})
    for item in items:
        made.changed(
            {"table": "t", "keys": {"id": to_attributes(item)["id"]}, "old": None}
            | {"new": to_attributes(item)}
        )
    made.units("GetItem", {"TableName": "t", "Key": KEY}, {})
    return made


def updated(made: Bill, old: dict[str, Any], new: dict[str, Any]) -> float:
    """Return the write units of an update of one item into another."""
    images = {"old": to_attributes(old), "new": to_attributes(new)}
    made.changed({"table": "t", "keys": KEY} | images)
    return made.units("UpdateItem", {"TableName": "t", "Key": KEY}, {})[1]


def test_an_item_is_as_large_as_its_names_and_values() -> None:
    item = to_attributes({"id": "abc", "n": 1234, "b": True, "m": {"k": "v"}})

    assert size(item) == (2 + 3) + (1 + 3) + (1 + 1) + (1 + 3 + 1 + 1 + 1)


@pytest.mark.parametrize(
    ("length", "consistent", "units"), [(10, False, 0.5), (10, True, 1), (5000, False, 1)]
)
def test_a_read_is_half_a_unit_for_each_started_4_kb(
    length: int, consistent: bool, units: float
) -> None:
    made = bill({"id": "1", "text": "x" * length})
    wish = {"TableName": "t", "Key": KEY, "ConsistentRead": consistent}

    assert made.units("GetItem", wish, {}) == (units, 0)


@pytest.mark.parametrize(
    ("old", "new", "units"),
    [
        ({"n": 1}, {"n": 2}, 1),
        ({"n": 1, "room": "a"}, {"n": 2, "room": "a"}, 2),
        ({"room": "a"}, {"room": "b"}, 3),
        ({}, {"room": "a"}, 2),
        ({"text": "x" * 2000}, {"text": "x"}, 2),
        ({"n": 1}, {"n": 1}, 1),
    ],
    ids=["no index", "a projected attribute", "the index's key", "into the index", "2 KB", "as is"],
)
def test_a_write_pays_for_the_larger_image_and_for_index_entries(
    old: dict[str, Any], new: dict[str, Any], units: float
) -> None:
    assert updated(bill({"id": "1"} | old), {"id": "1"} | old, {"id": "1"} | new) == units


def test_a_transaction_costs_double_for_checks_too() -> None:
    check = {"ConditionCheck": {"TableName": "t", "Key": KEY}}

    assert bill().units("TransactWriteItems", {"TransactItems": [check, check]}, {}) == (0, 4)


def test_another_dynamodb_consumes_the_same_units() -> None:
    with another_dynamodb() as aws:
        table = aws.tables["connections"]
        made = Bill({table: read_tables()["connections"].request})
        key = {"connectionId": {"S": "c1"}}
        item = to_attributes({"connectionId": "c1", "role": "listener", "lastActivityTime": 1})
        joined = item | to_attributes({"sessionId": "s", "targetLanguage": "es", "tenantId": "t"})
        moved = joined | to_attributes({"targetLanguage": "fr"})
        beaten = moved | to_attributes({"lastActivityTime": 2})
        large = beaten | to_attributes({"text": "x" * 3000})
        before: dict[str, Any] | None = None
        for image in (item, joined, moved, beaten, beaten, large):
            answer = aws.dynamodb.put_item(
                TableName=table, Item=image, ReturnConsumedCapacity="TOTAL"
            )
            if image != before:
                made.changed({"table": table, "keys": key, "old": before, "new": image})
            before = image
            counted = made.units("PutItem", {"TableName": table, "Item": image}, {})
            assert counted == (0, answer["ConsumedCapacity"]["CapacityUnits"]), json.dumps(image)
