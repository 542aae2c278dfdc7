"""The output of a process line by line, its exit, and its memory."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

_KILOBYTES_IN_MEGABYTE = 1024


class Output(asyncio.SubprocessProtocol):
    """Calls `on_line` with each line, `on_exit` with the return code: a signal's is negative."""

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
            # The runtime client separates the lines of one error by carriage returns.
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


def exit_reason(code: int) -> str:
    """Return the exit in Lambda's words: `exit status 1`, `signal: killed`."""
    if code < 0:
        return f"signal: {signal.strsignal(-code)}".lower()
    return f"exit status {code}"


def peak_memory(pid: int) -> int:
    """Return the most memory that a process had resident so far, in megabytes; 0 if unknown."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return round(int(line.split()[1]) / _KILOBYTES_IN_MEGABYTE)
    return 0
