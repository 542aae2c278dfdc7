"""What a process prints, by lines, and how it ended."""

import asyncio
import signal
from collections.abc import Callable


class Output(asyncio.SubprocessProtocol):
    """Tells `on_line` every line, `on_exit` the return code: negative is a signal's number."""

    def __init__(self, on_line: Callable[[str], None], on_exit: Callable[[int], None]) -> None:
        self._on_line = on_line
        self._on_exit = on_exit
        self._begun = b""
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        if isinstance(transport, asyncio.SubprocessTransport):
            self._transport = transport

    def pipe_data_received(self, _: int, data: bytes) -> None:
        """Called by asyncio; a line may come in pieces."""
        *whole, self._begun = (self._begun + data).split(b"\n")
        for line in whole:
            # The runtime client has carriage returns where an error goes on in its next line.
            self._on_line(line.decode(errors="replace").replace("\r", "\n"))

    def pipe_connection_lost(self, *_: object) -> None:
        """Called by asyncio; a last line may have no end."""
        if self._begun:
            self._on_line(self._begun.decode(errors="replace"))
            self._begun = b""

    def process_exited(self) -> None:
        """Called by asyncio."""
        code = self._transport.get_returncode() if self._transport else None
        self._on_exit(0 if code is None else code)


def reason(code: int) -> str:
    """An exit as Lambda words it: `exit status 1`, `signal: killed`."""
    if code < 0:
        return f"signal: {signal.strsignal(-code)}".lower()
    return f"exit status {code}"
