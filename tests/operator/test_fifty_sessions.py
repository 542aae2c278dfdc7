"""The tool with many sessions of twenty listeners, all on real sockets.

CI has five sessions, the nightly run fifty.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.operator.serving import Api
from tests.running import Lectern

ROOT = Path(__file__).parents[2]
LISTENERS = 20
LANGUAGES = ("es", "fr", "de", "pt")
PATIENCE = 120.0
"""Seconds to wait for a reply: a thousand sockets share one core with Terraform in the other
worker."""
INTERVAL = 1.0
"""Seconds between two snapshots of `watch`."""
AT_ONCE = 25
"""Concurrent connects: a busy machine is slow to reply to a thousand at once."""

Json = dict[str, Any]
Socket = aiohttp.ClientWebSocketResponse


@dataclass
class Talk:
    """One session, and the sockets of its participants."""

    session_id: str
    speaker: Socket
    listeners: list[Socket]


class Crowd:
    """Opens the sockets of participants, some at a time."""

    def __init__(self, lectern: Lectern, http: aiohttp.ClientSession) -> None:
        self._lectern = lectern
        self._http = http
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._sockets: list[Socket] = []

    async def enter(self, answer: str, **query: str) -> tuple[Socket, Json]:
        """Connect, and wait for the reply of that type."""
        async with self._turn:
            socket = await self._http.ws_connect(self._lectern.url, params=query)
            self._sockets.append(socket)
            return socket, await until(socket, answer)

    async def leave(self) -> None:
        """Close every socket: what is left to the garbage collector warns in another test."""
        await asyncio.gather(*(socket.close() for socket in self._sockets))

    async def talk(self, number: int) -> Talk:
        """Create a session with listeners in four languages; one of them has a token."""
        token = self._lectern.token(f"speaker-{number}", tenant="acme")
        wish = {"role": "speaker", "action": "createSession", "sourceLanguage": "en"}
        speaker, created = await self.enter("sessionCreated", token=token, **wish)
        session_id = created["sessionId"]
        joining = [self._listener(session_id, seat) for seat in range(LISTENERS)]
        return Talk(session_id, speaker, await asyncio.gather(*joining))

    async def _listener(self, session_id: str, seat: int) -> Socket:
        query = {"action": "joinSession", "sessionId": session_id}
        language = LANGUAGES[seat % len(LANGUAGES)]
        socket, _ = await self.enter("sessionJoined", targetLanguage=language, **query)
        return socket


async def until(socket: Socket, kind: str) -> Json:
    """Return the next message of that type. No message here may be an error."""
    async with asyncio.timeout(PATIENCE):
        while True:
            message: Json = json.loads(await socket.receive_str())
            assert message.get("type") not in (None, "error"), message
            if message["type"] == kind:
                return message


async def operate(api: Api, *arguments: str) -> tuple[int, str]:
    """Run the tool; return its exit code and output."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "operate", "--url", api.url, *arguments),
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "120"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@asynccontextmanager
async def everybody(lectern: Lectern, sessions: int) -> AsyncIterator[tuple[Crowd, list[Talk]]]:
    """Open that many sessions with all their listeners."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        crowd = Crowd(lectern, http)
        yield crowd, list(await asyncio.gather(*map(crowd.talk, range(sessions))))
        await crowd.leave()
    await asyncio.to_thread(lectern.settle)  # a thousand clean-ups still use the tables


async def speak(talks: list[Talk]) -> None:
    """Let every speaker broadcast once."""
    for talk in talks:
        await talk.speaker.send_json({"action": "broadcast", "data": "hello"})
    for talk in talks:
        await until(talk.speaker, "broadcastAccepted")


@pytest.mark.parametrize("sessions", [5, pytest.param(50, marks=pytest.mark.nightly)])
async def test_the_tool_keeps_up_with_sessions_of_twenty_listeners(
    run_lectern: Callable[..., Lectern], api: Api, sessions: int
) -> None:
    # No socket here sends heartbeats, and a busy machine takes more than two minutes.
    lectern = run_lectern(CONNECTION_IDLE_TIMEOUT_SECONDS="3600")
    async with everybody(lectern, sessions) as (crowd, talks):
        await watch_keeps_up(api, talks)
        await a_kicked_user_stays_away(lectern, api, crowd, talks)


async def watch_keeps_up(api: Api, talks: list[Talk]) -> None:
    before, sessions = len(api.requests), len(talks)
    watching = asyncio.create_task(
        operate(api, "watch", "--json", "--times", "2", "--interval", str(INTERVAL))
    )
    await speak(talks)
    code, output = await watching

    snapshots = [json.loads(line) for line in output.splitlines()]
    assert (code, len(snapshots)) == (0, 2), output
    # A snapshot is one request, however many sessions. Its duration depends on the machine.
    assert api.requests[before:] == ["GET /v1/sessions"] * 2
    each = Counter(LANGUAGES[seat % len(LANGUAGES)] for seat in range(LISTENERS))
    for snapshot in snapshots:
        assert (snapshot["sessions"], snapshot["listeners"]) == (sessions, sessions * LISTENERS)
        assert snapshot["languages"] == {name: sessions * count for name, count in each.items()}
    assert snapshots[1]["joinsPerMinute"] == 0

    code, table = await operate(api, "watch", "--times", "1")
    assert (code, f"{sessions} sessions" in table) == (0, True), table
    assert sum(talk.session_id in table for talk in talks) >= 5


async def a_kicked_user_stays_away(
    lectern: Lectern, api: Api, crowd: Crowd, talks: list[Talk]
) -> None:
    session_id = talks[-1].session_id
    token = lectern.token("carl", tenant="acme")
    wish = {"action": "joinSession", "sessionId": session_id, "targetLanguage": "es"}
    carl, _ = await crowd.enter("sessionJoined", token=token, **wish)

    code, output = await operate(api, "kick", "carl", "--tenant", "acme", "--yes", "--json")

    assert (code, json.loads(output)["connections"]) == (0, 1), output
    async with asyncio.timeout(PATIENCE):
        while (await carl.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert carl.closed
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await crowd.enter("sessionJoined", token=token, **wish)
    assert refused.value.status == 401
    assert api.get(f"/v1/sessions/{session_id}")["listenerCount"] == LISTENERS
