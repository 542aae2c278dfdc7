"""A blocking HTTP/1.1 client for one endpoint, on connections that are kept alive.

Described in RFC 9112, section 9 (connection management). A Lambda may be frozen between two
requests for minutes, and its connections die meanwhile: one that died is replaced, once, before
anything is said to the caller.
"""

import contextlib
import socket
import threading
import time
import weakref
from typing import Any

from chalicelib.aws.endpoints import Endpoint
from chalicelib.aws.http1 import AnswerReader, HttpAnswer, Malformed
from chalicelib.aws.refusals import NO_ANSWER, Refusal

_PIECE = 64 * 1024
_MOST_IDLE = 16


class _Died(Exception):  # noqa: N818 - it never leaves this file
    """A connection that had been kept was closed before it answered anything."""


class HttpClient:
    """Sends whole requests and waits for whole answers. Thread-safe."""

    def __init__(self, endpoint: Endpoint, timeout: float, most_body: int) -> None:
        """`timeout` in seconds is for one request with its connection; `most_body` in bytes."""
        self.endpoint = endpoint
        self._timeout = timeout
        self._most_body = most_body
        self._idle: list[socket.socket] = []
        self._lock = threading.Lock()
        weakref.finalize(self, close_all, self._idle)

    def exchange(self, request: bytes) -> HttpAnswer:
        """The answer to a request. Raises Refusal(NO_ANSWER) within the time-out."""
        end = time.monotonic() + self._timeout
        try:
            kept = self._kept()
            if kept is not None:
                with contextlib.suppress(_Died):
                    return self._exchange(kept, request, end, kept=True)
                # What one of them met while the process was frozen, the others met too.
                close_all(self._idle)
            opened = self.endpoint.connect(_left(end))
            return self._exchange(opened, request, end, kept=False)
        except (OSError, Malformed) as problem:
            raise Refusal(NO_ANSWER, type(problem).__name__, str(problem)) from problem

    def warm(self) -> None:
        """Opens a connection for the first request. Raises OSError."""
        self._keep(self.endpoint.connect(self._timeout))

    def _exchange(
        self, connection: socket.socket, request: bytes, end: float, *, kept: bool
    ) -> HttpAnswer:
        try:
            first = _ask(connection, request, end, kept=kept)
            answer = self._answer(connection, first, end)
        except BaseException:
            connection.close()
            raise
        if not kept:
            self.endpoint.keep_session(connection)
        if answer.reusable:
            self._keep(connection)
        else:
            connection.close()
        return answer

    def _answer(self, connection: socket.socket, first: bytes, end: float) -> HttpAnswer:
        reader = AnswerReader(self._most_body)
        data = first
        while data:
            answer = reader.feed(data)
            if answer is not None:
                return answer
            data = _receive(connection, end)
        return reader.end()

    def _kept(self) -> socket.socket | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if self._alive(connection):
                return connection
            connection.close()

    def _alive(self, connection: socket.socket) -> bool:
        """Whether nothing came on an idle connection: what comes there can only be its end.

        Over TLS something may well have: session tickets, which this takes in.
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
            if len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()


def close_all(connections: list[Any]) -> None:
    """Empties a list of what can be closed. Sockets that are merely forgotten warn."""
    while connections:
        with contextlib.suppress(IndexError):  # another thread may have taken the last
            connections.pop().close()


def _ask(connection: socket.socket, request: bytes, end: float, *, kept: bool) -> bytes:
    """Sends a request and returns the first bytes of the answer; none if the peer closed."""
    try:
        # A server that refuses a large body may answer, and close, before it has read it all.
        with contextlib.suppress(ConnectionError):
            _send(connection, request, end)
        first = _receive(connection, end)
    except TimeoutError:
        raise
    except OSError as problem:
        if kept:
            raise _Died from problem
        raise
    if kept and not first:
        raise _Died
    return first


def _send(connection: socket.socket, request: bytes, end: float) -> None:
    left = memoryview(request)
    while left:
        connection.settimeout(_left(end))
        left = left[connection.send(left) :]


def _receive(connection: socket.socket, end: float) -> bytes:
    connection.settimeout(_left(end))
    return connection.recv(_PIECE)


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left
