"""Steps of a speaker and a listener that the tests share."""

import asyncio
from typing import Any

from tests.conformance.sdk.driver import Actor, World

Pair = tuple[Actor, Actor]


def numbered(count: int, stream: str = "*") -> list[tuple[str, int, Any]]:
    """Return what a listener receives after `broadcast_numbers` with 1 to `count`."""
    return [(stream, number, number) for number in range(1, count + 1)]


async def broadcast_numbers(speaker: Actor, *numbers: int) -> None:
    for number in numbers:
        assert (await speaker.call("broadcast", number))["seq"] == number


async def assert_session_works(speaker: Actor, listener: Actor) -> None:
    """Assert that a second broadcast arrives, once, and that the listener is counted once."""
    await broadcast_numbers(speaker, 2)
    assert await listener.wait_for_broadcasts(2) == numbered(2)
    assert (await speaker.state(), await listener.state()) == ("open", "open")
    assert (await speaker.call("getSessionStatus"))["listenerCount"] == 1


async def wait_for(world: World, call: "asyncio.Future[Any]", seconds: float = 30) -> Any:
    """Let time pass, in which the SDK waits between attempts, until the call has its reply."""
    for _ in range(int(seconds * 2)):
        await world.let_pass(0.5)
        if call.done():
            break
    return await asyncio.wait_for(call, 1)
