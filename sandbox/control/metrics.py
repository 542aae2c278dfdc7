"""The metrics that the stack emitted, as CloudWatch would take them from the log."""

import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

KEPT = 10_000


class Metrics:
    """Takes every line that the stack writes, keeps those in the embedded metric format."""

    def __init__(
        self,
        write: Callable[[str], None],
        on_document: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        """`on_document` is told of every metric document as it comes."""
        self._write = write
        self._on_document = on_document
        self._lock = threading.Lock()
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def line(self, line: str) -> None:
        """One line of the log: metrics are kept and not shown, the rest is written."""
        if '"_aws"' not in line:
            self._write(line)
            return
        try:
            document = json.loads(line)
        except ValueError:
            self._write(line)
            return
        with self._lock:
            self._kept.append(document)
        self._on_document(document)

    @property
    def emitted(self) -> list[dict[str, Any]]:
        """The last 10,000 metric documents, newest last."""
        with self._lock:
            return list(self._kept)
