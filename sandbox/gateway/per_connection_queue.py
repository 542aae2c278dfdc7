"""A queue for each connection: its handlers run one after the other."""

from collections import deque
from collections.abc import Callable

from chalicelib.domain.types import ConnectionId

Start = Callable[[], None]


class PerConnectionQueue:
    """Starts a handler once those before it have ended. Used on the gateway's loop only."""

    def __init__(self) -> None:
        self._waiting: dict[ConnectionId, deque[Start]] = {}
        """The handlers that wait behind the one that runs, by connection."""

    def add(self, connection_id: ConnectionId, start: Start) -> None:
        """Call `start` now, or after `end` has been called for every earlier handler."""
        waiting = self._waiting.get(connection_id)
        if waiting is None:
            self._waiting[connection_id] = deque()
            start()
        else:
            waiting.append(start)

    def end(self, connection_id: ConnectionId) -> None:
        """Start the next handler: the running one has ended."""
        waiting = self._waiting[connection_id]
        if waiting:
            waiting.popleft()()
        else:
            del self._waiting[connection_id]
