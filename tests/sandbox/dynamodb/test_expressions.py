"""Every kind of expression, right and wrong: what it comes to, here and in another DynamoDB."""

import re
from typing import Any

import pytest

from tests.sandbox.dynamodb import expressions
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE, VALUES
from tests.sandbox.dynamodb.twins import Reference, Twins, outcome

INVALID = ("ValidationException", ())
CONDITIONS = (*expressions.TRUE, *expressions.FALSE, *expressions.WRONG_CONDITIONS)
UPDATES = (*expressions.UPDATES, *expressions.WRONG_UPDATES)
KEY_CONDITIONS = (*expressions.KEY_CONDITIONS, *expressions.WRONG_KEY_CONDITIONS)
PROJECTIONS = (*expressions.PROJECTIONS, *expressions.WRONG_PROJECTIONS)


def _call(parameter: str, text: str) -> tuple[str, dict[str, Any]]:
    """Return an operation with this expression, and those of the values that it uses."""
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "ConditionExpression": ("PutItem", {"Item": {**KEY, "new": {"N": "1"}}}),
        "UpdateExpression": ("UpdateItem", {"Key": KEY, "ReturnValues": "ALL_NEW"}),
        "ProjectionExpression": ("GetItem", {"Key": KEY}),
        "KeyConditionExpression": ("Query", {}),
    }
    operation, request = calls[parameter]
    used = set(re.findall(r":\w+", text)) & VALUES.keys()
    values = {name: VALUES[name] for name in used}
    request = {"TableName": TABLE["TableName"], **request, parameter: text}
    if values and operation != "GetItem":
        request["ExpressionAttributeValues"] = values
    return operation, request


@pytest.fixture
def ours() -> Reference:
    return Twins.alone(TABLE, [ITEM])


@pytest.mark.parametrize("text", expressions.TRUE)
def test_a_condition_holds(ours: Reference, text: str) -> None:
    assert outcome(ours, *_call("ConditionExpression", text))[0] == "OK"


@pytest.mark.parametrize("text", expressions.FALSE)
def test_a_condition_fails(ours: Reference, text: str) -> None:
    refusal = ("ConditionalCheckFailedException", ())
    assert outcome(ours, *_call("ConditionExpression", text)) == refusal


@pytest.mark.parametrize("text", expressions.UPDATES)
def test_an_update_is_made(ours: Reference, text: str) -> None:
    assert outcome(ours, *_call("UpdateExpression", text))[0] == "OK"


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        *(("ConditionExpression", text) for text in expressions.WRONG_CONDITIONS),
        *(("UpdateExpression", text) for text in expressions.WRONG_UPDATES),
        *(("ProjectionExpression", text) for text in expressions.WRONG_PROJECTIONS),
        *(("KeyConditionExpression", text) for text in expressions.WRONG_KEY_CONDITIONS),
        *expressions.OTHERWISE,
    ],
)
def test_a_wrong_expression_is_refused_and_changes_nothing(
    ours: Reference, parameter: str, text: str
) -> None:
    before = ours("Scan", {"TableName": TABLE["TableName"]})

    assert outcome(ours, *_call(parameter, text)) == INVALID
    assert ours("Scan", {"TableName": TABLE["TableName"]}) == before


@pytest.mark.parametrize(
    ("parameter", "texts"),
    [
        ("ConditionExpression", CONDITIONS),
        ("UpdateExpression", UPDATES),
        ("ProjectionExpression", PROJECTIONS),
        ("KeyConditionExpression", KEY_CONDITIONS),
    ],
)
def test_another_dynamodb_says_the_same(
    another_one: Reference, parameter: str, texts: tuple[str, ...]
) -> None:
    for text in texts:
        Twins(another_one, TABLE, [ITEM]).same(*_call(parameter, text))
