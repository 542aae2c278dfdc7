"""Subscriptions to topics, which follow the session to each new connection."""

from lectern_client.connection.connection import Connection
from lectern_client.connection.events import Attached
from lectern_client.connection.scheduler import Scheduler
from lectern_client.connection.supervisor import Supervisor
from lectern_client.errors import LecternError


class TopicSubscriptions:
    def __init__(self, supervisor: Supervisor, scheduler: Scheduler) -> None:
        self._topics: set[str] = set()
        self._scheduler = scheduler
        supervisor.events.subscribe(Attached, self._renew)

    def add(self, topic: str) -> None:
        self._topics.add(topic)

    def remove(self, topic: str) -> None:
        self._topics.discard(topic)

    def _renew(self, event: Attached) -> None:
        for topic in self._topics:
            self._scheduler.spawn(_subscribe(event.connection, topic))


async def _subscribe(connection: Connection, topic: str) -> None:
    try:
        await connection.request("subscribe", {"topic": topic})
    except LecternError:
        return
