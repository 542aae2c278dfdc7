"""Many listeners on real sockets: every broadcast reaches every listener.

The stack runs in a process of its own. The speaker sends the next broadcast as soon as the previous
one is acknowledged, so that fan-outs overlap; the listeners never ask for what they miss.
"""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any
from urllib.request import urlopen

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector

from tools.local_stack import LocalStack, local_stack

_CONCURRENT_JOINS = 50
_TIMEOUT = 20.0
"""Seconds without a message after which nothing more is expected."""


async def missing(stack: LocalStack, listeners: int, broadcasts: int) -> int:
    """Fill a session and return how many deliveries of its broadcasts are missing."""
    url = f"ws://127.0.0.1:{stack.port}/local"
    async with AsyncExitStack() as sockets:
        client = await sockets.enter_async_context(ClientSession(connector=TCPConnector(limit=0)))
        query = f"role=speaker&action=createSession&sourceLanguage=en&token={token(stack)}"
        speaker = await client.ws_connect(f"{url}?{query}")
        sockets.push_async_callback(speaker.close)
        session_id = (await receive(speaker, "sessionCreated"))["sessionId"]
        slots = asyncio.Semaphore(_CONCURRENT_JOINS)

        async def join(language: str) -> ClientWebSocketResponse:
            query = f"role=listener&action=joinSession&sessionId={session_id}"
            async with slots:
                socket = await client.ws_connect(f"{url}?{query}&targetLanguage={language}")
                sockets.push_async_callback(socket.close)
                await receive(socket, "sessionJoined")
                return socket

        room = await asyncio.gather(*(join(("es", "fr", "de")[n % 3]) for n in range(listeners)))
        received = [asyncio.create_task(seqs(socket, broadcasts)) for socket in room]
        for number in range(broadcasts):
            await speaker.send_json({"action": "broadcast", "data": {"number": number}})
            assert (await receive(speaker, "broadcastAccepted"))["seq"] == number + 1
        return sum(broadcasts - len(each) for each in await asyncio.gather(*received))


async def seqs(socket: ClientWebSocketResponse, wanted: int) -> set[int]:
    """Return the sequence numbers that a listener receives, until it has all or none comes."""
    seen: set[int] = set()
    while len(seen) < wanted:
        try:
            seen.add((await receive(socket, "broadcast"))["seq"])
        except TimeoutError:
            break
    return seen


async def receive(socket: ClientWebSocketResponse, kind: str) -> Any:
    """Return the next message of a type. Raises TimeoutError."""
    while True:
        message = json.loads(await socket.receive_str(timeout=_TIMEOUT))
        assert message["type"] != "error", message
        if message["type"] == kind:
            return message


def token(stack: LocalStack) -> str:
    with urlopen(f"http://127.0.0.1:{stack.port}/_sandbox/token?sub=anna") as response:
        made: str = json.load(response)["token"]
        return made


def test_fifty_broadcasts_at_once_reach_everybody_in_a_room() -> None:
    with local_stack(MAX_LISTENERS_PER_SESSION="150") as stack:
        assert asyncio.run(missing(stack, listeners=150, broadcasts=50)) == 0


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_fifty_broadcasts_at_once_reach_a_thousand() -> None:
    with local_stack(MAX_LISTENERS_PER_SESSION="1000") as stack:
        assert asyncio.run(missing(stack, listeners=1000, broadcasts=50)) == 0
