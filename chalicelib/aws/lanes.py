"""One connection of a fan-out. It never blocks: it says what it waits for, and goes on when told.

HTTP/1.1 without pipelining (RFC 9112): one request, its answer, then the next.
"""

import os
import select
import socket
from enum import Enum, auto

from chalicelib.aws.dispatch import Post
from chalicelib.aws.endpoints import Endpoint
from chalicelib.aws.http1 import AnswerReader, HttpAnswer, whole_answer

_PIECE = 16 * 1024
_MOST_BODY = 64 * 1024


class _State(Enum):
    CONNECTING = auto()
    SHAKING_HANDS = auto()
    OPEN = auto()


class Lane:
    """Carries one post at a time. What raises OSError or Malformed here has ended it."""

    __slots__ = (
        "_endpoint",
        "_heard",
        "_reader",
        "_socket",
        "_state",
        "_unsent",
        "address",
        "deadline",
        "kept",
        "post",
        "wants",
    )

    def __init__(self, endpoint: Endpoint, turn: int) -> None:
        """Begins to connect; `turn` chooses among the endpoint's addresses."""
        self._endpoint = endpoint
        self._socket, self.address = endpoint.start(turn)
        self._state = _State.CONNECTING
        self._unsent: bytes | memoryview = b""
        self._reader: AnswerReader | None = None
        self._heard = False
        self.post: Post | None = None
        self.deadline = 0.0
        self.kept = False
        """Whether it has answered before: then it may have died since."""
        self.wants = select.POLLOUT
        """The events to poll for."""

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def is_connecting(self) -> bool:
        """Whether its address has not answered yet."""
        return self._state is _State.CONNECTING

    @property
    def is_open(self) -> bool:
        """Whether it is connected, its TLS handshake done."""
        return self._state is _State.OPEN

    @property
    def died_idle(self) -> bool:
        """After a failure: whether it was closed before the post on it could have any effect."""
        return self.kept and not self._heard

    def send(self, post: Post, request: bytes, deadline: float) -> None:
        """Starts to send a post; `deadline` is kept for whoever watches the time."""
        self.post = post
        self.deadline = deadline
        self._unsent = request
        self._reader = None
        self._heard = False
        if self._state is _State.OPEN:
            self._flush()

    def proceed(self) -> HttpAnswer | None:
        """Does what can be done now; the answer to the post, once it is whole."""
        if self._state is not _State.OPEN and not self._opened():
            return None
        if self._unsent:
            self._flush()
        answer = self._read()
        if answer is None:
            return None
        if not self.kept:
            self._endpoint.keep_session(self._socket)
            self.kept = True
        # A server that answers before it has read the whole request will close.
        return answer._replace(reusable=False) if self._unsent else answer

    def close(self) -> None:
        self._socket.close()

    def _opened(self) -> bool:
        if self._state is _State.CONNECTING:
            error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, os.strerror(error))
            self._state = _State.SHAKING_HANDS
            if self._endpoint.tls:
                self._socket = self._endpoint.tls.wrap(self._socket)
        if self._endpoint.tls:
            wanted = self._endpoint.tls.shake_hands(self._socket)
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
            # It may have answered, say 413, before it closed: that is still to be read.
            sent = len(self._unsent)
        if sent < len(self._unsent):
            self._unsent = memoryview(self._unsent)[sent:]
            self.wants = select.POLLIN | select.POLLOUT
        else:
            self._unsent = b""
            self.wants = select.POLLIN

    def _read(self) -> HttpAnswer | None:
        answer = None
        while answer is None:
            try:
                data = self._socket.recv(_PIECE)
            except self._endpoint.blocked:
                return None
            if self._reader is None:
                if answer := whole_answer(data, _MOST_BODY):
                    break
                self._reader = AnswerReader(_MOST_BODY)
            if not data:
                return self._reader.end()
            self._heard = True
            answer = self._reader.feed(data)
        return answer
