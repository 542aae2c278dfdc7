"""The fast writes against moto's own: the same answers and the same items, whatever is asked."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.dynamodb.models.dynamo_type import DynamoType

from sandbox.dynamodb.conditions import parse_condition
from sandbox.dynamodb.expressions import NotSimpleError, Scope, parse_update
from tests.sandbox.twins import Twins

TABLE = {
    "TableName": "t",
    "BillingMode": "PAY_PER_REQUEST",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [
        {"AttributeName": "id", "AttributeType": "S"},
        {"AttributeName": "shard", "AttributeType": "N"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "shards",
            "KeySchema": [{"AttributeName": "shard", "KeyType": "HASH"}],
            "Projection": {"ProjectionType": "ALL"},
        }
    ],
}


NUMBER = st.integers(-5, 5).map(lambda number: {"N": str(number)})
STRING = st.sampled_from(["", "a", "ab", "b"]).map(lambda text: {"S": text})
SCALAR = NUMBER | STRING
"""No booleans: for moto, False equals 0."""
VALUE = SCALAR | st.dictionaries(st.sampled_from("xy"), SCALAR).map(lambda inner: {"M": inner})
ATTRIBUTES = st.dictionaries(st.sampled_from(["a", "b", "m"]), VALUE)
IDS = st.sampled_from(["i1", "i2", "i3"])
PATHS = st.sampled_from(["#a", "#b", "#m", "#m.#x", "#m.#y", "#shard", "a", "m.x", "#a[0]"])
NAMES = {"#a": "a", "#b": "b", "#m": "m", "#x": "x", "#y": "y", "#shard": "shard"}
COMPARATORS = st.sampled_from(["=", "<>"])
"""moto fails where a number and a text are asked for their order."""


@st.composite
def operands(draw: st.DrawFn) -> str:
    path, value = draw(PATHS), draw(st.sampled_from([":v", ":w"]))
    forms = [
        value,
        path,
        f"if_not_exists({path}, {value})",
        f"{path} + {value}",
        f"{value} - {path}",
    ]
    forms.append(f"if_not_exists({path}, {value}) + {value}")
    return draw(st.sampled_from(forms))


@st.composite
def updates(draw: st.DrawFn) -> str:
    clauses = []
    if sets := draw(st.lists(st.tuples(PATHS, operands()), max_size=3)):
        clauses.append("SET " + ", ".join(f"{path} = {value}" for path, value in sets))
    if removed := draw(st.lists(PATHS, max_size=2)):
        clauses.append("REMOVE " + ", ".join(removed))
    if added := draw(st.lists(PATHS, max_size=2)):
        clauses.append("ADD " + ", ".join(f"{path} :v" for path in added))
    return " ".join(clauses) or "SET #a = :v"


@st.composite
def conditions(draw: st.DrawFn, depth: int = 2) -> str:
    path, value = draw(PATHS), draw(st.sampled_from([":v", ":w"]))
    forms = [
        f"attribute_exists({path})",
        f"attribute_not_exists({path})",
        f"{path} {draw(COMPARATORS)} {value}",
        f"{path} IN (:v, :w)",
        f"begins_with({path}, {value})",
    ]
    if depth:
        left, right = draw(conditions(depth - 1)), draw(conditions(depth - 1))
        forms += [f"{left} AND {right}", f"({left} OR {right})", f"NOT ({left})"]
    return draw(st.sampled_from(forms))


def _placeholders(request: dict[str, Any], values: dict[str, Any]) -> None:
    text = f"{request.get('UpdateExpression', '')} {request.get('ConditionExpression', '')}"
    names = {name: real for name, real in NAMES.items() if name in text}
    used = {name: value for name, value in values.items() if name in text}
    if names:
        request["ExpressionAttributeNames"] = names
    if used:
        request["ExpressionAttributeValues"] = used


@st.composite
def writes(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    kind = draw(st.sampled_from(["Put", "Update", "Delete"]))
    identity = {"id": {"S": draw(IDS)}}
    request: dict[str, Any] = {"TableName": "t"}
    if kind == "Put":
        request["Item"] = {**draw(ATTRIBUTES), **identity}
    else:
        request["Key"] = identity
    if kind == "Update":
        request["UpdateExpression"] = draw(updates())
    if draw(st.booleans()):
        request["ConditionExpression"] = draw(conditions())
    _placeholders(request, {":v": draw(SCALAR), ":w": draw(SCALAR)})
    return kind, request


@st.composite
def items(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for identity in draw(st.sets(IDS)):
        item = {**draw(ATTRIBUTES), "id": {"S": identity}}
        if draw(st.booleans()):
            item["shard"] = {"N": str(draw(st.integers(1, 2)))}
        found.append(item)
    return found


@given(
    items(),
    st.lists(st.tuples(writes(), st.sampled_from(["NONE", "ALL_OLD", "ALL_NEW"])), max_size=4),
)
@settings(deadline=None, max_examples=60)
def test_single_writes_come_to_the_same(
    items: list[dict[str, Any]], calls: list[tuple[tuple[str, dict[str, Any]], str]]
) -> None:
    twins = Twins(TABLE, items)
    for (kind, request), wanted in calls:
        if kind == "Update" or wanted == "ALL_OLD":
            request["ReturnValues"] = wanted
        twins.same(f"{kind}Item", request)


@given(items(), st.lists(st.lists(writes(), min_size=1, max_size=3), max_size=2))
@settings(deadline=None, max_examples=40)
def test_transactions_come_to_the_same(
    items: list[dict[str, Any]], transactions: list[list[tuple[str, dict[str, Any]]]]
) -> None:
    twins = Twins(TABLE, items)
    for transaction in transactions:
        request = {"TransactItems": [{kind: write} for kind, write in transaction]}
        twins.same("TransactWriteItems", request)


@pytest.fixture
def twins() -> Twins:
    return Twins(TABLE, [{"id": {"S": "i1"}, "m": {"M": {"x": {"N": "1"}}}, "n": {"N": "1"}}])


def test_the_writes_of_the_stack_are_fast(twins: Twins) -> None:
    """Not by moto: that would be a silent loss of speed."""
    request = {
        "TableName": "t",
        "Key": {"id": {"S": "i1"}},
        "UpdateExpression": "SET #m.#x = if_not_exists(#m.#x, :zero) + :one REMOVE gone ADD n :one",
        "ConditionExpression": "attribute_exists(id) AND (n < :ten OR begins_with(id, :i))",
        "ExpressionAttributeNames": {"#m": "m", "#x": "x"},
        "ExpressionAttributeValues": {
            ":zero": {"N": "0"},
            ":one": {"N": "1"},
            ":ten": {"N": "10"},
            ":i": {"S": "i"},
        },
    }

    assert twins.fast._writes.call("UpdateItem", request) == {}
    assert (
        twins.fast._writes.call("TransactWriteItems", {"TransactItems": [{"Update": request}]})
        == {}
    )


@pytest.mark.parametrize(
    "expression",
    [
        "SET a",
        "SET a = ",
        "SET = :v",
        "SET a = :v SET b = :v",
        "PUT a = :v",
        "SET select = :v",
        "SET a[x] = :v",
        "SET a = :v,",
        "SET a = f(:v)",
        "DELETE a :v",
        "SET 1a = :v",
        "SET a = :v ;",
        "SET a = if_not_exists(a :v)",
    ],
)
def test_an_update_that_is_not_understood_is_left_to_moto(expression: str) -> None:
    with pytest.raises(NotSimpleError):
        parse_update(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "a",
        "a =",
        "= :v",
        "a = :v AND",
        "(a = :v",
        "contains(a, :v)",
        "a ! :v",
        "a = :v b",
    ],
)
def test_a_condition_that_is_not_understood_is_left_to_moto(expression: str) -> None:
    with pytest.raises(NotSimpleError):
        parse_condition(expression)


@pytest.mark.parametrize(
    ("expression", "true"),
    [
        ("n BETWEEN :zero AND :one", True),
        ("n BETWEEN :one AND :one", True),
        ("n BETWEEN :zero AND :zero", False),
        ("s BETWEEN :zero AND :one", False),
        ("gone BETWEEN :zero AND :one", False),
        ("flag = :zero", False),
        ("flag <> :zero", True),
        ("gone <> :zero", True),
        ("gone = :zero", False),
        ("s > :zero", False),
        ("size(m) = :one", True),
        ("size(s) < :one", False),
        ("size(n) < :one", False),
        ("size(gone) < :one", False),
        ("begins_with(n, :text)", False),
        ("begins_with(s, :text)", True),
    ],
)
def test_conditions_compare_as_dynamodb_does(expression: str, true: bool) -> None:
    item = {
        "n": {"N": "1"},
        "s": {"S": "text"},
        "flag": {"BOOL": False},
        "m": {"M": {"a": {"N": "7"}}},
    }
    values = {":zero": {"N": "0"}, ":one": {"N": "1.0"}, ":text": {"S": "te"}}
    scope = Scope({name: DynamoType(value) for name, value in item.items()}, {}, values)

    assert parse_condition(expression).holds(scope) is true


@pytest.mark.parametrize(("expression", "names"), [("#a = :v", {}), ("a = :missing", {})])
def test_a_placeholder_that_is_not_there_is_left_to_moto(
    expression: str, names: dict[str, str]
) -> None:
    with pytest.raises(NotSimpleError):
        parse_condition(expression).holds(Scope({}, names, {":v": {"S": "x"}}))
