"""The metrics of a stack, read from its log as CloudWatch reads them."""

import json
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

MAX_DOCUMENTS = 10_000


class Metrics:
    """Keeps the log lines in the embedded metric format and writes the others."""

    def __init__(
        self,
        write: Callable[[str], None],
        on_document: Callable[[dict[str, Any]], None] = lambda _: None,
    ) -> None:
        """`on_document` is called with every metric document as it comes."""
        self._write = write
        self._on_document = on_document
        self._lock = threading.Lock()
        self._documents: deque[dict[str, Any]] = deque(maxlen=MAX_DOCUMENTS)

    def line(self, line: str) -> None:
        """Take one line of the log: a metric document is kept, anything else written."""
        if '"_aws"' not in line:
            self._write(line)
            return
        try:
            document = json.loads(line)
        except ValueError:
            self._write(line)
            return
        with self._lock:
            self._documents.append(document)
        self._on_document(document)

    @property
    def emitted(self) -> list[dict[str, Any]]:
        """The last 10,000 metric documents, newest last."""
        with self._lock:
            return list(self._documents)
