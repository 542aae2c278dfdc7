"""The sandbox's events have every field of AWS's, and its type, as recorded in `tests/events`."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import RecordingStack
from tests.sandbox.plane import PATIENCE, Plane

EVENTS = Path(__file__).parents[1] / "events"
FREE = {"headers", "multiValueHeaders", "queryStringParameters", "multiValueQueryStringParameters"}
"""Objects whose keys come from the client."""


def _shape(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: type(each).__name__ if key in FREE else _shape(each) for key, each in value.items()
        }
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return type(value).__name__


def _recorded(name: str) -> Any:
    return _shape(json.loads((EVENTS / f"{name}.json").read_text()))


def test_events_of_the_socket_have_aws_fields(plane: Plane) -> None:
    with plane.open("?role=listener") as client:
        client.send("x")
        client.recv(PATIENCE)

    for name in ("connect", "message", "disconnect"):
        assert _shape(plane.app.saw(name)) == _recorded(name)


def test_a_scheduled_event_has_aws_fields(stack: RecordingStack) -> None:
    stack.sandbox.run_schedule("every_minute")

    assert _shape(stack.app.saw("every_minute")) == _recorded("schedule")


def test_a_batch_of_jobs_has_aws_fields(stack: RecordingStack) -> None:
    stack.send("x")

    assert _shape(stack.app.saw("jobs")) == _recorded("jobs")


def test_a_batch_of_the_stream_has_aws_fields(stack: RecordingStack) -> None:
    for count in ("1", "2"):
        stack.put_session("s", listenerCount={"N": count})
    stack.sandbox.advance(1)

    assert _shape(stack.app.saw("changes")) == _recorded("changes")


@pytest.mark.parametrize("name", ["x-api-key", "Host", "X-Forwarded-For"])
def test_a_disconnect_has_the_few_headers_that_aws_sends(plane: Plane, name: str) -> None:
    with plane.open():
        pass

    assert name in plane.app.saw("disconnect")["headers"]
