"""A proxy between a client and the stack that drops, doubles and delays messages, and cuts.

It does on request, at the message that a test names, what a network does by chance.
"""

import asyncio
import json
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Literal, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from tests.conformance.schema import Message

FRAGMENT = 8 * 1024


class Cut(Exception):  # noqa: N818 - a signal, not an error
    """Raised by a rule to cut both sockets. With `passed` the message still gets through.

    With `late` it gets through at `Proxy.deliver_late`, long after its sender was cut.
    """

    def __init__(self, *, passed: bool, late: bool = False) -> None:
        super().__init__("cut")
        self.passed = passed
        self.late = late


class Late:
    """The message of a late cut: `due` lets it go on, `passed` says that it has."""

    def __init__(self) -> None:
        self.due = asyncio.Event()
        self.passed = asyncio.Event()


Rule = Callable[[Message], list[Message]]
"""Returns the messages to pass on instead of one; an empty list drops it. May raise Cut."""


def untouched(message: Message) -> list[Message]:
    return [message]


class Proxy:
    """Applies `up` to every message of the client, and `down` to every message of the stack.

    `refusals` are the statuses with which it refuses the next handshakes.
    """

    def __init__(self, target: str) -> None:
        self.up: Rule = untouched
        self.down: Rule = untouched
        self.refusals: list[int] = []
        self.retry_after = 1
        self.handshakes = 0
        self._target = target
        self._server: Server | None = None
        self._open: set[ServerConnection] = set()
        self._late = Late()

    async def __aenter__(self) -> Self:
        self._server = await serve(
            self._relay,
            "127.0.0.1",
            0,
            process_request=self._on_handshake,
            select_subprotocol=lambda _, offered: offered[0] if offered else None,
            compression=None,
            ping_interval=None,
            close_timeout=0.2,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self.cut()
        self._late.due.set()
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        assert self._server is not None
        port = next(iter(self._server.sockets)).getsockname()[1]
        return f"ws://127.0.0.1:{port}/local"

    def cut(self) -> None:
        """Abort every socket, without a close frame."""
        for client in list(self._open):
            client.transport.abort()

    async def deliver_late(self) -> None:
        """Pass on the message of a `late` cut."""
        self._late.due.set()
        await asyncio.wait_for(self._late.passed.wait(), 10)

    def _on_handshake(self, _: ServerConnection, __: Request) -> Response | None:
        self.handshakes += 1
        if not self.refusals:
            return None
        status = HTTPStatus(self.refusals.pop(0))
        headers = Headers({"Retry-After": str(self.retry_after), "Content-Length": "0"})
        return Response(status, status.phrase, headers)

    def _rule(self, direction: Literal["up", "down"], message: Message) -> list[Message]:
        return (self.up if direction == "up" else self.down)(message)

    async def _relay(self, client: ServerConnection) -> None:
        request = client.request
        assert request is not None
        query = request.path.partition("?")[2]
        authorization = request.headers.get("Authorization")
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        try:
            stack = await connect(
                f"{self._target}?{query}",
                additional_headers={"Authorization": authorization} if authorization else {},
                subprotocols=[Subprotocol(each.strip()) for each in offered.split(",") if each],
                compression=None,
                ping_interval=None,
                close_timeout=0.2,
            )
        except InvalidStatus:
            client.transport.abort()
            return
        self._open.add(client)
        await self._join(client, stack)
        self._open.discard(client)

    async def _join(self, client: ServerConnection, stack: ClientConnection) -> None:
        # The rules are looked up for each message: a test changes them while sockets are open.
        upward = asyncio.create_task(_pump(client, stack, partial(self._rule, "up"), self._late))
        downward = asyncio.create_task(
            _pump(stack, client, partial(self._rule, "down"), self._late)
        )
        await asyncio.wait([upward, downward], return_when=asyncio.FIRST_COMPLETED)
        first = upward if upward.done() else downward
        code = first.result()
        for task in (upward, downward):
            task.cancel()
        for side in (client, stack):
            if code is None:
                side.transport.abort()
            else:
                await side.close(code)


Side = ClientConnection | ServerConnection


async def _pump(source: Side, sink: Side, rule: Rule, late: Late) -> int | None:
    """Pass messages on until the source closes. Return its close code, or None for a cut."""
    try:
        while True:
            message = json.loads(await source.recv())
            try:
                passed = rule(message)
            except Cut as cut:
                if cut.late:
                    source.transport.abort()
                    await late.due.wait()
                if cut.passed:
                    await _send(sink, message)
                if cut.late:
                    late.passed.set()
                return None
            for each in passed:
                await _send(sink, each)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd and closed.rcvd.code not in {1005, 1006} else None


async def _send(sink: Side, message: Message) -> None:
    text = json.dumps(message, ensure_ascii=False)
    parts = [text[at : at + FRAGMENT] for at in range(0, len(text), FRAGMENT)]
    await sink.send(parts[0] if len(parts) == 1 else parts)


def once(fits: Callable[[Message], bool], then: Rule) -> Rule:
    """Return a rule that applies `then` to the first message that fits, and passes all others."""
    left = [then]

    def rule(message: Message) -> list[Message]:
        if left and fits(message):
            return left.pop()(message)
        return [message]

    return rule


def action(name: str) -> Callable[[Message], bool]:
    return lambda message: message.get("action") == name


def kind(name: str, **fields: object) -> Callable[[Message], bool]:
    return lambda message: message.get("type") == name and fields.items() <= message.items()


def lose(_: Message) -> list[Message]:
    return []


def double(message: Message) -> list[Message]:
    return [message, message]


def cut_before(_: Message) -> list[Message]:
    raise Cut(passed=False)


def cut_after(_: Message) -> list[Message]:
    raise Cut(passed=True)


def cut_late(_: Message) -> list[Message]:
    raise Cut(passed=True, late=True)
