"""One non-blocking connection of a fan-out. `wants` are the events that it waits for.

HTTP/1.1 without pipelining (RFC 9112): one request, its response, then the next.
"""

import os
import select
import socket
from enum import Enum, auto

from msgspec.structs import replace

from chalicelib.aws.fanout.scheduler import Post
from chalicelib.aws.http.endpoints import Endpoint
from chalicelib.aws.http.responses import HttpResponse, ResponseReader, whole_response

_READ_BYTES = 16 * 1024
_MAX_BODY_BYTES = 64 * 1024


class _State(Enum):
    CONNECTING = auto()
    TLS_HANDSHAKE = auto()
    OPEN = auto()


class FanOutConnection:
    """Carries one post at a time. A method that raises OSError or Malformed has ended it."""

    __slots__ = (
        "_endpoint",
        "_reader",
        "_response_begun",
        "_socket",
        "_state",
        "_unsent",
        "address",
        "deadline",
        "post",
        "reused",
        "wants",
    )

    def __init__(self, endpoint: Endpoint, turn: int) -> None:
        """Begin to connect. `turn` chooses among the endpoint's addresses."""
        self._endpoint = endpoint
        self._socket, self.address = endpoint.start(turn)
        self._state = _State.CONNECTING
        self._unsent: bytes | memoryview = b""
        self._reader: ResponseReader | None = None
        self._response_begun = False
        self.post: Post | None = None
        self.deadline = 0.0
        self.reused = False
        """True once it has carried a response: then the server may have closed it since."""
        self.wants = select.POLLOUT
        """The events to poll for."""

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def is_connecting(self) -> bool:
        """Return True until TCP is connected."""
        return self._state is _State.CONNECTING

    @property
    def is_open(self) -> bool:
        """Return True once it is connected and its TLS handshake is done."""
        return self._state is _State.OPEN

    @property
    def died_idle(self) -> bool:
        """Return True if it was closed while idle, so that its post cannot have had any effect."""
        return self.reused and not self._response_begun

    def send(self, post: Post, request: bytes, deadline: float) -> None:
        """Start to send a post. The caller watches the `deadline`."""
        self.post = post
        self.deadline = deadline
        self._unsent = request
        self._reader = None
        self._response_begun = False
        if self._state is _State.OPEN:
            self._flush()

    def proceed(self) -> HttpResponse | None:
        """Make progress without blocking. Return the response to the post once it is complete."""
        if self._state is not _State.OPEN and not self._opened():
            return None
        if self._unsent:
            self._flush()
        response = self._read()
        if response is None:
            return None
        if not self.reused:
            self._endpoint.keep_session(self._socket)
            self.reused = True
        # A server that responds before it has read the whole request will close.
        return replace(response, reusable=False) if self._unsent else response

    def close(self) -> None:
        self._socket.close()

    def _opened(self) -> bool:
        if self._state is _State.CONNECTING:
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error))
            self._state = _State.TLS_HANDSHAKE
            if self._endpoint.tls:
                self._socket = self._endpoint.tls.wrap(self._socket)
        if self._endpoint.tls:
            wanted = self._endpoint.tls.continue_handshake(self._socket)
            if wanted:
                self.wants = wanted
                return False
        self._state = _State.OPEN
        return True

    def _flush(self) -> None:
        try:
            sent = self._socket.send(self._unsent)
        except self._endpoint.blocked:
            sent = 0
        except ConnectionError:
            # It may have responded, say with 413, before it closed: that must still be read.
            sent = len(self._unsent)
        if sent < len(self._unsent):
            self._unsent = memoryview(self._unsent)[sent:]
            self.wants = select.POLLIN | select.POLLOUT
        else:
            self._unsent = b""
            self.wants = select.POLLIN

    def _read(self) -> HttpResponse | None:
        response = None
        while response is None:
            try:
                data = self._socket.recv(_READ_BYTES)
            except self._endpoint.blocked:
                return None
            if self._reader is None:
                if response := whole_response(data, _MAX_BODY_BYTES):
                    break
                self._reader = ResponseReader(_MAX_BODY_BYTES)
            if not data:
                return self._reader.end()
            self._response_begun = True
            response = self._reader.feed(data)
        return response
