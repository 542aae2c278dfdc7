"""Handlers of a session's events, by type."""

import asyncio
from collections.abc import Callable
from typing import Any, Literal, overload

from lectern_client import messages as m
from lectern_client.errors import LecternError

Off = Callable[[], None]


class Emitter:
    """Calls the handlers of an event's type.

    If a handler raises, the others are still called, and its exception goes to the event loop's
    exception handler.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, list[Callable[[Any], object]]] = {}

    @overload
    def on(self, kind: Literal["state"], handler: Callable[[m.StateChange], object]) -> Off: ...
    @overload
    def on(self, kind: Literal["broadcast"], handler: Callable[[m.Broadcast], object]) -> Off: ...
    @overload
    def on(self, kind: Literal["gap"], handler: Callable[[m.Gap], object]) -> Off: ...
    @overload
    def on(self, kind: Literal["error"], handler: Callable[[LecternError], object]) -> Off: ...
    @overload
    def on(
        self, kind: Literal["sessionStatus"], handler: Callable[[m.SessionStatus], object]
    ) -> Off: ...
    @overload
    def on(
        self, kind: Literal["sessionEnded"], handler: Callable[[m.SessionEnded], object]
    ) -> Off: ...
    @overload
    def on(
        self, kind: Literal["topicMessage"], handler: Callable[[m.TopicMessage], object]
    ) -> Off: ...
    @overload
    def on(
        self, kind: Literal["tenantMessage"], handler: Callable[[m.TenantMessage], object]
    ) -> Off: ...
    @overload
    def on(
        self,
        kind: Literal["speakerReconnecting", "speakerReturned"],
        handler: Callable[[m.SpeakerAway], object],
    ) -> Off: ...
    @overload
    def on(self, kind: str, handler: Callable[[Any], object]) -> Off: ...

    def on(self, kind: str, handler: Callable[[Any], object]) -> Off:
        """Call `handler` with each event of this type. Return a function that removes it.

        The types are those of the server's messages, and `state`, `gap`, `error` (which no awaited
        call could raise) and `message` (every message, as it came).
        """
        handlers = self._handlers.setdefault(kind, [])
        handlers.append(handler)
        self._on_handler(kind, handler)
        return lambda: handlers.remove(handler) if handler in handlers else None

    def _on_handler(self, kind: str, handler: Callable[[Any], object]) -> None:
        """Take note of a new handler."""

    def emit(self, kind: str, event: Any) -> None:
        for handler in list(self._handlers.get(kind, ())):
            try:
                handler(event)
            except Exception as error:
                context = {"message": f"a handler of {kind!r} raised", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
