"""Asynchronous invocations: retried, given up."""

from typing import Any

import pytest

from localcloud.errors import NoSuchFunctionError, TooLargeError
from tests.localcloud.world import World

FAILS = "def handler(event, context):\n    print('called')\n    raise ValueError('no')\n"
WORKS = "def handler(event, context):\n    print('called')\n    return event['a'] + 1\n"


def test_a_failed_event_is_retried_after_one_minute_and_two(world: World) -> None:
    world.function("fails", FAILS)

    world.functions.invoke_async("fails", {})

    assert _calls_after(world, "fails", 0, 59, 2, 118, 2, 600) == [1, 1, 2, 2, 3, 3]


def test_retries_are_as_applied(world: World) -> None:
    world.function("fails", FAILS)
    _configure(world, "fails", MaximumRetryAttempts=0)

    world.functions.invoke_async("fails", {})

    assert _calls_after(world, "fails", 0, 600) == [1, 1]


def test_a_throttled_event_is_retried_until_it_is_too_old(world: World) -> None:
    world.function("works", WORKS)
    _configure(world, "works", MaximumEventAgeInSeconds=60)
    world.context.backend("lambda").put_function_concurrency("works", "0")

    world.functions.invoke_async("works", {"a": 1})
    world.settle()
    world.advance(3600)

    assert world.sums("AWS/Lambda", FunctionName="works")["Throttles"] == 6


def test_unknown_functions_and_large_events_are_refused(world: World) -> None:
    world.function("works", WORKS)

    with pytest.raises(NoSuchFunctionError):
        world.functions.invoke_async("nobody", {})
    with pytest.raises(TooLargeError):
        world.functions.invoke_async("works", {"a": "x" * (1024 * 1024)})


def _calls_after(world: World, name: str, *seconds: float) -> list[int]:
    """Return how often the function was called after each of these waits."""
    calls = []
    for wait in seconds:
        world.settle()
        world.advance(wait)
        calls.append(world.log(name).count("called"))
    return calls


def _configure(world: World, name: str, **config: Any) -> None:
    world.context.backend("lambda").put_function_event_invoke_config(name, config)
