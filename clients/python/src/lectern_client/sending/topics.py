"""Subscriptions to topics, which follow the session to each new connection."""

from itertools import count

from lectern_client.connection.connection import Connection
from lectern_client.connection.events import Attached
from lectern_client.connection.scheduler import Scheduler
from lectern_client.connection.supervisor import Supervisor
from lectern_client.errors import LecternError
from lectern_client.options import Options, backoff


class TopicSubscriptions:
    def __init__(self, supervisor: Supervisor, scheduler: Scheduler, options: Options) -> None:
        self._topics: set[str] = set()
        self._scheduler = scheduler
        self._options = options
        supervisor.events.subscribe(
            Attached, lambda event: scheduler.spawn(self._renew(event.connection))
        )

    def add(self, topic: str) -> None:
        self._topics.add(topic)

    def remove(self, topic: str) -> None:
        self._topics.discard(topic)

    async def _renew(self, connection: Connection) -> None:
        """Subscribe again, one topic after the other: all at once would pass the rate limit."""
        for topic in list(self._topics):
            await self._subscribe(connection, topic)

    async def _subscribe(self, connection: Connection, topic: str) -> None:
        for attempt in count():
            if not connection.is_open or topic not in self._topics:
                return
            try:
                await connection.request("subscribe", {"topic": topic})
            except LecternError as error:
                if error.lost or not error.retryable:
                    return
                await self._scheduler.sleep(backoff(self._options, attempt, error))
            else:
                return
