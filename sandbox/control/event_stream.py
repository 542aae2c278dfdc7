"""`GET /_sandbox/events`: what happens in the stack, as server-sent events.

The sandbox's own; nothing like it exists on AWS. There are two kinds of event, both with JSON data:

    snapshot  {"now", "tables": {label: [item, …]}, "keys": {label: [attribute, …]},
               "faults": […], "physics": {…}, "schedules": [name, …]}: once, first
    changes   [[kind, data], …]: from then on, gathered for a tenth of a second

Kinds of change: `item` {"table", "key": {…}, "item": {…} or null}, `line` (a line of the stack's
log; those with `_aws` are metrics), `clock` {"now"} when it was moved, `faults` […] and `physics`
{…} when they change.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

GATHER_SECONDS = 0.1
"""Changes within this time are one event: a fan-out to 500 is one event, not 500."""
KEEP_ALIVE_SECONDS = 15.0
"""Seconds of silence after which a comment is sent, which shows whether a subscriber is gone."""
MAX_WAITING = 20_000
"""Changes that may wait for a slow subscriber. One more closes its stream; when it connects again
it gets a snapshot."""
_HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}


class EventStream:
    """Publishes changes to every subscriber. `snapshot` may block; it runs in a thread."""

    def __init__(self, snapshot: Callable[[], Mapping[str, Any]]) -> None:
        self._snapshot = snapshot
        self._lock = threading.Lock()
        self._subscribers: set[_Subscriber] = set()

    @property
    def has_subscribers(self) -> bool:
        """True while somebody listens; without, a costly change need not be put together."""
        return bool(self._subscribers)

    def publish(self, kind: str, data: Any) -> None:
        """Send one change to every subscriber. From any thread."""
        with self._lock:
            for subscriber in self._subscribers:
                subscriber.add((kind, data))

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Serve one subscriber until it disconnects."""
        response = web.StreamResponse(headers=_HEADERS)
        subscriber = _Subscriber()
        with self._lock:
            self._subscribers.add(subscriber)
        try:
            await response.prepare(request)
            # A change during the snapshot is sent after it as well, which does no harm.
            snapshot = await asyncio.to_thread(self._snapshot)
            await response.write(_event("snapshot", snapshot))
            while not subscriber.overrun:
                changes = await subscriber.changes()
                await response.write(_event("changes", changes) if changes else b":\n\n")
        except ConnectionError:
            pass
        finally:
            with self._lock:
                self._subscribers.discard(subscriber)
        return response


class _Subscriber:
    """The changes on their way to one client, on the event loop that made this."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: list[tuple[str, Any]] = []
        self._has_waiting = asyncio.Event()
        self.overrun = False

    def add(self, change: tuple[str, Any]) -> None:
        """Add one change. From any thread."""
        with self._lock:
            self._waiting.append(change)
            first, self.overrun = len(self._waiting) == 1, len(self._waiting) > MAX_WAITING
        if first:
            self._loop.call_soon_threadsafe(self._has_waiting.set)

    async def changes(self) -> list[tuple[str, Any]]:
        """Return what has gathered; an empty list after a silence of `KEEP_ALIVE_SECONDS`."""
        try:
            await asyncio.wait_for(self._has_waiting.wait(), KEEP_ALIVE_SECONDS)
        except TimeoutError:
            return []
        await asyncio.sleep(GATHER_SECONDS)
        self._has_waiting.clear()
        with self._lock:
            waiting, self._waiting = self._waiting, []
        return waiting


def _event(name: str, data: Any) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
