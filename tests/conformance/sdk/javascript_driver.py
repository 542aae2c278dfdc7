"""The JavaScript SDK under the suite, in a Node process of its own."""

import asyncio
import itertools
import json
from pathlib import Path
from typing import Any, Self

from tests.conformance.schema import Message
from tests.conformance.sdk.driver import DriverError

SCRIPT = Path(__file__).with_name("driver.js")
LINE = 16 * 1024 * 1024


class JavaScriptDriver:
    """Create one with `start`. Needs Node 20 or newer, whose WebSocket a flag turns on."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(cls) -> Self:
        process = await asyncio.create_subprocess_exec(
            "node",
            "--no-warnings",
            "--experimental-websocket",
            str(SCRIPT),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LINE,
        )
        return cls(process)

    async def create(self, url: str, token_url: str) -> int:
        return int(await self._ask("create", url=url, tokenUrl=token_url))

    async def join(self, url: str, session_id: str, language: str) -> int:
        return int(await self._ask("join", url=url, sessionId=session_id, language=language))

    async def call(self, session: int, action: str, *arguments: Any) -> Any:
        return await self._ask("call", session=session, action=action, args=arguments)

    async def events(self, session: int) -> list[Message]:
        return [_gap(event) for event in await self._ask("events", session=session)]

    async def look(self, session: int) -> Message:
        result: Message = await self._ask("look", session=session)
        return result

    async def due(self) -> float | None:
        result: float | None = await self._ask("due")
        return result

    async def busy(self) -> bool:
        return bool(await self._ask("busy"))

    async def advance(self, seconds: float) -> None:
        await self._ask("advance", seconds=seconds)

    async def close(self) -> None:
        await self._ask("close")
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()
        await self._reader

    async def _ask(self, command: str, **fields: Any) -> Any:
        key = next(self._ids)
        self._waiting[key] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": key, "command": command, **fields}) + "\n"
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())
        return await self._waiting[key]

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            result = json.loads(line)
            waiting = self._waiting.pop(result["id"])
            if "error" in result:
                waiting.set_exception(DriverError(result["error"]))
            elif not waiting.cancelled():
                waiting.set_result(result["value"])
        for each in self._waiting.values():
            each.set_exception(DriverError("the driver has ended"))


def _gap(event: Message) -> Message:
    """Give a gap the field names of Python, in which `from` is a keyword."""
    if event["type"] != "gap":
        return event
    return {"type": "gap", "stream": event["stream"], "first": event["from"], "last": event["to"]}
