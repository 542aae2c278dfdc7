"""What happens in the stack, told as it happens: `GET /_sandbox/events`, server-sent events.

The sandbox's own; nothing like it exists on AWS. Two kinds of event, both with JSON as data:

    snapshot  {"now", "tables": {label: [item, …]}, "keys": {label: [attribute, …]},
               "faults": […], "schedules": [name, …]}: once, first
    changes   [[kind, what], …]: from then on, gathered for a tenth of a second

Kinds: `item` {"table", "key": {…}, "item": {…} or null}, `line` (one of the stack's log; those with
`_aws` are metrics), `clock` {"now"} when it was moved, `faults` […] when they change.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

GATHER = 0.1
"""Seconds in which events are put together: a fan-out to 500 is one message, not 500."""
KEEP_ALIVE = 15.0
"""Seconds of silence after which a comment is sent, so that a dead follower is found out."""
MOST_WAITING = 100_000
"""Events that wait for a slow follower; then it is let go, comes back and gets a snapshot."""
_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}


class Live:
    """Tells every follower what is told here. `snapshot` may block; it runs in a thread."""

    def __init__(self, snapshot: Callable[[], Mapping[str, Any]]) -> None:
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._followers: set[_Follower] = set()

    @property
    def followed(self) -> bool:
        """Whether anybody listens: what is dear to make need not be made for nobody."""
        return bool(self._followers)

    def tell(self, kind: str, what: Any) -> None:
        """Something has happened. From any thread."""
        with self._lock:
            for follower in self._followers:
                follower.add((kind, what))

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one follower, until it goes."""
        response = web.StreamResponse(headers=_HEADERS)
        follower = _Follower()
        with self._lock:
            self._followers.add(follower)
        try:
            await response.prepare(request)
            # What changes meanwhile is told after it, and telling it twice does no harm.
            snapshot = await asyncio.to_thread(self._snapshot)
            await response.write(_event("snapshot", snapshot))
            while not follower.overrun:
                changes = await follower.changes()
                await response.write(_event("changes", changes) if changes else b":\n\n")
        except ConnectionError:
            pass
        finally:
            with self._lock:
                self._followers.discard(follower)
        return response


class _Follower:
    """Events on their way to one client, on the event loop that made this."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, Any]] = []
        self._something = asyncio.Event()
        self.overrun = False

    def add(self, event: tuple[str, Any]) -> None:
        """One more, from any thread."""
        with self._lock:
            self._waiting.append(event)
            first, self.overrun = len(self._waiting) == 1, len(self._waiting) > MOST_WAITING
        if first:
            self._loop.call_soon_threadsafe(self._something.set)

    async def changes(self) -> list[tuple[str, Any]]:
        """What has gathered; nothing if it was silent for long."""
        try:
            await asyncio.wait_for(self._something.wait(), KEEP_ALIVE)
        except TimeoutError:
            return []
        await asyncio.sleep(GATHER)
        self._something.clear()
        with self._lock:
            waiting, self._waiting = self._waiting, []
        return waiting


def _event(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
