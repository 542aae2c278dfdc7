"""What a speaker and a listener say and hear, whatever is done to their network."""

import asyncio
from typing import Any

from tests.conformance.sdk.driver import Actor, World

Both = tuple[Actor, Actor]


def numbered(count: int, stream: str = "*") -> list[tuple[str, int, Any]]:
    """What a listener hears when `say` has said this much."""
    return [(stream, number, number) for number in range(1, count + 1)]


async def say(speaker: Actor, *numbers: int) -> None:
    for number in numbers:
        assert (await speaker.call("broadcast", number))["seq"] == number


async def assert_go_on(speaker: Actor, listener: Actor) -> None:
    """After their first broadcast: the second one arrives, once, and nobody is counted twice."""
    await say(speaker, 2)
    assert await listener.hears(2) == numbered(2)
    assert (await speaker.state(), await listener.state()) == ("open", "open")
    assert (await speaker.call("getSessionStatus"))["listenerCount"] == 1


async def wait_for(world: World, call: "asyncio.Future[Any]", seconds: float = 30) -> Any:
    """Lets time pass, as the SDK waits between attempts, until the call has its answer."""
    for _ in range(int(seconds * 2)):
        await world.live(0.5)
        if call.done():
            break
    return await asyncio.wait_for(call, 1)
