"""Limits of a function: time, memory, concurrency, size."""

import json
from typing import Any

import pytest

from localcloud.errors import TooLargeError, TooManyRequestsError
from tests.localcloud.waiting import WAITS, begun
from tests.localcloud.world import World

ECHO = "def handler(event, context):\n    return event\n"


def test_an_event_that_takes_too_long_is_killed(world: World) -> None:
    source = 'import time\ndef handler(event, context):\n    time.sleep(event.get("sleep", 0))\n'
    world.function("slow", source, Timeout=3)

    answer = world.functions.invoke("slow", {"sleep": 60})

    assert json.loads(answer.payload) == {
        "errorType": "Sandbox.Timedout",
        "errorMessage": f"RequestId: {answer.request_id} Error: Task timed out after 3.00 seconds",
    }
    assert f"{answer.request_id} Task timed out after 3.00 seconds" in "\n".join(world.log("slow"))
    assert world.log("slow")[-1].endswith("\tStatus: timeout")
    assert world.call("slow") is None
    assert "Init Duration" in world.log("slow")[-1]


def test_an_event_that_uses_too_much_memory_is_killed(world: World) -> None:
    source = (
        "import time\ndef handler(event, context):\n    big = b'x' * 300_000_000\n    time.sleep(9)"
    )
    world.function("big", source, MemorySize=128)

    answer = world.functions.invoke("big", {})

    assert json.loads(answer.payload)["errorType"] == "Runtime.OutOfMemory"
    assert world.log("big")[-1].endswith("Status: error\tError Type: Runtime.OutOfMemory")


def test_a_process_that_exits_is_an_error(world: World) -> None:
    world.function("exits", "import os\ndef handler(event, context):\n    os._exit(3)")

    answer = world.functions.invoke("exits", {})

    assert json.loads(answer.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": (
            f"RequestId: {answer.request_id} Error: Runtime exited with error: exit status 3"
        ),
    }


def test_events_beyond_the_reserved_concurrency_are_throttled(world: World, tmp_path: Any) -> None:
    world.function("waits", WAITS)
    world.context.backend("lambda").put_function_concurrency("waits", "1")
    running = begun(world, "waits", tmp_path, "first")

    with pytest.raises(TooManyRequestsError):
        world.functions.invoke("waits", {})

    (tmp_path / "go").touch()
    assert running()
    assert world.sums("AWS/Lambda", FunctionName="waits") == {
        "Throttles": 1,
        "Invocations": 1,
        "Errors": 0,
    }


def test_an_event_has_at_most_6_megabytes(world: World) -> None:
    world.function("echo", ECHO)

    with pytest.raises(TooLargeError):
        world.functions.invoke("echo", {"a": "x" * (6 * 1024 * 1024)})
