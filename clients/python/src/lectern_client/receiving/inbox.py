"""Broadcasts that wait for an iterator."""

import asyncio
from collections import deque

from lectern_client.messages import Broadcast, Gap


class Inbox:
    """Holds at most `limit` broadcasts. Above it the oldest are dropped."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Broadcast] = deque()
        self._changed = asyncio.Event()
        self._is_closed = False

    def put(self, message: Broadcast) -> Gap | None:
        """Return the gap that a dropped broadcast leaves."""
        self._waiting.append(message)
        self._changed.set()
        if len(self._waiting) <= self._limit:
            return None
        oldest = self._waiting.popleft()
        seq = oldest["seq"]
        return Gap(type="gap", stream=oldest["stream"], first=seq, last=seq)

    def close(self) -> None:
        self._is_closed = True
        self._changed.set()

    def drain(self) -> list[Broadcast]:
        """Remove and return every waiting broadcast."""
        messages = list(self._waiting)
        self._waiting.clear()
        return messages

    async def get(self) -> Broadcast | None:
        """Return the next broadcast; None when the inbox is closed and empty."""
        while not self._waiting:
            if self._is_closed:
                return None
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()
