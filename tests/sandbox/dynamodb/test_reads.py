"""The sandbox's reads against moto's and another DynamoDB's: the same pages, in the same order."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sandbox.dynamodb.twins import Reference, Twins, comparable

TABLE = {
    "TableName": "read",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [
        {"AttributeName": "streamKey", "KeyType": "HASH"},
        {"AttributeName": "seq", "KeyType": "RANGE"},
    ],
    "AttributeDefinitions": [
        {"AttributeName": "streamKey", "AttributeType": "S"},
        {"AttributeName": "seq", "AttributeType": "N"},
        {"AttributeName": "sessionId", "AttributeType": "S"},
        {"AttributeName": "targetLanguage", "AttributeType": "S"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "by-session",
            "KeySchema": [
                {"AttributeName": "sessionId", "KeyType": "HASH"},
                {"AttributeName": "targetLanguage", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["role"]},
        },
        {
            "IndexName": "keys-only",
            "KeySchema": [{"AttributeName": "targetLanguage", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
    ],
}
INDEXES = {
    None: ("streamKey", "seq"),
    "by-session": ("sessionId", "targetLanguage"),
    "keys-only": ("targetLanguage", None),
}
TEXTS = {"streamKey": "xyz", "sessionId": "st", "targetLanguage": "deu"}


@st.composite
def items(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = {}
    for stream, seq in draw(st.sets(st.tuples(st.sampled_from("xyz"), st.integers(-2, 12)))):
        item: dict[str, Any] = {"streamKey": {"S": stream}, "seq": {"N": str(seq)}}
        for name in ("sessionId", "targetLanguage"):
            if draw(st.integers(0, 3)):
                item[name] = {"S": draw(st.sampled_from(TEXTS[name]))}
        if draw(st.booleans()):
            item["role"] = {"S": draw(st.sampled_from(["speaker", "listener"]))}
        item["more"] = {"M": {"list": {"L": [{"N": "1"}, {"BOOL": True}]}}}
        found[stream, seq] = item
    return list(found.values())


def _order(value: dict[str, str]) -> Any:
    return int(value["N"]) if "N" in value else value["S"]


def _range(draw: st.DrawFn, name: str, values: dict[str, Any]) -> str:
    kinds = ["=", "<", "<=", ">", ">=", "BETWEEN"] + ([] if name == "seq" else ["begins_with"])
    kind = draw(st.sampled_from(kinds))
    for placeholder in (":r", ":q"):
        number = {"N": str(draw(st.integers(-2, 12)))}
        text = {"S": draw(st.sampled_from(["d", "e", "u"]))}
        values[placeholder] = number if name == "seq" else text
    if kind == "BETWEEN":
        low, high = sorted((values[":r"], values[":q"]), key=_order)
        values |= {":r": low, ":q": high}
        return f" AND {name} BETWEEN :r AND :q"
    del values[":q"]
    return f" AND begins_with({name}, :r)" if kind == "begins_with" else f" AND {name} {kind} :r"


@st.composite
def reads(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    index = draw(st.sampled_from(list(INDEXES)))
    request: dict[str, Any] = {"TableName": "read"}
    values: dict[str, Any] = {}
    if index:
        request["IndexName"] = index
    operation = draw(st.sampled_from(["Query", "Query", "Scan"]))
    if operation == "Query":
        hash_name, range_name = INDEXES[index]
        request["KeyConditionExpression"] = f"{hash_name} = :h"
        values[":h"] = {"S": draw(st.sampled_from(TEXTS[hash_name]))}
        if range_name and draw(st.booleans()):
            request["KeyConditionExpression"] += _range(draw, range_name, values)
        request["ScanIndexForward"] = draw(st.booleans())
    if draw(st.booleans()):
        request["FilterExpression"] = "attribute_exists(#role)"
        request["ExpressionAttributeNames"] = {"#role": "role"}
    if draw(st.booleans()):
        request["ProjectionExpression"] = "streamKey, seq" if index else "streamKey, seq, more"
    if draw(st.integers(0, 3)) == 0:
        request["Select"] = "COUNT"
        request.pop("ProjectionExpression", None)
    if draw(st.booleans()):
        request["Limit"] = draw(st.integers(1, 5))
    if values:
        request["ExpressionAttributeValues"] = values
    return operation, request


def _all_pages(call: Reference, operation: str, request: dict[str, Any]) -> tuple[int, list[str]]:
    """Return the count, and the items in order."""
    request, count, found = dict(request), 0, list[str]()
    while True:
        page = call(operation, dict(request))
        count += page["Count"]
        found += [comparable(item) for item in page.get("Items", [])]
        if not page.get("LastEvaluatedKey"):
            return count, found
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


@given(items(), st.lists(reads(), min_size=1, max_size=4))
@settings(deadline=None, max_examples=40)
def test_the_pages_together_are_the_same(
    reference: Reference, items: list[dict[str, Any]], calls: list[tuple[str, dict[str, Any]]]
) -> None:
    """Page ends and the order of equal keys are not compared: AWS promises neither."""
    twins = Twins(reference, TABLE, items)
    for operation, request in calls:
        count, found = _all_pages(twins.ours, operation, request)
        expected_count, expected = _all_pages(twins.reference, operation, request)
        assert count == expected_count
        assert sorted(found) == sorted(expected)
        if operation == "Query" and "IndexName" not in request:
            assert found == expected


@pytest.mark.parametrize("forward", [True, False])
def test_an_index_is_in_the_order_of_its_range_key(forward: bool) -> None:
    items = [
        {
            "streamKey": {"S": str(number)},
            "seq": {"N": "1"},
            "sessionId": {"S": "s"},
            "targetLanguage": {"S": "dfeb"[number % 4]},
        }
        for number in range(8)
    ]
    request = {
        "TableName": "read",
        "IndexName": "by-session",
        "KeyConditionExpression": "sessionId = :h",
        "ExpressionAttributeValues": {":h": {"S": "s"}},
        "ScanIndexForward": forward,
        "Limit": 3,
    }

    _, found = _all_pages(Twins.alone(TABLE, items), "Query", request)

    languages = [item.split('"targetLanguage": {"S": "')[1][0] for item in found]
    assert languages == sorted("dfebdfeb", reverse=not forward)


def test_a_page_ends_at_a_megabyte() -> None:
    items = [
        {"streamKey": {"S": "x"}, "seq": {"N": str(seq)}, "text": {"S": "y" * 300_000}}
        for seq in range(8)
    ]

    page = Twins.alone(TABLE, items)("Scan", {"TableName": "read"})

    assert page["Count"] == 3
    assert page["LastEvaluatedKey"]["seq"] == {"N": "2"}


def test_segments_share_a_table() -> None:
    items = [{"streamKey": {"S": f"s{each}"}, "seq": {"N": "1"}} for each in range(8)]
    ours = Twins.alone(TABLE, items)

    counts = [
        ours("Scan", {"TableName": "read", "Segment": segment, "TotalSegments": 3})["Count"]
        for segment in range(3)
    ]

    assert sum(counts) == 8
    assert max(counts) < 8
