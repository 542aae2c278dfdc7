"""The opening handshake follows API Gateway's rules."""

import json
import re
import threading
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.sandbox.plane import HANDSHAKE, PATIENCE, Plane


def test_connect_event_has_the_query_the_headers_and_a_context(plane: Plane) -> None:
    with plane.open("?role=listener&x=1&x=2&empty=", additional_headers={"X-Mine": "yes"}):
        event = plane.app.saw("connect")

    assert event["queryStringParameters"] == {"role": "listener", "x": "2", "empty": ""}
    assert event["multiValueQueryStringParameters"]["x"] == ["1", "2"]
    assert event["headers"]["X-Mine"] == "yes"
    assert event["multiValueHeaders"]["X-Mine"] == ["yes"]
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert event["isBase64Encoded"] is False
    assert "body" not in event
    context = event["requestContext"]
    assert context["routeKey"] == "$connect"
    assert context["eventType"] == "CONNECT"
    assert context["stage"] == "local"
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userAgent"].startswith("Python/")
    assert context["domainName"] == f"127.0.0.1:{plane.port}"
    assert re.fullmatch(r"[A-Za-z0-9_-]{15}=", context["connectionId"])
    assert context["connectedAt"] <= context["requestTimeEpoch"] <= plane.clock()
    assert {"apiId", "requestId", "extendedRequestId", "requestTime"} <= context.keys()


def test_without_a_query_the_event_has_no_query_fields(plane: Plane) -> None:
    with plane.open():
        event = plane.app.saw("connect")

    assert "queryStringParameters" not in event
    assert "multiValueQueryStringParameters" not in event


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_the_handlers_status_refuses_the_handshake(plane: Plane, status: int) -> None:
    plane.app.answers["connect"] = lambda _: {
        "statusCode": status,
        "body": '{"message":"no"}',
        "headers": {"Retry-After": "7"},
    }

    with pytest.raises(InvalidStatus) as refused, connect(plane.url):
        pass

    response = refused.value.response
    assert response.status_code == status
    assert response.headers["Retry-After"] == "7"
    assert json.loads(response.body or b"") == {"message": "no"}
    assert plane.app.saw_nothing("disconnect")


def _raise(_: dict[str, Any]) -> None:
    raise RuntimeError("on purpose")


@pytest.mark.parametrize(
    "answer", [_raise, lambda _: {"statusCode": "200"}, lambda _: {"statusCode": 200, "body": 1}]
)
def test_a_handler_that_fails_refuses_with_502(plane: Plane, answer: Any) -> None:
    plane.app.answers["connect"] = answer

    with pytest.raises(InvalidStatus) as refused, connect(plane.url):
        pass

    assert refused.value.response.status_code == 502
    assert b"connectionId" not in (refused.value.response.body or b"")


def test_the_handler_chooses_the_subprotocol(plane: Plane) -> None:
    plane.app.answers["connect"] = lambda _: {
        "statusCode": 200,
        "headers": {"Sec-WebSocket-Protocol": "lectern.v1"},
    }

    with plane.open(subprotocols=["lectern.v1", "bearer.abc"]) as client:
        assert client.subprotocol == "lectern.v1"
        offered = plane.app.saw("connect")["headers"]["Sec-WebSocket-Protocol"]

    assert offered == "lectern.v1, bearer.abc"


def test_the_socket_does_not_exist_while_connect_runs(plane: Plane) -> None:
    statuses: list[int] = []

    def post_to_myself(event: dict[str, Any]) -> dict[str, Any]:
        statuses.append(plane.manage("POST", event["requestContext"]["connectionId"], b"hi").status)
        return {"statusCode": 200}

    plane.app.answers["connect"] = post_to_myself
    with plane.open():
        event = plane.app.saw("connect")
        again = plane.manage("POST", event["requestContext"]["connectionId"], b"hi")

    assert statuses == [410]
    assert again.status == 200


def test_a_client_that_leaves_during_connect_is_disconnected(plane: Plane) -> None:
    gone = threading.Event()

    def slow(_: dict[str, Any]) -> dict[str, Any]:
        assert gone.wait(PATIENCE)
        return {"statusCode": 200}

    plane.app.answers["connect"] = slow
    sock = plane.raw(handshake=False)
    sock.sendall(HANDSHAKE)
    plane.app.saw("connect")
    sock.close()
    gone.set()

    assert plane.app.saw("disconnect")["requestContext"]["disconnectStatusCode"] == 1006


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"},
        {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "8",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        },
        {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "short",
        },
    ],
)
def test_an_invalid_handshake_reaches_no_handler(plane: Plane, headers: dict[str, str]) -> None:
    assert plane.request("GET", "/local", headers=headers).status == 426
    assert plane.app.saw_nothing("connect")
