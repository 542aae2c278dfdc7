"""The Python SDK under the suite."""

import asyncio
import inspect
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from urllib.request import urlopen

from lectern_client import (
    LecternError,
    ListenerSession,
    Options,
    SpeakerSession,
    create_session,
    join_session,
)
from lectern_client.sockets import Socket, open_socket
from tests.clients.stack import FakeClock
from tests.conformance.schema import Message
from tests.conformance.sdk.driver import NEVER, DriverError

RECORDED = ("broadcast", "gap", "state", "error", "topicMessage", "sessionEnded")


class PythonDriver:
    def __init__(self) -> None:
        self._clock = FakeClock()
        self._outstanding = 0
        self._sessions: list[SpeakerSession | ListenerSession] = []
        self._events: list[list[Message]] = []

    async def create(self, url: str, token_url: str) -> int:
        async def token() -> str:
            with self._connecting():
                return await asyncio.to_thread(_fetch_token, token_url)

        return self._record(
            await create_session(url, source_language="en", token=token, options=self._options())
        )

    async def join(self, url: str, session_id: str, language: str) -> int:
        session = await join_session(
            url, session_id=session_id, target_language=language, options=self._options()
        )
        return self._record(session)

    async def call(self, session: int, action: str, *arguments: Any) -> Any:
        method = getattr(self._sessions[session], _snake(action))
        try:
            if action == "broadcast":
                return await method(arguments[0], target_language=(arguments[1:] or (None,))[0])
            if action == "submitRequest":
                return await (await method(*arguments)).result()
            answer = method(*arguments)
            return await answer if inspect.isawaitable(answer) else answer
        except LecternError as error:
            raise DriverError(error.code) from error

    async def events(self, session: int) -> list[Message]:
        return self._events[session]

    async def look(self, session: int) -> Message:
        it = self._sessions[session]
        return {"sessionId": it.session_id, "state": it.state, "closeReason": it.close_reason}

    async def due(self) -> float | None:
        delays = [timer.due - self._clock.now for timer in self._clock.live]
        return min((delay for delay in delays if delay < NEVER / 2), default=None)

    async def busy(self) -> bool:
        replies = [timer for timer in self._clock.live if timer.due - self._clock.now > NEVER / 2]
        return bool(replies or self._outstanding)

    async def advance(self, seconds: float) -> None:
        await self._clock.advance(seconds)

    async def close(self) -> None:
        for session in self._sessions:
            await session.close()

    def _options(self) -> Options:
        return Options(
            timers=self._clock, request_timeout=NEVER, drain_timeout=5, connect=self._connect
        )

    async def _connect(self, url: str, token: str | None, timeout: float) -> Socket:
        with self._connecting():
            return await open_socket(url, token, timeout)

    @contextmanager
    def _connecting(self) -> Iterator[None]:
        """Count an outstanding reply while a token is fetched or a socket opens."""
        self._outstanding += 1
        try:
            yield
        finally:
            self._outstanding -= 1

    def _record(self, session: SpeakerSession | ListenerSession) -> int:
        events: list[Message] = []
        for kind in RECORDED:
            session.on(kind, partial(_note, events, kind))
        self._sessions.append(session)
        self._events.append(events)
        return len(self._sessions) - 1


def _note(events: list[Message], kind: str, event: Any) -> None:
    plain = {"code": event.code} if isinstance(event, LecternError) else event
    events.append({**plain, "type": kind})


def _snake(action: str) -> str:
    return re.sub(r"(?=[A-Z])", "_", action).lower()


def _fetch_token(url: str) -> str:
    with urlopen(url, timeout=10) as answer:  # noqa: S310 - http to this machine
        return str(json.load(answer)["token"])
