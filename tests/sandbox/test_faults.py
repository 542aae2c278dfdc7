"""A fault meets the calls that it names, and the same ones again with the same seed."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError
from websockets.exceptions import InvalidStatus

from sandbox.conditions.faults import ALLOWED, Fault, FaultError, FaultPlan, Kind, Target
from tests.sandbox.plane import PATIENCE, Plane, running_plane


def _drawn(plan: FaultPlan, calls: int, operation: str = "POST") -> list[bool]:
    return [plan.draw(Target.MANAGEMENT, operation) is not None for _ in range(calls)]


def test_a_fault_by_count_meets_the_next_calls_only() -> None:
    plan = FaultPlan()
    plan.add(Fault(target=Target.MANAGEMENT, kind=Kind.ERROR, times=2))

    assert _drawn(plan, 4) == [True, True, False, False]


@given(seed=st.integers(0, 2**32), rate=st.floats(0, 1))
def test_a_fault_by_rate_is_repeatable(seed: int, rate: float) -> None:
    first, second = FaultPlan(), FaultPlan()
    for plan in (first, second):
        plan.add(Fault(target=Target.MANAGEMENT, kind=Kind.ERROR, rate=rate, seed=seed))

    assert _drawn(first, 50) == _drawn(second, 50)


def test_a_rate_is_met_approximately() -> None:
    plan = FaultPlan()
    plan.add(Fault(target=Target.MANAGEMENT, kind=Kind.ERROR, rate=0.2, seed=7))

    assert 150 < sum(_drawn(plan, 1000)) < 250


def test_a_fault_meets_its_target_and_operation_only() -> None:
    plan = FaultPlan()
    plan.add(Fault(target=Target.MANAGEMENT, kind=Kind.ERROR, rate=1, operation="DELETE"))

    assert plan.draw(Target.DYNAMODB, "DELETE") is None
    assert plan.draw(Target.MANAGEMENT, "POST") is None
    assert plan.draw(Target.MANAGEMENT, "DELETE")


def test_clear_ends_all_faults() -> None:
    plan = FaultPlan()
    plan.add(Fault(target=Target.MANAGEMENT, kind=Kind.ERROR, rate=1))

    plan.clear()

    assert not plan.active
    assert not any(_drawn(plan, 3))


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ([], "JSON object"),
        ({}, "target must be one of"),
        ({"target": "sqs", "fault": "error", "rate": 1}, "target must be one of"),
        ({"target": "dynamodb", "fault": "explode", "rate": 1}, "fault must be one of"),
        ({"target": "dynamodb", "fault": "gone", "rate": 1}, "not one of dynamodb"),
        ({"target": "gateway", "fault": "gone", "rate": 1}, "not one of gateway"),
        ({"target": "dynamodb", "fault": "error"}, "either rate or times"),
        ({"target": "dynamodb", "fault": "error", "rate": 1, "times": 1}, "either rate or times"),
        ({"target": "dynamodb", "fault": "error", "rate": 1.5}, "rate must be"),
        ({"target": "dynamodb", "fault": "error", "rate": True}, "rate must be"),
        ({"target": "dynamodb", "fault": "error", "times": -1}, "times must be"),
        ({"target": "dynamodb", "fault": "error", "times": 1, "sed": 1}, "unknown field 'sed'"),
    ],
)
def test_an_invalid_fault_is_refused_with_a_reason(body: Any, problem: str) -> None:
    with pytest.raises(FaultError, match=problem):
        Fault.parse(body)


@pytest.mark.parametrize(
    ("target", "kind"), [(target, kind) for target in Target for kind in ALLOWED[target]]
)
def test_every_allowed_fault_can_be_parsed(target: Target, kind: Kind) -> None:
    fault = Fault.parse({"target": str(target), "fault": str(kind), "times": 1})

    assert (fault.target, fault.kind, fault.times) == (target, kind, 1)


@pytest.mark.parametrize(
    ("kind", "status"), [(Kind.ERROR, 500), (Kind.THROTTLE, 429), (Kind.GONE, 410)]
)
def test_a_post_is_refused_once_and_nothing_is_sent(plane: Plane, kind: Kind, status: int) -> None:
    with plane.connected() as (client, connection_id):
        plane.arm(Target.MANAGEMENT, kind)

        assert plane.manage("POST", connection_id, b"first").status == status
        assert plane.manage("POST", connection_id, b"second").status == 200
        assert client.recv(PATIENCE) == "second"


@pytest.mark.parametrize(
    ("kind", "received"),
    [(Kind.DROP, ["2"]), (Kind.DUPLICATE, ["1", "1", "2"]), (Kind.REORDER, ["2", "1"])],
)
def test_a_post_is_lost_duplicated_or_reordered(
    plane: Plane, kind: Kind, received: list[str]
) -> None:
    with plane.connected() as (client, connection_id):
        plane.arm(Target.MANAGEMENT, kind)

        assert plane.manage("POST", connection_id, b"1").status == 200
        assert plane.manage("POST", connection_id, b"2").status == 200
        assert [client.recv(PATIENCE) for _ in received] == received


def test_a_lost_disconnect_never_arrives(plane: Plane) -> None:
    plane.arm(Target.GATEWAY, Kind.DROP, operation="$disconnect")
    with plane.open() as client:
        client.close(4000)
    with plane.open() as client:
        client.close(4001)

    assert plane.app.saw("disconnect")["requestContext"]["disconnectStatusCode"] == 4001
    assert plane.app.saw_nothing("disconnect")


def test_a_disconnect_arrives_twice(plane: Plane) -> None:
    plane.arm(Target.GATEWAY, Kind.DUPLICATE, operation="$disconnect")
    with plane.open():
        pass

    first, second = plane.app.saw("disconnect"), plane.app.saw("disconnect")
    assert first["requestContext"]["connectionId"] == second["requestContext"]["connectionId"]


def test_a_delayed_disconnect_arrives_when_the_clock_reaches_its_time(plane: Plane) -> None:
    plane.arm(Target.GATEWAY, Kind.DELAY, operation="$disconnect", seconds=300)
    with plane.open() as late:
        late.close(4000)
    with plane.open() as on_time:
        on_time.close(4001)
    assert plane.app.saw("disconnect")["requestContext"]["disconnectStatusCode"] == 4001

    plane.advance(301)

    assert plane.app.saw("disconnect")["requestContext"]["disconnectStatusCode"] == 4000


def test_messages_are_reordered() -> None:
    with running_plane(threads=1) as plane, plane.open() as client:
        plane.arm(Target.GATEWAY, Kind.REORDER, operation="$default")
        client.send("1")
        client.send("2")

        assert [client.recv(PATIENCE), client.recv(PATIENCE)] == ["2", "1"]


@pytest.mark.parametrize(
    ("kind", "status"), [(Kind.ERROR, 500), (Kind.THROTTLE, 429), (Kind.DROP, 504)]
)
def test_a_handshake_is_refused_without_its_handler(plane: Plane, kind: Kind, status: int) -> None:
    plane.arm(Target.GATEWAY, kind, operation="$connect")

    with pytest.raises(InvalidStatus) as refused, plane.open():
        pass

    assert refused.value.response.status_code == status
    assert plane.app.saw_nothing("connect")
    with plane.open():
        assert plane.app.saw("connect")


@pytest.mark.parametrize(
    ("kind", "message"),
    [(Kind.ERROR, "Internal server error"), (Kind.THROTTLE, "Too Many Requests")],
)
def test_a_message_is_refused_without_its_handler(plane: Plane, kind: Kind, message: str) -> None:
    plane.arm(Target.GATEWAY, kind, operation="$default")
    with plane.open() as client:
        client.send("1")
        client.send("2")

        assert json.loads(client.recv(PATIENCE)) == {"message": message}
        assert client.recv(PATIENCE) == "2"


def test_a_call_that_hangs_gets_no_response(plane: Plane) -> None:
    with plane.connected() as (client, connection_id):
        plane.arm(Target.MANAGEMENT, Kind.HANG, seconds=0.05)

        with pytest.raises(ProtocolError):
            plane.manage("POST", connection_id, b"1")
        assert plane.manage("POST", connection_id, b"2").status == 200
        assert client.recv(PATIENCE) == "2"


def test_a_delayed_post_waits_for_the_clock(plane: Plane) -> None:
    with plane.connected() as (client, connection_id), ThreadPoolExecutor(1) as thread:
        plane.arm(Target.MANAGEMENT, Kind.DELAY, seconds=60)
        late = thread.submit(plane.manage, "POST", connection_id, b"late")
        while plane.clock.pending < 3:  # the life and the idleness of the socket, and the post
            plane.settle()
        plane.manage("POST", connection_id, b"on time")
        assert client.recv(PATIENCE) == "on time"

        plane.advance(60)

        assert client.recv(PATIENCE) == "late"
        assert late.result().status == 200
