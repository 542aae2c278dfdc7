"""Work in the background, as its submitter sees it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from lectern_client.errors import LecternError
from lectern_client.link import Link
from lectern_client.messages import Message, RequestProgress

_KEPT_STRAYS = 100
OF_A_REQUEST = {"requestProgress", "requestCompleted", "requestFailed", "requestCancelled"}
OnProgress = Callable[[RequestProgress], object]


@dataclass(frozen=True)
class BackgroundRequest:
    """A request that was accepted. Await `result()`; `cancel()` gives it up."""

    request_id: str
    request: str
    status: str
    _future: "asyncio.Future[Any]" = field(repr=False)
    _cancel: Callable[[], Awaitable[Message]] = field(repr=False)

    async def result(self) -> Any:
        """Raises:
        LecternError: the request's failure, CANCELLED, or CONNECTION_LOST.
        """
        return await asyncio.shield(self._future)

    async def cancel(self) -> Message:
        return await self._cancel()


@dataclass
class _Running:
    link: Link | None
    future: "asyncio.Future[Any]"
    on_progress: OnProgress | None


class Jobs:
    """Brings what the stack says of a request to whoever submitted it."""

    def __init__(self) -> None:
        self._running: dict[str, _Running] = {}
        self._strays: dict[str, list[Message]] = {}

    def accept(
        self, request_id: str, link: Link | None, on_progress: OnProgress | None
    ) -> "asyncio.Future[Any]":
        """Starts to listen for a request, beginning with what came before its acceptance."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_consider_handled)
        self._running[request_id] = _Running(link, future, on_progress)
        for message in self._strays.pop(request_id, []):
            self.receive(message)
        return future

    def receive(self, message: Message) -> None:
        request_id = message["requestId"]
        job = self._running.get(request_id)
        if job is None:
            self._strays.setdefault(request_id, []).append(message)
            if len(self._strays) > _KEPT_STRAYS:
                del self._strays[next(iter(self._strays))]
        elif message["type"] != "requestProgress":
            self._end(request_id, _outcome(message))
        elif job.on_progress:
            job.on_progress(RequestProgress(**message))  # type: ignore[typeddict-item]

    def move(self, old: Link, link: Link) -> None:
        """The session has moved to another link, and its requests with it."""
        for job in self._running.values():
            if job.link is old:
                job.link = link

    def lose(self, link: Link | None, error: LecternError) -> None:
        """The link is gone, and with it its requests; None: all of them."""
        for request_id, job in list(self._running.items()):
            if link is None or job.link is link:
                self._end(request_id, error)

    def _end(self, request_id: str, outcome: Any) -> None:
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


def _consider_handled(future: "asyncio.Future[Any]") -> None:
    future.exception()  # whoever only cancels need not look at the result
