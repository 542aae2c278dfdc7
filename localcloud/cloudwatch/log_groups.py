"""Log groups: what functions and stages write, where CloudWatch LogGroups' API finds it.

A line is kept here as it comes, and put into the control plane's group when somebody reads: lines
come by the thousand, and are read once in a while. A group that is not applied has no lines. What
is older than the group's retention is gone, and so is what is more than the last 10,000 lines or
4 MB of a group; a stream goes with its last line.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

LINES = 10_000
BYTES = 4 * 1024 * 1024
"""Of a group, at most."""
OVERHEAD = 26
"""Bytes of an event beside its text, as CloudWatch counts."""
DAY = 86_400_000

Tell = Callable[[str, str], None]
"""Takes the name of a group and one line."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event; `at` in milliseconds of the account's clock."""

    stream: str
    at: int
    text: str
    size: int


class _Lines:
    """The last lines of a group, the oldest first."""

    def __init__(self, group: Any = None) -> None:
        self.group = group
        """moto's, once they are in it."""
        self.size = 0
        self._lines: deque[Line] = deque()

    def add(self, line: Line) -> None:
        self._lines.append(line)
        self.size += line.size

    def taken_off(self, oldest: int) -> Counter[str]:
        """Leaves what may stay; answers how many lines of each stream have gone."""
        gone = Counter[str]()
        while self._lines and self._is_too_much(oldest):
            line = self._lines.popleft()
            self.size -= line.size
            gone[line.stream] += 1
        return gone

    def all(self) -> list[Line]:
        return list(self._lines)

    def _is_too_much(self, oldest: int) -> bool:
        return len(self._lines) > LINES or self.size > BYTES or self._lines[0].at < oldest


class LogGroups:
    """Takes lines from any thread; `tell` is told of every one, and may not block."""

    def __init__(self, clock: Callable[[], int], tell: Tell) -> None:
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._new: dict[str, _Lines] = {}
        self._shown: dict[str, _Lines] = {}

    def line(self, group: str, stream: str, text: str) -> None:
        """One line."""
        line = Line(stream, self._clock(), text, len(text.encode()) + OVERHEAD)
        with self._lock:
            new = self._new.setdefault(group, _Lines())
            new.add(line)
            new.taken_off(0)
        self._tell(group, text)

    def show(self, backend: Any) -> None:
        """Puts all there is into the groups of moto's `backend`. On the cloud's loop."""
        with self._lock:
            new, self._new = self._new, {}
        groups = dict(backend.groups)
        self._shown = {
            name: shown for name, shown in self._shown.items() if groups.get(name) is shown.group
        }
        for name, group in groups.items():
            shown = self._shown.setdefault(name, _Lines(group))
            for line in new[name].all() if name in new else ():
                _put(group, line)
                shown.add(line)
            days = int(group.retention_in_days or 0)
            _take_off(group, shown.taken_off(self._clock() - days * DAY if days else 0))


def _put(group: Any, line: Line) -> None:
    if line.stream not in group.streams:
        group.create_log_stream(line.stream)
    event = {"timestamp": line.at, "message": line.text}
    group.streams[line.stream].put_log_events([event])


def _take_off(group: Any, gone: Counter[str]) -> None:
    for name, count in gone.items():
        stream = group.streams.get(name)
        if stream is None:
            continue  # deleted by a call
        stream.stored_bytes -= sum(len(each.message) for each in stream.events[:count])
        del stream.events[:count]
        if not stream.events:
            del group.streams[name]
