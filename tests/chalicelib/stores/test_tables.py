"""The stores use exactly the keys and indexes that `terraform/modules/tables` defines."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import chalicelib.stores
from chalicelib import handlers
from sandbox.dynamodb.tables import Table, read_tables
from tests.stack import Stack

STORES = Path(chalicelib.stores.__file__).parent
DEFINED = read_tables()
Request = Mapping[str, Any]


@pytest.fixture
def requests(stack: Stack) -> list[tuple[str, Request]]:
    """Return every request to DynamoDB in the life of a session."""
    made: list[tuple[str, Request]] = []
    stack.database.on_answer = lambda operation, request, _: made.append((operation, request))
    speaker, session_id = stack.session()
    old = stack.connect()
    token = old.send("joinSession", sessionId=session_id, targetLanguage="es")["resumeToken"]
    fields = {"sessionId": session_id, "targetLanguage": "fr", "resumeToken": token}
    new = stack.connect()
    new.send("refreshConnection", role="listener", **fields)
    new.send("subscribe", topic="a")
    new.send("publish", topic="a", data=1)
    speaker.send("broadcast", data=1)
    new.send("recover", lastSeq={"*": 0})
    speaker.send("submitRequest", request="sessionReport")
    stack.run_jobs()
    handlers.publish_status(stack.context)
    handlers.reconcile_counts(stack.context)
    stack.sweep()
    stack.run_changes()
    new.close()
    speaker.close()
    tenant = stack.session_item(session_id)["tenantId"]
    list(stack.services.connections.ids_of_tenant(tenant))
    _, last = stack.services.sessions.page_of_tenant(tenant, None, 1)
    stack.services.sessions.page_of_tenant(tenant, last, 1)
    return made


def test_every_key_and_index_in_use_is_defined(
    stack: Stack, requests: list[tuple[str, Request]]
) -> None:
    labels = {name: label for label, name in stack.aws.tables.items()}

    for operation, request in requests:
        for part in _parts(operation, request):
            table = DEFINED[labels[part["TableName"]]]
            for key in _keys(part):
                assert set(key) == _key_names(table.request), (operation, part)
            _check_query(table, part)


def test_every_index_that_the_code_names_is_used(requests: list[tuple[str, Request]]) -> None:
    """Otherwise the test above would prove less than its name says."""
    asked = {request["IndexName"] for _, request in requests if "IndexName" in request}

    assert asked == set(_indexes_in_code())


@pytest.mark.parametrize("label", DEFINED)
def test_every_table_expires_items_by_the_attribute_that_the_code_writes(label: str) -> None:
    assert DEFINED[label].ttl_attribute == "expiresAt"


def test_every_item_has_an_expiry(stack: Stack) -> None:
    speaker, session_id = stack.session()
    listener = stack.listener(session_id)
    listener.send("subscribe", topic="a")
    speaker.send("broadcast", data=1)
    speaker.send("submitRequest", request="sessionReport")

    for label in stack.aws.tables.keys() - {"counts"}:
        items = stack.items(label)
        assert items, label
        assert all(item["expiresAt"] > stack.clock.now / 1000 for item in items), label


def test_a_shard_of_the_counts_expires_a_day_after_its_session_and_only_once_closed(
    stack: Stack,
) -> None:
    speaker, session_id = stack.session()
    assert not any("expiresAt" in shard for shard in stack.shards(session_id))

    speaker.send("endSession")

    (expiry,) = {shard["expiresAt"] for shard in stack.shards(session_id)}
    assert expiry == stack.session_item(session_id)["expiresAt"] + 86_400


@pytest.mark.parametrize("label", ["sessions", "counts"])
def test_the_streams_show_items_before_and_after(label: str) -> None:
    stream = DEFINED[label].request["StreamSpecification"]

    assert stream == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


def test_a_listeners_index_entry_is_all_that_a_fan_out_reads() -> None:
    (index,) = _index(DEFINED["connections"], "sessionId-targetLanguage-index")

    assert index["Projection"] == {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["role"]}


def _parts(operation: str, request: Request) -> Iterator[Request]:
    """Yield the parts of a request, each of which names its table."""
    if operation == "TransactWriteItems":
        for item in request["TransactItems"]:
            yield from item.values()
    elif operation == "BatchGetItem":
        for table, wanted in request["RequestItems"].items():
            for key in wanted["Keys"]:
                yield {"TableName": table, "Key": key}
    else:
        yield request


def _keys(part: Request) -> list[Mapping[str, Any]]:
    return [part["Key"]] if "Key" in part else []


def _key_names(schema: Mapping[str, Any]) -> set[str]:
    return {key["AttributeName"] for key in schema["KeySchema"]}


def _index(table: Table, name: str) -> list[Mapping[str, Any]]:
    indexes = table.request.get("GlobalSecondaryIndexes", [])
    return [index for index in indexes if index["IndexName"] == name]


def _check_query(table: Table, part: Request) -> None:
    """Check that the key condition uses the keys of the table, or of the index."""
    schema: Mapping[str, Any] = table.request
    if "IndexName" in part:
        (schema,) = _index(table, part["IndexName"])
    names = part.get("ExpressionAttributeNames", {})
    used = re.findall(r"#\w+", part.get("KeyConditionExpression", ""))
    assert {names[name] for name in used} <= _key_names(schema), part


def _indexes_in_code() -> Iterator[str]:
    for file in STORES.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "index":
                yield ast.literal_eval(node.value)
