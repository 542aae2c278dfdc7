"""A Telemetry whose lines a test can read."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.telemetry import Telemetry

NOW = 1_700_000_000_000


class ShortHasher:
    """Stands for the keyed hash: it shows that, and of what, a hash was made."""

    def connection(self, connection_id: str) -> str:
        return f"hash-{sum(map(ord, connection_id))}"


class Captured:
    """A Telemetry, its clock at `NOW`, and what it wrote."""

    def __init__(self, level: str = "INFO") -> None:
        self.lines: list[str] = []
        self.telemetry = Telemetry(ShortHasher(), lambda: NOW, self.lines.append, level)

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    @property
    def document(self) -> dict[str, Any]:
        """The one line that was written."""
        [document] = self.documents
        return document

    @contextmanager
    def invocation(self) -> Iterator[None]:
        with self.telemetry.invocation("connect", "correlation-1"):
            yield
