"""One request on one connection, and its response, with a deadline.

Sending and receiving are two steps, so that several requests can be on their way at once.
"""

import contextlib
import socket
import time

from chalicelib.aws.http.responses import HttpResponse, ResponseReader

_READ_BYTES = 64 * 1024
_LAST_SECONDS = 0.1
"""Seconds for reading a response that came in time, while its caller waited for another one."""


class Died(Exception):  # noqa: N818 - it never leaves `client.py`
    """A reused connection was closed before it carried any response."""


class Exchange:
    """A request that has been sent. Its problems are raised by `response`."""

    def __init__(
        self, connection: socket.socket, request: bytes, end: float, *, reused: bool
    ) -> None:
        """Send `request`. `end` is the deadline, by `time.monotonic`."""
        self.connection = connection
        self.reused = reused
        self._end = end
        self._problem: OSError | None = None
        try:
            # A server that refuses a large body may respond, and close, before it has read it all.
            with contextlib.suppress(ConnectionError):
                _send(connection, request, end)
        except OSError as problem:
            self._problem = problem

    def response(self, max_body: int) -> HttpResponse:
        """Wait for the response. Raises Died, OSError or Malformed, with the connection closed."""
        end = max(self._end, time.monotonic() + _LAST_SECONDS)
        try:
            data, reader = self._first(end), ResponseReader(max_body)
            while data:
                response = reader.feed(data)
                if response is not None:
                    return response
                data = _receive(self.connection, end)
            return reader.end()
        except BaseException:
            self.connection.close()
            raise

    def _first(self, end: float) -> bytes:
        """Return the first bytes of the response; none if the peer closed."""
        try:
            if self._problem is not None:
                raise self._problem
            first = _receive(self.connection, end)
        except TimeoutError:
            raise
        except OSError as problem:
            if self.reused:
                raise Died from problem
            raise
        if self.reused and not first:
            raise Died
        return first


def seconds_left(end: float) -> float:
    """Return the seconds until `end`. Raises TimeoutError: it is over."""
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    return left


def _send(connection: socket.socket, request: bytes, end: float) -> None:
    left = memoryview(request)
    while left:
        connection.settimeout(seconds_left(end))
        left = left[connection.send(left) :]


def _receive(connection: socket.socket, end: float) -> bytes:
    connection.settimeout(seconds_left(end))
    return connection.recv(_READ_BYTES)
