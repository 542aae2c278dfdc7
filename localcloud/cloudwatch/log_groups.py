"""Log groups: the lines of functions and stages, where the API of CloudWatch Logs finds them.

Lines are kept here as they are written, and copied into the control plane's groups only when they
are read, which is rare. A group that is not applied has no lines. Lines older than the group's
retention are deleted, as are all but the last 10,000 lines or 4 MB of a group; a stream is deleted
with its last line.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_LINES = 10_000
MAX_BYTES = 4 * 1024 * 1024
"""Of a group."""
EVENT_OVERHEAD = 26
"""Bytes that CloudWatch adds to the text of an event."""
DAY_MILLIS = 86_400_000

OnLine = Callable[[str, str], None]
"""Takes the name of a group and one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event; `at` is in milliseconds of the account's clock."""

    stream: str
    at: int
    text: str
    size: int


class _Lines:
    """The last lines of a group, the oldest first."""

    def __init__(self, group: Any = None) -> None:
        self.group = group
        """moto's group, once the lines are in it."""
        self.size = 0
        self._lines: deque[Line] = deque()

    def add(self, line: Line) -> None:
        self._lines.append(line)
        self.size += line.size

    def trim(self, oldest: int) -> Counter[str]:
        """Delete lines until the limits hold; return the number deleted from each stream."""
        gone = Counter[str]()
        while self._lines and self._exceeds_limits(oldest):
            line = self._lines.popleft()
            self.size -= line.size
            gone[line.stream] += 1
        return gone

    def all(self) -> list[Line]:
        return list(self._lines)

    def _exceeds_limits(self, oldest: int) -> bool:
        return len(self._lines) > MAX_LINES or self.size > MAX_BYTES or self._lines[0].at < oldest


class LogGroups:
    """The log groups; `on_line` is called with every line and must not block. Thread-safe."""

    def __init__(self, clock: Callable[[], int], on_line: OnLine) -> None:
        self._clock = clock
        self._on_line = on_line
        self._lock = threading.Lock()
        self._new: dict[str, _Lines] = {}
        self._flushed: dict[str, _Lines] = {}

    def write(self, group: str, stream: str, text: str) -> None:
        """Write one line to a stream of a group."""
        line = Line(stream, self._clock(), text, len(text.encode()) + EVENT_OVERHEAD)
        with self._lock:
            new = self._new.setdefault(group, _Lines())
            new.add(line)
            new.trim(0)
        self._on_line(group, text)

    def flush(self, backend: Any) -> None:
        """Copy new lines into the groups of moto's `backend`. Must run on the cloud's loop."""
        with self._lock:
            new, self._new = self._new, {}
        groups = dict(backend.groups)
        self._flushed = {
            name: flushed
            for name, flushed in self._flushed.items()
            if groups.get(name) is flushed.group
        }
        for name, group in groups.items():
            flushed = self._flushed.setdefault(name, _Lines(group))
            for line in new[name].all() if name in new else ():
                _put(group, line)
                flushed.add(line)
            days = int(group.retention_in_days or 0)
            _delete(group, flushed.trim(self._clock() - days * DAY_MILLIS if days else 0))


def _put(group: Any, line: Line) -> None:
    if line.stream not in group.streams:
        group.create_log_stream(line.stream)
    event = {"timestamp": line.at, "message": line.text}
    group.streams[line.stream].put_log_events([event])


def _delete(group: Any, gone: Counter[str]) -> None:
    for name, count in gone.items():
        stream = group.streams.get(name)
        if stream is None:
            continue  # deleted by a call
        stream.stored_bytes -= sum(len(each.message) for each in stream.events[:count])
        del stream.events[:count]
        if not stream.events:
            del group.streams[name]
