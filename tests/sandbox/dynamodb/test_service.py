"""The part of the sandbox's DynamoDB that moto does: the control plane."""

from typing import Any

import pytest

from sandbox.dynamodb.model.errors import DynamoDBError
from sandbox.dynamodb.service import DynamoDB
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE

NAME = TABLE["TableName"]


@pytest.fixture
def dynamodb() -> DynamoDB:
    dynamodb = DynamoDB("000000000000", lambda: 0, lambda _: None)
    dynamodb.call("CreateTable", dict(TABLE))
    dynamodb.call("PutItem", {"TableName": NAME, "Item": ITEM})
    return dynamodb


def items(dynamodb: DynamoDB) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dynamodb.call("Scan", {"TableName": NAME})["Items"]
    return found


def test_a_description_counts_the_items(dynamodb: DynamoDB) -> None:
    described = dynamodb.call("DescribeTable", {"TableName": NAME})["Table"]
    assert described["ItemCount"] == 1
    assert described["TableSizeBytes"] > 0


def test_a_table_that_is_deleted_and_made_again_is_empty(dynamodb: DynamoDB) -> None:
    dynamodb.call("DeleteTable", {"TableName": NAME})
    with pytest.raises(DynamoDBError, match="ResourceNotFound"):
        items(dynamodb)

    dynamodb.call("CreateTable", dict(TABLE))

    assert items(dynamodb) == []


def test_an_index_that_is_added_later_has_what_was_there(dynamodb: DynamoDB) -> None:
    index = {
        "IndexName": "by-n",
        "KeySchema": [{"AttributeName": "n", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    types = [*TABLE["AttributeDefinitions"], {"AttributeName": "n", "AttributeType": "N"}]
    dynamodb.call(
        "UpdateTable",
        {
            "TableName": NAME,
            "AttributeDefinitions": types,
            "GlobalSecondaryIndexUpdates": [{"Create": index}],
        },
    )

    found = dynamodb.call(
        "Query",
        {
            "TableName": NAME,
            "IndexName": "by-n",
            "KeyConditionExpression": "n = :n",
            "ExpressionAttributeValues": {":n": {"N": "5"}},
        },
    )

    assert found["Items"] == [{**KEY, "n": {"N": "5"}}]


@pytest.mark.parametrize("operation", ["Juggle", "ExecuteStatement", "CreateBackup"])
def test_an_operation_that_is_not_supported_is_refused(dynamodb: DynamoDB, operation: str) -> None:
    with pytest.raises(DynamoDBError, match="UnknownOperation"):
        dynamodb.call(operation, {})
