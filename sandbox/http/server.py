"""aiohttp's server for AWS's APIs, with timeouts for silent clients and a fast path for posts.

A fan-out makes hundreds of posts at once, and every handler calls DynamoDB several times; each
request is a few hundred bytes that arrive in one piece. The response to such a request is written
right where it is received, without a task, a request and a response object, or later where it
takes time. Any other request, and all that follow it on its connection, are aiohttp's.

A client that does not read gets no more responses: nothing is read from it until it has taken what
was written (`pause_writing`), so what waits for it is bounded.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web
from aiohttp.helpers import rfc822_formatted_time
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from sandbox.http.hosts import AllowedHosts
from sandbox.http.signature import SignedRequest

http_log = logging.getLogger("sandbox.http")
"""aiohttp's log of failed requests, without those that are not HTTP: they are refused with 400."""


def _is_http(record: logging.LogRecord) -> bool:
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


http_log.addFilter(_is_http)


HEADERS_SECONDS = 10.0
"""Seconds that a client has for the headers of its first request."""
KEEP_ALIVE_SECONDS = 75.0
"""Seconds that it has for the headers of each further request."""
# No access log: its lines would carry connection ids and tokens.
_OPTIONS: Any = {
    "access_log": None,
    "logger": http_log,
    "keepalive_timeout": KEEP_ALIVE_SECONDS,
}
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
FastPath = Callable[[SignedRequest], "bytes | asyncio.Future[bytes] | None"]
"""Returns the whole response to a POST, now or later; None if aiohttp's way is to be taken."""


class HttpServer(web.Server):
    """Calls `handler` for each request of this machine; for plain POSTs `fast_path` first."""

    def __init__(
        self, handler: Handler, fast_path: FastPath, hosts: AllowedHosts | None = None
    ) -> None:
        """`hosts` are by default those of this machine and those in `SANDBOX_HOSTS`."""
        self._hosts = hosts or AllowedHosts.of(os.environ)
        self._fast_path = fast_path

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if isinstance(request.protocol, _Connection):
                request.protocol.stop_watching()
            headers = request.headers
            hosts, origins = headers.getall("Host", []), headers.getall("Origin", [])
            if refusal := self._hosts.refusal_of(hosts, origins):
                return web.json_response({"message": refusal}, status=403)
            return await handler(request)

        super().__init__(handle)
        self._unwritten: list[tuple[asyncio.Transport, bytes]] = []

    def __call__(self) -> RequestHandler:
        return _Connection(self)

    def respond(self, request: SignedRequest) -> "bytes | asyncio.Future[bytes] | None":
        """Take the fast path, if the request is of this machine."""
        headers = request.headers
        if self._hosts.refusal(headers.get("host", ""), headers.get("origin")):
            return None
        return self._fast_path(request)

    def write_soon(self, transport: asyncio.Transport, data: bytes) -> None:
        """Write once every request that has arrived by now is carried out.

        A handler in this process that posts to many wakes up with the first response and then
        competes for the interpreter, so it gets all responses at once.
        """
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._write)
        self._unwritten.append((transport, data))

    def _write(self) -> None:
        unwritten, self._unwritten = self._unwritten, []
        for transport, data in unwritten:
            transport.write(data)


def hand_over(request: web.BaseRequest, successor: asyncio.Protocol) -> None:
    """End HTTP on the request's connection: every byte after the request goes to `successor`."""
    if isinstance(request.protocol, _Connection):
        request.protocol.hand_over(successor)


class _Connection(RequestHandler):
    """One TCP connection."""

    __slots__ = (
        "_early",
        "_has_responded",
        "_is_waiting",
        "_only_posts",
        "_server",
        "_silent_until",
        "_watch",
    )

    def __init__(self, server: HttpServer) -> None:
        super().__init__(server, loop=asyncio.get_running_loop(), **_OPTIONS)
        self._server = server
        self._only_posts = True
        self._has_responded = False
        self._is_waiting = False
        """A response of the fast path is yet to come."""
        self._early = b""
        """The bytes that arrived meanwhile."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._silent_until = self._loop.time() + HEADERS_SECONDS
        self._watch = self._loop.call_at(self._silent_until, self._check_silence)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_waiting:
            self._early += data
            self._regulate_reading()
            return
        if self._only_posts and self.transport and data.startswith(b"POST /"):
            request = parse_request(data)
            response = self._server.respond(request) if request else None
            if isinstance(response, asyncio.Future):
                self._is_waiting = True
                response.add_done_callback(self._respond_late)
                return
            if response:
                self._respond(self.transport, response)
                return
        self._only_posts = False
        super().data_received(data)

    def pause_writing(self) -> None:
        """Read no more posts until the client has taken its responses."""
        super().pause_writing()
        self._regulate_reading()

    def resume_writing(self) -> None:
        """Go on reading."""
        super().resume_writing()
        self._regulate_reading()

    def _regulate_reading(self) -> None:
        """Let bytes wait in the client while responses do; for other requests aiohttp does that."""
        if self.transport and self._only_posts:
            if self.writing_paused or self._early:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def _respond(self, transport: asyncio.Transport, response: bytes) -> None:
        self._has_responded = True
        self._silent_until = self._loop.time() + KEEP_ALIVE_SECONDS
        self._server.write_soon(transport, response)

    def _respond_late(self, response: "asyncio.Future[bytes]") -> None:
        self._is_waiting = False
        if self.transport is None:
            return
        if response.cancelled() or response.exception():
            self.transport.abort()
            return
        self._respond(self.transport, response.result())
        if self._early:
            early, self._early = self._early, b""
            self._regulate_reading()
            self.data_received(early)

    def hand_over(self, successor: asyncio.Protocol) -> None:
        """Tell aiohttp that the connection has ended, so that it lets go of it."""
        transport, self.transport = self.transport, None
        if transport is None:
            successor.connection_lost(None)
            return
        transport.set_protocol(successor)
        self.connection_lost(None)
        if self._message_tail:
            successor.data_received(self._message_tail)
        if self._buffer_paused:
            transport.resume_reading()

    def stop_watching(self) -> None:
        """Leave timeouts to aiohttp, which has a request of this connection."""
        self._watch.cancel()

    def _check_silence(self) -> None:
        """Close a silent connection: aiohttp waits for a first request for ever."""
        if self._silent_until > self._loop.time():
            self._watch = self._loop.call_at(self._silent_until, self._check_silence)
        elif self.transport:
            # A connection that has had a response is idle and is closed without a 408, which the
            # client could take for the response to a request that it is just sending.
            if not self._has_responded:
                self.transport.write(_TOO_SLOW)
            self.transport.close()


def parse_request(data: bytes) -> SignedRequest | None:
    """Return the request if `data` is exactly one, plain and keeps its connection open; or None."""
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


def format_response(status: int, kind: str, body: str, headers: Mapping[str, str]) -> bytes:
    """Return a response as bytes of HTTP; `kind` is the media type of its body."""
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    content = body.encode()
    return (
        f"HTTP/1.1 {status} {_PHRASES[status]}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(content)}\r\n"
        f"Date: {rfc822_formatted_time()}\r\n{more}\r\n"
    ).encode() + content
