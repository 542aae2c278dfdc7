"""Requests that wait for a connection, and what is done with them when it is lost."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lectern_client.errors import LecternError
from lectern_client.link import Link
from lectern_client.messages import Message

_LARGEST_FRAME = 128 * 1024
_ENVELOPE = 256
_TRIES = 3
# What the stack carries out twice without harm, so it is sent again after a lost socket.
_REPEATABLE = {
    "changeLanguage",
    "endSession",
    "getSessionStatus",
    "pauseBroadcast",
    "resumeBroadcast",
    "muteBroadcast",
    "unmuteBroadcast",
    "setVolume",
    "subscribe",
    "unsubscribe",
    "cancelRequest",
    "authenticate",
}


@dataclass(eq=False)
class _Call:
    action: str
    fields: dict[str, Any]
    answer: "asyncio.Future[Message]"
    tries: int = 0


def check_size(action: str, fields: dict[str, Any]) -> None:
    """Raises:
    LecternError: PAYLOAD_TOO_LARGE, before the gateway closes the socket for it.
    """
    size = len(json.dumps(fields, ensure_ascii=False).encode())
    if size > _LARGEST_FRAME - _ENVELOPE:
        text = f"{size} bytes; the gateway takes {_LARGEST_FRAME}"
        raise LecternError("PAYLOAD_TOO_LARGE", text, status=413, action=action)


class Calls:
    """`link` answers the link to send on, or None while there is none; `spawn` starts a task."""

    def __init__(self, link: Callable[[], Link | None], spawn: Callable[[Any], object]) -> None:
        self._link = link
        self._spawn = spawn
        self._waiting: list[_Call] = []
        self._failure: LecternError | None = None

    async def call(self, action: str, fields: dict[str, Any]) -> Message:
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Call(action, fields, answer))
        self.flush()
        return await answer

    def flush(self) -> None:
        while self._waiting and (link := self._link()):
            self._spawn(self._transmit(link, self._waiting.pop(0)))

    def fail(self, error: LecternError) -> None:
        """Refuses what waits, for good."""
        self._failure = error
        for call in self._waiting:
            if not call.answer.done():
                call.answer.set_exception(error)
        self._waiting.clear()

    async def _transmit(self, link: Link, call: _Call) -> None:
        try:
            reply = await link.request(call.action, call.fields)
        except LecternError as error:
            call.tries += 1
            again = call.action in _REPEATABLE and call.tries < _TRIES
            if error.lost and again and not self._failure:
                self._waiting.append(call)
                self.flush()
            elif not call.answer.done():
                call.answer.set_exception(self._failure or error)
        else:
            if not call.answer.done():
                call.answer.set_result(reply)
