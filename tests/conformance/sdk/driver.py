"""What the suite asks of an SDK: sessions whose timers the suite moves.

An SDK's own time stands still until `advance`, as the stack's clock is moved beside it. Timers for
what the network owes (replies, handshakes) get NEVER as their delay: an answer is waited for in
real time, and a silence is a failure of the test.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from tests.conformance.schema import Message
from tests.conformance.stack import Stack

NEVER = 1e6
"""Seconds."""
PATIENCE = 10.0
ROUNDING = 0.001
SLOW = 10


class DriverError(Exception):
    """The SDK's own error, by its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Driver(Protocol):
    """One SDK. Sessions are numbers; methods and events have the protocol's names."""

    async def create(self, url: str, token_url: str) -> int: ...
    async def join(self, url: str, session_id: str, language: str) -> int: ...
    async def call(self, session: int, action: str, *arguments: Any) -> Any:
        """Answers the reply; of `submitRequest`, the result. Raises DriverError."""

    async def events(self, session: int) -> list[Message]:
        """All there ever were, in order: broadcasts, gaps, states, errors."""

    async def look(self, session: int) -> Message:
        """`sessionId`, `state` and `closeReason`."""

    async def due(self) -> float | None:
        """Seconds until the next timer."""

    async def busy(self) -> bool:
        """Whether a reply or a handshake is outstanding."""

    async def advance(self, seconds: float) -> None: ...
    async def close(self) -> None: ...


class World:
    """An SDK and a stack whose clocks move together."""

    def __init__(self, stack: Stack, driver: Driver) -> None:
        self.stack = stack
        self.driver = driver

    async def settle(self) -> None:
        """Returns when nothing is outstanding."""
        if not await came_true(self._quiet):
            raise AssertionError("the SDK still waits for an answer")

    async def _quiet(self) -> bool:
        return not await self.driver.busy()

    async def live(self, seconds: float) -> None:
        """Lets this time pass for both, stopping at every timer of the SDK.

        It begins in small steps: an SDK needs a moment of real time to notice that a socket was
        cut, and no grace may run out before that.
        """
        left = seconds
        while left > 0:
            await self.settle()
            due = await self.driver.due()
            step = min(left, NEVER if due is None else max(due, ROUNDING))
            if seconds - left < SLOW:
                step = min(step, 1)
            await self.stack.advance(step)
            await self.driver.advance(step)
            await self.settle()
            left -= step

    async def token_url(self, ttl: int = 40_000) -> str:
        return f"{self.stack.here.base}/_sandbox/token?sub=ana&tenant=default&ttl={ttl}"

    async def speaker(self, url: str | None = None, ttl: int = 40_000) -> "Actor":
        number = await self.driver.create(url or self.stack.url, await self.token_url(ttl))
        session_id = (await self.driver.look(number))["sessionId"]
        return Actor(self, number, session_id)

    async def listener(self, speaker: "Actor", language: str, url: str | None = None) -> "Actor":
        address = url or self.stack.url
        number = await self.driver.join(address, speaker.session_id, language)
        return Actor(self, number, speaker.session_id)


class Actor:
    """One session of the SDK under test."""

    def __init__(self, world: World, number: int, session_id: str) -> None:
        self._driver = world.driver
        self._number = number
        self.session_id = session_id

    async def call(self, action: str, *arguments: Any) -> Any:
        return await self._driver.call(self._number, action, *arguments)

    async def state(self) -> str:
        return str((await self._driver.look(self._number))["state"])

    async def close_reason(self) -> str | None:
        reason: str | None = (await self._driver.look(self._number))["closeReason"]
        return reason

    async def events(self, *kinds: str) -> list[Message]:
        return [e for e in await self._driver.events(self._number) if e["type"] in kinds]

    async def heard(self) -> list[tuple[str, int, Any]]:
        return [(e["stream"], e["seq"], e["data"]) for e in await self.events("broadcast")]

    async def hears(self, count: int) -> list[tuple[str, int, Any]]:
        """Waits until so many broadcasts have come; answers them all."""

        async def enough() -> bool:
            return len(await self.heard()) >= count

        if not await came_true(enough):
            raise AssertionError(f"{count} broadcasts did not come: {await self._standing()}")
        return await self.heard()

    async def _standing(self) -> str:
        """What there is to see from outside when it does not go on."""
        errors = [event["code"] for event in await self.events("error")]
        due = await self._driver.due()
        timer = "no timer of the SDK" if due is None else f"the SDK's next timer in {due:g} s"
        return f"heard {await self.heard()}, {await self.state()}, errors {errors}, {timer}"


async def came_true(what: Callable[[], Awaitable[bool]]) -> bool:
    """Waits in real time for what needs no more than the network; False if that does not help."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await what():
                await asyncio.sleep(0.005)
    except TimeoutError:
        return False
    return True
