"""Calls that go out together: each has its own outcome, whatever becomes of the others."""

import threading
import time
from typing import Any

import pytest

from chalicelib.aws.dynamodb import RetryingDynamoDB
from chalicelib.errors import ConditionFailed, RequestRejected, ServiceDown
from chalicelib.stores.calls import Call, Together
from chalicelib.stores.dynamodb import PreparedCall
from tests.aws import Aws
from tests.chalicelib.aws.conftest import Against
from tests.chalicelib.aws.servers import Answer, Hang, Raw, Request, ScriptedServer, json_answer


def get(name: str, table: str = "t") -> PreparedCall:
    return "GetItem", {"TableName": table, "Key": {"sessionId": {"S": name}}}


def named(request: Request, name: str) -> bool:
    return f'"S":"{name}"'.encode() in request.body.replace(b" ", b"")


def echo(request: Request) -> Answer:
    """Return the name that was asked for."""
    name = next(each for each in ("a", "b", "c") if named(request, each))
    return json_answer({"Item": {"sessionId": {"S": name}}})


def item(name: str) -> dict[str, Any]:
    return {"Item": {"sessionId": {"S": name}}}


def at(server: ScriptedServer, against: Against) -> RetryingDynamoDB:
    return against.hasty_dynamodb(server.url)


def test_outcomes_come_in_the_order_of_the_calls(dynamodb: RetryingDynamoDB, store: Aws) -> None:
    table = store.tables["sessions"]
    put: PreparedCall = ("PutItem", {"TableName": table, "Item": {"sessionId": {"S": "a"}}})
    never: PreparedCall = (
        "PutItem",
        dict(put[1])
        | {
            "ConditionExpression": "sessionId = :b",
            "ExpressionAttributeValues": {":b": {"S": "b"}},
        },
    )
    assert dynamodb.call_all([put]) == [{}]

    found, refused, missing, unknown = dynamodb.call_all(
        [get("a", table), never, get("b", table), get("a", "nowhere")]
    )

    assert isinstance(found, dict)
    assert found["Item"] == {"sessionId": {"S": "a"}}
    assert isinstance(refused, ConditionFailed)
    assert isinstance(missing, dict)
    assert "Item" not in missing
    assert isinstance(unknown, RequestRejected)


def test_all_requests_are_on_their_way_before_a_response_is_awaited(
    server: ScriptedServer, lean: Against
) -> None:
    all_are_here = threading.Barrier(3)

    def together(request: Request) -> Answer:
        all_are_here.wait(5)
        return echo(request)

    server.script = together
    outcomes = at(server, lean).call_all([get("a"), get("b"), get("c")])
    assert outcomes == [item("a"), item("b"), item("c")]


def test_their_connections_are_kept(server: ScriptedServer, lean: Against) -> None:
    server.script = echo
    dynamodb = at(server, lean)
    for _ in range(3):
        dynamodb.call_all([get("a"), get("b")])
    assert {request.connection for request in server.requests} == {1, 2}


def test_each_call_is_retried_by_itself(server: ScriptedServer, against: Against) -> None:
    def script(request: Request) -> Answer:
        tried = sum(each.body == request.body for each in server.requests)
        return 500 if named(request, "b") and tried < 3 else echo(request)

    server.script = script
    outcomes = at(server, against).call_all([get("a"), get("b"), get("c")])
    assert outcomes == [item("a"), item("b"), item("c")]
    assert len(server.requests) == 5


def test_a_connection_that_dies_loses_no_other_call(
    server: ScriptedServer, against: Against
) -> None:
    server.script = lambda request: Raw(b"", close=True) if named(request, "a") else echo(request)
    lost, found = at(server, against).call_all([get("a"), get("b")])
    assert isinstance(lost, ServiceDown)
    assert found == item("b")


def test_kept_connections_that_died_while_frozen_are_replaced(
    server: ScriptedServer, lean: Against
) -> None:
    server.script = echo
    dynamodb = at(server, lean)
    dynamodb.call_all([get("a"), get("b")])
    server.drop_connections()
    server.requests.clear()

    assert dynamodb.call_all([get("a"), get("b")]) == [item("a"), item("b")]
    assert len(server.requests) == 2


def test_a_response_that_came_in_time_is_read_after_another_has_timed_out(
    server: ScriptedServer, lean: Against
) -> None:
    server.script = lambda request: Hang() if named(request, "a") else echo(request)
    dynamodb = lean.dynamodb({"AWS_ENDPOINT_URL_DYNAMODB": server.url})
    started = time.monotonic()

    lost, found = dynamodb.call_all([get("a"), get("b")])

    assert isinstance(lost, ServiceDown)
    assert found == item("b")
    assert sum(named(request, "b") for request in server.requests) == 1
    assert time.monotonic() - started < 30


def test_a_call_that_cannot_be_written_fails_alone(server: ScriptedServer, lean: Against) -> None:
    server.script = echo
    odd: PreparedCall = ("GetItem", {"TableName": object()})
    refused, found = at(server, lean).call_all([odd, get("b")])
    assert isinstance(refused, RequestRejected)
    assert found == item("b")


def test_results_are_read_and_errors_rescued_one_by_one(
    server: ScriptedServer, lean: Against
) -> None:
    server.script = lambda request: 400 if named(request, "b") else echo(request)
    together = Together(at(server, lean))

    def name(call: PreparedCall) -> Call[str]:
        return Call(call[0], dict(call[1]), lambda found: str(found["Item"]["sessionId"]["S"]))

    rescued = name(get("b")).rescued(lambda error: type(error).__name__)
    assert together(name(get("a")), rescued.then(len)) == ("a", len("RequestRejected"))
    with pytest.raises(RequestRejected):
        together(name(get("a")), name(get("b")))
