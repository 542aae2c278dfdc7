"""The part of the sandbox's DynamoDB that moto does: control plane, PartiQL, backups."""

from typing import Any

import pytest

from sandbox.dynamodb.database import Change
from sandbox.dynamodb.model.errors import DynamoDBError
from sandbox.dynamodb.service import DynamoDB
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE

NAME = TABLE["TableName"]
PLAIN = {name: value for name, value in ITEM.items() if name not in ("m", "l", "b", "nul")}


@pytest.fixture
def changes() -> list[Change]:
    return []


@pytest.fixture
def dynamodb(changes: list[Change]) -> DynamoDB:
    dynamodb = DynamoDB("000000000000", lambda: 0, changes.append)
    dynamodb.call("CreateTable", dict(TABLE))
    dynamodb.call("PutItem", {"TableName": NAME, "Item": PLAIN})
    changes.clear()
    return dynamodb


def items(dynamodb: DynamoDB, table: str = NAME) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = dynamodb.call("Scan", {"TableName": table})["Items"]
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


def test_partiql_reads_and_writes_the_same_items(dynamodb: DynamoDB, changes: list[Change]) -> None:
    read = {"Statement": "SELECT * FROM expressions WHERE id = 'a'"}
    written = {"Statement": "INSERT INTO \"expressions\" value {'id': 'p', 'seq': 9}"}

    assert dynamodb.call("ExecuteStatement", read)["Items"] == [PLAIN]
    dynamodb.call("ExecuteStatement", written)

    made = {"id": {"S": "p"}, "seq": {"N": "9"}}
    assert items(dynamodb) == [PLAIN, made]
    assert [(each["old"], each["new"]) for each in changes] == [(None, made)]


def test_legacy_parameters_are_understood(dynamodb: DynamoDB) -> None:
    dynamodb.call(
        "UpdateItem",
        {
            "TableName": NAME,
            "Key": KEY,
            "AttributeUpdates": {"s": {"Action": "PUT", "Value": {"S": "new"}}},
        },
    )
    with pytest.raises(DynamoDBError, match="ConditionalCheckFailed"):
        dynamodb.call(
            "PutItem", {"TableName": NAME, "Item": KEY, "Expected": {"id": {"Exists": False}}}
        )

    assert items(dynamodb) == [{**PLAIN, "s": {"S": "new"}}]


def test_a_backup_is_restored_to_a_table_of_its_own(dynamodb: DynamoDB) -> None:
    backup = dynamodb.call("CreateBackup", {"TableName": NAME, "BackupName": "before"})
    dynamodb.call("DeleteItem", {"TableName": NAME, "Key": KEY})

    dynamodb.call(
        "RestoreTableFromBackup",
        {"TargetTableName": "restored", "BackupArn": backup["BackupDetails"]["BackupArn"]},
    )

    assert items(dynamodb) == []
    assert items(dynamodb, "restored") == [PLAIN]


def test_an_unknown_operation_is_refused(dynamodb: DynamoDB) -> None:
    with pytest.raises(DynamoDBError, match="UnknownOperation"):
        dynamodb.call("Juggle", {})
