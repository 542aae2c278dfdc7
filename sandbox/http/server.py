"""aiohttp's server, for AWS's APIs: who is silent is cut, and posts are answered at once.

A fan-out makes hundreds of posts at once, and every handler calls DynamoDB several times; each
request is a few hundred bytes that arrive whole. Those are answered right where they are received,
without a task, a request and a response object for each. Whatever is not as plain goes aiohttp's
way, and so does all that follows on that connection.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from sandbox.http.signature import SignedRequest

http_log = logging.getLogger("sandbox.http")
"""aiohttp's log of what went wrong in a request, but not of what was no HTTP: that has its 400."""


def _is_ours(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


http_log.addFilter(_is_ours)


HEADERS_SECONDS = 10.0
"""Seconds that a client has for the headers of its first request."""
KEEP_ALIVE_SECONDS = 75.0
"""Seconds that it has for the headers of each further one."""
# No access log: its lines would carry connection ids and tokens.
_OPTIONS: Any = {
    "access_log": None,
    "logger": http_log,
    "keepalive_timeout": KEEP_ALIVE_SECONDS,
}
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Prompt = Callable[[SignedRequest], bytes | None]
"""The whole answer to a POST to any path; None if that is nothing to be done at once."""


class HttpServer(web.Server):
    """Calls `handler`; for plain POSTs first `prompt`."""

    def __init__(self, handler: Handler, prompt: Prompt) -> None:
        async def heard(request: web.BaseRequest) -> web.StreamResponse:
            if isinstance(request.protocol, _Connection):
                request.protocol.heard()
            return await handler(request)

        super().__init__(heard)
        self.prompt = prompt
        self._unwritten: list[tuple[asyncio.Transport, bytes]] = []

    def __call__(self) -> RequestHandler:
        return _Connection(self)

    def write_soon(self, transport: asyncio.Transport, data: bytes) -> None:
        """Writes once all is done that has arrived by now.

        A handler of this process that posts to many wakes up with the first answer, and from then
        on wants the interpreter: let it have as many answers as there are.
        """
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._write)
        self._unwritten.append((transport, data))

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, []
        for transport, data in unwritten:
            transport.write(data)


async def stop_listening(listener: asyncio.Server) -> None:
    """Closes a listener once every connection that it has accepted is known to its protocol.

    asyncio tells the protocol two rounds of the loop after the accept. A listener that is closed in
    between makes it fail, and the socket stays open with nobody to close it.
    """
    loop = asyncio.get_running_loop()
    for each in listener.sockets:
        loop.remove_reader(each.fileno())
    for _ in range(3):
        await asyncio.sleep(0)
    listener.close()


def hand_over(request: web.BaseRequest, heir: asyncio.Protocol) -> None:
    """Ends HTTP on the request's connection: what has come after the request, and all that comes
    from now on, is the heir's."""
    if isinstance(request.protocol, _Connection):
        request.protocol.hand_over(heir)


class _Connection(RequestHandler):
    """One TCP connection."""

    __slots__ = ("_answered", "_only_posts", "_server", "_silent_until", "_watch")

    def __init__(self, server: HttpServer) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **_OPTIONS)
        self._server = server
        self._only_posts = True
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._silent_until = self._loop.time() + HEADERS_SECONDS
        self._watch = self._loop.call_at(self._silent_until, self._look)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._only_posts and self.transport and data.startswith(b"POST /"):
            request = whole_request(data)
            answer = self._server.prompt(request) if request else None
            if answer:
                self._answered = True
                self._silent_until = self._loop.time() + KEEP_ALIVE_SECONDS
                self._server.write_soon(self.transport, answer)
                return
        self._only_posts = False
        super().data_received(data)

    def hand_over(self, heir: asyncio.Protocol) -> None:
        """aiohttp is told that the connection has ended, and so holds nothing of it any more."""
        transport, self.transport = self.transport, None
        if transport is None:
            heir.connection_lost(None)
            return
        transport.set_protocol(heir)
        self.connection_lost(None)
        if self._message_tail:
            heir.data_received(self._message_tail)
        if self._buffer_paused:
            transport.resume_reading()

    def heard(self) -> None:
        """aiohttp has a request: from now on it looks after this connection."""
        self._watch.cancel()

    def _look(self) -> None:
        """aiohttp waits for a first request for ever, and does not see what is answered here."""
        if self._silent_until > self._loop.time():
            self._watch = self._loop.call_at(self._silent_until, self._look)
        elif self.transport:
            # One that has been answered is idle, and is closed without a word: the client may be
            # sending its next request, and would take 408 for the answer to that.
            if not self._answered:
                self.transport.write(_TOO_SLOW)
            self.transport.close()


def whole_request(data: bytes) -> SignedRequest | None:
    """The request, if the data is exactly one, plain, and its connection stays open."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, _, rest = first.partition(" ")
    target, _, version = rest.partition(" ")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    plain = (
        version == "HTTP/1.1"
        and len(headers) == len(lines)
        and headers.get("content-length") == str(len(body))
        and headers.keys().isdisjoint(("connection", "expect", "transfer-encoding"))
    )
    path, _, query = target.partition("?")
    return SignedRequest(method, path, query, headers, body) if plain else None


def whole_answer(status: int, kind: str, body: str, headers: Mapping[str, str]) -> bytes:
    """An answer as bytes of HTTP; `kind` is the type of its body."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    content = body.encode()
    return (
        f"HTTP/1.1 {status} {_PHRASES[status]}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
        f"Date: {rfc822_formatted_time()}\r\n{more}\r\n"
    ).encode() + content
