"""A sweep: read units and time for 1,000 connections.

`sweep_connections` over 2,000 and 20,000 open connections of which none is idle, by the real
handler on an in-memory DynamoDB. Read units follow DynamoDB's rules: an eventually consistent scan
costs half a unit for each 4 KB that a page has read, before its projection ("Read consistency",
"Item sizes and formats" in the DynamoDB Developer Guide).
"""

from collections.abc import Callable
from functools import partial

from bench.harness import Figures, Report, interleaved, python

_TABLES = (2_000, 20_000)
_FIGURE = "read units for 1,000"


def main(rounds: int = 3) -> list[Report]:
    """Return one table."""
    report = Report("A sweep", "Connections of listeners with all attributes; none is idle.")
    candidates: dict[str, Callable[[], Figures]] = {
        f"{table:,} connections": partial(python, "bench.sweep_client", str(table))
        for table in _TABLES
    }
    report.rows = interleaved(candidates, rounds)
    large = f"{_TABLES[-1]:,} connections"
    report.require_at_most("read units for 1,000 connections", report.median(large, _FIGURE), 75)
    return [report]
