"""The tables come from Terraform's files, and from nowhere else."""

from pathlib import Path

import pytest

from sandbox.dynamodb.tables import TablesError, create_tables, read_tables
from tests.aws import Aws

LABELS = {
    "sessions",
    "counts",
    "connections",
    "subscriptions",
    "requests",
    "history",
    "rate_limits",
}


def test_every_table_of_the_design_is_created(aws: Aws) -> None:
    assert aws.tables.keys() == LABELS
    for name in aws.tables.values():
        described = aws.dynamodb.describe_table(TableName=name)["Table"]
        assert described["TableStatus"] == "ACTIVE"


def test_keys_indexes_and_stream_are_as_terraform_says(aws: Aws) -> None:
    described = aws.dynamodb.describe_table(TableName=aws.tables["sessions"])["Table"]

    assert described["KeySchema"] == [{"AttributeName": "sessionId", "KeyType": "HASH"}]
    assert described["StreamSpecification"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    index = {each["IndexName"]: each for each in described["GlobalSecondaryIndexes"]}[
        "active-index"
    ]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["activeShard", "createdAt"]
    assert index["Projection"]["ProjectionType"] == "KEYS_ONLY"


def test_a_projection_of_some_attributes_is_kept(aws: Aws) -> None:
    described = aws.dynamodb.describe_table(TableName=aws.tables["connections"])["Table"]

    projections = {
        each["IndexName"]: each["Projection"] for each in described["GlobalSecondaryIndexes"]
    }
    assert projections["sessionId-targetLanguage-index"]["NonKeyAttributes"] == ["role"]


def test_every_table_has_its_time_to_live(aws: Aws) -> None:
    for name in aws.tables.values():
        ttl = aws.dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        assert ttl["AttributeName"] == "expiresAt"


def test_two_sets_of_tables_live_side_by_side(aws: Aws) -> None:
    other = create_tables(aws.dynamodb, prefix="other-", suffix="-1")

    assert other["sessions"] == "other-sessions-1"
    assert not set(other.values()) & set(aws.tables.values())


@pytest.mark.parametrize(
    ("hcl", "problem"),
    [
        ('variable "app" {}', "defines no aws_dynamodb_table"),
        ('resource "aws_dynamodb_table" "t" {\n name = "t"\n}', "t: a key is missing"),
        ('resource "aws_dynamodb_table" "t" {\n hash_key = "id"\n}', "t: a key is missing"),
    ],
)
def test_a_module_that_cannot_be_read_says_why(tmp_path: Path, hcl: str, problem: str) -> None:
    (tmp_path / "main.tf").write_text(hcl)

    with pytest.raises(TablesError, match=problem):
        read_tables(tmp_path)
