"""A full room on real sockets: who gets which broadcast, how fast, for how much CPU.

    python -m bench.gateways.room_load PORT TOKEN SERVER_PROCESS LISTENERS BROADCASTS

The speaker says the next broadcast when it has the acknowledgement of the last. Prints the figures
when every listener has every seq, or when nothing has come for a while.
"""

import asyncio
import json
import os
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, WSMsgType

_JOINING = 50
"""Listeners that join at the same time."""
_PATIENCE = 20.0
"""Seconds without a message after which nothing more comes."""
_LANGUAGES = ("es", "fr", "de")
_TICK = os.sysconf("SC_CLK_TCK")


class _Said(msgspec.Struct):
    """What a listener looks at of a message."""

    type: str
    seq: int = 0


_said = msgspec.json.Decoder(_Said)


class Listener:
    """One socket, and every seq that came, as often as it came."""

    def __init__(self, socket: ClientWebSocketResponse, wanted: int) -> None:
        self._socket = socket
        self._wanted = wanted
        self.seqs: list[int] = []

    async def hear(self) -> None:
        """Until every seq is there, or nothing comes any more."""
        seen: set[int] = set()
        while len(seen) < self._wanted:
            try:
                message = await self._socket.receive(_PATIENCE)
            except TimeoutError:
                return
            if message.type is not WSMsgType.TEXT:
                return
            said = _said.decode(message.data)
            if said.type == "broadcast":
                self.seqs.append(said.seq)
                seen.add(said.seq)


async def run(url: str, token: str, server: int, size: int, broadcasts: int) -> dict[str, float]:
    """The figures; `missing` counts what some listener never got."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(ClientSession(connector=TCPConnector(limit=0)))
        start = f"{url}?role=speaker&action=createSession&sourceLanguage=en&token={token}"
        speaker = await client.ws_connect(start)
        session_id = (await _next(speaker, "sessionCreated"))["sessionId"]
        join = f"{url}?role=listener&action=joinSession&sessionId={session_id}&targetLanguage="
        slots = asyncio.Semaphore(_JOINING)

        async def joined(number: int) -> Listener:
            async with slots:
                language = _LANGUAGES[number % len(_LANGUAGES)]
                socket = await client.ws_connect(join + language, heartbeat=None)
                await _next(socket, "sessionJoined")
                return Listener(socket, broadcasts)

        room = await asyncio.gather(*map(joined, range(size)))
        cpu, own, wall = _cpu(server), time.process_time(), time.perf_counter()
        _, *heard = await asyncio.gather(_speak(speaker, broadcasts), *(x.hear() for x in room))
        cpu, own, wall = (
            _cpu(server) - cpu,
            time.process_time() - own,
            time.perf_counter() - wall,
        )
        assert len(heard) == size
    messages = size * broadcasts
    missing = sum(broadcasts - len(set(each.seqs)) for each in room)
    return {
        "messages a second": messages / wall,
        "server's CPU µs a message": cpu / messages * 1e6,
        "clients' CPU µs a message": own / messages * 1e6,
        "seconds": wall,
        "missing": missing,
        "twice": sum(len(each.seqs) - len(set(each.seqs)) for each in room),
    }


async def _speak(speaker: ClientWebSocketResponse, broadcasts: int) -> None:
    for number in range(broadcasts):
        await speaker.send_json({"action": "broadcast", "data": {"number": number}})
        accepted = await _next(speaker, "broadcastAccepted")
        assert accepted["seq"] == number + 1, accepted


async def _next(socket: ClientWebSocketResponse, kind: str) -> dict[str, str | int]:
    """The next message of that type."""
    while True:
        message = json.loads(await socket.receive_str(timeout=_PATIENCE))
        assert message["type"] != "error", message
        if message["type"] == kind:
            found: dict[str, str | int] = message
            return found


def _cpu(process: int) -> float:
    """Seconds of CPU that a process has used, its threads included."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def main() -> None:
    port, token, server, size, broadcasts = sys.argv[1:]
    url = f"ws://127.0.0.1:{port}/local"
    print(json.dumps(asyncio.run(run(url, token, int(server), int(size), int(broadcasts)))))


if __name__ == "__main__":
    main()
