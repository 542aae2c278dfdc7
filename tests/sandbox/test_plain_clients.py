"""The rules of API Gateway that the sandbox relaxes for clients, unless it is strict."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from sandbox.conditions.faults import Fault, Kind, Target
from sandbox.http.signature import Credentials
from tests.sandbox.plane import PATIENCE, Plane, running_plane

OTHERS = Credentials("AKIDOTHEROTHEROTHERO", "a secret that the sandbox cannot know")


@pytest.fixture
def plane() -> Iterator[Plane]:
    """Run a data plane that is not strict."""
    with running_plane(strict=False) as running:
        yield running


def test_a_message_of_128_kb_may_come_in_one_frame(
    plane: Plane, caplog: pytest.LogCaptureFixture
) -> None:
    plane.app.answers["message"] = lambda _: {"statusCode": 200, "body": "taken"}

    with plane.open() as client:
        client.send("x" * 128 * 1024)
        client.send("x" * 128 * 1024)
        answers = [client.recv(PATIENCE), client.recv(PATIENCE)]
    with plane.open() as client:
        client.send("x" * (128 * 1024 + 1))
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(PATIENCE)

    assert answers == ["taken", "taken"]
    assert [record.levelname for record in caplog.records] == ["WARNING"], "once a socket"
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_handlers_of_one_connection_run_one_after_the_other(plane: Plane) -> None:
    running: list[str] = []
    most = 0

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        nonlocal most
        running.append(event["body"])
        most = max(most, len(running))
        time.sleep(0.01)
        running.remove(event["body"])
        return {"statusCode": 200, "body": event["body"]}

    plane.app.answers["message"] = handle
    with plane.open() as client:
        for number in range(10):
            client.send(str(number))
        answers = [client.recv(PATIENCE) for _ in range(10)]

    assert answers == [str(number) for number in range(10)]
    assert most == 1


def test_a_close_is_handled_after_the_messages_before_it(plane: Plane) -> None:
    go_on, order = threading.Event(), []

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        assert go_on.wait(PATIENCE)
        order.append(event["body"])
        return {"statusCode": 200}

    def closed(_: dict[str, Any]) -> dict[str, Any]:
        order.append("closed")
        return {"statusCode": 200}

    plane.app.answers |= {"message": handle, "disconnect": closed}
    with plane.open() as client:
        client.send("1")
        client.send("2")
        plane.app.saw("message")
    go_on.set()
    plane.settle()

    assert order == ["1", "2", "closed"]


def test_one_connection_does_not_wait_for_another(plane: Plane) -> None:
    go_on = threading.Event()

    def handle(event: dict[str, Any]) -> dict[str, Any]:
        if event["body"] == "slow":
            assert go_on.wait(PATIENCE)
        return {"statusCode": 200, "body": event["body"]}

    plane.app.answers["message"] = handle
    with plane.open() as one, plane.open() as other:
        one.send("slow")
        other.send("fast")
        assert other.recv(PATIENCE) == "fast"
        go_on.set()
        assert one.recv(PATIENCE) == "slow"


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (Kind.ERROR, 500, "INTERNAL_ERROR"),
        (Kind.KILL, 500, "INTERNAL_ERROR"),
        (Kind.THROTTLE, 429, "RATE_LIMITED"),
        (Kind.HANG, 503, "SERVICE_UNAVAILABLE"),
    ],
)
def test_the_gateways_own_errors_have_the_form_of_the_protocol(
    plane: Plane, kind: Kind, status: int, code: str
) -> None:
    with plane.open() as client:
        plane.arm(Target.GATEWAY, kind, operation="$default")
        client.send("1")
        while kind is Kind.HANG and plane.clock.pending < 3:  # life and idleness of the socket
            plane.settle()
        plane.advance(60)
        error = json.loads(client.recv(PATIENCE))

    assert (error["type"], error["status"], error["code"]) == ("error", status, code)
    assert error["message"]
    assert error["timestamp"]
    assert ("correlationId" in error) == (status == 500)
    assert ("retryAfter" in error) == (status != 500)


@pytest.mark.parametrize("kind", [Kind.ERROR, Kind.KILL, Kind.THROTTLE])
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"action":"heartbeat","id":"7"}', {"action": "heartbeat", "id": "7"}),
        ('{"action":"nope","id":7}', {"action": "nope"}),
        ('{"id":"7"', {}),
        ("[7]", {}),
    ],
)
def test_the_gateways_own_errors_have_the_action_and_id_of_their_request(
    plane: Plane, kind: Kind, text: str, told: dict[str, str]
) -> None:
    with plane.open() as client:
        plane.arm(Target.GATEWAY, kind, operation="$default")
        client.send(text)
        error = json.loads(client.recv(PATIENCE))

    assert {name: error[name] for name in ("action", "id") if name in error} == told


@pytest.mark.parametrize(
    ("kind", "status"), [(Kind.ERROR, 500), (Kind.KILL, 500), (Kind.THROTTLE, 429)]
)
def test_a_handshake_is_refused_with_a_status_of_the_protocol(
    plane: Plane, kind: Kind, status: int
) -> None:
    plane.arm(Target.GATEWAY, kind, operation="$connect")

    with pytest.raises(InvalidStatus) as refused, plane.open():
        pass

    assert refused.value.response.status_code == status
    assert ("Retry-After" in refused.value.response.headers) == (status == 429)


def test_the_gateway_drops_a_disconnect_by_default(plane: Plane) -> None:
    plane.faults.add(Fault.parse({"target": "gateway", "fault": "drop", "rate": 1}))

    with plane.open() as client:
        client.send("1")
        assert client.recv(PATIENCE) == "1"
    plane.settle()

    assert plane.app.saw_nothing("disconnect")


def test_a_call_signed_with_another_key_is_carried_out(plane: Plane) -> None:
    with plane.connected() as (client, connection_id):
        assert plane.manage("POST", connection_id, b"1", credentials=OTHERS).status == 200
        assert plane.manage("POST", connection_id, b"2", credentials=None).status == 403
        assert client.recv(PATIENCE) == "1"
