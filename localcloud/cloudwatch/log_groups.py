"""Log groups: the lines of functions and stages, where the API of CloudWatch Logs finds them.

Lines are kept here as they are written, and copied into the control plane's groups only when they
are read, which is rare. A group that is not applied has no lines. All but the last 10,000 lines of
a group are deleted, and a stream with its last line.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_LINES = 10_000
"""Of a group."""

OnLine = Callable[[str, str], None]
"""Takes the name of a group and one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event; `at` is in milliseconds of the account's clock."""

    stream: str
    at: int
    text: str


class _Lines:
    """The last lines of a group, the oldest first."""

    def __init__(self, group: Any = None) -> None:
        self.group = group
        """moto's group, once the lines are in it."""
        self._lines: deque[Line] = deque()

    def add(self, line: Line) -> None:
        self._lines.append(line)

    def trim(self) -> Counter[str]:
        """Delete all but the last lines; return the number deleted from each stream."""
        gone = Counter[str]()
        while len(self._lines) > MAX_LINES:
            gone[self._lines.popleft().stream] += 1
        return gone

    def all(self) -> list[Line]:
        return list(self._lines)


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
        line = Line(stream, self._clock(), text)
        with self._lock:
            new = self._new.setdefault(group, _Lines())
            new.add(line)
            new.trim()
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
            _delete(group, flushed.trim())


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
