"""The interface of an SDK under test: sessions whose timers the suite moves.

The SDK's time stands still until `advance`, and the stack's clock moves with it. Replies and
handshakes time out after NEVER: the suite waits for them in real time, and fails without them.
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
    """An error of the SDK, by its code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Driver(Protocol):
    """One SDK. Sessions are numbers; actions and events have the protocol's names."""

    async def create(self, url: str, token_url: str) -> int: ...
    async def join(self, url: str, session_id: str, language: str) -> int: ...
    async def call(self, session: int, action: str, *arguments: Any) -> Any:
        """Return the reply; for `submitRequest` the result. Raises DriverError."""

    async def events(self, session: int) -> list[Message]:
        """Return every event so far, in order: broadcasts, gaps, states, errors."""

    async def look(self, session: int) -> Message:
        """Return `sessionId`, `state` and `closeReason`."""

    async def due(self) -> float | None:
        """Return the seconds until the next timer; None without one."""

    async def busy(self) -> bool:
        """Return True while a reply or a handshake is outstanding."""

    async def advance(self, seconds: float) -> None: ...
    async def close(self) -> None: ...


class World:
    """An SDK and a stack whose clocks move together."""

    def __init__(self, stack: Stack, driver: Driver) -> None:
        self.stack = stack
        self.driver = driver

    async def settle(self) -> None:
        """Return when no reply or handshake is outstanding."""
        if not await eventually(self._quiet):
            raise AssertionError("the SDK still waits for a reply")

    async def _quiet(self) -> bool:
        return not await self.driver.busy()

    async def let_pass(self, seconds: float) -> None:
        """Let this time pass for pair, stopping at every timer of the SDK.

        The first steps are small: an SDK needs a moment of real time to notice that its socket was
        cut, and no grace period may end before that.
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

    async def broadcasts(self) -> list[tuple[str, int, Any]]:
        return [(e["stream"], e["seq"], e["data"]) for e in await self.events("broadcast")]

    async def wait_for_broadcasts(self, count: int) -> list[tuple[str, int, Any]]:
        """Wait for this many broadcasts. Return all of them."""

        async def enough() -> bool:
            return len(await self.broadcasts()) >= count

        if not await eventually(enough):
            raise AssertionError(f"fewer than {count} broadcasts: {await self._report()}")
        return await self.broadcasts()

    async def _report(self) -> str:
        """Return what is visible from outside, for the error of a test that stalls."""
        errors = [event["code"] for event in await self.events("error")]
        due = await self._driver.due()
        timer = "no timer of the SDK" if due is None else f"the SDK's next timer in {due:g} s"
        return f"heard {await self.broadcasts()}, {await self.state()}, errors {errors}, {timer}"


async def eventually(what: Callable[[], Awaitable[bool]]) -> bool:
    """Wait, in real time, for a condition that needs only the network. Return False if it fails."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await what():
                await asyncio.sleep(0.005)
    except TimeoutError:
        return False
    return True
