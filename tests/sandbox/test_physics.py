"""`/_sandbox/physics`, and `LECTERN_PHYSICS` at the start: the figures in force."""

from typing import Any

import pytest

from sandbox.conditions.current_physics import CurrentPhysics, PhysicsError, plain
from sandbox.conditions.physics import AWS, OFF
from tests.sandbox.conftest import RecordingStack


def test_nothing_takes_time_unless_somebody_says_so(stack: RecordingStack) -> None:
    assert stack.call("GET", "/_sandbox/physics") == (200, plain(OFF))


def test_a_profile_is_put_in_force_shown_and_ended(stack: RecordingStack) -> None:
    answer = stack.call("POST", "/_sandbox/physics", json={"profile": "aws"})

    assert answer == (200, plain(AWS))
    assert stack.call("GET", "/_sandbox/physics") == answer
    assert stack.call("DELETE", "/_sandbox/physics") == (200, plain(OFF))


def test_figures_that_are_not_named_stay_as_they_are(stack: RecordingStack) -> None:
    stack.call("POST", "/_sandbox/physics", json={"queue_ms": 1})

    answer = stack.call("POST", "/_sandbox/physics", json={"management_ms": 2.5})

    assert answer == (200, plain(OFF) | {"queue_ms": 1, "management_ms": 2.5})


def test_a_profile_may_come_with_other_figures(stack: RecordingStack) -> None:
    body = {"profile": "aws", "concurrency": 3, "index_lag_ms": [0, 5]}

    answer = stack.call("POST", "/_sandbox/physics", json=body)

    assert answer == (200, plain(AWS) | {"concurrency": 3, "index_lag_ms": [0, 5]})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (None, "concurrency (1000)"),
        ([], "concurrency (1000)"),
        ({}, "concurrency (1000)"),
        ({"profile": "azure"}, "there is no profile 'azure'; there are aws, off"),
        ({"profile": ["aws"]}, "there are aws, off"),
        ({"profile": None}, "there are aws, off"),
        ({"dynamo_ms": 4}, "there is no figure 'dynamo_ms'; there are"),
        ({"dynamodb_ms": -1}, "dynamodb_ms"),
        ({"dynamodb_ms": "4"}, "dynamodb_ms"),
        ({"dynamodb_ms": None}, "dynamodb_ms"),
        ({"dynamodb_ms": True}, "dynamodb_ms"),
        ({"dynamodb_ms": 1e300}, "dynamodb_ms"),
        ({"concurrency": 1.5}, "concurrency"),
        ({"connects_per_second": -500}, "connects_per_second"),
        ({"index_lag_ms": 20}, "index_lag_ms"),
        ({"index_lag_ms": [20]}, "index_lag_ms"),
        ({"index_lag_ms": [200, 20]}, "index_lag_ms"),
    ],
)
def test_what_cannot_be_in_force_is_refused_and_changes_nothing(
    stack: RecordingStack, body: Any, says: str
) -> None:
    status, answer = stack.call("POST", "/_sandbox/physics", json=body)

    assert status == 400
    assert says in answer["message"]
    assert stack.sandbox.physics() == OFF


def test_a_change_is_told(stack: RecordingStack) -> None:
    changes = []
    stack.sandbox.physics.on_change.append(lambda: changes.append(stack.sandbox.physics()))

    stack.call("POST", "/_sandbox/physics", json={"profile": "aws"})
    stack.call("DELETE", "/_sandbox/physics")

    assert changes == [AWS, OFF]


def test_the_environment_names_the_profile_at_the_start() -> None:
    physics = CurrentPhysics()

    physics.start_by({"LECTERN_PHYSICS": "aws"})

    assert physics() == AWS


@pytest.mark.parametrize("environ", [{}, {"LECTERN_PHYSICS": ""}, {"LECTERN_PHYSICS": "off"}])
def test_without_a_profile_nothing_takes_time(environ: dict[str, str]) -> None:
    physics = CurrentPhysics()

    physics.start_by(environ)

    assert physics() == OFF


def test_a_profile_that_there_is_not_fails_the_start() -> None:
    with pytest.raises(PhysicsError, match="there is no profile 'fast'; there are aws, off"):
        CurrentPhysics().start_by({"LECTERN_PHYSICS": "fast"})
