"""The fast reads against moto's own: the same pages, in the same order."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.dynamodb.dynamodb import DynamoDB
from sandbox.dynamodb.expressions import NotSimpleError
from tests.sandbox.twins import Twins

TABLE = {
    "TableName": "t",
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
QUERY: dict[str, Any] = {
    "TableName": "t",
    "KeyConditionExpression": "streamKey = :h",
    "ExpressionAttributeValues": {":h": {"S": "x"}},
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


def _range(draw: st.DrawFn, name: str, values: dict[str, Any]) -> str:
    kinds = ["=", "<", "<=", ">", ">=", "BETWEEN"] + ([] if name == "seq" else ["begins_with"])
    kind = draw(st.sampled_from(kinds))
    for placeholder in (":r", ":q"):
        number = {"N": str(draw(st.integers(-2, 12)))}
        text = {"S": draw(st.sampled_from(["d", "e", "u"]))}
        values[placeholder] = number if name == "seq" else text
    if kind == "BETWEEN":
        return f" AND {name} BETWEEN :r AND :q"
    del values[":q"]
    return f" AND begins_with({name}, :r)" if kind == "begins_with" else f" AND {name} {kind} :r"


@st.composite
def reads(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    index = draw(st.sampled_from(list(INDEXES)))
    request: dict[str, Any] = {"TableName": "t"}
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
        request["ProjectionExpression"] = "streamKey, seq, more"
    if draw(st.integers(0, 3)) == 0:
        request["Select"] = "COUNT"
        request.pop("ProjectionExpression", None)
    if draw(st.booleans()):
        request["Limit"] = draw(st.integers(1, 5))
    if values:
        request["ExpressionAttributeValues"] = values
    return operation, request


def _all_pages(
    dynamodb: DynamoDB, operation: str, request: dict[str, Any]
) -> tuple[int, list[Any]]:
    """The count, and the items in order."""
    request, count, found = dict(request), 0, list[Any]()
    while True:
        page = json.loads(dynamodb.call(operation, copy.deepcopy(request)))
        count += page["Count"]
        found += page.get("Items", [])
        if "LastEvaluatedKey" not in page:
            return count, found
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


@given(items(), st.lists(reads(), min_size=1, max_size=4))
@settings(deadline=None, max_examples=60)
def test_the_pages_together_are_the_same(
    items: list[dict[str, Any]], calls: list[tuple[str, dict[str, Any]]]
) -> None:
    """Where a page ends is not compared, nor the order of equal keys: AWS promises neither."""
    twins = Twins(TABLE, items)
    for operation, request in calls:
        count, found = _all_pages(twins.fast, operation, request)
        expected_count, expected = _all_pages(twins.moto, operation, request)
        assert count == expected_count
        assert sorted(found, key=str) == sorted(expected, key=str)
        if operation == "Query" and "IndexName" not in request:
            assert found == expected


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"ProjectionExpression": "seq, #m", "ExpressionAttributeNames": {"#m": "more"}},
        {"ConsistentRead": True},
        {"Key": {"streamKey": {"S": "x"}, "seq": {"N": "9"}}},
        {"Key": {"streamKey": {"S": "x"}}},
        {"Key": {"streamKey": {"S": ""}, "seq": {"N": "1"}}},
        {"Key": {"streamKey": {"N": "1"}, "seq": {"N": "1"}}},
        {"TableName": "nothing"},
    ],
)
def test_one_item_is_the_same(change: dict[str, Any]) -> None:
    item = {"streamKey": {"S": "x"}, "seq": {"N": "1"}, "more": {"M": {"a": {"L": [{"N": "2"}]}}}}
    request = {"TableName": "t", "Key": {"streamKey": {"S": "x"}, "seq": {"N": "1.0"}}, **change}

    Twins(TABLE, [item]).same("GetItem", request)


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
        **QUERY,
        "IndexName": "by-session",
        "KeyConditionExpression": "sessionId = :h",
        "ExpressionAttributeValues": {":h": {"S": "s"}},
        "ScanIndexForward": forward,
        "Limit": 3,
    }

    _, found = _all_pages(Twins(TABLE, items).fast, "Query", request)

    languages = [item["targetLanguage"]["S"] for item in found]
    assert languages == sorted("dfebdfeb", reverse=not forward)


@pytest.fixture
def twins() -> Twins:
    items = [
        {"streamKey": {"S": "x"}, "seq": {"N": str(seq)}, "text": {"S": "y" * 300_000}}
        for seq in range(8)
    ]
    return Twins(TABLE, items)


def test_a_page_ends_at_a_megabyte(twins: Twins) -> None:
    answer = twins.answer("Scan", {"TableName": "t"})
    assert answer["Count"] == 3
    assert answer["LastEvaluatedKey"]["seq"] == {"N": "2"}


@pytest.mark.parametrize(("segments", "found"), [(1, 8), (3, 8)])
def test_segments_share_a_table(segments: int, found: int) -> None:
    items = [{"streamKey": {"S": f"s{each}"}, "seq": {"N": "1"}} for each in range(found)]
    twins = Twins(TABLE, items)
    counts = []
    for segment in range(segments):
        request = {"TableName": "t", "Segment": segment, "TotalSegments": segments}
        assert _all_pages(twins.fast, "Scan", request) == _all_pages(twins.moto, "Scan", request)
        counts.append(twins.answer("Scan", request).get("Count", 0))

    assert sum(counts) == found


def test_the_reads_of_the_stack_are_fast(twins: Twins) -> None:
    """Not by moto: that would be a silent loss of speed."""
    assert twins.fast._reads.call("Query", {**QUERY, "Limit": 1})["Count"] == 1
    assert twins.fast._reads.call("Scan", {"TableName": "t", "Limit": 1})["Count"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"KeyConditionExpression": "streamKey = :h OR streamKey = :h"},
        {"KeyConditionExpression": "streamKey = :h AND other = :h"},
        {"KeyConditionExpression": "streamKey < :h"},
        {"KeyConditionExpression": "streamKey = :h AND streamKey = :h"},
        {"KeyConditionExpression": None},
        {"IndexName": "nothing"},
        {"IndexName": "by-session", "ConsistentRead": True},
        {"ProjectionExpression": "more.list"},
        {"ProjectionExpression": "streamKey seq"},
        {"Select": "ALL_ATTRIBUTES"},
        {"ExpressionAttributeNames": {"#unused": "x"}},
        {"ExclusiveStartKey": {"streamKey": {"S": "x"}}},
        {"TableName": "nothing"},
        {"Unknown": 1},
    ],
)
def test_what_is_unusual_is_left_to_moto(twins: Twins, change: dict[str, Any]) -> None:
    with pytest.raises(NotSimpleError):
        twins.fast._reads.call("Query", {**QUERY, **change})
