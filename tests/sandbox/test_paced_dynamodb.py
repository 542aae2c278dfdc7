"""The sandbox's DynamoDB over HTTP, while physics are in force."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.aws import lean
from chalicelib.aws.http.json_protocol import JsonService
from chalicelib.aws.refusals import Refusal
from sandbox.cloud.server import Cloud
from sandbox.conditions.clock import Clock
from sandbox.conditions.current_physics import CurrentPhysics
from sandbox.conditions.faults import Fault, FaultPlan
from tests.aws import CREDENTIALS
from tests.sandbox.dynamodb.calls import NAME, OTHER, add, scan, transact
from tests.sandbox.dynamodb.expressions import ITEM, KEY, TABLE

PATIENCE = 10.0
"""Seconds after which a test gives up."""
Json = dict[str, Any]


class Stage:
    """A running endpoint with one item, and a client that tries each call once."""

    def __init__(self) -> None:
        self.physics = CurrentPhysics()
        self.faults = FaultPlan()
        self.cloud = Cloud(Clock(), self.faults, self.physics)
        self.cloud.start()
        environ = {**CREDENTIALS, "AWS_ENDPOINT_URL_DYNAMODB": self.cloud.endpoint_url}
        self.wire: JsonService = lean.json_service("dynamodb", environ, timeout=30)
        self.wire("CreateTable", dict(TABLE))
        self.wire("PutItem", {"TableName": NAME, "Item": ITEM})

    def n(self) -> str:
        return str(self.wire("GetItem", {"TableName": NAME, "Key": KEY})["Item"]["n"]["N"])

    def meet(self, operation: str, request: Json) -> Refusal:
        """Make a call until a transaction that is on its way refuses it."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.wire(operation, request)
            except Refusal as refusal:
                return refusal
        raise AssertionError("nothing was met")


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()
    yield stage
    stage.cloud.stop()


def test_a_plain_write_meets_a_transaction_that_holds_its_item(stage: Stage) -> None:
    stage.physics.change({"transaction_ms": 300})
    response = stage.wire.begin(*transact({"Update": add(100)}))

    refusal = stage.meet("UpdateItem", add(0))

    assert refusal.code == "TransactionConflictException"
    assert refusal.is_contention
    assert stage.n() == "5"
    assert response() == {}
    assert stage.n() == "105"


def test_a_transaction_meets_another(stage: Stage) -> None:
    stage.physics.change({"transaction_ms": 300})
    response = stage.wire.begin(*transact({"Update": add(100)}))
    stage.meet("UpdateItem", add(0))

    with pytest.raises(Refusal) as refused:
        stage.wire(*transact({"Put": {"TableName": NAME, "Item": OTHER}}, {"Update": add()}))

    assert refused.value.reasons == ("", "TransactionConflict")
    assert response() == {}


def test_calls_wait_side_by_side(stage: Stage) -> None:
    stage.physics.change({"dynamodb_ms": 300})
    started = time.monotonic()

    responses = [stage.wire.begin(*scan()) for _ in range(12)]
    sent = time.monotonic() - started
    counts = [response()["Count"] for response in responses]

    took = time.monotonic() - started
    assert counts == [1] * 12
    assert sent < 0.3 <= took < 12 * 0.3


def test_a_call_with_a_fault_takes_its_time_too(stage: Stage) -> None:
    stage.physics.change({"dynamodb_ms": 50, "transaction_ms": 50})
    stage.faults.add(Fault.parse({"target": "dynamodb", "fault": "duplicate", "times": 1}))
    started = time.monotonic()

    stage.wire(*transact({"Update": add()}, ClientRequestToken="t"))

    assert time.monotonic() - started >= 0.2
    assert stage.n() == "6"


def test_an_item_that_is_written_too_often_is_throttled(stage: Stage) -> None:
    stage.physics.change({"item_writes_per_second": 1})

    refusal = stage.meet("UpdateItem", add())

    assert refusal.code == "ThrottlingException"
    assert refusal.is_throttled


def test_an_index_lags(stage: Stage) -> None:
    stage.physics.change({"index_lag_ms": [60_000, 60_000]})
    stage.wire("PutItem", {"TableName": NAME, "Item": {**ITEM, **OTHER}})
    assert stage.wire(*scan(IndexName="by-g"))["Count"] == 1
    assert stage.wire(*scan())["Count"] == 2
