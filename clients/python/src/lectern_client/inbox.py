"""Broadcasts for whoever iterates over a session."""

import asyncio
from collections import deque

from lectern_client.messages import Broadcast, Gap


class Inbox:
    """Holds at most `limit` broadcasts; then the oldest are dropped, and told as gaps."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._waiting: deque[Broadcast] = deque()
        self._news = asyncio.Event()
        self._ended = False

    def put(self, message: Broadcast) -> Gap | None:
        """Returns the gap where one had to be dropped for it."""
        self._waiting.append(message)
        self._news.set()
        if len(self._waiting) <= self._limit:
            return None
        oldest = self._waiting.popleft()
        seq = oldest["seq"]
        return Gap(type="gap", stream=oldest["stream"], first=seq, last=seq)

    def end(self) -> None:
        self._ended = True
        self._news.set()

    def drain(self) -> list[Broadcast]:
        """Everything that waits, at once."""
        messages = list(self._waiting)
        self._waiting.clear()
        return messages

    async def get(self) -> Broadcast | None:
        """The next broadcast; None when there will be no more."""
        while not self._waiting:
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()
