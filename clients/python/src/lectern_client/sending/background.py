"""Background requests, on the side that submits them."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from lectern_client.connection.connection import Connection
from lectern_client.connection.events import Attached, Closed, Lost, Received
from lectern_client.connection.supervisor import Supervisor
from lectern_client.errors import LecternError
from lectern_client.messages import Message, RequestProgress

_MAX_EARLY = 100
_EVENTS = {"requestProgress", "requestCompleted", "requestFailed", "requestCancelled"}
OnProgress = Callable[[RequestProgress], object]


@dataclass(frozen=True)
class BackgroundRequest:
    """An accepted request. Await `result()`, or give it up with `cancel()`."""

    request_id: str
    request: str
    status: str
    _future: "asyncio.Future[Any]" = field(repr=False)
    _cancel: Callable[[], Awaitable[Message]] = field(repr=False)

    async def result(self) -> Any:
        """Wait for the result.

        Raises:
            LecternError: the request's failure, CANCELLED, or CONNECTION_LOST.
        """
        return await asyncio.shield(self._future)

    async def cancel(self) -> Message:
        return await self._cancel()


@dataclass
class _Running:
    connection: Connection | None
    future: "asyncio.Future[Any]"
    on_progress: OnProgress | None


class BackgroundRequests:
    """Gives each event of a background request to its submitter."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        self._running: dict[str, _Running] = {}
        self._early: dict[str, list[Message]] = {}  # events that came before the acceptance
        supervisor.events.subscribe(Received, self._on_received)
        supervisor.events.subscribe(Attached, self._on_attached)
        supervisor.events.subscribe(Lost, self._on_lost)
        supervisor.events.subscribe(Closed, self._on_closed)

    def accept(self, request_id: str, on_progress: OnProgress | None) -> "asyncio.Future[Any]":
        """Return the future result of a request that the stack has accepted."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_mark_retrieved)
        connection = self._supervisor.connection
        self._running[request_id] = _Running(connection, future, on_progress)
        for message in self._early.pop(request_id, []):
            self._handle(message)
        return future

    def _on_received(self, event: Received) -> None:
        if event.message.get("type") in _EVENTS:
            self._handle(event.message)

    def _handle(self, message: Message) -> None:
        request_id = message["requestId"]
        running = self._running.get(request_id)
        if running is None:
            self._early.setdefault(request_id, []).append(message)
            if len(self._early) > _MAX_EARLY:
                del self._early[next(iter(self._early))]
        elif message["type"] != "requestProgress":
            self._finish(request_id, _outcome(message))
        elif running.on_progress:
            running.on_progress(RequestProgress(**message))  # type: ignore[typeddict-item]

    def _on_attached(self, event: Attached) -> None:
        """Move the requests of the replaced connection to the new one, as the stack does."""
        for running in self._running.values():
            if event.replaced is not None and running.connection is event.replaced:
                running.connection = event.connection

    def _on_lost(self, event: Lost) -> None:
        for request_id, running in list(self._running.items()):
            if running.connection is event.connection:
                self._finish(request_id, event.error)

    def _on_closed(self, event: Closed) -> None:
        for request_id in list(self._running):
            self._finish(request_id, event.error)

    def _finish(self, request_id: str, outcome: Any) -> None:
        future = self._running.pop(request_id).future
        if isinstance(outcome, LecternError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def _outcome(message: Message) -> Any:
    if message["type"] == "requestCompleted":
        return message.get("result")
    if message["type"] == "requestCancelled":
        return LecternError("CANCELLED", "the request was cancelled")
    return LecternError.from_message(message)


def _mark_retrieved(future: "asyncio.Future[Any]") -> None:
    """Keep asyncio from logging a failure that the submitter does not look at."""
    future.exception()
