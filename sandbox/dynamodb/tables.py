"""The tables and their indexes, read from `terraform/modules/tables`, their one definition.

Only what a local store can honour is taken over: keys, indexes with their projections, the stream
and the TTL attribute. Encryption, point-in-time recovery and alarms mean nothing on one machine.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2
from hcl2.utils import SerializationOptions

Label = str
"""The name of a table within the stack, which is the label of its resource: `rate_limits`."""

MODULE = Path(__file__).parents[2] / "terraform" / "modules" / "tables"


class TablesError(Exception):
    """The Terraform module says something that cannot be read; the text says what."""


@dataclass(frozen=True)
class Table:
    """One `aws_dynamodb_table`."""

    label: Label
    request: Mapping[str, Any]
    """A CreateTable request without its `TableName`."""
    ttl_attribute: str | None


@functools.cache
def read_tables(module: Path = MODULE) -> dict[Label, Table]:
    """Return every table that the `*.tf` files of `module` define, by label.

    Raises:
        TablesError: there is none, or one has no key or an index without type.
    """
    options = SerializationOptions(
        strip_string_quotes=True, explicit_blocks=False, with_comments=False
    )
    tables = {
        label: _table(label, block)
        for file in sorted(module.glob("*.tf"))
        for resource in hcl2.loads(
            file.read_text(encoding="utf-8"), serialization_options=options
        ).get("resource", [])
        for label, block in resource.get("aws_dynamodb_table", {}).items()
    }
    if not tables:
        raise TablesError(f"{module} defines no aws_dynamodb_table")
    return tables


def create_tables(
    client: Any, *, prefix: str = "", suffix: str = "", tables: Mapping[Label, Table] | None = None
) -> dict[Label, str]:
    """Create every table through a boto3 DynamoDB client, named `{prefix}{label}{suffix}`.

    Works with the sandbox, moto, DynamoDB Local and AWS. Return the name of each table by label.
    """
    names = {}
    for label, table in (tables or read_tables()).items():
        name = names[label] = f"{prefix}{label}{suffix}"
        client.create_table(TableName=name, **table.request)
        if table.ttl_attribute:
            client.update_time_to_live(
                TableName=name,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute},
            )
    return names


def table_environ(names: Mapping[Label, str]) -> dict[str, str]:
    """Return the settings that name the tables: `RATE_LIMITS_TABLE_NAME`, …"""
    return {f"{label.upper()}_TABLE_NAME": name for label, name in names.items()}


def _table(label: Label, block: Mapping[str, Any]) -> Table:
    types = {each["name"]: each["type"] for each in block.get("attribute", [])}
    request: dict[str, Any] = {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(label, block, types),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in types.items()
        ],
    }
    if indexes := block.get("global_secondary_index"):
        request["GlobalSecondaryIndexes"] = [_index(label, index, types) for index in indexes]
    if block.get("stream_enabled") is True:
        request["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": block["stream_view_type"],
        }
    ttl = block.get("ttl") or [{}]
    return Table(label=label, request=request, ttl_attribute=ttl[0].get("attribute_name"))


def _index(label: Label, block: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": block["projection_type"]}
    if extra := block.get("non_key_attributes"):
        projection["NonKeyAttributes"] = list(extra)
    return {
        "IndexName": block["name"],
        "KeySchema": _key_schema(f"{label}.{block['name']}", block, types),
        "Projection": projection,
    }


def _key_schema(
    where: str, block: Mapping[str, Any], types: Mapping[str, str]
) -> list[dict[str, str]]:
    keys = {"HASH": block.get("hash_key"), "RANGE": block.get("range_key")}
    schema = [{"AttributeName": name, "KeyType": kind} for kind, name in keys.items() if name]
    if not keys["HASH"] or any(key["AttributeName"] not in types for key in schema):
        raise TablesError(f"{where}: a key is missing, or has no `attribute` block with its type")
    return schema
