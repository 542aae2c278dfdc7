"""Whose turn it is: the handlers of one connection run one after the other."""

from collections import deque
from collections.abc import Callable

from chalicelib.domain.types import ConnectionId

Start = Callable[[], None]


class Turns:
    """Holds a handler back until the one before it has ended. Used on the gateway's loop only."""

    def __init__(self) -> None:
        self._waiting: dict[ConnectionId, deque[Start]] = {}
        """What waits behind the handler that runs, by connection."""

    def take(self, connection_id: ConnectionId, start: Start) -> None:
        """Calls `start` now, or when `end` was called for each that came before."""
        waiting = self._waiting.get(connection_id)
        if waiting is None:
            self._waiting[connection_id] = deque()
            start()
        else:
            waiting.append(start)

    def end(self, connection_id: ConnectionId) -> None:
        """The handler that ran has ended: the next starts."""
        waiting = self._waiting[connection_id]
        if waiting:
            waiting.popleft()()
        else:
            del self._waiting[connection_id]
