"""A parser of HTTP/1.1 responses without I/O: fed bytes, it returns a response once complete.

Described in RFC 9112 (message framing, chunked coding) and RFC 9110 (status codes).
Whatever a peer sends, the outcome is a response or `Malformed`, and memory stays limited.
"""

from msgspec import Struct

MAX_HEAD_BYTES = 32 * 1024
"""The maximum size of status line and header fields, or of chunk trailers."""

_MAX_CHUNK_LINE_BYTES = 1024


class Malformed(Exception):  # noqa: N818 - it becomes a Refusal
    """A response that is not HTTP/1.1, or too large."""


class HttpResponse(Struct, frozen=True):
    """`head` is in lower case. `reusable` is true if the connection can be used again."""

    status: int
    head: bytes
    body: bytes
    reusable: bool

    def field(self, name: str) -> str:
        """Return a header field's value, `""` if it is absent."""
        return _field(self.head, name.encode()).decode("latin-1")


def whole_response(data: bytes, max_body: int) -> HttpResponse | None:
    """Return the response, if `data` is exactly one of the usual form, as most small ones are.

    None means that a `ResponseReader` is needed. Both read the same responses alike.
    """
    end = data.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
    if end < 0 or data[9:10] == b"1" or data[9:12] in (b"204", b"304"):
        return None
    head = data[: end + 2].lower()
    length = _field(head, b"content-length")
    if not length.isdigit() or len(data) != end + 4 + int(length[:16]) or len(length) > 16:
        return None
    if len(data) - end - 4 > max_body or b"\r\ntransfer-encoding:" in head:
        return None
    return HttpResponse(_status(head), head, data[end + 4 :], _reusable(head))


class ResponseReader:
    """Reads the response to one request."""

    __slots__ = (
        "_body",
        "_buffer",
        "_chunks",
        "_head",
        "_interim",
        "_length",
        "_maximum",
        "_status",
    )

    def __init__(self, max_body: int) -> None:
        """`max_body` is the maximum size of the body, in bytes."""
        self._maximum = max_body
        self._buffer = bytearray()
        self._head = b""
        self._interim = 0
        self._status = 0
        self._length: int | None = None
        self._chunks: _Chunks | None = None

    def feed(self, data: bytes) -> HttpResponse | None:
        """Take received bytes. Return the response once it is complete. Raises Malformed."""
        self._buffer += data
        while not self._head:
            end = self._buffer.find(b"\r\n\r\n")
            if max(end, len(self._buffer) if end < 0 else 0) + self._interim > MAX_HEAD_BYTES:
                raise Malformed("the head of the response is too large")
            if end < 0:
                return None
            head = bytes(self._buffer[: end + 2]).lower()
            del self._buffer[: end + 4]
            self._start(head)
        return self._continue()

    def end(self) -> HttpResponse:
        """Return a response whose body ends with the connection. Raises Malformed for any other."""
        if not self._head or self._length is not None or self._chunks is not None:
            raise Malformed("the connection was closed within the response")
        return HttpResponse(self._status, self._head, bytes(self._buffer), False)

    def _start(self, head: bytes) -> None:
        status = _status(head)
        if status < 200:
            if status == 101:
                raise Malformed("an unrequested switch of protocols")
            self._interim += len(head)
            return
        self._head, self._status = head, status
        coding = _field(head, b"transfer-encoding")
        length = _field(head, b"content-length")
        if status in (204, 304):
            self._length = 0
        elif coding:
            if coding != b"chunked" or length:
                raise Malformed("an unrequested transfer coding")
            self._chunks = _Chunks(self._maximum)
        elif length:
            if not length.isdigit() or len(length) > 16:
                raise Malformed("the length of the response is malformed")
            self._length = int(length)
            if self._length > self._maximum:
                raise Malformed("the body of the response is too large")

    def _continue(self) -> HttpResponse | None:
        if self._chunks is not None:
            if not self._chunks.feed(self._buffer):
                return None
            return self._response(bytes(self._chunks.body))
        if self._length is None:
            if len(self._buffer) > self._maximum:
                raise Malformed("the body of the response is too large")
            return None
        if len(self._buffer) < self._length:
            return None
        body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        return self._response(body)

    def _response(self, body: bytes) -> HttpResponse:
        # Bytes after the response were not requested, so they are not a later response.
        reusable = not self._buffer and _reusable(self._head)
        return HttpResponse(self._status, self._head, body, reusable)


class _Chunks:
    """The chunked transfer coding. `feed` takes what it can from the front of the buffer."""

    def __init__(self, maximum: int) -> None:
        self.body = bytearray()
        self._maximum = maximum
        self._left = 0
        self._state = self._size
        self._trailers = 0

    def feed(self, buffer: bytearray) -> bool:
        """Return True once the last chunk and its trailers are complete."""
        while buffer:
            state = self._state
            taken = state(buffer)
            if taken is None:
                return False
            del buffer[:taken]
            if state == self._trailer and self._left < 0:
                return True
        return False

    def _size(self, buffer: bytearray) -> int | None:
        end = _line_end(buffer, _MAX_CHUNK_LINE_BYTES)
        if end is None:
            return None
        size = bytes(buffer[:end]).partition(b";")[0].strip(b" \t").lower()
        if not 1 <= len(size) <= 16 or size.strip(b"0123456789abcdef"):
            raise Malformed("the size of a chunk is malformed")
        self._left = int(size, 16)
        if len(self.body) + self._left > self._maximum:
            raise Malformed("the body of the response is too large")
        self._state = self._data if self._left else self._trailer
        return end + 2

    def _data(self, buffer: bytearray) -> int | None:
        taken = min(self._left, len(buffer))
        self.body += buffer[:taken]
        self._left -= taken
        if not self._left:
            self._state = self._data_end
        return taken

    def _data_end(self, buffer: bytearray) -> int | None:
        if not b"\r\n".startswith(bytes(buffer[:2])):
            raise Malformed("a chunk is longer than it says")
        if len(buffer) < 2:
            return None
        self._state = self._size
        return 2

    def _trailer(self, buffer: bytearray) -> int | None:
        end = _line_end(buffer, MAX_HEAD_BYTES - self._trailers)
        if end is None:
            return None
        self._trailers += end + 2
        if end == 0:
            self._left = -1
        return end + 2


def _line_end(buffer: bytearray, maximum: int) -> int | None:
    end = buffer.find(b"\r\n", 0, maximum + 2)
    if end < 0 and len(buffer) > maximum:
        raise Malformed("a line of the response is too long")
    return None if end < 0 else end


def _status(head: bytes) -> int:
    digits = head[9:12]
    if not head.startswith((b"http/1.1 ", b"http/1.0 ")) or not digits.isdigit():
        raise Malformed("the response is not HTTP/1.1")
    status = int(digits)
    if head[12:13] not in (b" ", b"\r") or not 100 <= status <= 599:
        raise Malformed("the response has no valid status")
    return status


def _reusable(head: bytes) -> bool:
    return head.startswith(b"http/1.1") and b"close" not in _field(head, b"connection")


def _field(head: bytes, name: bytes) -> bytes:
    mark = b"\r\n" + name + b":"
    start = head.find(mark)
    if start < 0:
        return b""
    start += len(mark)
    if head.find(mark, start) >= 0:
        raise Malformed("a duplicate header field")
    return head[start : head.index(b"\r\n", start)].strip(b" \t")
