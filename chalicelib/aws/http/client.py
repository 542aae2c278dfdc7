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
from collections.abc import Callable
from typing import Any, NoReturn

from chalicelib.aws.http.endpoints import Endpoint
from chalicelib.aws.http.exchange import Died, Exchange, seconds_left
from chalicelib.aws.http.responses import HttpResponse, Malformed
from chalicelib.aws.refusals import NO_RESPONSE, Refusal

_MAX_IDLE = 16


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
        return self.begin(request)()

    def begin(self, request: bytes) -> Callable[[], HttpResponse]:
        """Send a request, on a connection of its own. Return what waits for the response.

        Call that once. It raises Refusal(NO_RESPONSE) within the timeout. Nothing is raised here.
        """
        end = time.monotonic() + self._timeout
        try:
            sent = self._send(request, end, self._take_idle())
        except OSError as problem:
            refusal = problem  # the name of the exception is unbound once it is handled
            return lambda: _refuse(refusal)
        return lambda: self._finish(sent, request, end)

    def warm(self) -> None:
        """Open a connection for the first request. Raises OSError."""
        self._keep(self.endpoint.connect(self._timeout))

    def _send(self, request: bytes, end: float, idle: socket.socket | None) -> Exchange:
        """Send a request on an idle connection, or on a new one. Raises OSError."""
        connection = idle or self.endpoint.connect(seconds_left(end))
        return Exchange(connection, request, end, reused=idle is not None)

    def _finish(self, sent: Exchange, request: bytes, end: float) -> HttpResponse:
        """Return the response. A reused connection that died under the request is replaced."""
        try:
            with contextlib.suppress(Died):
                return self._received(sent)
            # If one was closed while the process was frozen, the others were too.
            close_all(self._idle)
            return self._received(self._send(request, end, None))
        except (OSError, Malformed) as problem:
            _refuse(problem)

    def _received(self, sent: Exchange) -> HttpResponse:
        response = sent.response(self._most_body)
        if not sent.reused:
            self.endpoint.keep_session(sent.connection)
        if response.reusable:
            self._keep(sent.connection)
        else:
            sent.connection.close()
        return response

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


def _refuse(problem: Exception) -> NoReturn:
    raise Refusal(NO_RESPONSE, type(problem).__name__, str(problem)) from problem
