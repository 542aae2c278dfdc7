"""One socket of the data plane: RFC 6455 frames in, messages and one close out.

The I/O-free core of `websockets` reads and writes the frames; it has both of API Gateway's limits,
for a message and for a frame. All of it runs on the gateway's event loop.
"""

import asyncio
import logging
import struct
from collections.abc import Callable

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import Protocol, Side, State

from chalicelib.domain.types import Millis
from sandbox.gateway.events import Handshake

MAX_MESSAGE = 128 * 1024
MAX_FRAME = 32 * 1024
"""API Gateway's limit. PROTOCOL has none, and plain clients send a message in one frame."""
SEND_BUFFER = 1024 * 1024
"""Bytes that may wait for a slow client, besides those in the kernel's buffer."""
CLOSE_TIMEOUT = 2.0
"""Seconds that a client has to answer a close frame."""

_WHOLE_TEXT = 0x80 | Opcode.TEXT

logger = logging.getLogger(__name__)
_logger = logging.getLogger(f"{__name__}.core")
_logger.setLevel(logging.WARNING)  # the core logs every close

OnMessage = Callable[["Connection", str], None]
OnClosed = Callable[["Connection", int, str], None]


class Connection(asyncio.Protocol):
    """An open socket: the protocol of its TCP connection, once the handshake is done.

    `on_message` is called with each message, `on_closed` once with the close code and reason,
    `on_lost` when the TCP connection has ended.
    """

    def __init__(
        self,
        handshake: Handshake,
        transport: asyncio.Transport,
        on_message: OnMessage,
        on_closed: OnClosed,
        on_lost: Callable[["Connection"], None],
        clock: Callable[[], Millis],
        *,
        max_frame: int,
    ) -> None:
        self.handshake = handshake
        self.last_active_at = clock()
        self._transport = transport
        self._on_message = on_message
        self._on_closed = on_closed
        self._on_lost = on_lost
        self._clock = clock
        self._open = True
        self._fragments: list[bytes] = []
        self._warned = False
        self._abort: asyncio.TimerHandle | None = None
        transport.set_write_buffer_limits(high=SEND_BUFFER)
        self._protocol = Protocol(
            Side.SERVER, state=State.OPEN, max_size=(MAX_MESSAGE, max_frame), logger=_logger
        )

    @property
    def slow(self) -> bool:
        """True if the client reads so slowly that the send buffer is full."""
        return self._transport.get_write_buffer_size() > SEND_BUFFER

    def send(self, text: bytes) -> None:
        """Send one text message of UTF-8; do nothing if the socket is closing."""
        if self._open and self._protocol.state is State.OPEN:
            self.last_active_at = self._clock()
            # Not through the core, which takes longer and adds nothing to a whole message.
            self._transport.write(_text_frame(text))

    def close(self, code: int, reason: str = "") -> None:
        """Close from this side; `on_closed` is called at once."""
        if self._open:
            self._closed(code, reason)
            self.send_close(code, reason)

    def send_close(self, code: int, reason: str = "") -> None:
        """Send a close frame, and give the client a moment to answer it."""
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(CloseCode(code), reason)
            self._flush()
            self._abort_later()

    def cut(self) -> None:
        """Abort the TCP connection, without a close frame in either direction."""
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take bytes that arrive after the handshake."""
        self.last_active_at = self._clock()
        self._protocol.receive_data(data)
        for event in self._protocol.events_received():
            if isinstance(event, Frame) and self._open:
                self._frame(event)
        if self._protocol.state is not State.OPEN:
            self._on_close_frame()  # before the answer is sent: then the clean-up counts as begun
        self._flush()

    def pause_writing(self) -> None:
        """Read nothing more from a client that does not read: every ping would add a pong."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on reading."""
        self._transport.resume_reading()

    def connection_lost(self, _: BaseException | None) -> None:
        """Take the end of the TCP connection."""
        self._closed(CloseCode.ABNORMAL_CLOSURE, "")
        if self._abort:
            self._abort.cancel()
        self._on_lost(self)

    def _frame(self, frame: Frame) -> None:
        if frame.opcode is Opcode.BINARY:
            # API Gateway does not support binary frames and closes the connection.
            self._protocol.fail(CloseCode.UNSUPPORTED_DATA, "Binary frames are not supported")
        elif frame.opcode in (Opcode.TEXT, Opcode.CONT):
            self._warn_if_large(len(frame.data))
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                self._message()

    def _warn_if_large(self, size: int) -> None:
        if size > MAX_FRAME and not self._warned:
            self._warned = True
            logger.warning(
                "A client sent a frame of %d bytes. On AWS its socket would have been closed with"
                " 1009: a message over 32 KB must be sent in frames of 32 KB or less",
                size,
            )

    def _message(self) -> None:
        data = self._fragments[0] if len(self._fragments) == 1 else b"".join(self._fragments)
        self._fragments.clear()
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._protocol.fail(CloseCode.INVALID_DATA, "Text that is not UTF-8")
        else:
            self._on_message(self, text)

    def _on_close_frame(self) -> None:
        """Take the client's close frame, or our own after a violation of the protocol."""
        close = self._protocol.close_rcvd or self._protocol.close_sent
        if close:
            self._closed(close.code, close.reason)

    def _closed(self, code: int, reason: str) -> None:
        if self._open:
            self._open = False
            self._on_closed(self, int(code), reason)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            else:
                # The core's sign that nothing more will be sent. A full close would discard what is
                # still on its way to us, and the reset that follows would discard our close frame.
                self._transport.write_eof()
                self._abort_later()

    def _abort_later(self) -> None:
        if not self._abort:
            loop = asyncio.get_running_loop()
            self._abort = loop.call_later(CLOSE_TIMEOUT, self._transport.abort)


def _text_frame(data: bytes) -> bytes:
    """Return a message in one frame, not masked, as a server sends it (RFC 6455, 5.2)."""
    size = len(data)
    if size < 126:
        return bytes((_WHOLE_TEXT, size)) + data
    if size < 65536:
        return struct.pack("!BBH", _WHOLE_TEXT, 126, size) + data
    return struct.pack("!BBQ", _WHOLE_TEXT, 127, size) + data
