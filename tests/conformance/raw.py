"""A client that does nothing by itself: what it sends and receives is the protocol's own JSON."""

import asyncio
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from tests.conformance.schema import Message, problems

Headers = dict[str, str] | list[tuple[str, str]]
"""A header may come in several lines."""

PATIENCE = 30.0
"""Seconds after which a message that has not come is missing; if all is well nothing waits."""

FRAGMENT = 8 * 1024
"""Characters of a frame: at most 32 KB, whatever they are."""


@dataclass(frozen=True)
class Refused(Exception):  # noqa: N818 - a response, here
    """The response to a refused handshake: any status but 101."""

    status: int
    headers: dict[str, str]


class RawClient:
    """One socket. Every message it receives is checked against `schema`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.frames: list[str] = []
        self.welcome: Message = {}
        self._socket = socket
        self._ids = itertools.count(1)
        self._messages: list[Message] = []
        self._news = asyncio.Event()
        self._close_code: int | None = None
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def open(
        cls, url: str, headers: Headers | None = None, subprotocols: tuple[str, ...] = ()
    ) -> Self:
        """Open a socket. Raises Refused."""
        try:
            socket = await connect(
                url,
                additional_headers=headers or {},
                subprotocols=[Subprotocol(name) for name in subprotocols] or None,
                compression=None,
                ping_interval=None,
                max_size=None,
                close_timeout=1,
            )
        except InvalidStatus as refusal:
            response = refusal.response
            raise Refused(response.status_code, dict(response.headers.raw_items())) from None
        return cls(socket)

    @property
    def subprotocol(self) -> str | None:
        return self._socket.subprotocol

    async def send(self, text: str) -> None:
        """Send one message. One over 32 KB is sent in several frames, as API Gateway requires."""
        short = len(text) <= FRAGMENT
        parts = [text[at : at + FRAGMENT] for at in range(0, len(text), FRAGMENT)]
        await self._socket.send(text if short else parts)

    async def ask(self, action: str, **fields: Any) -> Message:
        """Send an action. Return its reply, or the error."""
        key = f"{action}-{next(self._ids)}"
        await self.send(json.dumps({"action": action, "id": key, **fields}))
        return await self.expect(f"the answer to {action}", lambda m: m.get("id") == key)

    async def done(self, action: str, **fields: Any) -> Message:
        """`ask`, where anything but success is a failure of the test."""
        reply = await self.ask(action, **fields)
        assert reply["type"] != "error", reply
        return reply

    async def refused(self, action: str, code: str, **fields: Any) -> Message:
        """`ask`, where anything but this error is a failure of the test."""
        reply = await self.ask(action, **fields)
        assert reply["type"] == "error", reply
        assert (reply["code"], reply.get("action")) == (code, action), reply
        return reply

    async def next(self, kind: str, **fields: Any) -> Message:
        """Return the next message of this type and with these fields that was not taken before."""

        def fits(message: Message) -> bool:
            return message["type"] == kind and fields.items() <= message.items()

        return await self.expect(f"{kind} {fields or ''}", fits)

    async def expect(self, what: str, fits: Callable[[Message], bool]) -> Message:
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    for message in self._messages:
                        if fits(message):
                            self._messages.remove(message)
                            return message
                    assert self._close_code is None, (
                        f"closed with {self._close_code} instead of {what}; got {self._messages}"
                    )
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"{what} did not come; got {self._messages}") from None

    async def caught_up(self) -> None:
        """Wait for everything that was sent before; a heartbeat is the barrier."""
        await self.done("heartbeat")

    async def rest(self, *kinds: str) -> list[Message]:
        """Return the messages of these types that were not returned before, after catching up."""
        await self.caught_up()
        return [message for message in self._messages if message["type"] in kinds]

    async def closed(self) -> int:
        """Wait until the stack has closed the socket. Return the close code."""
        async with asyncio.timeout(PATIENCE):
            await self._reader
        assert self._close_code is not None
        return self._close_code

    async def close(self, code: int = 1000) -> None:
        await self._socket.close(code)
        await self._reader

    async def cut(self) -> None:
        """Cut the TCP connection without a close frame, as a lost network does."""
        self._socket.transport.abort()
        await self._reader

    async def _read(self) -> None:
        try:
            while True:
                self._take(str(await self._socket.recv()))
        except ConnectionClosed as closed:
            self._close_code = closed.rcvd.code if closed.rcvd else 1006
        self._news.set()

    def _take(self, frame: str) -> None:
        self.frames.append(frame)
        message = json.loads(frame)
        self._messages.append(message)
        self._news.set()

    def problems(self) -> list[str]:
        """Return what was wrong with any message received so far."""
        return [problem for frame in self.frames for problem in problems(json.loads(frame))]
