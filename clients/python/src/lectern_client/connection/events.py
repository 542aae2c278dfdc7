"""Events of the connection supervisor, and the bus that hands them to their subscribers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from lectern_client.connection.connection import Connection
from lectern_client.errors import LecternError
from lectern_client.messages import Message, State

E = TypeVar("E")


@dataclass(frozen=True)
class StateChanged:
    state: State
    previous: State


@dataclass(frozen=True)
class Attached:
    """The session has moved to `connection`. `replaced` is the old one, if it is still open."""

    connection: Connection
    reply: Message
    replaced: Connection | None


@dataclass(frozen=True)
class Ready:
    """Requests may be sent: after an attachment, or after a refresh that was refused."""


@dataclass(frozen=True)
class Arrived:
    """A message came, whatever becomes of it."""

    message: Message


@dataclass(frozen=True)
class Received:
    """A message is to be handled. A reply has been given to its request already."""

    message: Message
    is_current: bool
    is_reply: bool


@dataclass(frozen=True)
class Sent:
    """A message went out on the current connection."""


@dataclass(frozen=True)
class HeartbeatAcknowledged:
    """The stack has replied to a heartbeat of the timer."""

    ack: Message


@dataclass(frozen=True)
class Lost:
    """A connection has ended; no reply will come on it."""

    connection: Connection
    error: LecternError


@dataclass(frozen=True)
class RefreshRefused:
    """The stack refused a refresh. The old connection serves on."""

    error: LecternError


@dataclass(frozen=True)
class Closed:
    """The session is closed for good. `error` is for requests that still wait."""

    error: LecternError


class EventBus:
    """Calls the subscribers of an event's class, in the order in which they subscribed."""

    def __init__(self) -> None:
        self._subscribers: dict[type, list[Callable[[Any], object]]] = {}

    def subscribe(self, kind: type[E], subscriber: Callable[[E], object]) -> None:
        self._subscribers.setdefault(kind, []).append(subscriber)

    def publish(self, event: object) -> None:
        for subscriber in self._subscribers.get(type(event), ()):
            subscriber(event)
