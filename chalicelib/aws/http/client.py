"""A blocking HTTP/1.1 client for one endpoint, on connections that are kept alive.

Described in RFC 9112, section 9 (connection management). A Lambda may be frozen for minutes between
two requests, while servers close its connections. Such a connection is replaced, once, without an
error to the caller.
"""

import contextlib
import socket
import threading
import time
import weakref
from typing import Any

from chalicelib.aws.http.endpoints import Endpoint
from chalicelib.aws.http.responses import HttpResponse, Malformed, ResponseReader
from chalicelib.aws.refusals import NO_RESPONSE, Refusal

_READ_BYTES = 64 * 1024
_MAX_IDLE = 16


class _Died(Exception):  # noqa: N818 - it never leaves this file
    """A reused connection was closed before it carried any response."""


class HttpClient:
    """Sends whole requests and waits for whole responses. Thread-safe."""

    def __init__(self, endpoint: Endpoint, timeout: float, max_body: int) -> None:
        """`timeout` in seconds is for one request with its connection, `max_body` is in bytes."""
        self.endpoint = endpoint
        self._timeout = timeout
        self._most_body = max_body
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()
        weakref.finalize(self, close_all, self._idle)

    def exchange(self, request: bytes) -> HttpResponse:
        """Return the response to a request. Raises Refusal(NO_RESPONSE) within the timeout."""
        end = time.monotonic() + self._timeout
        try:
            reused = self._take_idle()
            if reused is not None:
                with contextlib.suppress(_Died):
                    return self._exchange(reused, request, end, reused=True)
                # If one was closed while the process was frozen, the others were too.
                close_all(self._idle)
            opened = self.endpoint.connect(_seconds_left(end))
            return self._exchange(opened, request, end, reused=False)
        except (OSError, Malformed) as problem:
            raise Refusal(NO_RESPONSE, type(problem).__name__, str(problem)) from problem

    def warm(self) -> None:
        """Open a connection for the first request. Raises OSError."""
        self._keep(self.endpoint.connect(self._timeout))

    def _exchange(
        self, connection: socket.socket, request: bytes, end: float, *, reused: bool
    ) -> HttpResponse:
        try:
            first = _send_and_receive(connection, request, end, reused=reused)
            response = self._response(connection, first, end)
        except BaseException:
            connection.close()
            raise
        if not reused:
            self.endpoint.keep_session(connection)
        if response.reusable:
            self._keep(connection)
        else:
            connection.close()
        return response

    def _response(self, connection: socket.socket, first: bytes, end: float) -> HttpResponse:
        reader = ResponseReader(self._most_body)
        data = first
        while data:
            response = reader.feed(data)
            if response is not None:
                return response
            data = _receive(connection, end)
        return reader.end()

    def _take_idle(self) -> socket.socket | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if self._alive(connection):
                return connection
            connection.close()

    def _alive(self, connection: socket.socket) -> bool:
        """Return True if an idle connection has nothing to read: that could only be its end.

        Over TLS it may have session tickets, which this reads.
        """
        connection.setblocking(False)
        try:
            connection.recv(1)
        except self.endpoint.blocked:
            return True
        except OSError:
            return False
        return False

    def _keep(self, connection: socket.socket) -> None:
        with self._lock:
            if len(self._idle) < _MAX_IDLE:
                self._idle.append(connection)
                return
        connection.close()


def close_all(connections: list[Any]) -> None:
    """Close all connections and empty the list. Sockets that are only forgotten would warn."""
    while connections:
        with contextlib.suppress(IndexError):  # another thread may have taken the last
            connections.pop().close()


def _send_and_receive(
    connection: socket.socket, request: bytes, end: float, *, reused: bool
) -> bytes:
    """Send a request and return the first bytes of the response; none if the peer closed."""
    try:
        # A server that refuses a large body may respond, and close, before it has read it all.
        with contextlib.suppress(ConnectionError):
            _send(connection, request, end)
        first = _receive(connection, end)
    except TimeoutError:
        raise
    except OSError as problem:
        if reused:
            raise _Died from problem
        raise
    if reused and not first:
        raise _Died
    return first


def _send(connection: socket.socket, request: bytes, end: float) -> None:
    left = memoryview(request)
    while left:
        connection.settimeout(_seconds_left(end))
        left = left[connection.send(left) :]


def _receive(connection: socket.socket, end: float) -> bytes:
    connection.settimeout(_seconds_left(end))
    return connection.recv(_READ_BYTES)


def _seconds_left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
