"""A status, whatever the number of listeners: their counts are on the session's own item.

`getSessionStatus` for sessions of 10, 500 and 50,000 listeners in twelve languages, by the real
handlers on an in-memory DynamoDB, in a process of its own.
"""

from collections.abc import Callable
from functools import partial

from bench.harness import Figures, Report, interleaved, python

_ROOMS = (10, 500, 50_000)
_CALLS = 300
_FIGURE = "ms a status"


def main(rounds: int = 5) -> list[Report]:
    """Return one table."""
    report = Report(
        "A status by the number of listeners", f"Twelve languages; the mean of {_CALLS} statuses."
    )
    candidates: dict[str, Callable[[], Figures]] = {
        f"{room:,} listeners": partial(python, "bench.status_client", str(room), str(_CALLS))
        for room in _ROOMS
    }
    report.rows = interleaved(candidates, rounds)
    least, most = (report.median(f"{room:,} listeners", _FIGURE) for room in (10, 50_000))
    report.require_at_most("ratio of the latency of 50,000 to that of 10", most / least, 1.25)
    return [report]
